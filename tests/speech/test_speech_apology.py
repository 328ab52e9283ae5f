from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech_double import SpeechDouble

from voicebot.audio import FORMATS, LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.speech import APOLOGY_TEXTS, SpeechEndpoint, SpeechUnavailable, apology
from voicebot.speech.apology import ApologyKind, warm
from voicebot.speech.apology_rendering import render
from voicebot.speech.synthesizer import Speech, SynthesizerPool


@pytest.mark.parametrize("kind", list(APOLOGY_TEXTS))
@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_every_apology_is_shipped_and_can_be_heard(kind: ApologyKind, form: AudioFormat) -> None:
    samples = form.decode(apology(kind, form)).astype(float)
    words = len(APOLOGY_TEXTS[kind].split())
    assert 0.15 * words < len(samples) / form.rate < 0.9 * words
    assert 500 < np.sqrt(np.mean(samples**2)) < 10_000


def test_wideband_says_the_same() -> None:
    narrow, wide = PCMU.decode(apology("bot", PCMU)), LINEAR_16K.decode(apology("bot", LINEAR_16K))
    assert len(wide) == 2 * len(narrow)
    assert np.corrcoef(wide[::2].astype(float), narrow.astype(float))[0, 1] > 0.99


def test_both_laws_say_the_same() -> None:
    warm()
    for kind in APOLOGY_TEXTS:
        mu_law, a_law = (form.decode(apology(kind, form)).astype(float) for form in (PCMU, PCMA))
        assert np.abs(mu_law - a_law).max() < 1100
        assert np.corrcoef(mu_law, a_law)[0, 1] > 0.999


async def test_rendering_writes_what_the_service_says(service: SpeechDouble, tmp_path: Path) -> None:
    await render(SpeechEndpoint(host=service.host), "en-US-JoeNeural", "en-US", tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(APOLOGY_TEXTS)  # noqa: ASYNC240 - a test
    assert (tmp_path / "wait.ulaw").read_bytes() in {bytes([number]) * 4000 for number in range(1, 9)}


async def test_what_has_a_splice_is_no_recording(
    service: SpeechDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, stream = asyncio.Event(), SynthesizerPool.stream

    async def noted(pool: SynthesizerPool, speech: Speech, **options: Any) -> AsyncIterator[bytes]:
        async for piece in stream(pool, speech, **options):
            came.set()
            yield piece

    monkeypatch.setattr(SynthesizerPool, "stream", noted)
    service.render.clear()
    rendering = asyncio.create_task(render(SpeechEndpoint(host=service.host), "en-US-JoeNeural", "en-US", tmp_path))
    await came.wait()
    service.cut()
    service.render.set()
    with pytest.raises(SpeechUnavailable, match="would have a splice"):
        await rendering
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 - a test

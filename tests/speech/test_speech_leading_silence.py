"""The silence before the first sound of a prompt is cut; pauses that its text asks for, and all behind it, stay."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest

from voicebot.audio import FORMATS, LINEAR_16K, PCMU, AudioFormat
from voicebot.speech import Speech
from voicebot.speech.leading_silence import KEPT_S, MOST_CUT_S, without_leading_silence


def speech(audio: AudioFormat, text: str = "Hello.") -> Speech:
    return Speech(text, "joe", "en-US", audio)


def silence(audio: AudioFormat, seconds: float, level: int = 20) -> bytes:
    """Noise of -64 dBFS."""
    samples = np.random.default_rng(1).integers(-level, level + 1, round(seconds * audio.rate))
    return audio.encode(samples.astype(np.int16))


def sound(audio: AudioFormat, level: int = 8000) -> bytes:
    return audio.encode(np.full(audio.rate // 10, level, np.int16))


async def heard(wanted: Speech, pieces: Sequence[bytes]) -> list[bytes]:
    async def come() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece

    return [piece async for piece in without_leading_silence(come(), wanted)]


def cut(audio: bytes, size: int) -> list[bytes]:
    return [audio[at : at + size] for at in range(0, len(audio), size)]


@pytest.mark.parametrize("audio", FORMATS)
@pytest.mark.parametrize("size", [1, 7, 160, 800, 100_000])
@pytest.mark.parametrize("seconds", [0.0, 0.003, 0.02, 0.3])
async def test_all_but_the_last_of_it_is_cut_whatever_the_pieces(audio: AudioFormat, size: int, seconds: float) -> None:
    whole = silence(audio, seconds) + sound(audio) + silence(audio, 0.5) + sound(audio)
    kept = round(min(seconds, KEPT_S) * audio.rate) * audio.width
    left = whole[round(seconds * audio.rate) * audio.width - kept :]
    assert b"".join(await heard(speech(audio), cut(whole, size))) == left


async def test_what_is_behind_the_first_sound_comes_as_it_was() -> None:
    pieces = [silence(PCMU, 0.1), silence(PCMU, 0.1) + sound(PCMU), silence(PCMU, 0.1), sound(PCMU)]
    assert (await heard(speech(PCMU), pieces))[1:] == pieces[2:]


@pytest.mark.parametrize("level", [60, -60])
async def test_quiet_speech_is_no_silence(level: int) -> None:
    said = sound(LINEAR_16K, level)
    assert b"".join(await heard(speech(LINEAR_16K), [said])) == said


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("<speak><break time='300ms'/>Hello.</speak>", True),
        ("<speak version='1.0'><voice name='x'><p><break/>Hello.</p></voice></speak>", True),
        ("<speak><mstts:silence type='Leading' value='300ms'/>Hello.</speak>", True),
        ("<speak><audio src='https://x/y.wav'/>Hello.</speak>", True),
        ("<speak>Hello.<break time='300ms'/></speak>", False),
        ("<speak><prosody rate='slow'>Hello.</prosody></speak>", False),
        ("Say <break> to stop.", False),
    ],
)
async def test_a_pause_that_the_text_asks_for_stays(text: str, stays: bool) -> None:
    whole = silence(PCMU, 0.3) + sound(PCMU)
    assert (b"".join(await heard(speech(PCMU, text), cut(whole, 800))) == whole) is stays


@pytest.mark.parametrize("seconds", [0.2, MOST_CUT_S + 2])
async def test_of_a_prompt_without_sound_something_is_left(seconds: float) -> None:
    left = b"".join(await heard(speech(PCMU), cut(silence(PCMU, seconds), 160)))
    assert len(left) == pytest.approx(8000 * (KEPT_S + max(0.0, seconds - MOST_CUT_S)), abs=160)


async def test_nothing_stays_nothing() -> None:
    assert await heard(speech(PCMU), []) == []

"""Recordings of human voices, through G.711, into the offline recogniser, and what a dialog makes of its words.

Nothing is in real time, so it does not matter how fast the machine is; calls are in ``bench.human_voice``.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

import numpy as np
import pytest

from bench.localspeech import transcribe
from bench.recordings import NO_RECORDINGS, RATE, SHARED, has_asterisk, read_out, shared
from voicebot.audio import PCMA, PCMU, AudioFormat
from voicebot.audio.riff import stream_header
from voicebot.authoring.understanding import for_language
from voicebot.caller.wav import read_wav
from voicebot.localspeech import prepare_models
from voicebot.localspeech.offline import MoonshineRecognition, load
from voicebot.localspeech.pool import InferencePool


@pytest.fixture(scope="module")
def recognition() -> Iterator[MoonshineRecognition]:
    pool = InferencePool(1)
    yield load(prepare_models(), pool)[0]
    pool.close()


def digits(recognition: MoonshineRecognition, audio: AudioFormat, payload: bytes) -> str:
    """What is understood as a number of six digits."""
    text, _ = transcribe(stream_header(audio) + payload, recognition.model, recognition)
    return for_language("en-US").digits(text, 6)


def rate(said: list[str], heard: list[str]) -> tuple[float, float]:
    """The share of numbers that are right, and the share of their digits."""
    print([f"{one} understood as {other}" for one, other in zip(said, heard, strict=True)])
    found = sum(
        block.size
        for one, other in zip(said, heard, strict=True)
        for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    )
    return sum(map(str.__eq__, said, heard)) / len(said), found / sum(map(len, said))


def test_six_speakers_say_six_digits(recognition: MoonshineRecognition) -> None:
    recordings = [r for r in shared("human_digits") if len(r.words) == 6 and r.condition == "clean"]
    if not recordings:
        pytest.skip(f"no recordings in {SHARED.parent.name}/{SHARED.name} beside the repository")
    heard = [digits(recognition, PCMU, read_wav(recording.path, PCMU)) for recording in recordings]
    numbers, share = rate([recording.digits for recording in recordings], heard)
    assert numbers >= 5 / 6
    assert share >= 0.95


@pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS)
def test_a_professional_voice_reads_numbers_out_in_a_law(recognition: MoonshineRecognition) -> None:
    """In one go, and in two groups with a breath between them."""
    lead, tail = np.zeros(RATE // 3, np.int16), np.zeros(RATE // 2, np.int16)
    said = ["830166", "598213", "123456"]
    spoken = [read_out(said[0]), read_out(said[1]), read_out(said[2], group=3, group_gap_s=0.5)]
    heard = [digits(recognition, PCMA, PCMA.encode(np.concatenate((lead, voice, tail)))) for voice in spoken]
    numbers, share = rate(said, heard)
    assert numbers >= 2 / 3
    assert share >= 0.9

"""From one format to another: a whole piece, and a stream."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat, convert, g711
from voicebot.audio.conversion import converter

EVERY_CODE = bytes(range(256))


@pytest.mark.parametrize("source", FORMATS, ids=str)
@pytest.mark.parametrize("target", FORMATS, ids=str)
def test_a_tone_is_the_same_tone_in_another_format(source: AudioFormat, target: AudioFormat) -> None:
    def tone(rate: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        return (8000 * np.sin(2 * np.pi * 800 * np.arange(rate // 2) / rate)).astype(np.int16)

    made = target.decode(convert(source.encode(tone(source.rate)), source, target)).astype(int)
    assert len(made) == target.rate // 2
    wanted = tone(target.rate)
    assert np.abs(made - wanted)[50:-50].max() < 600  # the steps of two laws at this level


def test_what_is_in_its_format_already_stays_as_it_is() -> None:
    audio = bytes(range(256))
    assert convert(audio, PCMA, PCMA) is audio
    assert convert(b"", PCMU, LINEAR_16K) == b""


def test_between_the_laws_is_as_good_as_coding_anew() -> None:
    for change in (lambda audio, source, target: converter(source, target)(audio), convert):
        loud = g711.decode(EVERY_CODE, "PCMU").astype(np.int32)
        there = g711.decode(change(EVERY_CODE, PCMU, PCMA), "PCMA").astype(np.int32)
        assert (np.abs(there - loud) <= np.maximum(np.abs(loud) // 16, 16)).all()
        assert change(PCMU.frame_of_silence, PCMU, PCMA) == PCMA.frame_of_silence
        assert change(PCMA.frame_of_silence, PCMA, PCMU) == bytes([0xFE]) * 160  # sample 8, of ±32124


@pytest.mark.parametrize("source", [*FORMATS, LINEAR_8K], ids=str)
@pytest.mark.parametrize("target", [*FORMATS, LINEAR_8K], ids=str)
def test_a_stream_in_pieces_is_the_stream_as_a_whole(source: AudioFormat, target: AudioFormat) -> None:
    audio = source.encode((8000 * np.sin(np.arange(source.frame_samples * 5) * 0.3)).astype(np.int16))
    whole, pieces = converter(source, target), converter(source, target)
    if source is target:
        assert whole is None
        return
    assert whole is not None and pieces is not None
    size = source.frame_bytes
    cut = [pieces(audio[at : at + size]) for at in range(0, len(audio), size)]
    assert b"".join(cut) == whole(audio)
    if source.rate == target.rate:
        assert b"".join(cut) == convert(audio, source, target)
    assert {len(piece) for piece in cut} == {target.frame_bytes}

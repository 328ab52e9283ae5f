from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.caller.mouth import Mouth, voiced_span
from voicebot.rtp import Playout


def utterance(
    form: AudioFormat, lead_s: float, voice_s: float, tail_s: float, noise_dbfs: float | None = None
) -> bytes:
    samples = np.concatenate(
        [
            np.zeros(round(lead_s * 8000)),
            np.sin(2 * np.pi * 300 * np.arange(round(voice_s * 8000)) / 8000) * 6000,
            np.zeros(round(tail_s * 8000)),
        ]
    )
    if noise_dbfs is not None:
        samples = samples + np.random.default_rng(1).normal(0, 32768 * 10 ** (noise_dbfs / 20), len(samples))
    return form.encode(samples.astype(np.int16))


@pytest.mark.parametrize("form", FORMATS, ids=str)
@pytest.mark.parametrize("noise_dbfs", [None, -45.0])
def test_the_voiced_span_is_exact_to_5_ms(form: AudioFormat, noise_dbfs: float | None) -> None:
    span = voiced_span(utterance(form, 0.5, 1.0, 0.3, noise_dbfs), form)
    assert span is not None
    assert span[0] == pytest.approx(4000, abs=40) and span[1] == pytest.approx(12000, abs=40)


def test_a_click_before_the_speech_is_not_its_onset() -> None:
    audio = bytearray(utterance(PCMU, 0.5, 1.0, 0.3))
    audio[800:840] = b"\x80" * 40
    span = voiced_span(bytes(audio), PCMU)
    assert span is not None and span[0] == pytest.approx(4000, abs=40)


@pytest.mark.parametrize("audio", [b"", b"\xff" * 39, b"\xff" * 8000, b"\x80" * 40])
def test_what_has_no_voice_has_no_span(audio: bytes) -> None:
    assert voiced_span(audio, PCMU) is None


def send(mouth: Mouth, playout: Playout, start: float, count: int) -> list[float]:
    """Pull frames as the media clock would; returns the times."""
    times = [start + index * 0.02 for index in range(count)]
    for at in times:
        mouth.sent(playout.next_frame(at), at)
    return times


def test_onset_and_offset_are_when_the_packets_that_carry_them_left() -> None:
    playout = Playout(PCMU)
    mouth = Mouth(playout)
    send(mouth, playout, 9.0, 10)
    spoken = mouth.say("hello", utterance(PCMU, 0.11, 0.5, 0.2))
    assert mouth.speaking
    send(mouth, playout, 10.0, 60)

    assert spoken.began == 10.0
    assert spoken.onset == pytest.approx(10.0 + 5 * 0.02)  # 110 ms is in the sixth packet
    assert spoken.offset == pytest.approx(10.0 + 30 * 0.02)  # 610 ms is in the 31st
    assert spoken.finished and spoken.ended == pytest.approx(10.0 + 40 * 0.02) and not mouth.speaking


def test_two_utterances_in_a_row_have_times_of_their_own() -> None:
    playout = Playout(PCMU)
    mouth = Mouth(playout)
    audio = utterance(PCMU, 0.0, 0.2, 0.0)
    first, second = mouth.say("one", audio), mouth.say("two", audio)
    send(mouth, playout, 0.0, 30)
    assert (first.onset, first.offset) == (0.0, pytest.approx(0.18))
    assert (second.onset, second.offset) == (pytest.approx(0.2), pytest.approx(0.38))


def test_an_utterance_that_is_dropped_in_the_middle_has_no_end() -> None:
    playout = Playout(PCMU)
    mouth = Mouth(playout)
    spoken = mouth.say("one", utterance(PCMU, 0.0, 1.0, 0.0))
    send(mouth, playout, 0.0, 10)
    playout.clear()
    send(mouth, playout, 0.2, 100)
    assert spoken.onset == 0.0 and spoken.offset is None and not mouth.speaking


def test_saying_nothing_audible_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is audible"):
        Mouth(Playout(PCMU)).say("quiet", b"\xff" * 1600)

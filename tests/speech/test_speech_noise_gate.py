from __future__ import annotations

import pytest

from voicebot.audio import LINEAR_16K, PCMU, AudioFormat
from voicebot.speech import NoiseGate
from voicebot.speech.noise_gate import LOOK_BACK_S

EVERYTHING = float("-inf")


class Line:
    """Frames with numbers through a gate."""

    def __init__(self, audio: AudioFormat = PCMU) -> None:
        self.audio = audio
        self.gate = NoiseGate(audio)
        self.number = 0
        self.left: list[tuple[bytes, float]] = []

    def frames(self, count: int, voice_since: int | None = None) -> list[int]:
        """The numbers of those of the frames that leave, 0 for those that are silent now. ``voice_since``: a number."""
        before = len(self.left)
        for _ in range(count):
            self.number += 1
            payload = bytes([self.number]) * self.audio.frame_bytes
            since = None if voice_since is None else voice_since / 50
            self.left += self.gate.frame(payload, self.number / 50, since)
        return self.numbers(self.left[before:])

    def numbers(self, frames: list[tuple[bytes, float]]) -> list[int]:
        return [0 if payload == self.audio.frame_of_silence else payload[0] for payload, _ in frames]


@pytest.mark.parametrize("audio", [PCMU, LINEAR_16K], ids=str)
def test_without_a_voice_silence_leaves_a_little_later(audio: AudioFormat) -> None:
    line = Line(audio)
    assert line.frames(24) == []
    assert line.frames(20) == [0] * 20
    assert [round(at * 50) for _, at in line.left] == list(range(1, 21))
    assert 44 / 50 - line.left[-1][1] == pytest.approx(LOOK_BACK_S)


def test_with_a_voice_nothing_is_delayed() -> None:
    line = Line()
    assert [line.frames(1, line.number) for _ in range(5)] == [[1], [2], [3], [4], [5]]


def test_a_voice_is_passed_on_from_100_ms_before_it_began() -> None:
    line = Line()
    line.frames(30)
    assert line.frames(1, 20) == [0] * 9 + list(range(16, 32))
    assert [round(at * 50) for _, at in line.left] == list(range(1, 32))


def test_after_a_voice_half_a_second_is_passed_on_at_once() -> None:
    line = Line()
    line.frames(10, 1)
    assert line.frames(25) == list(range(11, 36))
    assert line.frames(24) == []
    assert line.frames(1) == [0]


def test_where_the_bot_begins_to_speak_nothing_is_passed_on_before_the_next_voice() -> None:
    line = Line()
    line.frames(10, 1)
    line.gate.shut()
    assert line.frames(24) == []
    assert line.frames(1, 33) == [0] * 18 + list(range(29, 36))


def test_a_voice_that_goes_on_in_that_time_has_no_gap() -> None:
    line = Line()
    line.frames(10, 1)
    line.frames(20)
    assert line.frames(3, 28) == [31, 32, 33]


def test_what_is_held_back_can_be_asked_for() -> None:
    line = Line()
    line.frames(5)
    assert line.numbers(line.gate.flush()) == [0] * 5
    assert line.gate.flush() == []
    assert line.frames(1, 6) == [6]


def test_a_voice_that_is_to_be_judged_is_held_back_and_then_all_of_it_leaves_at_once() -> None:
    line = Line()
    assert line.frames(30) == [0] * 6
    held = []
    for _ in range(20):
        line.number += 1
        payload = bytes([line.number]) * 160
        held += line.gate.frame(payload, line.number / 50, None, doubtful_since=30 / 50)
    assert line.numbers(held) == [0] * 19, "up to 100 ms before it began"
    assert line.frames(1, 30) == list(range(26, 52))


def test_a_voice_that_was_not_the_callers_leaves_as_silence() -> None:
    line = Line()
    line.frames(30)
    for _ in range(20):
        line.number += 1
        line.gate.frame(bytes([line.number]) * 160, line.number / 50, None, doubtful_since=30 / 50)
    assert line.frames(10) == [0] * 11

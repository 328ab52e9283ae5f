"""A prompt that goes on after a pause: from the last word boundary, faded in, and without end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.events import PlaybackEnded, PlaybackStarted
from voicebot.rtp import Clip, Playout
from voicebot.rtp.playout import PlaybackEvent

WORD_S, GAP_S = 0.34, 0.06


def words(audio: AudioFormat, count: int, gap_s: float = GAP_S) -> bytes:
    """Words of 340 ms, each of its own pitch, with gaps of 60 ms."""
    n, gap = np.arange(round(WORD_S * audio.rate)), np.zeros(round(gap_s * audio.rate))
    spoken = [
        part
        for word in range(count)
        for part in (8000 * np.sin(2 * np.pi * (200 + 100 * (word % 20)) * n / audio.rate), gap)
    ]
    return audio.encode(np.concatenate(spoken).astype(np.int16))


class Line:
    """A playout of one clip; ``sent`` is what was sent while it was not paused."""

    def __init__(self, audio: AudioFormat, spoken: bytes, *, finished: bool = True) -> None:
        self.audio = audio
        self.playout = Playout(audio)
        self.events: list[PlaybackEvent] = []
        self.playout.on_event = self.events.append
        self.clip = Clip(1, audio)
        self.clip.feed(spoken)
        if finished:
            self.clip.finish()
        self.playout.append(self.clip)
        self.at = 0.0

    def pull(self, seconds: float) -> bytes:
        sent = b""
        for _ in range(round(seconds / 0.02)):
            self.at = round(self.at + 0.02, 6)
            sent += self.playout.next_frame(self.at)
        return sent

    def pause(self) -> None:
        self.playout.pause()
        assert self.pull(0.1) == self.audio.silence(self.audio.rate // 10)
        self.playout.resume()

    def bytes_of(self, seconds: float) -> int:
        return round(seconds * self.audio.rate) * self.audio.width


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_the_word_that_was_interrupted_is_heard_again_faded_in(audio: AudioFormat) -> None:
    spoken = words(audio, 4)
    line = Line(audio, spoken)
    assert line.pull(1.0) == spoken[: line.bytes_of(1.0)]  # in the midst of the third word, which began at 0.8
    line.pause()
    again = line.pull(0.5)
    begun = line.bytes_of(0.78)  # two blocks before the word
    assert again[line.bytes_of(0.02) :] == spoken[begun + line.bytes_of(0.02) : begun + line.bytes_of(0.5)]
    first = np.abs(audio.decode(again[: line.bytes_of(0.02)]).astype(int))
    assert (first <= np.abs(audio.decode(spoken[begun : begun + line.bytes_of(0.02)]).astype(int)) + 8).all()


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_the_first_frame_rises_where_there_is_no_gap(audio: AudioFormat) -> None:
    line = Line(audio, audio.encode(np.full(audio.rate, 8000, np.int16)))
    line.pull(0.7)
    line.pause()
    samples = audio.decode(line.pull(0.04)).astype(int)
    assert abs(samples[0]) < 100
    assert samples[audio.frame_samples // 2] == pytest.approx(4000, rel=0.05)
    assert (samples[audio.frame_samples :] == samples[-1]).all()


def test_near_its_start_a_clip_begins_again_and_is_told_once() -> None:
    spoken = words(PCMU, 2)
    line = Line(PCMU, spoken)
    line.pull(0.2)
    line.pause()
    assert line.pull(0.5)[160:] == spoken[160 : line.bytes_of(0.5)]
    line.pull(1.0)
    assert [type(event) for event in line.events] == [PlaybackStarted, PlaybackEnded]


def test_before_its_first_frame_a_clip_is_neither_faded_nor_moved() -> None:
    spoken = words(PCMU, 1)
    line = Line(PCMU, spoken)
    line.pause()
    assert line.pull(0.4) == spoken


def test_what_is_repeated_was_heard_once() -> None:
    line = Line(PCMU, words(PCMU, 5))
    line.pull(1.0)
    line.pause()
    assert line.clip.heard_s == 1.0
    line.pull(0.1)  # again from 0.78
    line.playout.clear()
    assert line.events[-1] == PlaybackEnded(line.at, 1, 1.0, False, 2.0)


def test_a_whole_clip_was_heard_for_as_long_as_it_is() -> None:
    line = Line(PCMU, words(PCMU, 3))
    line.pull(1.0)
    line.pause()
    line.pull(1.0)
    assert line.events[-1] == PlaybackEnded(line.events[-1].at, 1, 1.2, True)


def test_to_go_on_without_a_pause_changes_nothing() -> None:
    spoken = words(PCMU, 2)
    line = Line(PCMU, spoken)
    sent = line.pull(0.3)
    line.playout.resume()
    assert sent + line.pull(0.5) == spoken


def test_a_pause_of_nothing_played_since_the_last_goes_no_further_back() -> None:
    spoken = words(PCMU, 4)
    line = Line(PCMU, spoken)
    line.pull(1.0)
    line.pause()
    line.pause()
    assert line.pull(0.5)[160:] == spoken[line.bytes_of(0.8) : line.bytes_of(1.28)]


def test_a_clip_that_still_grows_goes_back_and_on() -> None:
    spoken = words(PCMU, 4)
    line = Line(PCMU, spoken[: line_bytes(1.0)], finished=False)
    line.pull(1.0)
    line.pause()
    line.pull(0.22)  # from 0.78 to the end of what there is
    line.clip.feed(spoken[line_bytes(1.0) :])
    line.clip.finish()
    assert line.pull(0.6) == spoken[line_bytes(1.0) :]


def line_bytes(seconds: float) -> int:
    return round(seconds * PCMU.byte_rate)


@pytest.mark.parametrize("gap_s", [0.0, GAP_S], ids=["fluent", "words"])
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.booleans())
def test_however_often_it_is_paused_it_comes_to_its_end(gap_s: float, frames: list[int], both: bool) -> None:
    line = Line(PCMU, words(PCMU, 4, gap_s))
    longest, heard = 0, 0.0
    for _ in range(200):
        for count in frames:
            line.pull(0.02 * count)
            assert line.clip.heard_s >= heard
            longest = longest + 1 if line.clip.heard_s == heard else 0
            assert longest <= 25  # within the 500 ms that it goes back, at most, each pause is 20 ms further
            heard = line.clip.heard_s
            if line.playout.active:
                line.pause()
            if both:
                line.pause()
        if not line.playout.active:
            break
    assert line.events[-1].utterance == 1
    assert isinstance(line.events[-1], PlaybackEnded)
    assert line.events[-1].complete

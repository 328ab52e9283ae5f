from __future__ import annotations

import pytest

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.events import PlaybackEnded, PlaybackFailed, PlaybackStarted
from voicebot.rtp import Clip, Playout
from voicebot.rtp.playout import MAX_CLIPS, PlaybackEvent

SILENCE = PCMU.frame_of_silence


def clip(utterance: int, audio: bytes = b"", *, finished: bool = True) -> Clip:
    made = Clip(utterance, PCMU)
    made.feed(audio)
    if finished:
        made.finish()
    return made


class Line:
    """A playout on virtual time: frames are pulled every 20 ms, events are kept."""

    def __init__(self, form: AudioFormat = PCMU) -> None:
        self.playout = Playout(form)
        self.events: list[PlaybackEvent] = []
        self.playout.on_event = self.events.append
        self.at = 0.0

    def pull(self, frames: int = 1) -> list[bytes]:
        pulled = []
        for _ in range(frames):
            self.at = round(self.at + 0.02, 6)
            pulled.append(self.playout.next_frame(self.at))
        assert {len(frame) for frame in pulled} == {self.playout.audio.frame_bytes}
        return pulled


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_an_idle_line_sends_the_silence_of_its_format(form: AudioFormat) -> None:
    line = Line(form)
    assert line.pull(3) == [form.frame_of_silence] * 3
    assert not line.playout.active
    assert line.events == []


def test_a_clip_is_told_from_its_first_frame_to_its_last_which_is_padded() -> None:
    line = Line()
    line.playout.append(clip(1, b"a" * 160 + b"b" * 160 + b"c" * 40))
    assert line.pull(2) == [b"a" * 160, b"b" * 160]
    assert line.events == [PlaybackStarted(0.02, 1)]
    assert line.pull(2) == [b"c" * 40 + SILENCE[40:], SILENCE]
    assert line.events == [PlaybackStarted(0.02, 1), PlaybackEnded(0.06, 1, 360 / 8000, complete=True)]
    assert not line.playout.active


def test_a_clip_of_whole_frames_ends_with_its_last_frame() -> None:
    line = Line()
    line.playout.append(clip(1, b"a" * 320))
    line.pull(2)
    assert line.events[-1] == PlaybackEnded(0.04, 1, 0.04, complete=True)


def test_clips_follow_each_other_without_a_frame_of_silence() -> None:
    line = Line()
    line.playout.append(clip(1, b"a" * 160))
    line.playout.append(clip(2, b"b" * 160))
    assert line.pull(3) == [b"a" * 160, b"b" * 160, SILENCE]
    assert [(type(event), event.utterance) for event in line.events] == [
        (PlaybackStarted, 1),
        (PlaybackEnded, 1),
        (PlaybackStarted, 2),
        (PlaybackEnded, 2),
    ]


def test_audio_that_is_late_makes_silence_and_loses_nothing() -> None:
    line = Line()
    growing = clip(1, finished=False)
    line.playout.append(growing)
    assert line.pull(2) == [SILENCE] * 2
    assert line.events == []
    growing.feed(b"a" * 200)
    assert line.pull(2) == [b"a" * 160, SILENCE]
    growing.feed(b"b" * 120)
    growing.finish()
    assert line.pull(2) == [b"a" * 40 + b"b" * 120, SILENCE]
    assert line.events == [PlaybackStarted(0.06, 1), PlaybackEnded(0.1, 1, 0.04, complete=True)]
    assert line.playout.underruns == 1


def test_a_clip_that_is_finished_after_its_last_frame_ends_then_and_lets_the_next_begin() -> None:
    line = Line()
    growing = clip(1, b"a" * 160, finished=False)
    line.playout.append(growing)
    line.playout.append(clip(2, b"b" * 160))
    assert line.pull(2) == [b"a" * 160, SILENCE]
    growing.finish()
    assert line.pull() == [b"b" * 160]
    assert line.events[1:3] == [PlaybackEnded(0.06, 1, 0.02, complete=True), PlaybackStarted(0.06, 2)]


def test_a_clip_without_audio_ends_without_having_started() -> None:
    line = Line()
    line.playout.append(clip(1))
    line.playout.append(clip(2, b"b" * 160))
    assert line.pull() == [b"b" * 160]
    assert line.events[0] == PlaybackEnded(0.02, 1, 0.0, complete=True)


def test_a_clip_that_fails_plays_what_it_has_and_then_tells() -> None:
    line = Line()
    failing = clip(1, b"a" * 200, finished=False)
    line.playout.append(failing)
    line.pull()
    failing.fail("service gone")
    failing.feed(b"late")
    assert line.pull() == [b"a" * 40 + SILENCE[40:]]
    assert line.events[-1] == PlaybackFailed(0.04, 1, 200 / 8000, "service gone")


def test_a_clip_that_fails_at_once_is_told_with_the_next_frame() -> None:
    line = Line()
    failing = Clip(7, PCMU)
    assert failing and len(failing) == 0
    line.playout.append(failing)
    failing.fail("refused")
    failing.finish()
    assert line.pull() == [SILENCE]
    assert line.events == [PlaybackFailed(0.02, 7, 0.0, "refused")]


def test_a_pause_sends_silence_until_the_prompt_goes_on() -> None:
    line = Line()
    line.playout.append(clip(1, SILENCE * 2))
    line.pull()
    line.playout.pause()
    assert line.playout.paused and line.playout.active
    assert line.pull(3) == [SILENCE] * 3
    assert line.playout.active
    line.playout.resume()
    assert line.pull() == [SILENCE]
    assert line.events == [PlaybackStarted(0.02, 1), PlaybackEnded(0.1, 1, 0.04, complete=True)]


def test_clear_drops_all_at_once_and_tells_what_was_heard() -> None:
    line = Line()
    for utterance in (1, 2, 3):
        line.playout.append(clip(utterance, b"a" * 1600, finished=utterance < 3))  # the last is still to be synthesised
    line.pull(4)
    line.playout.pause()
    line.playout.clear()
    assert line.events[1:] == [
        PlaybackEnded(0.08, 1, 0.08, complete=False, whole_s=0.2),
        PlaybackEnded(0.08, 2, 0.0, complete=False, whole_s=0.2),
        PlaybackEnded(0.08, 3, 0.0, complete=False, whole_s=None),
    ]
    assert not line.playout.active
    assert line.pull() == [SILENCE]
    line.playout.append(clip(4, b"d" * 160))  # what comes next is not paused: the pause was of what is gone
    assert line.pull() == [b"d" * 160]


def test_what_is_appended_while_clearing_stays() -> None:
    line = Line()
    line.playout.append(clip(1, b"a" * 1600))
    line.pull()
    line.playout.on_event = lambda event: line.playout.append(clip(2, b"b" * 160))
    line.playout.clear()
    line.playout.on_event = line.events.append
    assert line.pull() == [b"b" * 160]


def test_a_listener_may_clear_from_within_a_frame() -> None:
    line = Line()
    line.playout.append(clip(1, b"a" * 160))
    line.playout.append(clip(2, b"b" * 160))

    def clear_when_first_ends(event: PlaybackEvent) -> None:
        line.events.append(event)
        if event == PlaybackEnded(0.02, 1, 0.02, complete=True):
            line.playout.clear()

    line.playout.on_event = clear_when_first_ends
    assert line.pull(2) == [b"a" * 160, SILENCE]
    assert line.events[-1] == PlaybackEnded(0.02, 2, 0.0, complete=False, whole_s=0.02)


def test_a_clip_longer_than_its_limit_is_cut_and_not_complete() -> None:
    line = Line()
    long = Clip(1, PCMU, limit_s=0.02)
    long.feed(b"a" * 100)
    long.feed(b"b" * 100)
    long.feed(b"c" * 100)
    long.finish()
    line.playout.append(long)
    assert line.pull() == [b"a" * 100 + b"b" * 60]
    assert line.events[-1] == PlaybackEnded(0.02, 1, 0.02, complete=False)


def test_more_clips_than_may_wait_are_refused_with_an_event() -> None:
    line = Line()
    for utterance in range(MAX_CLIPS + 1):
        line.playout.append(clip(utterance, b"a" * 160))
    assert [type(event) for event in line.events] == [PlaybackFailed]
    assert line.events[0].utterance == MAX_CLIPS
    assert line.pull(MAX_CLIPS + 1)[-1] == SILENCE


def test_what_is_shown_ahead_is_what_follows_over_the_ends_of_clips_and_gaps() -> None:
    line = Line()
    growing = clip(3, b"d" * 200, finished=False)
    for one in (clip(1, b"a" * 320 + b"b" * 40), clip(2), clip(2, b"c" * 160), growing):
        line.playout.append(one)
    ahead = [line.playout.look(n) for n in range(8)]
    assert ahead[5:] == [None] * 3, "200 bytes of the last clip are one whole frame so far"
    assert line.pull(5) == ahead[:5]
    assert line.playout.look(0) is None
    growing.feed(b"e" * 20)
    growing.finish()
    ahead = [line.playout.look(n) for n in range(2)]
    assert line.pull(2) == [ahead[0], SILENCE] and ahead[1] is None


def test_looking_ahead_is_not_hearing() -> None:
    line = Line()
    line.playout.append(clip(1, b"a" * 1600))
    line.pull(2)
    line.playout.look(3)
    line.playout.clear()
    assert line.events[-1] == PlaybackEnded(0.04, 1, 0.04, False, 0.2)


def test_after_a_pause_the_frames_ahead_are_those_from_where_it_goes_on() -> None:
    line = Line()
    line.playout.append(clip(1, bytes(range(256)) * 20))
    line.pull(8)
    line.playout.pause()
    assert line.playout.look(0) is None
    line.playout.resume()
    ahead = [line.playout.look(n) for n in range(6)]
    assert line.pull(6) == ahead, "the first one is faded in"


def test_a_cut_is_told_once_and_only_where_something_was_to_follow() -> None:
    line, cuts = Line(), []
    line.playout.on_cut = lambda: cuts.append(line.at)
    line.playout.pause()
    line.playout.resume()
    line.playout.clear()
    assert cuts == []
    line.playout.append(clip(1, b"a" * 1600))
    line.pull()
    line.playout.pause()
    line.playout.pause()
    line.playout.clear()
    assert cuts == [0.02]

"""The audio of a call by Azure Communication Services, on a clock that the test moves: sent ahead, and heard."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from voicebot.audio import LINEAR_16K
from voicebot.events import Event, PlaybackEnded
from voicebot.legs.acs_media import CallMedia
from voicebot.rtp import Clip

SILENCE = LINEAR_16K.frame_of_silence
CALLER = "4:+4930123"


def frame(number: int) -> bytes:
    """Frames are known by the number that fills them; 0 is silence."""
    return bytes([number]) * LINEAR_16K.frame_bytes


def metadata(rate: int = 16_000) -> str:
    return json.dumps(
        {"kind": "AudioMetadata", "audioMetadata": {"encoding": "PCM", "sampleRate": rate, "channels": 1}}
    )


class Wire:
    """A connection of the service."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.stops: list[int] = []
        """How many frames had been sent when it was told to stop."""
        self.closed = False

    def send(self, message: str) -> None:
        self.frames.append(base64.b64decode(json.loads(message)["AudioData"]["Data"])[0])

    def interrupt(self, message: str) -> None:
        assert json.loads(message)["Kind"] == "StopAudio"
        self.stops.append(len(self.frames))

    def close(self) -> None:
        self.closed = True


class Call:
    """A call that is up, with a connection; it is the sink of its media."""

    def __init__(self, lead_ms: int = 100) -> None:
        self.began = 0
        self.heard: list[int] = []
        """What the caller hears, tick by tick."""
        self.frames: list[bytes] = []
        self.keys = ""
        self.events: list[Event] = []
        self.at = 10.0
        self.media = CallMedia("call", CALLER, lead_ms, self._begin)
        self.media.sink = self
        self.media.playout.on_event = self.events.append
        self.wire = self.connect()

    def connect(self) -> Wire:
        wire = Wire()
        self.media.attach(wire)
        self.media.receive(metadata(), self.at)
        return wire

    def _begin(self) -> None:
        self.began += 1

    def say(self, *numbers: int, finished: bool = True) -> Clip:
        clip = Clip(1, LINEAR_16K)
        clip.feed(b"".join(map(frame, numbers)))
        if finished:
            clip.finish()
        self.media.playout.append(clip)
        return clip

    def tick(self, times: int = 1, skipped: int = 0) -> None:
        for _ in range(times):
            self.at += 0.02 * (1 + skipped)
            self.media.tick(self.at, skipped)

    def speaks(self, payload: bytes, who: str = CALLER, **more: Any) -> None:
        data = {"participantRawID": who, "data": base64.b64encode(payload).decode(), "silent": False} | more
        self.media.receive(json.dumps({"kind": "AudioData", "audioData": data}), self.at)

    # --- the sink

    def frame(self, payload: bytes, at: float) -> None:
        self.frames.append(payload)

    def sent(self, payload: bytes, at: float) -> None:
        self.heard.append(payload[0])

    def key(self, key: str, at: float) -> None:
        self.keys += key

    def fact(self, event: Event) -> None:
        raise AssertionError("media report no facts")

    def ended(self, reason: str, at: float) -> None:
        raise AssertionError("media end no call")


def test_a_prompt_is_sent_ahead_of_what_is_heard_and_then_a_frame_a_tick() -> None:
    call = Call(lead_ms=60)
    call.tick(2)
    call.say(*range(1, 11))
    call.tick()
    assert call.wire.frames == [1, 2, 3, 4]
    call.tick()
    assert call.wire.frames == [1, 2, 3, 4, 5]
    call.tick(10)
    assert call.wire.frames == list(range(1, 11)), "and nothing after it"
    assert call.heard == [0, 0, *range(1, 11), 0, 0]
    assert call.media.quality().packets_sent == 10


def test_the_end_of_a_prompt_is_told_when_it_is_heard_not_when_it_is_sent() -> None:
    call = Call()
    call.say(1, 2, 3)
    call.tick()
    assert call.wire.frames == [1, 2, 3]
    assert not [event for event in call.events if isinstance(event, PlaybackEnded)]
    call.tick(2)
    (ended,) = [event for event in call.events if isinstance(event, PlaybackEnded)]
    assert (ended.at, ended.heard_s, ended.complete) == (call.at, pytest.approx(0.06), True)


def test_a_pause_makes_the_service_forget_what_was_not_heard_and_it_is_sent_again() -> None:
    call = Call(lead_ms=60)
    call.say(*range(1, 11))
    call.tick(3)
    assert call.wire.frames == [1, 2, 3, 4, 5, 6]
    call.media.playout.pause()
    assert call.wire.stops == [6]
    call.tick(3)
    assert call.heard == [1, 2, 3, 0, 0, 0]
    call.media.playout.resume()
    del call.wire.frames[:]
    call.tick(13)
    assert {4, 5, 6, 7, 8, 9, 10} <= set(call.wire.frames) and call.wire.frames[-1] == 10
    assert call.wire.stops == [6]


def test_a_prompt_that_is_dropped_was_heard_as_far_as_it_was_pulled() -> None:
    call = Call()
    call.say(*range(1, 21))
    call.tick(4)
    call.media.playout.clear()
    (ended,) = [event for event in call.events if isinstance(event, PlaybackEnded)]
    assert (ended.heard_s, ended.complete) == (pytest.approx(0.08), False)
    assert call.wire.stops == [len(call.wire.frames)] == [9]


def test_a_prompt_that_is_still_being_rendered_waits_for_its_audio_and_loses_none() -> None:
    call = Call()
    clip = call.say(1, 2, finished=False)
    call.tick(3)
    assert call.heard == [1, 2, 0]
    clip.feed(frame(3) + frame(4))
    clip.finish()
    call.tick(3)
    assert call.wire.frames == [1, 2, 3, 4] and call.heard == [1, 2, 0, 3, 4, 0]
    assert call.media.quality().underruns == 1


def test_what_was_ahead_was_heard_while_we_stood_still() -> None:
    call = Call(lead_ms=60)
    call.say(*range(1, 21))
    call.tick()
    call.tick(skipped=2)
    assert call.heard == [1, 2, 3, 4]
    call.tick(skipped=20)
    assert call.heard == [1, 2, 3, 4, 5, 6, 7, 8], "no more than had been sent, and the next one"
    assert call.wire.frames == list(range(1, 12))
    assert call.media.quality().send_skipped == 22


def test_without_a_connection_a_prompt_stands_still_and_the_caller_is_silent() -> None:
    call = Call()
    call.say(*range(1, 11))
    call.tick(2)
    call.media.detach()
    del call.frames[:]
    call.tick(20)
    assert call.heard == [1, 2]
    assert call.frames == [SILENCE] * len(call.frames) and len(call.frames) >= 14
    again = call.connect()
    call.tick(8)
    assert again.frames == list(range(3, 11)) and call.heard == list(range(1, 11))
    assert call.began == 2


def test_the_caller_is_heard_in_order_and_gaps_are_silence() -> None:
    call = Call()
    for number in range(1, 4):
        call.tick()
        call.speaks(frame(number))
    assert call.frames == [frame(1), frame(2), frame(3)]
    call.tick(10)
    call.speaks(frame(4))
    heard = [payload[0] for payload in call.frames]
    assert heard[:3] == [1, 2, 3] and heard[-1] == 4
    assert 8 <= heard[3:-1].count(0) == len(heard[3:-1]) <= 10


def test_the_first_voice_counts_until_the_callers_own_comes() -> None:
    call = Call()
    call.tick()
    call.speaks(frame(1), "4:anonymous")
    call.tick()
    call.speaks(frame(2))
    call.tick()
    call.speaks(frame(3), "4:anonymous")
    assert call.frames == [frame(1), frame(2)]
    assert call.media.quality().foreign_packets == 1


def test_who_is_not_to_be_heard_is_silent_and_keys_come_all_the_same() -> None:
    call = Call()
    call.media.deaf = True
    call.tick()
    call.speaks(frame(1))
    call.media.receive('{"kind":"DtmfData","dtmfData":{"data":"pound"}}', call.at)
    assert (call.frames, call.keys) == ([SILENCE], "#")


def test_another_format_than_ours_is_not_taken_for_ours() -> None:
    call = Call()
    call.media.detach()
    call.media.attach(Wire())
    call.media.receive(metadata(24_000), call.at)
    assert call.media.unusable == "PCM, 24000 Hz, 1 channels"
    assert not call.media.live.is_set() and call.began == 2


def test_after_the_end_nothing_is_delivered_or_sent() -> None:
    call = Call()
    call.say(*range(1, 11))
    call.tick()
    call.media.stop()
    assert call.wire.closed
    sent, heard = list(call.wire.frames), list(call.heard)
    call.tick(3)
    call.speaks(frame(1))
    call.media.receive('{"kind":"DtmfData","dtmfData":{"data":"1"}}', call.at)
    assert (call.wire.frames, call.heard, call.frames, call.keys) == (sent, heard, [], "")

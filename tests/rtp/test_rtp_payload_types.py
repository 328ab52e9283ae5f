"""Payload types belong to a direction: which audio and which keys an incoming stream makes of them (RFC 3264 5.1)."""

from __future__ import annotations

import pytest

from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS, Codec
from voicebot.rtp.incoming import IncomingStream
from voicebot.rtp.outgoing import OutgoingStream
from voicebot.rtp.packet import RtpPacket, parse
from voicebot.rtp.reporting import Reporting
from voicebot.rtp.telephone_event import TelephoneEvent, parse_event

OPUS_SILENCE = b"\xf8\xff\xfe"
G722, OPUS = CODECS["G722"], CODECS["OPUS"]


class Stream:
    """An incoming stream that is tuned to the other side's numbers, after ours were announced."""

    def __init__(self, codec: Codec, payload_type: int, event_type: int | None, *ours: dict[int, Codec | int]) -> None:
        self.incoming = IncomingStream(PCMU, codec, Reporting(1, 0.0, 0.0), 0.0)
        for payloads in ours:
            self.incoming.announce(payloads)
        self.incoming.tune(codec, payload_type, event_type, codec.clock_rate)
        self.incoming.activate(0.0)
        self.sequence = 0

    def takes_keys(self, payload_type: int) -> bool:
        """Whether an event with this payload type is taken for the press of its key."""
        code = self.sequence % 10  # other than the last one
        return self.receive(payload_type, TelephoneEvent(code, True, 800).build())[1] == str(code)

    def hears(self, payload_type: int, payload: bytes = bytes(160)) -> bool:
        """Whether a payload is taken for audio."""
        before = self.incoming.discarded
        frames, key = self.receive(payload_type, payload)
        return bool(frames) and not key and self.incoming.discarded == before

    def receive(self, payload_type: int, payload: bytes) -> tuple[list[bytes], str]:
        self.sequence += 1
        packet = RtpPacket(payload_type, False, self.sequence, self.sequence * 160, 5, payload)
        frames, key = self.incoming.packet(packet, self.sequence * 0.02)
        return list(frames), key


def test_keys_come_with_our_number_and_with_theirs() -> None:
    stream = Stream(CODECS["PCMU"], 0, 97, {0: CODECS["PCMU"], 101: 8000, 102: 48_000})
    assert all(stream.takes_keys(number) for number in (101, 97, 102))
    assert all(stream.incoming.understands(number) for number in (101, 97, 102))


def test_keys_come_with_our_number_though_the_answer_has_none() -> None:
    stream = Stream(CODECS["PCMU"], 0, None, {0: CODECS["PCMU"], 101: 8000})
    assert stream.takes_keys(101)


def test_audio_comes_with_our_number_and_with_theirs() -> None:
    stream = Stream(G722, 99, None, {98: G722})
    assert stream.hears(98) and stream.hears(99)
    assert not stream.hears(100)


def test_any_codec_that_we_have_named_is_heard() -> None:
    stream = Stream(CODECS["PCMU"], 0, 101, {0: CODECS["PCMU"], 9: G722, 101: 8000})
    assert stream.hears(0) and stream.hears(9)


def test_a_number_that_we_prefer_for_a_codec_shadows_no_number_of_theirs() -> None:
    """Opus at 96 with events at 107, which is our own number for Opus where we offer."""
    assert OPUS.payload_type == 107
    stream = Stream(OPUS, 96, 107, {96: OPUS, 107: 48_000})
    assert stream.takes_keys(107)
    assert stream.hears(96, OPUS_SILENCE)


def test_a_number_that_is_audio_for_one_side_and_keys_for_the_other_is_what_it_looks_like() -> None:
    stream = Stream(OPUS, 101, 107, {107: OPUS, 101: 48_000})
    assert stream.takes_keys(101) and stream.takes_keys(107)
    assert stream.hears(101, OPUS_SILENCE) and stream.hears(107, OPUS_SILENCE)


@pytest.mark.parametrize("number", [101, 96, 127])
def test_keys_without_agreement_are_known_by_their_looks(number: int) -> None:
    stream = Stream(CODECS["PCMU"], 0, None)
    assert stream.takes_keys(number)
    assert not stream.incoming.understands(number), "so that no stranger's packet with it locks the source"


@pytest.mark.parametrize(
    ("number", "payload"), [(101, bytes(160)), (101, bytes((16, 10, 0, 160))), (13, bytes(4)), (72, bytes(4))]
)
def test_what_does_not_look_like_a_key_and_was_not_agreed_is_none(number: int, payload: bytes) -> None:
    assert Stream(CODECS["PCMU"], 0, None).receive(number, payload)[1] == ""


def test_numbers_of_an_earlier_description_stay_until_they_get_another_meaning() -> None:
    stream = Stream(CODECS["PCMU"], 0, 101, {0: CODECS["PCMU"], 101: 8000})
    stream.incoming.announce({0: CODECS["PCMU"], 97: 8000})
    stream.incoming.tune(CODECS["PCMU"], 0, 97, 8000)
    assert stream.takes_keys(97) and stream.takes_keys(101)
    stream.incoming.announce({101: OPUS, 97: 48_000})
    stream.incoming.tune(OPUS, 101, 97, 48_000)
    assert stream.hears(101, OPUS_SILENCE)


def test_a_press_whose_number_changes_in_mid_call_is_one_key() -> None:
    stream = Stream(CODECS["PCMU"], 0, 101, {101: 8000, 97: 8000})
    event = TelephoneEvent(5, False, 320).build()
    packets = [RtpPacket(number, False, n, 1000, 5, event) for n, number in enumerate((101, 101, 97, 97))]
    assert "".join(stream.incoming.packet(packet, n * 0.02)[1] for n, packet in enumerate(packets)) == "5"


def test_the_numbers_that_we_offered_count_before_the_answer_comes() -> None:
    stream = Stream(CODECS["PCMU"], 0, 101)
    stream.incoming.announce({9: G722, 110: 8000})
    assert stream.hears(9) and stream.incoming.understands(110)


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_the_keys_that_we_send_are_as_long_as_their_clock_rate_says(rate: int) -> None:
    """100 ms, whatever the clock rate of the audio, whose timestamps they have."""
    stream = OutgoingStream(PCMU, OPUS)
    stream.tune(OPUS, 96, 101, rate, 20)
    stream.press("5")
    sent = [parse(datagram) for _ in range(7) for datagram in stream.key() or ()]
    assert {packet.payload_type for packet in sent} == {101}
    assert parse_event(sent[-1].payload) == TelephoneEvent(5, True, rate // 10)

"""Senders who number anew, with the SSRC as before: all that they say is heard, and none of it is called lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reorder_wire import SSRC, Wire, loud

from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.rtp.incoming import IncomingStream
from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.reporting import Reporting
from voicebot.rtp.strays import RUN, RUN_OF_THE_PAST


def figures(wire: Wire) -> dict[str, int]:
    names = ("lost", "late", "duplicate", "discarded", "concealed_frames", "silence_frames", "ssrc_changes")
    return {name: value for name in names if (value := getattr(wire.buffer, name))}


@pytest.mark.parametrize("by", [-2, -60, -99, -100, -101, -2_000, -30_000, 10, 60, 2_000, 2_999, 3_000, 30_000])
def test_who_numbers_anew_while_the_timestamp_goes_on_is_heard_whole(by: int) -> None:
    wire = Wire(first_sequence=40_000)
    for number in range(100):
        wire.packet(number)
    wire.sequence += by
    for number in range(100, 200):
        wire.packet(number)
    assert wire.frames == [loud(number) for number in range(200)]
    assert figures(wire) == {}
    assert wire.buffer.sequence_restarts == 1


@pytest.mark.parametrize("by", [-2, -60, -2_000, 2_000, 30_000])
@pytest.mark.parametrize("skip", [-16_000_000, 16_000_000, 8_000])
def test_who_numbers_anew_and_counts_anew_is_heard_whole(by: int, skip: int) -> None:
    wire = Wire(first_sequence=40_000, first_timestamp=1 << 31)
    for number in range(100):
        wire.packet(number)
    wire.sequence += by
    for number in range(100, 200):
        wire.packet(number, skip=skip)
    assert [frame for frame in wire.frames if frame in map(loud, range(200))] == [loud(n) for n in range(200)]
    assert {name for name in figures(wire)} <= {"silence_frames"}


def test_who_plays_its_numbers_and_timestamps_again_is_heard_whole() -> None:
    """A server that takes over from another one with what that one has last written down."""
    wire = Wire(first_sequence=1_000, first_timestamp=500_000)
    for number in range(100):
        wire.packet(number)
    for number in range(100):
        wire.packet(number + 60, at=2.0 + 0.02 * number, audio=loud(1_000 + number))
    # what has the number of a packet before it could be a copy until it goes on
    assert wire.frames == [*map(loud, range(100)), *map(loud, range(1_000, 1_100))]
    assert figures(wire) == {}


def test_copies_are_not_played_again() -> None:
    wire = Wire(first_sequence=1_000)
    for number in range(200):
        wire.packet(number)
        if number > 50:  # another path, which is two packets longer
            wire.packet(number - 2, at=number * 0.02 + 0.001)
    assert wire.frames == list(map(loud, range(200)))
    assert figures(wire) == {"duplicate": 149}
    assert wire.buffer.sequence_restarts == 0


def test_each_packet_sent_twice_and_numbered_anew_is_heard_once() -> None:
    wire = Wire(first_sequence=40_000)
    for number in range(200):
        wire.sequence = 40_000 if number < 100 else 39_000
        for _ in range(2):
            wire.packet(number)
    assert wire.frames == list(map(loud, range(200)))
    assert wire.buffer.lost == 0 and wire.buffer.sequence_restarts == 1


def test_a_single_packet_that_does_not_fit_changes_nothing() -> None:
    wire = Wire(first_sequence=40_000)
    for number in range(100):
        wire.packet(number)
        if number % 10 == 9:
            released = wire.buffer.push(number * 500 & 0xFFFF, 77, SSRC, loud(9_999), number * 0.02)
            assert not released
    assert wire.frames == list(map(loud, range(100)))
    assert wire.buffer.sequence_restarts == 0
    assert wire.buffer.discarded + wire.buffer.duplicate == 10


@pytest.mark.parametrize("lost", [5, 20, 50, 190])
def test_loss_is_still_loss_also_in_a_burst_after_a_stall(lost: int) -> None:
    wire = Wire(first_sequence=40_000)
    for number in (*range(50), *range(50 + lost, 100 + lost)):
        wire.packet(number)
    assert wire.buffer.lost == lost and wire.buffer.sequence_restarts == 0
    stalled = Wire(first_sequence=40_000)
    for number in (*range(50), *range(60, 100)):
        stalled.packet(number, at=max(number * 0.02, 1.0 if number < 50 else 2.0))
    assert stalled.buffer.lost == 10 and stalled.buffer.sequence_restarts == 0


def test_a_key_is_pressed_while_a_server_numbers_anew() -> None:
    wire = Wire(first_sequence=40_000)
    for number in range(50):
        wire.packet(number)
    for number in range(8):  # its packets have one timestamp, and no audio
        wire.buffer.push(39_000 + number, 50 * 160, SSRC, b"", 1.0 + 0.02 * number)
    wire.sequence = 39_000 - 50
    for number in range(58, 80):
        wire.packet(number)
    assert [frame for frame in wire.frames if frame in map(loud, range(80))] == [
        loud(number) for number in (*range(50), *range(58, 80))
    ]
    assert wire.buffer.lost == 0


@given(st.integers(-20_000, 20_000), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.data())
def test_wherever_it_begins_anew_no_more_than_what_is_lost_is_missing(
    by: int, sequence: int, timestamp: int, data: st.DataObject
) -> None:
    wire = Wire(first_sequence=sequence, first_timestamp=timestamp)
    lost = set(data.draw(st.lists(st.integers(101, 130), max_size=3)))
    for number in range(160):
        if number == 100:
            wire.sequence += by
        if number not in lost:
            wire.packet(number)
    heard = set(wire.frames)
    missing = [number for number in range(160) if number not in lost and loud(number) not in heard]
    assert len(missing) <= (RUN if abs(by) > 5 else RUN_OF_THE_PAST) * (1 + len(lost))
    assert loud(159) in heard and loud(140) in heard


@pytest.mark.parametrize("to", [100, 39_000, 40_040, 42_000])
@pytest.mark.parametrize("usual", [True, False])
def test_our_reports_to_who_numbers_anew_tell_of_no_loss(to: int, usual: bool) -> None:
    reporting = Reporting(1, 0.0, 0.0)
    stream = IncomingStream(PCMU, CODECS["PCMU"], reporting, 30.0)
    stream.tune(CODECS["PCMU"], 0, 101, 8_000)
    stream.activate(0.0)
    for number in range(200):
        sequence = 40_000 + number if number < 100 else to + number - 100
        packet = RtpPacket(0, False, sequence, number * 160, SSRC, loud(number))
        if not (usual and stream.usual(packet.build(), number * 0.02) is not None):
            stream.packet(packet, number * 0.02)
    assert reporting.reception is not None
    block = reporting.reception.report(4.0)
    assert (block.lost, block.fraction_lost, block.highest_sequence) == (0, 0, to + 99)

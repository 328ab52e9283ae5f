"""The stream keeps to wall time: silence that nobody sent, clocks that are slow, a process or network that stalls."""

from __future__ import annotations

import random

import pytest
from reorder_wire import QUIET, SILENCE, SSRC, Wire, loud

from voicebot.audio import PCMU
from voicebot.rtp.reorder import ReceiveBuffer


def test_when_nothing_comes_silence_is_filled_in_after_100_ms_to_keep_to_wall_time() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    assert wire.ticks(0.275) == 0
    assert wire.ticks(0.295) == 5
    assert wire.ticks(1.195) == 45
    assert set(wire.frames[10:]) == {SILENCE}
    assert wire.buffer.silence_frames == 50


def test_before_the_first_packet_there_is_silence_too() -> None:
    wire = Wire(at=5.0)
    wire.ticks(6.0)
    wire.packet(0, at=6.0)
    assert wire.frames == [*[SILENCE] * 49, loud(0)]


@pytest.mark.parametrize("pause", [3, 6, 50, 500])
def test_silence_suppression_is_filled_so_that_stream_time_is_wall_time(pause: int) -> None:
    """The sequence goes on by one while the timestamp jumps over the pause."""
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    at = (10 + pause) * 0.02
    wire.ticks(at)
    wire.packet(10, at=at, skip=pause * 160)
    assert len(wire.frames) == 11 + pause
    assert wire.frames[10:-1] == [SILENCE] * pause
    assert wire.frames[-1] == loud(10)
    assert (wire.buffer.lost, wire.buffer.concealed_frames) == (0, 0)


def test_a_sender_that_stops_its_timestamp_in_a_pause_is_kept_to_wall_time() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    wire.ticks(10.0)
    for number in range(10, 20):
        wire.packet(number, at=10.0 + (number - 10) * 0.02, audio=QUIET)
    assert len(wire.frames) == 510
    assert wire.frames[500:] == [QUIET] * 10


def test_a_stalled_network_loses_no_speech_and_quiet_frames_pay_the_time_back() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    wire.ticks(0.58)  # 400 ms of silence were filled in
    for number in range(10, 30):
        assert wire.packet(number, at=0.58) == 1
    assert [frame for frame in wire.frames if frame != SILENCE] == [loud(number) for number in range(30)]
    assert len(wire.frames) == 30 + 19
    for number in range(30, 60):
        wire.packet(number, audio=QUIET)
    assert len(wire.frames) <= 60 + 6  # even, but for the 100 ms that jitter may take


def test_a_network_that_stalls_again_and_again_costs_no_speech_though_the_caller_is_never_quiet() -> None:
    """What is ahead of wall time after a stall needs no silence in the next one."""
    wire = Wire()
    for number in range(3_000):
        into = number % 100
        wire.packet(number, at=(number + max(0, 30 - into)) * 0.02)
    assert [frame for frame in wire.frames if frame != SILENCE] == [loud(number) for number in range(3_000)]
    assert wire.buffer.discarded == 0
    assert len(wire.frames) <= 3_000 + 32


def test_a_process_that_stalled_inserts_nothing_for_packets_it_has_not_read() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    wire.buffer.tick(0.19)
    assert wire.buffer.tick(0.69) == ()  # the loop stood still for 500 ms
    for number in range(10, 35):
        wire.frames += wire.buffer.push(number, number * 160, SSRC, loud(number), 0.69)
    assert wire.frames == [loud(number) for number in range(35)]


def test_a_process_that_stalled_gives_a_gap_its_60_ms_all_the_same() -> None:
    """What is missing may lie unread in the socket."""
    wire = Wire()
    for number in (0, 1, 2, 4):
        wire.packet(number)
    wire.buffer.tick(0.09)
    assert wire.buffer.tick(0.59) == ()
    assert wire.buffer.push(3, 480, SSRC, loud(3), 0.59) == [loud(3), loud(4)]
    assert wire.buffer.lost == 0


def test_a_timestamp_that_lies_cannot_make_more_silence_than_time_has_passed() -> None:
    wire = Wire()
    for number in range(100):
        wire.packet(number, at=number * 0.02, skip=number * 80_000)
    assert len(wire.frames) <= 100 + 10


def test_a_timestamp_that_starts_again_makes_no_hole() -> None:
    wire = Wire(first_timestamp=1_000_000)
    for number in range(10):
        wire.packet(number)
    for number in range(10, 20):
        wire.packet(number, skip=-1_000_000)
    assert wire.frames == [loud(number) for number in range(20)]


@pytest.mark.parametrize("size", [80, 160, 240, 480])
def test_a_sender_whose_clock_is_slow_is_kept_to_wall_time_with_silence_where_it_is_quiet(size: int) -> None:
    slow = 1.0005  # 500 ppm: in ten minutes it sends 300 ms less than it should
    wire = Wire(size=size)
    quiet = b"\xfe" * size
    packets = int(600 * 8000 / size)
    for number in range(packets):
        wire.packet(number, at=number * size / 8000 * slow, audio=quiet if number % 100 > 80 else b"")
    seconds = len(wire.frames) * 0.02
    assert 600 * slow - 0.12 <= seconds <= 600 * slow + 0.04
    assert wire.buffer.silence_frames == wire.frames.count(SILENCE) == pytest.approx(15, abs=5)
    for at, frame in enumerate(wire.frames):
        if frame == SILENCE and size == 160:
            assert set(wire.frames[at - 1]) <= {0xFE, 0xFF}  # nowhere in the middle of a word


def test_a_slow_sender_who_is_never_quiet_is_let_fall_behind_by_a_tenth_of_a_second_only() -> None:
    wire = Wire()
    for number in range(30_000):
        wire.packet(number, at=number * 0.02 * 1.0005)
    assert 600.3 - 0.15 <= len(wire.frames) * 0.02 <= 600.3 + 0.04


def test_jitter_is_not_taken_for_drift() -> None:
    wire, chance, at = Wire(), random.Random(3), 0.0
    for number in range(6_000):
        at = max(at, number * 0.02 + chance.choice((0.0, 0.0, 0.01, 0.03, 0.05)))
        wire.packet(number, at=at, audio=QUIET)
    assert wire.buffer.silence_frames == 0


def test_a_network_delay_that_grows_costs_silence_once() -> None:
    wire = Wire()
    for number in range(3_000):
        wire.packet(number, at=number * 0.02 + (0.06 if number > 500 else 0.0), audio=QUIET)
    assert wire.buffer.silence_frames == pytest.approx(3, abs=1)


def test_a_peer_that_sends_much_faster_than_time_is_cut_off() -> None:
    wire = Wire()
    for number in range(1000):
        wire.packet(number, at=number * 0.002)
    assert wire.buffer.discarded > 700
    assert wire.buffer.discarded + len(wire.frames) == 1000
    assert 200 <= len(wire.frames) <= 100 + 100 + 2


def test_the_time_before_the_first_packet_is_owed_to_nobody() -> None:
    wire = Wire()
    for number in range(1_300):
        wire.packet(number, at=number * 0.02 + 0.09, audio=QUIET)
    assert wire.buffer.silence_frames == 0 and wire.frames == [QUIET] * 1_300


def until_filled(buffer: ReceiveBuffer, since: float) -> float:
    """After how many seconds the clock fills something in."""
    ticks = (0.005 + 0.01 * number for number in range(100))
    return next(after for after in ticks if buffer.tick(since + after))


@pytest.mark.parametrize(("size", "patience_s"), [(160, 0.1), (400, 0.1), (480, 0.12), (800, 0.2)])
def test_silence_is_filled_in_when_nothing_came_for_twice_as_long_as_a_packet_and_a_tenth_of_a_second(
    size: int, patience_s: float
) -> None:
    buffer = ReceiveBuffer(PCMU, 0.0)
    buffer.push(0, 0, SSRC, loud(0, size), 0.0)
    assert until_filled(buffer, 0.0) == pytest.approx(patience_s + 0.005)
    at = patience_s + 0.01
    buffer.push(1, size, SSRC, loud(1), at)  # 20 ms
    assert until_filled(buffer, at) == pytest.approx(0.105)


def test_a_hole_of_less_than_a_frame_counts_as_one() -> None:
    wire = Wire()
    wire.packet(0)
    wire.packet(1, skip=1)
    assert (wire.buffer.concealed_frames, wire.buffer.silence_frames) == (0, 1)


def test_between_two_frames_nothing_is_put_in_for_a_slow_clock() -> None:
    """Packets of 30 ms: every other time half a frame waits for its end, which follows it."""
    wire = Wire(size=240)
    quiet = b"\xfe" * 240
    for number in range(1_200):
        wire.packet(number, at=number * 0.03 + (0.065 if number > 300 else 0.0), audio=quiet)
    # a frame of silence stands between two of the sender's, which begin where two packets do
    between = [len(part) for part in b"".join(wire.frames).split(SILENCE)]
    assert wire.buffer.silence_frames == len(between) - 1 == 3
    assert all(samples % 480 == 0 for samples in between[:-1])

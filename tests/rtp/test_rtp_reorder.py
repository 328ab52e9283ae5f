"""The order of packets: bursts, holes and what fills them, duplicates, restarts. Streams are of loud, distinct frames,
so that each is known in the output."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reorder_wire import SILENCE, SSRC, Wire, loud

from voicebot.audio import PCMA, PCMU
from voicebot.audio.concealment import conceal
from voicebot.rtp.reorder import MAX_WAITING, ReceiveBuffer


def test_packets_in_order_are_released_at_once_and_unchanged() -> None:
    wire = Wire()
    assert [wire.packet(number) for number in range(50)] == [1] * 50
    assert wire.frames == [loud(number) for number in range(50)]


def test_a_burst_in_order_is_released_at_once() -> None:
    wire = Wire()
    assert [wire.packet(number, at=1.0) for number in range(20)] == [1] * 20


@pytest.mark.parametrize(("sequence", "timestamp"), [(65530, 0), (0, 0xFFFFFF00), (65535, 0xFFFFFFFF)])
def test_wrapping_numbers_make_no_hole(sequence: int, timestamp: int) -> None:
    wire = Wire(first_sequence=sequence, first_timestamp=timestamp)
    for number in (0, 1, 3, 2, *range(4, 20)):
        wire.packet(number, at=number * 0.02)
    assert wire.frames == [loud(number) for number in range(20)]
    assert (wire.buffer.lost, wire.buffer.reordered, wire.buffer.duplicate) == (0, 1, 0)


@pytest.mark.parametrize("size", [80, 160, 240, 320, 480])
def test_any_packet_length_is_cut_in_frames_of_20_ms(size: int) -> None:
    wire = Wire(size=size)
    for number in range(24):
        wire.packet(number)
    whole = b"".join(loud(number, size) for number in range(24))
    assert b"".join(wire.frames) == whole[: len(whole) // 160 * 160]
    assert {len(frame) for frame in wire.frames} == {160}
    assert wire.buffer.silence_frames == 0


def test_a_reordered_packet_takes_its_place() -> None:
    wire = Wire()
    wire.packet(0)
    assert wire.packet(2, at=0.040) == 0
    assert wire.packet(3, at=0.060) == 0
    assert wire.packet(1, at=0.061) == 3
    assert wire.frames == [loud(number) for number in range(4)]
    assert (wire.buffer.lost, wire.buffer.late, wire.buffer.reordered) == (0, 0, 1)


def test_a_lost_packet_holds_the_next_for_60_ms_and_is_then_concealed() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4):
        wire.packet(number)
    assert wire.ticks(0.139) == 0
    assert wire.ticks(0.15) == 2
    assert wire.frames[:3] == [loud(0), loud(1), loud(2)]
    assert wire.frames[4] == loud(4)
    assert wire.frames[3] not in (SILENCE, loud(3))
    assert (wire.buffer.lost, wire.buffer.concealed_frames) == (1, 1)


def test_packets_that_come_before_the_tick_end_the_wait_as_well() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4, 5, 6):
        wire.packet(number)
    assert wire.packet(7) == 5
    assert wire.frames[4:] == [loud(number) for number in (4, 5, 6, 7)]


def test_no_more_than_a_few_packets_wait() -> None:
    wire = Wire()
    wire.packet(0, at=0.0)
    waiting = [wire.packet(number, at=0.001) for number in range(2, 3 + MAX_WAITING)]
    assert waiting == [0] * MAX_WAITING + [1 + len(waiting)]
    assert MAX_WAITING == 8
    assert wire.buffer.lost == 1


def test_a_packet_that_comes_after_its_hole_was_concealed_is_late_and_once_only() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4):
        wire.packet(number)
    wire.ticks(0.16)
    assert wire.packet(3, at=0.17) == 0
    assert (wire.buffer.late, wire.buffer.lost, wire.buffer.duplicate) == (1, 0, 0)
    assert wire.packet(3, at=0.18) == 0
    assert (wire.buffer.late, wire.buffer.duplicate) == (1, 1)


def test_a_second_gap_has_60_ms_of_its_own() -> None:
    wire = Wire()
    for number in (0, 2, 4):
        wire.packet(number, at=number * 0.02)
    assert wire.packet(1, at=0.09) == 2
    assert wire.ticks(0.145) == 0
    assert wire.ticks(0.155) == 2
    assert wire.frames[:3] == [loud(0), loud(1), loud(2)] and wire.frames[4] == loud(4)


def test_all_packets_of_a_hole_may_come_late() -> None:
    wire = Wire()
    for number in (0, 1, 5, 6, 7, 8):
        wire.packet(number)
    for number in (4, 2, 3):
        wire.packet(number, at=0.17)
    assert (wire.buffer.late, wire.buffer.lost, wire.buffer.duplicate) == (3, 0, 0)


def test_what_is_late_for_a_stream_is_not_so_for_the_next() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4, 5, 6, 7):
        wire.packet(number)
    wire.packet(8, ssrc=2)
    wire.packet(3, at=0.17, ssrc=2)
    assert (wire.buffer.late, wire.buffer.lost, wire.buffer.duplicate) == (0, 1, 1)


def test_a_second_hole_is_filled_with_what_was_heard_right_before_it() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12):
        wire.packet(number)
    assert wire.frames[3] == conceal(b"".join(map(loud, (0, 1, 2))), 160, PCMU)
    assert wire.frames[8] == conceal(b"".join(map(loud, (5, 6, 7))), 160, PCMU)
    assert (wire.buffer.lost, wire.buffer.concealed_frames, wire.buffer.silence_frames) == (2, 2, 0)


def test_a_jump_of_a_single_sample_is_filled() -> None:
    wire = Wire()
    wire.packet(0)
    for number in (1, 2):
        wire.packet(number, skip=1)
    assert b"".join(wire.frames) == loud(0) + SILENCE[:1] + loud(1) + loud(2)[:159]


def test_before_anything_came_nothing_was_lost() -> None:
    assert ReceiveBuffer(PCMU, 0.0).losses() == (0.0, 0.0, 0.0, 0.0)


def test_duplicates_are_dropped_whether_released_or_waiting() -> None:
    wire = Wire()
    for number in (0, 0, 2, 2, 1, 1, 2):
        wire.packet(number, at=0.0)
    assert wire.frames == [loud(0), loud(1), loud(2)]
    assert wire.buffer.duplicate == 4


def test_a_long_hole_fades_to_silence_and_keeps_its_length() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    for number in range(16, 20):  # 120 ms are lost
        wire.packet(number)
    assert wire.frames[16:] == [loud(number) for number in range(16, 20)]
    assert (wire.buffer.lost, len(wire.frames)) == (6, 20)


def test_a_new_ssrc_begins_anew_wherever_its_numbers_are() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    wire.sequence, wire.timestamp = 40_000, 77
    for number in range(10, 20):
        assert wire.packet(number, ssrc=2) == 1
    assert wire.frames == [loud(number) for number in range(20)]
    assert (wire.buffer.lost, wire.buffer.ssrc_changes, wire.buffer.discarded) == (0, 1, 0)


def test_what_waits_behind_a_gap_is_released_before_a_new_ssrc() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4):
        wire.packet(number)
    wire.packet(5, ssrc=2)
    assert wire.frames[-2:] == [loud(4), loud(5)]


def test_a_jump_of_the_sequence_restarts_with_the_second_packet() -> None:
    wire = Wire()
    for number in range(10):
        wire.packet(number)
    wire.sequence = 30_000
    assert [wire.packet(number) for number in range(10, 14)] == [0, 2, 1, 1]
    assert wire.frames[10:] == [loud(number) for number in (10, 11, 12, 13)]
    assert (wire.buffer.lost, wire.buffer.discarded, wire.buffer.ssrc_changes) == (0, 0, 0)


def test_packets_without_audio_take_their_place_and_release_nothing() -> None:
    wire = Wire()
    for number in range(5):
        wire.packet(number)
    for number in range(5, 10):  # a key of 100 ms: all its packets have its first timestamp
        assert wire.buffer.push(number, 800, SSRC, b"", number * 0.02) == []
    wire.packet(10)
    assert wire.frames == [*(loud(number) for number in range(5)), *[SILENCE] * 5, loud(10)]
    assert wire.buffer.lost == 0


def test_after_a_hold_what_was_kept_away_is_not_lost() -> None:
    wire = Wire()
    for number in range(5):
        wire.packet(number)
    wire.ticks(10.0)
    wire.buffer.resume()
    wire.packet(500, at=10.0)
    assert wire.frames[-1] == loud(500)
    assert (wire.buffer.lost, wire.buffer.ssrc_changes) == (0, 0)


def test_what_waits_behind_a_gap_when_a_hold_ends_is_neither_said_nor_lost() -> None:
    wire = Wire()
    for number in (0, 1, 2, 4, 5):
        wire.packet(number, at=number * 0.02)
    wire.buffer.resume()
    wire.packet(50, at=1.0)
    assert wire.frames[-1] == loud(50)
    assert loud(4) not in wire.frames and loud(5) not in wire.frames
    assert wire.buffer.lost == 0


def test_a_packet_of_20_ms_after_one_of_10_ms_keeps_its_place() -> None:
    """In frames of 20 ms, cut anew: the 10 ms before it come first."""
    buffer = ReceiveBuffer(PCMU, 0.0)
    short, long, last = loud(1, 80), loud(2, 160), loud(3, 80)
    assert buffer.push(0, 0, SSRC, short, 0.0) == []
    assert buffer.push(1, 80, SSRC, long, 0.01) == [short + long[:80]]
    assert buffer.push(2, 240, SSRC, last, 0.03) == [long[80:] + last]


def test_losses_tell_bursts_from_packets_lost_alone() -> None:
    """RFC 3611 4.7.2: three of four in a row, and one alone after many."""
    wire = Wire(first_sequence=65_500)  # the numbers wrap between the losses
    gone = {20, 21, 23, 100}
    for number in range(150):
        if number not in gone:
            wire.packet(number)
    assert wire.buffer.lost == 4
    pattern = wire.buffer.losses()
    assert (pattern.burst_packets, pattern.burst_density) == (4, 0.75)
    assert (pattern.gap_packets, pattern.gap_density) == (146 / 2, 1 / 146)


def test_of_a_long_hole_60_ms_are_concealed_and_the_rest_is_silence_and_both_are_counted() -> None:
    buffer = ReceiveBuffer(PCMU, 0.0)
    for number in range(3):
        buffer.push(number, number * 160, SSRC, loud(number), number * 0.02)
    frames: list[bytes] = []
    for number in range(8, 13):  # five are lost, and 10 ms in which nothing was sent
        frames += buffer.push(number, number * 160 + 80, SSRC, loud(number), number * 0.02)
    assert buffer.lost == 5
    assert (buffer.concealed_frames, buffer.silence_frames) == (3, 3), "880 samples: 480, and 400 begin a third frame"
    assert b"".join(frames)[880 : 880 + 160] == loud(8)
    assert set(b"".join(frames)[480:880]) == {0xFF}


@settings(max_examples=2 * settings.default.max_examples)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF) | st.integers(0, 40),
            st.integers(0, 0xFFFFFFFF) | st.integers(0, 6400),
            st.integers(1, 2),
            st.sampled_from([0, 1, 80, 160, 240, 1600]),
            st.sampled_from([0.0, 0.001, 0.02, 0.3]),
        ),
        max_size=60,
    )
)
def test_whatever_comes_frames_are_whole_and_bounded_by_time(packets: list[tuple[int, int, int, int, float]]) -> None:
    buffer = ReceiveBuffer(PCMA, 0.0)
    at, frames = 0.0, []
    for sequence, timestamp, ssrc, size, later in packets:
        at += later
        frames += buffer.push(sequence, timestamp, ssrc, loud(1, size), at)
        frames += buffer.tick(at)
    assert {len(frame) for frame in frames} <= {160}
    assert len(frames) * 0.02 <= at + 2.0 + 2 * 0.2 + 0.2  # MAX_AHEAD_S, and the packet that reached it

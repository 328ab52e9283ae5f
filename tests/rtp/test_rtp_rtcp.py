from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.rtp import rtcp
from voicebot.rtp.packet import MalformedPacket
from voicebot.rtp.reporting import Reporting, interval_s

u32 = st.integers(0, 0xFFFFFFFF)
blocks = st.lists(
    st.builds(rtcp.ReportBlock, u32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), u32, u32, u32, u32),
    max_size=31,
).map(tuple)
reports = st.builds(rtcp.SenderReport, u32, st.integers(0, 2**64 - 1), u32, u32, u32, blocks) | st.builds(
    rtcp.ReceiverReport, u32, blocks
)


@given(reports, st.booleans())
def test_what_is_built_is_parsed(report: rtcp.SenderReport | rtcp.ReceiverReport, goodbye: bool) -> None:
    datagram = rtcp.build(report, rtcp.cname(1), goodbye=goodbye)
    assert len(datagram) % 4 == 0
    assert rtcp.parse(datagram) == [report, *([rtcp.Goodbye(report.ssrc)] if goodbye else [])]


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: b"\x81\xc8\x00" + tail))
def test_random_bytes_are_parsed_or_malformed(data: bytes) -> None:
    try:
        reports = rtcp.parse(data)
    except MalformedPacket:
        return
    assert isinstance(reports[0], rtcp.SenderReport | rtcp.ReceiverReport)
    with_blocks = [r for r in reports if isinstance(r, rtcp.SenderReport | rtcp.ReceiverReport)]
    assert sum(4 + 24 * len(report.blocks) for report in with_blocks) <= len(data)


@given(reports, st.data())
def test_a_truncated_datagram_is_malformed(report: rtcp.SenderReport, data: st.DataObject) -> None:
    datagram = rtcp.build(report, "x")
    first = 4 * (int.from_bytes(datagram[2:4]) + 1)
    cut = data.draw(st.integers(0, len(datagram) - 1).filter(lambda at: at != first))
    with pytest.raises(MalformedPacket):
        rtcp.parse(datagram[:cut])


def test_a_datagram_of_nothing_but_a_goodbye_is_malformed() -> None:
    with pytest.raises(MalformedPacket):
        rtcp.parse(bytes((0x81, 203, 0, 1, 0, 0, 0, 1)))


def test_reception_counts_loss_across_the_sequence_wrap() -> None:
    reception = rtcp.Reception(9, 65530)
    for index in range(20):
        if index not in (3, 10):
            reception.packet((65530 + index) & 0xFFFF, index * 160, index * 0.02)
    report = reception.report(1.0)
    assert report.lost == 2
    assert report.fraction_lost == 2 * 256 // 20
    assert report.highest_sequence == 65536 + 13
    assert reception.report(2.0).fraction_lost == 0  # nothing more was lost since


def test_duplicates_make_the_loss_negative() -> None:
    reception = rtcp.Reception(9, 1)
    reception.packet(1, 0, 0.0)
    reception.packet(1, 0, 0.0)
    report = reception.report(0.1)
    assert report.lost == -1
    assert rtcp.parse(rtcp.build(rtcp.ReceiverReport(1, (report,)), "x")) == [rtcp.ReceiverReport(1, (report,))]


def test_jitter_is_that_of_rfc_3550() -> None:
    reception = rtcp.Reception(9, 0)
    jitter, offsets = 0.0, [0.0, 0.004, 0.001, 0.010, 0.0]
    for index, offset in enumerate(offsets):
        reception.packet(index, index * 160, index * 0.02 + offset)
        if index:
            jitter += (abs(offset - offsets[index - 1]) * 8000 - jitter) / 16
    assert reception.jitter_ms == pytest.approx(jitter / 8)


def test_a_keypad_event_and_a_restarted_timestamp_are_no_jitter() -> None:
    reception = rtcp.Reception(9, 0)
    reception.packet(0, 0, 0.0)
    reception.packet(1, 0, 0.5, timed=False)
    reception.packet(2, 0x80000000, 0.04)
    assert reception.jitter_ms == 0


def test_round_trip_is_found_from_two_reports() -> None:
    us, them = Reporting(1, 1e9, 0.0), Reporting(2, 1e9 + 55.5, 0.0)  # their clock is another one
    us.receive(2, 0, 8000).packet(0, 0, 0.0)
    them.receive(1, 0, 8000).packet(0, 0, 0.0)
    them.datagram(us.report(1.0, 0, 50, 8000), 1.030)  # 30 ms there
    us.datagram(them.report(3.030, 0, 50, 8000), 3.070)  # 2 s later, 40 ms back
    assert us.round_trip_ms == pytest.approx(70, abs=0.1)
    assert us.remote_lost == 0
    assert us.received == 1
    assert them.round_trip_ms is None


def test_an_impossible_round_trip_is_none() -> None:
    block = rtcp.ReportBlock(1, 0, 0, 0, 0, last_sr=5, delay=0)
    assert rtcp.round_trip_s(block, rtcp.ntp_time(1e9)) is None
    assert rtcp.round_trip_s(rtcp.ReportBlock(1, 0, 0, 0, 0, last_sr=0, delay=0), 99) is None


def test_a_block_about_another_stream_is_not_ours() -> None:
    us = Reporting(1, 1e9, 0.0)
    stranger = rtcp.ReportBlock(77, 10, 10, 10, 10, 0, 0)
    us.datagram(rtcp.build(rtcp.ReceiverReport(2, (stranger,)), "x"), 1.0)
    assert us.remote_lost is None


def test_reports_are_five_seconds_apart_on_average_and_the_first_comes_sooner() -> None:
    assert (interval_s(0.0), interval_s(0.5), interval_s(1.0)) == (2.5, 5.0, 7.5)
    assert interval_s(0.5, first=True) == 2.5


def test_a_receiver_that_has_sent_nothing_sends_a_receiver_report() -> None:
    assert isinstance(rtcp.parse(Reporting(1, 0.0, 0.0).report(1.0, 0, 0, 0))[0], rtcp.ReceiverReport)


BLOCK = rtcp.ReportBlock(0x0A0B0C0D, 0x10, -2, 0x00010203, 0x20, 0x30313233, 0x40)
BLOCK_BYTES = bytes.fromhex("0a0b0c0d10fffffe00010203000000203031323300000040")


def test_a_datagram_is_built_as_rfc_3550_draws_it() -> None:
    sender = rtcp.SenderReport(0x01020304, 0x1111111122222222, 0x33333333, 0x1_0000_0004, 5, (BLOCK,))
    assert rtcp.build(sender, "abc", goodbye=True) == (
        bytes.fromhex("81c8000c" "01020304" "11111111" "22222222" "33333333" "00000004" "00000005")
        + BLOCK_BYTES
        + bytes.fromhex("81ca0003" "01020304" "0103") + b"abc" + bytes(3)
        + bytes.fromhex("81cb0001" "01020304")
    )  # fmt: skip
    receiver = rtcp.ReceiverReport(0x01020304, (BLOCK,))
    assert rtcp.build(receiver, "ab") == (
        bytes.fromhex("81c90007" "01020304") + BLOCK_BYTES
        + bytes.fromhex("81ca0003" "01020304" "0102") + b"ab" + bytes(4)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lost", "told"),
    [(-0x800000, -0x800000), (-0x800001, -0x800000), (0x7FFFFF, 0x7FFFFF), (0x800000, 0x7FFFFF), (-1, -1)],
)
def test_the_loss_is_told_as_far_as_24_bits_can(lost: int, told: int) -> None:
    block = replace(BLOCK, lost=lost)
    (report,) = rtcp.parse(rtcp.build(rtcp.ReceiverReport(1, (block,)), "x"))
    assert isinstance(report, rtcp.ReceiverReport)
    assert report.blocks[0].lost == told


def test_a_report_has_31_blocks_at_the_most() -> None:
    report = rtcp.ReceiverReport(1, (BLOCK,) * 40)
    assert rtcp.parse(rtcp.build(report, "x")) == [rtcp.ReceiverReport(1, (BLOCK,) * 31)]


def test_a_long_name_is_cut() -> None:
    assert rtcp.build(rtcp.ReceiverReport(1), "n" * 300)[16:] == bytes((1, 255)) + b"n" * 255 + bytes(3)


RECEIVER = rtcp.build(rtcp.ReceiverReport(1), "x")


@pytest.mark.parametrize(
    ("tail", "reports"),
    [
        (bytes((0x80, 203, 0, 0)), []),  # a goodbye of nobody is four bytes
        (bytes((0x82, 203, 0, 2)) + bytes((0, 0, 0, 7, 0, 0, 0, 8)), [rtcp.Goodbye(7)]),
        (bytes((0x80, 207, 0, 1, 0, 0, 0, 9)), [rtcp.ExtendedReport(9)]),
        (bytes((0x80, 204, 0, 2)) + bytes(8), []),  # an application's
    ],
)
def test_other_packets_may_follow_the_report(tail: bytes, reports: list[rtcp.RtcpReport]) -> None:
    assert rtcp.parse(RECEIVER + tail) == [rtcp.ReceiverReport(1), *reports]


@pytest.mark.parametrize(
    "tail",
    [
        b"\x80\xcb\x00",
        bytes((0x40, 203, 0, 0)),
        bytes((0x80, 207, 0, 0)),
        bytes((0x82, 203, 0, 1, 0, 0, 0, 7)),
        bytes((0x81, 201, 0, 6)) + bytes(24),
        bytes((0x80, 200, 0, 5)) + bytes(20),
    ],
    ids=["half a header", "version 1", "extension of nobody", "a source missing", "a block cut", "sender's part cut"],
)
def test_what_is_shorter_than_it_says_is_malformed_wherever_it_stands(tail: bytes) -> None:
    with pytest.raises(MalformedPacket):
        rtcp.parse(RECEIVER + tail)


def test_a_datagram_is_looked_at_up_to_its_limits() -> None:
    goodbye = bytes((0x81, 203, 0, 1, 0, 0, 0, 7))
    assert len(rtcp.parse(RECEIVER + goodbye * 100)) == 1 + rtcp.MAX_PACKETS - 2
    longest = bytes((0x80, 204)) + ((rtcp.MAX_DATAGRAM - len(RECEIVER)) // 4 - 1).to_bytes(2)
    longest += bytes(rtcp.MAX_DATAGRAM - len(RECEIVER) - 4)
    assert rtcp.parse(RECEIVER + longest) == [rtcp.ReceiverReport(1)]
    with pytest.raises(MalformedPacket):
        rtcp.parse(RECEIVER + longest + bytes(4))


@pytest.mark.parametrize(
    ("since_1970", "ntp"),
    [(0.0, 2_208_988_800 << 32), (1.5, (2_208_988_801 << 32) + (1 << 31)), (2**33, 2_208_988_800 << 32)],
)
def test_ntp_time_counts_from_1900_in_64_bits(since_1970: float, ntp: int) -> None:
    assert rtcp.ntp_time(since_1970) == ntp
    assert rtcp.middle(0x1111_2222_3333_4444) == 0x2222_3333


@pytest.mark.parametrize(
    ("units", "seconds"),
    [(65536, 1.0), (0, 0.0), (-1, 0.0), (0x8000_0000, 0.0), (0x7FFF_FFFF, None), (60 * 65536, None), (59 * 65536, 59)],
)
def test_a_round_trip_is_what_is_left_of_the_time_since_our_report(units: int, seconds: float | None) -> None:
    """A slightly negative one counts as zero, because the other side rounds its delay up."""
    now, delay = 1000 << 16, 3 * 65536
    block = replace(BLOCK, last_sr=(now - delay - units) & 0xFFFFFFFF, delay=delay)
    assert rtcp.round_trip_s(block, now << 16) == seconds


def test_a_block_tells_all_that_was_measured() -> None:
    reception = rtcp.Reception(9, 10, 16_000)
    for sequence in (10, 11, 13, 12):  # one of them late
        reception.packet(sequence, 0, 0.0)
    reception.packet(16, 0, 0.16)
    reception.sender_report(0x1111_2222_3333_4444, 5.0)
    assert reception.report(7.5) == rtcp.ReportBlock(
        ssrc=9, fraction_lost=2 * 256 // 7, lost=2, highest_sequence=16, jitter=160, last_sr=0x2222_3333, delay=163_840
    )
    assert reception.jitter_ms == 10
    assert rtcp.Reception(9, 10).report(7.5).delay == 0


def test_only_a_difference_of_seconds_is_a_restart() -> None:
    reception = rtcp.Reception(9, 0)
    reception.packet(0, 0, 0.0)
    reception.packet(1, 0, 1.99)
    assert reception.jitter_ms == pytest.approx(1990 / 16)
    reception.packet(2, 0, 3.99)
    assert reception.jitter_ms == pytest.approx(1990 / 16)


def test_the_name_tells_nothing_but_the_number() -> None:
    assert rtcp.cname(0xABC) == "00000abc@voicebot"


def heard(packets: int, *, first: int = 65_530, step: int = 160) -> rtcp.Reception:
    reception = rtcp.Reception(7, first)
    for number in range(packets):
        reception.packet((first + number) & 0xFFFF, number * step, number * 0.02)
    return reception


@pytest.mark.parametrize("step", [0, 80, 160, 320])
@pytest.mark.parametrize("silent_s", [0.5, 3.0, 25.0])
def test_a_stream_goes_on_after_a_silence_however_its_sender_counts(step: int, silent_s: float) -> None:
    reception, passed = heard(100, step=step), round(silent_s / 0.02)
    at = 1.98 + silent_s
    for numbers, units in ((1, 0), (1, step), (1, passed * step), (passed, passed * step)):  # a pause, or unheard
        sequence = (65_530 + 99 + numbers) & 0xFFFF
        assert reception.continues(sequence, (99 * step + units) & 0xFFFFFFFF, at, silent_s)


@pytest.mark.parametrize(
    ("ahead", "seconds"), [(0, 0.5), (-1, 0.5), (400, 0.5), (5, 60.0), (5, -60.0), (5, 3_600.0), (30_000, 0.5)]
)
def test_other_numbers_do_not_go_on_with_a_stream(ahead: int, seconds: float) -> None:
    timestamp = int(99 * 160 + seconds * 8_000) & 0xFFFFFFFF
    assert not heard(100).continues((65_530 + 99 + ahead) & 0xFFFF, timestamp, 2.48, 0.5)
    assert not rtcp.Reception(7, 0).continues(1, 160, 1.0, 0.5), "nothing tells its time"


def test_few_guesses_go_on_with_a_stream() -> None:
    """A phone may have an SSRC that is guessed; its numbers are left, of which one in four million passes."""
    reception = heard(100)
    sequences = sum(reception.continues(sequence, 99 * 160, 2.98, 1.0) for sequence in range(1 << 16))
    times = sum(reception.continues((65_530 + 100) & 0xFFFF, time << 14, 2.98, 1.0) for time in range(1 << 18))
    assert (1 << 16) / sequences * (1 << 18) / times > 4_000_000

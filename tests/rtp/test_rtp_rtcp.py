from __future__ import annotations

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


def test_a_round_trip_that_cannot_be_is_none() -> None:
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

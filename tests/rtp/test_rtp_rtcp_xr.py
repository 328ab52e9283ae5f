"""RTCP XR (RFC 3611): the far side's VoIP metrics."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.rtp import rtcp
from voicebot.rtp.packet import MalformedPacket
from voicebot.rtp.reporting import Reporting
from voicebot.rtp.rtcp_xr import VoipMetrics, parse_blocks

# One VoIP metrics block, field by field as in section 4.7
METRICS = (
    struct.pack("!BBH", 7, 0, 8)
    + struct.pack("!I", 77)
    + bytes((64, 128, 32, 0))  # loss, discard, burst density, gap density
    + struct.pack("!HHHH", 120, 4000, 80, 45)  # burst, gap, round trip, end system delay
    + bytes((0x7F, 0x7F, 0x7F, 16, 88, 127, 43, 41))  # levels, echo, Gmin, R, external R, MOS-LQ, MOS-CQ
    + bytes((0x30, 0))
    + struct.pack("!HHH", 40, 80, 200)
)
OTHER = struct.pack("!BBHII", 4, 0, 2, 1, 2)  # a receiver reference time


def compound(ssrc: int, blocks: bytes) -> bytes:
    report = rtcp.build(rtcp.ReceiverReport(ssrc), "x")
    return report + struct.pack("!BBHI", 0x80, 207, 1 + len(blocks) // 4, ssrc) + blocks


def test_the_metrics_are_read_and_other_blocks_stepped_over() -> None:
    expected = VoipMetrics(77, 0.25, 0.5, 0.125, 0.0, 120, 4000, 80, 45, 88, 4.3, 4.1)
    assert parse_blocks(OTHER + METRICS) == [expected]
    assert rtcp.parse(compound(9, OTHER + METRICS))[-1] == rtcp.ExtendedReport(9, (expected,))


def test_what_we_send_is_read_again_and_stands_in_the_compound() -> None:
    ours = VoipMetrics(77, 0.25, 0.5, 0.125, 0.0625, 120, 4000, 80, 45, 88, 4.3, 4.1)
    datagram = rtcp.build(rtcp.ReceiverReport(5), "x", metrics=ours, goodbye=True)
    assert rtcp.parse(datagram)[1:] == [rtcp.ExtendedReport(5, (ours,)), rtcp.Goodbye(5)]
    beyond = VoipMetrics(77, 1.0, -1.0, 2.0, 0.0, 10**6, 10**6, 10**6, 10**6, None, None, None)
    (read,) = parse_blocks(beyond.build())
    assert (read.lost, read.discarded, read.burst_ms, read.r_factor, read.mos_lq) == (255 / 256, 0, 65535, None, None)


def test_what_is_not_available_is_none() -> None:
    fields = bytearray(METRICS)
    fields[24] = fields[26] = fields[27] = 127
    (metrics,) = parse_blocks(bytes(fields))
    assert (metrics.r_factor, metrics.mos_lq, metrics.mos_cq) == (None, None, None)


@pytest.mark.parametrize("blocks", [METRICS[:-4], METRICS[:2], struct.pack("!BBHI", 7, 0, 1, 1), b"\x04\x00\xff\xff"])
def test_a_block_that_is_not_as_long_as_it_says_is_malformed(blocks: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse_blocks(blocks)


@given(st.binary(max_size=200))
def test_random_blocks_are_parsed_or_malformed(blocks: bytes) -> None:
    try:
        metrics = parse_blocks(blocks)
    except MalformedPacket:
        return
    assert 36 * len(metrics) <= len(blocks)


def test_the_latest_metrics_about_our_stream_are_kept() -> None:
    reporting = Reporting(77, 0.0, 0.0)
    reporting.datagram(compound(9, METRICS), 1.0)
    assert reporting.remote_metrics is not None and reporting.remote_metrics.mos_cq == 4.1
    reporting.datagram(compound(9, METRICS[:4] + struct.pack("!I", 78) + METRICS[8:]), 2.0)  # about another stream
    reporting.datagram(compound(9, OTHER), 3.0)
    assert reporting.remote_metrics.mos_cq == 4.1

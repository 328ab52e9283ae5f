"""Two sessions against each other and against a raw socket: the driver itself, with sockets of 127.0.0.1.

On virtual time, so that no stall of the machine makes a hole; test_rtp_session_loops.py has real time.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest
from free_port import free_ports
from session_bench import NO_PACKET, Bench, Listener
from waiting import until

from voicebot.audio import PCMA, PCMU, convert
from voicebot.audio.codecs import CODECS
from voicebot.events import PlaybackEnded, PlaybackStarted
from voicebot.rtp import Clip, MediaClock, MediaKey, PortRange, PortsExhausted, RtpSession, rtcp
from voicebot.rtp.packet import RtpPacket, parse
from voicebot.rtp.srtp import SecureStream
from voicebot.rtp.telephone_event import TelephoneEvent

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = MediaClock(asyncio.get_running_loop().time)
    clock.start()
    async with AsyncExitStack() as stack:
        yield Bench(stack, clock)
    assert len(clock) == 0
    await clock.close()


async def next_packet(peer: socket.socket) -> RtpPacket:
    async with asyncio.timeout(20):
        return parse(await asyncio.get_running_loop().sock_recv(peer, 2048))


async def test_audio_and_keys_go_both_ways_unchanged_and_nothing_is_left(bench: Bench) -> None:
    near, far = Listener(), Listener()
    one, two = await bench.open(near), await bench.open(far)
    one.set_remote("127.0.0.1", two.local_port)
    two.set_remote("127.0.0.1", one.local_port)
    events: list[object] = []
    one.playout.on_event = events.append
    audio = {one: random.Random(1).randbytes(160 * 20), two: random.Random(2).randbytes(160 * 20)}
    for session, speech in audio.items():
        clip = Clip(5, PCMU)
        clip.feed(speech)
        clip.finish()
        session.playout.append(clip)
    await until(lambda: audio[one] in b"".join(far.frames) and audio[two] in b"".join(near.frames))
    assert audio[one] in b"".join(near.sent_frames)
    assert [type(event) for event in events] == [PlaybackStarted, PlaybackEnded]
    two.send_keys("4#")
    await until(lambda: near.keys == "4#" and not two.playout.active)

    await one.close()
    quality = two.quality()
    assert (quality.lost, quality.malformed, quality.foreign_packets, quality.discarded) == (0, 0, 0, 0)
    assert quality.packets_received >= 20
    assert quality.send_deviation_p99_ms is not None
    assert quality.as_dict()["packets_sent"] == quality.packets_sent
    await two.close()
    await two.close()
    sent = (len(near.frames), len(far.frames))
    for port in (one.local_port, two.local_port):
        for offset in (0, 1):  # the sockets are gone: the ports can be bound
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as check:
                check.bind(("127.0.0.1", port + offset))
    await asyncio.sleep(0)
    assert (len(near.frames), len(far.frames)) == sent
    assert bench.ports.in_use == 0
    assert {task.get_coro().__name__ for task in asyncio.all_tasks()} <= {asyncio.current_task().get_coro().__name__}


async def test_sending_starts_with_the_first_packet_of_an_unknown_peer_and_strangers_are_foreign(bench: Bench) -> None:
    sink = Listener()
    session = await bench.open(sink, "PCMA")
    peer, stranger = bench.peer(), bench.peer()
    target = ("127.0.0.1", session.local_port)
    stranger.sendto(b"\x80" + b"garbage", target)
    stranger.sendto(NO_PACKET._replace(payload_type=77, payload=b"x" * 160).build(), target)  # nobody agreed on 77
    await until(lambda: session.quality().foreign_packets == 1)
    assert sink.sent_frames == []
    peer.sendto(NO_PACKET._replace(payload_type=8, payload=b"a" * 160).build(), target)
    await until(lambda: b"a" * 160 in sink.frames)
    stranger.sendto(NO_PACKET._replace(payload_type=8, sequence=1, payload=b"b" * 160).build(), target)
    first, second = await next_packet(peer), await next_packet(peer)
    assert (first.payload, first.payload_type, first.marker) == (PCMA.frame_of_silence, 8, True)
    assert (second.marker, second.ssrc) == (False, first.ssrc)
    assert second.sequence == (first.sequence + 1) & 0xFFFF
    assert second.timestamp == (first.timestamp + 160) & 0xFFFFFFFF
    await until(lambda: session.quality().foreign_packets == 2)
    assert b"b" * 160 not in sink.frames
    assert session.quality().malformed == 1


async def test_a_key_whose_first_packets_were_lost_is_told_once_and_loses_no_audio(bench: Bench) -> None:
    sink = Listener()
    session = await bench.open(sink)
    peer = bench.peer()
    target = ("127.0.0.1", session.local_port)
    for sequence in (0, 1):
        audio = NO_PACKET._replace(sequence=sequence, timestamp=sequence * 160, payload=bytes([sequence]) * 160)
        peer.sendto(audio.build(), target)
    for sequence, duration in ((4, 480), (5, 480), (6, 480)):
        event = TelephoneEvent(11, True, duration).build()
        peer.sendto(
            NO_PACKET._replace(payload_type=101, sequence=sequence, timestamp=320, payload=event).build(), target
        )
    peer.sendto(NO_PACKET._replace(sequence=7, timestamp=800, payload=b"z" * 160).build(), target)
    await until(lambda: b"z" * 160 in sink.frames)
    assert sink.keys == "#"
    assert session.quality().lost == 2


async def test_hold_delivers_silence_and_sends_nothing_and_the_timestamp_goes_on(bench: Bench) -> None:
    sink = Listener()
    session = await bench.open(sink)
    peer = bench.peer()
    target = ("127.0.0.1", session.local_port)
    session.set_remote("127.0.0.1", peer.getsockname()[1])
    before = await next_packet(peer)
    session.set_direction(send=False, receive=False)
    await asyncio.sleep(0)
    sent = len(sink.sent_frames)
    for sequence in range(3):
        peer.sendto(NO_PACKET._replace(sequence=sequence, payload=b"a" * 160).build(), target)
    await until(lambda: len(sink.frames) >= 6)
    assert set(sink.frames) == {PCMU.frame_of_silence}
    assert len(sink.sent_frames) == sent
    assert session.quality().discarded == 3
    session.set_direction(send=True, receive=True)
    peer.sendto(NO_PACKET._replace(sequence=2000, payload=b"b" * 160).build(), target)
    await until(lambda: b"b" * 160 in sink.frames)
    packet = await next_packet(peer)
    while not packet.marker or packet.sequence == before.sequence:
        packet = await next_packet(peer)
    assert (packet.timestamp - before.timestamp) & 0xFFFFFFFF > 160 * ((packet.sequence - before.sequence) & 0xFFFF)
    assert session.quality().lost == 0


async def test_an_unspecified_address_stops_sending(bench: Bench) -> None:
    sink = Listener()
    session = await bench.open(sink)
    peer = bench.peer()
    session.set_remote("127.0.0.1", peer.getsockname()[1])
    await next_packet(peer)
    session.set_remote("0.0.0.0", 4000)
    sent = len(sink.sent_frames)
    await until(lambda: len(sink.frames) >= 8)
    assert len(sink.sent_frames) == sent
    session.set_remote("127.0.0.1", peer.getsockname()[1])
    await until(lambda: len(sink.sent_frames) > sent)


@pytest.mark.parametrize(("host", "port"), [("example.org", 4000), ("::1", 4000), ("127.0.0.1", 70000)])
async def test_an_address_that_cannot_be_is_refused(bench: Bench, host: str, port: int) -> None:
    session = await bench.open(Listener())
    with pytest.raises(ValueError, match=r"address|reached|port"):
        session.set_remote(host, port)


async def test_a_retuned_wire_changes_nothing_above(bench: Bench) -> None:
    """Opened with mu-law, the wire goes over to A-law: clips, frames and recordings stay mu-law."""
    sink = Listener()
    session = await bench.open(sink, "PCMU")
    peer = bench.peer()
    session.retune(codec=CODECS["PCMA"], payload_type=8, telephone_event=None)
    session.set_remote("127.0.0.1", peer.getsockname()[1])
    clip = Clip(1, PCMU)
    clip.feed(b"\x12" * 160)
    clip.finish()
    session.playout.append(clip)
    wanted = convert(b"\x12" * 160, PCMU, PCMA)
    packet = await next_packet(peer)
    while packet.payload != wanted:
        assert packet.payload == PCMA.frame_of_silence
        packet = await next_packet(peer)
    assert packet.payload_type == 8
    assert b"\x12" * 160 in sink.sent_frames
    peer.sendto(NO_PACKET._replace(payload_type=8, payload=wanted).build(), ("127.0.0.1", session.local_port))
    heard = convert(wanted, PCMA, PCMU)
    await until(lambda: heard in sink.frames)
    session.send_keys("1")  # nobody to take it: dropped, not queued for later
    session.retune(codec=CODECS["PCMA"], payload_type=8, telephone_event=101)
    for _ in range(3):
        assert (await next_packet(peer)).payload_type == 8


async def test_reports_are_taken_from_the_peers_host_and_the_last_one_says_goodbye(bench: Bench) -> None:
    sink = Listener()
    session = await bench.open(sink)
    peer, peer_rtcp = bench.peer(), bench.peer()
    session.set_remote("127.0.0.1", peer.getsockname()[1], rtcp_port=peer_rtcp.getsockname()[1])
    ours = (await next_packet(peer)).ssrc
    block = rtcp.ReportBlock(ours, 0, 3, 0, 80, 0, 0)
    report = rtcp.build(rtcp.ReceiverReport(9, (block,)), "x")
    peer_rtcp.sendto(report, ("127.0.0.1", session.local_port + 1))
    peer.sendto(report, ("127.0.0.1", session.local_port))  # multiplexed on the RTP port
    peer_rtcp.sendto(report[:-1], ("127.0.0.1", session.local_port + 1))
    await until(lambda: session.quality().rtcp_received == 2 and session.quality().malformed == 1)
    quality = session.quality()
    assert (quality.remote_lost, quality.remote_jitter_ms, quality.round_trip_ms) == (3, 10.0, None)
    await session.close()
    last = await asyncio.get_running_loop().sock_recv(peer_rtcp, 2048)
    sender, goodbye = rtcp.parse(last)
    assert isinstance(sender, rtcp.SenderReport)
    assert sender.packets == session.quality().packets_sent
    assert goodbye == rtcp.Goodbye(ours)


async def test_no_port_left_is_said_and_the_range_recovers(bench: Bench) -> None:
    low, high = free_ports(2)
    bench.ports = PortRange(low, high, "127.0.0.1", rest_s=0)
    session = await bench.open(Listener())
    with pytest.raises(PortsExhausted):
        await bench.open(Listener())
    await session.close()
    assert (await bench.open(Listener())).local_port == low


async def test_random_datagrams_are_counted_and_nothing_is_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Listener()
    session = await bench.open(sink)
    peer = bench.peer()
    session.set_remote("127.0.0.1", peer.getsockname()[1])
    chance = random.Random(3)
    for count in range(300):
        port = session.local_port + count % 2
        flags = bytes([chance.choice([0x80, 0xB3, 0x00, 0x90])])
        peer.sendto(flags * (count % 3 > 0) + chance.randbytes(chance.randrange(60)), ("127.0.0.1", port))
        if count % 50 == 0:
            await asyncio.sleep(0)
    peer.sendto(b"", ("127.0.0.1", session.local_port))
    await until(lambda: session.quality().malformed > 50)
    await until(lambda: len(sink.sent_frames) > 5)
    assert caplog.records == []
    assert bench.clock.lateness()["tick_errors"] == 0


async def test_a_listener_that_raises_is_logged_once_and_media_goes_on(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    class Defective(Listener):
        def frame(self, payload: bytes, at: float) -> None:
            super().frame(payload, at)
            if payload == b"a" * 160:
                raise RuntimeError("defect")

    sink = Defective()
    session = await bench.open(sink)
    peer = bench.peer()
    for sequence, audio in enumerate((b"a", b"a", b"a", b"b")):
        packet = NO_PACKET._replace(sequence=sequence, timestamp=sequence * 160, payload=audio * 160)
        peer.sendto(packet.build(), ("127.0.0.1", session.local_port))
    await until(lambda: b"b" * 160 in sink.frames)
    await until(lambda: len(sink.sent_frames) > 2)
    assert session.quality().socket_errors == 3
    assert len(caplog.records) == 1


async def test_an_encrypted_session_takes_and_sends_nothing_plain(bench: Bench) -> None:
    listener = Listener()
    session = await bench.open(listener)
    peer = bench.peer()
    ours, theirs = (MediaKey("AES_CM_128_HMAC_SHA1_80", bytes([n]) * 30) for n in (1, 2))
    session.protection.use(ours, theirs)
    session.set_remote(*peer.getsockname())
    far = SecureStream(theirs, ours)
    async with asyncio.timeout(20):
        sealed = await asyncio.get_running_loop().sock_recv(peer, 2048)
    assert len(sealed) == 182
    assert parse(far.unprotect(sealed)).payload == PCMU.frame_of_silence
    target = ("127.0.0.1", session.local_port)
    plain = [RtpPacket(0, False, n, 160 * n, 9, bytes([n + 1]) * 160).build() for n in range(3)]
    peer.sendto(plain[0], target)
    for datagram in plain:
        peer.sendto(far.protect(datagram), target)
    peer.sendto(rtcp.build(rtcp.ReceiverReport(9, ()), "plain"), ("127.0.0.1", session.local_port + 1))
    peer.sendto(
        far.protect_rtcp(rtcp.build(rtcp.ReceiverReport(9, ()), "sealed")), ("127.0.0.1", session.local_port + 1)
    )
    await until(lambda: session.quality().packets_received == 3 and session.quality().rtcp_received == 1)
    assert session.quality().not_authentic == 2
    assert [frame for frame in listener.frames if frame != PCMU.frame_of_silence] == [
        bytes([n + 1]) * 160 for n in range(3)
    ]
    with pytest.raises(ValueError, match="both"):
        session.protection.use(ours, None)


@pytest.mark.parametrize("ptime_ms", [10, 30, 40, 60])
async def test_packets_are_as_long_as_asked_and_nothing_of_the_speech_is_lost(bench: Bench, ptime_ms: int) -> None:
    clock = MediaClock()  # not started: ticks are given by hand, so that none is left out
    session = RtpSession.open(clock=clock, ports=bench.ports, codec=CODECS["PCMU"], sink=Listener())
    bench.stack.push_async_callback(session.close)
    session.retune(codec=CODECS["PCMU"], payload_type=0, telephone_event=101, ptime_ms=ptime_ms)
    speech = random.Random(1).randbytes(160 * 12)
    clip = Clip(1, PCMU)
    clip.feed(speech)
    clip.finish()
    session.playout.append(clip)
    peer = bench.peer()
    session.set_remote(*peer.getsockname())
    for _ in range(18):
        session.tick(clock.now(), 0)
    packets = [await next_packet(peer) for _ in range(18 * 20 // ptime_ms)]
    assert {len(packet.payload) for packet in packets} == {8 * ptime_ms}
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 8 * ptime_ms
    assert speech in b"".join(packet.payload for packet in packets)
    last = packets[-1]
    session.tick(clock.now(), 0)
    session.send_keys("1")  # what waits for the rest of its packet leaves before the key
    session.tick(clock.now(), 0)
    while (packet := await next_packet(peer)).payload_type == 0:
        last = packet
    end = (last.timestamp + len(last.payload)) & 0xFFFFFFFF
    assert (packet.payload_type, packet.timestamp) == (101, end)
    with pytest.raises(ValueError, match="length"):
        session.retune(codec=CODECS["PCMU"], payload_type=0, telephone_event=101, ptime_ms=5)


async def test_comfort_noise_is_a_pause_and_no_defect(bench: Bench) -> None:
    listener = Listener()
    session = await bench.open(listener)
    peer = bench.peer()
    session.set_remote(*peer.getsockname())
    target = ("127.0.0.1", session.local_port)
    for number in range(3):
        peer.sendto(RtpPacket(0, False, number, 160 * number, 9, bytes([number + 1]) * 160).build(), target)
    peer.sendto(RtpPacket(13, False, 3, 160 * 3, 9, b"\x40").build(), target)
    await until(lambda: session.quality().packets_received == 4)
    await until(lambda: session.quality().silence_frames >= 5)
    quality = session.quality()
    assert (quality.discarded, quality.lost, quality.concealed_frames) == (0, 0, 0)

"""A session with DTLS-SRTP: nothing unencrypted is sent or accepted, and RTCP shares the port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from free_port import free_ports
from waiting import until

from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.rtp import Clip, MediaClock, PortRange, RtpSession, rtcp
from voicebot.rtp.dtls import DtlsHandshake, DtlsIdentity
from voicebot.rtp.handshake import HandshakeTerms, is_for_handshake
from voicebot.rtp.packet import RtpPacket, parse
from voicebot.rtp.srtp import SecureStream

LOOPBACK = "127.0.0.1"
VOICE = bytes(range(160))
US, THEM = DtlsIdentity(), DtlsIdentity()


class Listener:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.timed_out = False

    def frame(self, payload: bytes, at: float) -> None:
        self.frames.append(payload)

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None: ...

    def media_timeout(self, at: float) -> None:
        self.timed_out = True


class Far:
    """The other side: a socket, a handshake of its own, and then SRTP."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.socket.setblocking(False)
        self.handshake = DtlsHandshake(THEM, "active", {("sha-256", US.fingerprint)})
        self.media: list[bytes] = []

    async def receive(self) -> bytes:
        async with asyncio.timeout(20):
            return await asyncio.get_running_loop().sock_recv(self.socket, 2048)

    async def shake(self, target: tuple[str, int]) -> SecureStream:
        self.handshake.start()
        while True:
            for data in self.handshake.take():
                self.socket.sendto(data, target)
            if self.handshake.keys is not None:
                return SecureStream(*self.handshake.keys)
            data = await self.receive()
            if is_for_handshake(data):
                self.handshake.receive(data)
            else:
                self.media.append(data)


@pytest.fixture
async def session() -> AsyncIterator[tuple[RtpSession, Listener]]:
    clock, listener = MediaClock(), Listener()
    clock.start()
    ports = PortRange(*free_ports(2), LOOPBACK, rest_s=0.0)
    made = RtpSession.open(clock=clock, ports=ports, codec=CODECS["PCMU"], sink=listener)
    yield made, listener
    await made.close()
    await clock.close()
    assert ports.in_use == 0


async def test_media_waits_for_the_keys_and_is_never_plain(session: tuple[RtpSession, Listener]) -> None:
    rtp, listener = session
    far, target = Far(), (LOOPBACK, rtp.local_port)
    clip = Clip(1, PCMU)
    clip.feed(VOICE * 3)
    clip.finish()
    rtp.playout.append(clip)
    terms = HandshakeTerms(US, "passive", frozenset({("sha-256", THEM.fingerprint)}))
    rtp.protection.negotiate(terms)
    rtp.set_remote(*far.socket.getsockname())
    plain = RtpPacket(0, False, 1, 160, 9, b"plain" * 32).build()
    for _ in range(3):
        far.socket.sendto(plain, target)
    await until(lambda: rtp.quality().not_authentic == 3)
    assert rtp.quality().packets_sent == 0 and not rtp.quality().encrypted and b"plain" * 32 not in listener.frames
    keys = await far.shake(target)
    assert far.media == [], "nothing came before the keys"
    heard: list[bytes] = []
    while len(heard) < 3 or heard[-3:] != [VOICE] * 3:
        data = await far.receive()
        if 192 <= data[1] <= 223:
            continue
        heard.append(parse(keys.unprotect(data)).payload)
    assert rtp.quality().encrypted
    for n in range(3):
        far.socket.sendto(keys.protect(RtpPacket(0, False, n, 160 * n, 9, bytes([n + 1]) * 160).build()), target)
    far.socket.sendto(keys.protect_rtcp(rtcp.build(rtcp.ReceiverReport(9, ()), "far")), target)
    far.socket.sendto(plain, target)
    await until(
        lambda: rtp.quality().packets_received == 3 and rtp.quality().rtcp_received and rtp.quality().not_authentic == 4
    )
    assert [frame for frame in listener.frames if len(set(frame)) == 1 and frame[0] < 9] == [
        bytes([n + 1]) * 160 for n in range(3)
    ]
    rtp.protection.negotiate(terms)
    rtp.set_remote(*far.socket.getsockname())
    assert rtp.quality().encrypted, "a refresh changes nothing"
    await rtp.close()
    while True:  # the goodbye: RTCP on the same port
        data = await far.receive()
        if 192 <= data[1] <= 223:
            keys.unprotect_rtcp(data)
            break
    far.socket.close()


async def test_a_handshake_that_is_not_theirs_gives_no_keys(
    session: tuple[RtpSession, Listener], caplog: pytest.LogCaptureFixture
) -> None:
    rtp, _ = session
    far, target = Far(), (LOOPBACK, rtp.local_port)
    rtp.protection.negotiate(HandshakeTerms(US, "passive", frozenset({("sha-256", US.fingerprint)})))
    rtp.set_remote(*far.socket.getsockname())
    shaking = asyncio.create_task(far.shake(target))
    await until(lambda: "the certificate is not the one that was announced" in caplog.text)
    far.socket.sendto(RtpPacket(0, False, 1, 160, 9, VOICE).build(), target)
    await until(lambda: rtp.quality().not_authentic == 1)
    assert not shaking.done(), "no keys for them either"
    shaking.cancel()
    quality = rtp.quality()
    assert not quality.encrypted and quality.packets_sent == 0 and quality.packets_received == 0
    far.socket.close()

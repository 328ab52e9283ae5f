"""Recording sessions whose streams are encrypted: keys of ours for each, and nothing is heard that is not encrypted."""

from __future__ import annotations

import asyncio
import socket

from recording_client import HOST, SAMPLES
from recording_desk import desk, ports_of
from waiting import until

from voicebot.rtp import MediaClock, MediaKey
from voicebot.rtp.dtls import DtlsHandshake, DtlsIdentity
from voicebot.rtp.handshake import is_for_handshake
from voicebot.rtp.srtp import SecureStream
from voicebot.sip import SessionDescription
from voicebot.sip.body import session_in
from voicebot.sip.sdes import Crypto

THEM = DtlsIdentity()
BOTH = {0: {0x33}, 1: {0x44}}


def theirs(sample: str) -> list[Crypto]:
    """The keys in a sample."""
    lines = (SAMPLES / f"{sample}.sip").read_text().splitlines()
    found = [Crypto.parse(line.partition(":")[2]) for line in lines if line.startswith("a=crypto:")]
    return [one for one in found if one is not None]


def secured(their: Crypto, ours: Crypto) -> SecureStream:
    """As the client sends."""
    return SecureStream(MediaKey(their.suite, their.key), MediaKey(ours.suite, ours.key))


async def shaken(voice: socket.socket, port: int, fingerprints: tuple[tuple[str, str], ...]) -> SecureStream:
    """The keys of a handshake that the client begins."""
    handshake = DtlsHandshake(THEM, "active", set(fingerprints))
    handshake.start()
    async with asyncio.timeout(20):
        while True:
            for data in handshake.take():
                voice.sendto(data, (HOST, port))
            if handshake.keys is not None:
                return SecureStream(*handshake.keys)
            data = await asyncio.get_running_loop().sock_recv(voice, 2_048)
            if is_for_handshake(data):
                handshake.receive(data)


async def test_keys_may_be_in_the_session_descriptions(clock: MediaClock) -> None:
    async with desk(clock, srtp="required") as (ours, client):
        assert (await client.send("as_the_rfc_says")).status == 488
        response = await client.send("sdes")
        session = session_in(response)
        assert session is not None and [one.protocol for one in session.media] == ["RTP/SAVP"] * 2
        answered = [one.crypto[0] for one in session.media]
        assert len({one.key for one in answered}) == 2, "one for each stream"
        await client.speak(ports_of(response), [0x11, 0x22], packets=5)
        await until(lambda: [one.not_authentic for one in ours.listener.call.quality()] == [5, 5])
        keys = [secured(*pair) for pair in zip(theirs("sdes"), answered, strict=True)]
        await client.speak(ports_of(response), [0x33, 0x44], keys=keys)
        await until(lambda: ours.listener.heard == BOTH)
        client.crypto = theirs("sdes")
        assert await ours.listener.call.pause()
        offered = client.offered[0]
        assert [one.crypto[0].key for one in offered.media] == [one.key for one in answered], "the keys stay"
        assert [one.protocol for one in offered.media] == ["RTP/SAVP"] * 2


async def test_keys_may_come_from_a_handshake_on_each_port(clock: MediaClock) -> None:
    lines = f"a=setup:actpass\na=fingerprint:sha-256 {THEM.fingerprint}"
    async with desk(clock) as (ours, client):
        response = await client.send(
            "as_the_rfc_says", ("RTP/AVP", "UDP/TLS/RTP/SAVP"), ("a=sendonly", f"a=sendonly\n{lines}")
        )
        session = session_in(response)
        assert session is not None and [one.handshake.setup for one in session.media] == ["passive"] * 2
        await client.speak(ports_of(response), [0x11, 0x22], packets=5)
        keys = [
            await shaken(voice, one.port, one.handshake.fingerprints)
            for voice, one in zip(client.voices, session.media, strict=False)
        ]
        await client.speak(ports_of(response), [0x33, 0x44], keys=keys)
        await until(lambda: ours.listener.heard == BOTH)
        client.fingerprint = THEM.fingerprint
        assert await ours.listener.call.pause() and await ours.listener.call.resume()
        assert settings_of(client.offered[0]) == settings_of(client.offered[1]) == {("UDP/TLS/RTP/SAVPF", "actpass")}
        await client.speak(ports_of(response), [0x55, 0x66], keys=keys)
        await until(lambda: ours.listener.heard == {0: {0x33, 0x55}, 1: {0x44, 0x66}})


def settings_of(session: SessionDescription) -> set[tuple[str, str]]:
    return {(one.protocol, one.handshake.setup) for one in session.media}

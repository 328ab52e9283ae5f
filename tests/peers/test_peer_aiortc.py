"""A WebRTC gateway calls: aiortc offers DTLS-SRTP and ICE in a SIP INVITE, and speaks and hears over it."""

from __future__ import annotations

import asyncio
import fractions
import math
from array import array
from collections.abc import AsyncIterator

import pytest
from free_port import free_ports

from voicebot.audio import PCMU
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint
from voicebot.sip.message import SipRequest, SipResponse, parse_message

aiortc = pytest.importorskip("aiortc", reason="aiortc is not installed: pip install aiortc")
aioice = pytest.importorskip("aioice")
av = pytest.importorskip("av")

LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0

pytestmark = pytest.mark.peer


class Tone(aiortc.MediaStreamTrack):  # type: ignore[misc,name-defined]
    """A sine at 8 kHz, 20 ms a frame."""

    kind = "audio"

    def __init__(self, hertz: int) -> None:
        super().__init__()
        self._hertz = hertz
        self._frames = 0

    async def recv(self) -> object:
        await asyncio.sleep(0.02)
        begin = self._frames * 160
        angle = 2 * math.pi * self._hertz / 8000
        samples = array("h", (round(9000 * math.sin(angle * n)) for n in range(begin, begin + 160)))
        frame = av.AudioFrame(format="s16", layout="mono", samples=160)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = 8000, begin, fractions.Fraction(1, 8000)
        self._frames += 1
        return frame


class Heard:
    """The bot's side of a call: counts frames with a voice in them."""

    def __init__(self) -> None:
        self.loud = 0
        self.over = asyncio.Event()

    def frame(self, payload: bytes, at: float) -> None:
        self.loud += len(set(payload)) > 8

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None: ...

    def fact(self, event: object) -> None: ...

    def ended(self, reason: str, at: float) -> None:
        self.over.set()


class Gateway(asyncio.DatagramProtocol):
    """As little of a SIP client as a call needs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.responses: asyncio.Queue[SipResponse] = asyncio.Queue()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.own = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = parse_message(data)
        if isinstance(message, SipResponse):
            self.responses.put_nowait(message)

    def send(self, method: str, cseq: int, to: str = "", body: str = "") -> None:
        request = SipRequest(method, f"sip:bot@{LOOPBACK}:{self.port}", body.encode())
        request.headers.set("Via", f"SIP/2.0/UDP {LOOPBACK}:{self.own};branch=z9hG4bK{method}{cseq};rport")
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"<sip:gateway@{LOOPBACK}>;tag=gw")
        request.headers.set("To", to or f"<sip:bot@{LOOPBACK}>")
        request.headers.set("Call-ID", "webrtc")
        request.headers.set("CSeq", f"{cseq} {method}")
        request.headers.set("Contact", f"<sip:gateway@{LOOPBACK}:{self.own}>")
        if body:
            request.headers.set("Content-Type", "application/sdp")
        self.transport.sendto(bytes(request), (LOOPBACK, self.port))

    async def final(self, method: str) -> SipResponse:
        while True:
            response = await self.responses.get()
            if response.status >= 200 and response.cseq[1] == method:
                return response

    async def call(self, sdp: str, cseq: int, to: str = "") -> SipResponse:
        """INVITE, or re-INVITE with the other side's ``to``; its 200, acknowledged."""
        self.send("INVITE", cseq, to, sdp)
        response = await self.final("INVITE")
        assert response.status == 200, response.reason
        self.send("ACK", cseq, response.headers["To"])
        return response


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    await clock.close()


async def test_a_gateway_speaks_and_hears_over_dtls_srtp(clock: MediaClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: [LOOPBACK])  # it leaves loopback out
    legs: list[SipLeg] = []
    sink = Heard()
    tasks: list[asyncio.Task[None]] = []

    def take(leg: SipLeg) -> None:
        legs.append(leg)
        leg.connect(sink)  # type: ignore[arg-type]
        tasks.append(asyncio.get_running_loop().create_task(leg.answer()))

    ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
    media = MediaOptions(clock, ports, preferences=MediaPreferences(srtp="required"))
    front = SipFrontEnd(SipEndpoint(ListenAt(host=LOOPBACK, port=0)), take, media)
    await front.start()
    pc = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    tracks: asyncio.Queue[object] = asyncio.Queue()
    pc.on("track", tracks.put_nowait)
    pc.addTrack(Tone(440))
    loop = asyncio.get_running_loop()
    _, gateway = await loop.create_datagram_endpoint(lambda: Gateway(front.endpoint.port), local_addr=(LOOPBACK, 0))
    try:
        async with asyncio.timeout(DEADLINE_S):
            await pc.setLocalDescription(await pc.createOffer())
            ok = await gateway.call(pc.localDescription.sdp, 1)
            text = ok.body.decode()
            assert "UDP/TLS/RTP/SAVPF" in text and "a=setup:passive" in text and "a=ice-lite" in text
            assert "a=rtcp-mux" in text and "a=fingerprint:sha-256 " in text
            clip = Clip(1, PCMU)
            clip.feed(bytes(range(160)) * 400)
            clip.finish()
            legs[0].playout.append(clip)
            await pc.setRemoteDescription(aiortc.RTCSessionDescription(text, "answer"))
            track = await tracks.get()
            loud = 0
            while loud < 20 or sink.loud < 20:
                frame = await track.recv()  # type: ignore[attr-defined]
                loud += float(abs(frame.to_ndarray()).max()) > 1000
            quality = legs[0].quality()
            assert quality.encrypted and quality.not_authentic == 0 and quality.malformed == 0
            # A refresh: the same offer once more changes nothing, and the audio goes on.
            again = await gateway.call(pc.localDescription.sdp, 2, ok.headers["To"])
            for name in ("a=fingerprint", "a=setup", "a=ice-ufrag", "a=ice-pwd"):
                line = next(line for line in text.splitlines() if line.startswith(name))
                assert line in again.body.decode(), name
            before = sink.loud
            while sink.loud < before + 10 or not legs[0].quality().rtcp_received:
                await track.recv()  # type: ignore[attr-defined]
            assert legs[0].quality().not_authentic == 0
            gateway.send("BYE", 3, ok.headers["To"])
            assert (await gateway.final("BYE")).status == 200
            await sink.over.wait()
    finally:
        await pc.close()
        gateway.transport.close()
        await front.close()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert ports.in_use == 0

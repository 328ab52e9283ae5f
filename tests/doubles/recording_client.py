"""A recording client (SIPREC, RFC 7866) on loopback: sends requests as real ones do, and voices to our streams.

Its requests are text with gaps: ``{HOST}``, ``{PORT}`` and ``{SRS}`` for the two sides, ``{A}`` and ``{B}`` for the
ports that its voices come from.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Sequence
from copy import deepcopy
from itertools import count
from pathlib import Path

from voicebot.rtp.srtp import SecureStream
from voicebot.sip import SdpError, SessionDescription, SipRequest, SipResponse
from voicebot.sip.body import session_in
from voicebot.sip.dtls_sdp import Handshake
from voicebot.sip.message import MalformedMessage, parse_message, response_to
from voicebot.sip.sdes import Crypto

SAMPLES = Path(__file__).parent.parent / "legs" / "siprec"
HOST = "127.0.0.1"
DEADLINE_S = 20.0
T1_S, T2_S = 0.5, 4.0


class _Socket(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.came.put_nowait(data)


class RecordingClient:
    """``server``: where its requests go. ``offered``: our offers to it, in their order; ``answers``: what it says to
    each, by status: 200 agrees, None says nothing at all."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.offered: list[SessionDescription] = []
        self.came: list[SipRequest] = []
        """Our requests to it."""
        self.answers: int | None = 200
        self.answers_to: dict[str, int | None] = {}
        """The same, by method; else ``answers``."""
        self.acknowledges = True
        self.goes_on = False
        """It says in its answers that it sends, whatever we have offered."""
        self.crypto: list[Crypto] = []
        self.fingerprint = ""
        """Its keys in its answers to encrypted offers."""
        self.ended = asyncio.Event()
        """It has got a BYE."""
        self._numbers = count(1)
        self._tag = ""
        self._finals: asyncio.Queue[SipResponse] = asyncio.Queue()
        self._ports = dict[int, int]()
        """By our port: where its voice for it comes from."""

    async def __aenter__(self) -> RecordingClient:
        loop = asyncio.get_running_loop()
        self._transport, self._sip = await loop.create_datagram_endpoint(_Socket, local_addr=(HOST, 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        self.voices = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        for voice in self.voices:
            voice.bind((HOST, 0))
            voice.setblocking(False)
        self._reader = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._reader.cancel()
        self._transport.close()
        for voice in self.voices:
            voice.close()

    @property
    def asked(self) -> list[str]:
        """The methods of our requests to it."""
        return [request.method for request in self.came]

    # --- requests

    async def send(self, sample: str, *changes: tuple[str, str], answer: bool = False) -> SipResponse:
        """Send a sample, by its name or as text, with ``changes`` of its text. Returns our final response, which it
        acknowledges, with an answer if that has our offer."""
        text = sample if "\n" in sample else (SAMPLES / f"{sample}.sip").read_text()
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after)
        message = self._written(text)
        request = parse_message(message)
        assert isinstance(request, SipRequest)
        response = await self._final(request, message)
        if request.method == "INVITE":
            if response.status < 300:
                self._tag = f";tag={response.recipient.tag}"
            if self.acknowledges:
                self._acknowledge(request, response, answer=answer)
        return response

    async def bye(self) -> SipResponse:
        return await self.send(self.within("BYE"))

    def within(self, method: str, headers: Sequence[str] = (), body: str = "") -> str:
        """A request in the session."""
        lines = [f"{method} sip:desk@{{SRS}} SIP/2.0", "Via: SIP/2.0/UDP {HOST}:{PORT};rport;branch={BRANCH}"]
        lines += ["Max-Forwards: 70", "From: <sip:src@{HOST}>;tag={TAG}", "To: <sip:desk@{SRS}>{TOTAG}"]
        lines += ["Call-ID: {CALLID}", f"CSeq: 0 {method}", "Contact: <sip:src@{HOST}:{PORT}>;+sip.src", *headers]
        return "\n".join([*lines, "Content-Length: {LEN}", "", body])

    def _written(self, text: str) -> bytes:
        number = next(self._numbers)
        a, b, c = (voice.getsockname()[1] for voice in self.voices)
        gaps = {"HOST": HOST, "PORT": self.port, "SRS": f"{self.server[0]}:{self.server[1]}", "A": a, "B": b, "C": c}
        gaps |= {"CALLID": f"recorded-{self.port}", "TAG": "src", "TOTAG": self._tag, "BRANCH": f"z9hG4bK{number}"}
        for name, value in gaps.items():
            text = text.replace(f"{{{name}}}", str(value))
        text = re.sub(r"^CSeq: \d+", f"CSeq: {number}", text, count=1, flags=re.MULTILINE)
        head, _, body = text.partition("\n\n")
        body = body.replace("\n", "\r\n")
        head = head.replace("{LEN}", str(len(body.encode()))).replace("\n", "\r\n")
        return f"{head}\r\n\r\n{body}".encode()

    async def _final(self, request: SipRequest, message: bytes) -> SipResponse:
        """The response to ``message``, which is sent until it has come: a busy server loses datagrams (RFC 3261,
        17.1)."""
        pause_s = T1_S
        self._to_server(message)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    async with asyncio.timeout(pause_s):
                        response = await self._finals.get()
                except TimeoutError:
                    self._to_server(message)
                    pause_s = min(2 * pause_s, T2_S)
                    continue
                if response.cseq == request.cseq:
                    return response

    def _acknowledge(self, invite: SipRequest, response: SipResponse, *, answer: bool) -> None:
        ack = SipRequest("ACK", invite.uri)
        for name in ("Via", "From", "Call-ID", "Max-Forwards"):
            ack.headers.setlist(name, list(invite.headers.getlist(name)))
        if response.status < 300:
            ack.headers.set("Via", f"{invite.headers['Via']}ack")
        ack.headers.set("To", response.headers["To"])
        ack.headers.set("CSeq", f"{invite.cseq[0]} ACK")
        if answer and (offer := _session(response)) is not None:
            ack.headers.set("Content-Type", "application/sdp")
            ack.body = self._answer(offer)
        self._to_server(bytes(ack))

    def _to_server(self, data: bytes) -> None:
        self._transport.sendto(data, self.server)

    # --- what it gets

    async def _read(self) -> None:
        while True:
            try:
                message = parse_message(await self._sip.came.get())
            except MalformedMessage:
                continue  # a report on the voice of another client, whose port is the one before ours
            if isinstance(message, SipResponse):
                if message.status >= 200:
                    self._finals.put_nowait(message)
            elif message.method != "ACK":
                self._take(message)

    def _take(self, request: SipRequest) -> None:
        self.came.append(request)
        if request.method == "BYE":
            self._to_server(bytes(response_to(request, 200)))
            self.ended.set()
            return
        answers = self.answers_to.get(request.method, self.answers)
        if answers is None:
            return
        response = response_to(request, answers)
        response.headers.set("Contact", f"<sip:src@{HOST}:{self.port}>;+sip.src")
        if request.method == "INVITE" and (offer := _session(request)) is not None:
            self.offered.append(offer)
            if answers == 200:
                response.headers.set("Content-Type", "application/sdp")
                response.body = self._answer(offer)
        self._to_server(bytes(response))

    def _answer(self, offer: SessionDescription) -> bytes:
        offer = deepcopy(offer)
        for media, voice in zip(offer.media, self.voices, strict=False):
            media.port = voice.getsockname()[1] if media.port else 0
            wanted = media.direction == "recvonly" or self.goes_on
            media.direction = "sendonly" if wanted else "inactive"
            media.crypto = self.crypto[:1] if media.crypto else []
            if media.handshake.fingerprints:
                media.handshake = Handshake((("sha-256", self.fingerprint),), "active")
        return bytes(offer)

    # --- voices

    async def speak(
        self,
        ports: Sequence[int],
        tones: Sequence[int],
        packets: int = 25,
        keys: Sequence[SecureStream] = (),
    ) -> None:
        """Send PCMU from each voice to a port of ours, for each voice a byte of its own. ``keys``: to encrypt it."""
        for _packet in range(packets):
            for number, (port, tone) in enumerate(zip(ports, tones, strict=False)):
                at = self._ports.get(port, 0)
                self._ports[port] = at + 1
                head = struct.pack("!BBHII", 0x80, 0, at & 0xFFFF, at * 160, 0x1000 + port)
                packet = head + bytes([tone]) * 160
                self.voices[number].sendto(keys[number].protect(packet) if keys else packet, (HOST, port))
            await asyncio.sleep(0.02)


def _session(message: SipRequest | SipResponse) -> SessionDescription | None:
    try:
        return session_in(message)
    except SdpError:
        return None

"""A telephone whose messages are written by hand, so that it can send what the field sends: SIP by UDP or TCP, RTP.

What it receives is parsed by our own parser; what it sends is not checked by anything. Everything it heard is kept.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from types import TracebackType
from typing import Any

from field_service import LOOPBACK
from field_wire import Socket, Stream
from served import Service
from waiting import until

from voicebot.audio import PCMU
from voicebot.caller.ear import level_dbfs
from voicebot.sip import SipRequest, SipResponse
from voicebot.sip.message import parse_message

FRAME_S = 0.02
KEYS = "0123456789*#"
SILENCE = b"\xff" * 160
AUDIBLE_DBFS = -48.0
EVENTS = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
SDP = "Content-Type: application/sdp\r\n"
_ANSWERED = ("BYE", "UPDATE", "OPTIONS", "INFO", "NOTIFY", "CANCEL", "INVITE")
_numbers = count(1)


class Phone:
    """One call of one telephone, which calls ``server``, or waits for its call at ``port``.

    ``answers``: the status for a request of the other side, 200 if there is none. ``on_invite`` answers a call to us.
    ``tcp``: over a connection. ``contact``: written into the messages. ``seq``, ``timestamp``, ``ssrc``: of the next
    packet.
    """

    def __init__(self, server: tuple[str, int], ip: str = LOOPBACK, port: int = 0, *, tcp: bool = False) -> None:
        number = next(_numbers)
        self.ip = ip
        self.server = server
        self.call_id = f"field-{number}@{ip}"
        self.responses: list[SipResponse] = []
        self.requests: list[SipRequest] = []
        self.answers: dict[str, int] = {}
        self.on_invite: Callable[[SipRequest], None] | None = None
        self.contact = ""
        self.heard: list[bytes] = []
        self.seq, self.timestamp, self.ssrc = 1000 * number, 160_000 * number, number
        self.number = number
        self.cseq = 100
        self.local = f'"Tester" <sip:+15550111@{ip}>;tag=field{number}'
        self.remote = f"<sip:bot@{server[0]}>"
        self.target = f"sip:bot@{server[0]}:{server[1]}"
        self.session = ""
        self._media: tuple[str, int] | None = None
        self._port, self._tcp = port, tcp
        self._branches = count(1)
        self._sip: Socket | Stream
        self._rtp: Socket

    async def __aenter__(self) -> Phone:
        await self.connect()
        self._rtp = await self.second_socket()
        self.contact = self.contact or f"<sip:tester@{self.ip}:{self._sip.port}>"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._sip.close()
        self._rtp.close()

    async def connect(self) -> None:
        """Open the socket for messages; over TCP, the next connection."""
        taken = self._message
        self._sip = await (Stream.to(self.server, taken) if self._tcp else Socket.at(self.ip, self._port, taken))

    def disconnect(self) -> None:
        self._sip.close()

    async def listen(self) -> Socket:
        """A second socket for messages, which are taken as those of the first."""
        return await Socket.at(self.ip, 0, self._message)

    @property
    def port(self) -> int:
        return self._sip.port

    # --- messages ---

    def _message(self, data: bytes, source: tuple[str, int]) -> None:
        message = parse_message(data)
        if isinstance(message, SipResponse):
            self.responses.append(message)
            return
        self.requests.append(message)
        if message.method == "INVITE" and not message.recipient.tag:
            self._called(message, source)
        elif message.method in _ANSWERED:
            status = self.answers.get(message.method, 200)
            is_session = message.method == "INVITE" and status == 200
            self.respond(message, status, SDP if is_session else "", self.session if is_session else "")

    def _called(self, invite: SipRequest, source: tuple[str, int]) -> None:
        self.server, self.call_id = source, invite.call_id
        self.remote, self.local = invite.headers["From"], f"{invite.headers['To']};tag=field{self.number}"
        self.target = invite.contact[0].uri
        self._note_media(invite.body)
        if self.on_invite is not None:
            self.on_invite(invite)

    def send(self, head: str, body: str | bytes = "") -> None:
        """Send a message: its start line and headers, each with its line end; Content-Length is added."""
        data = body.encode() if isinstance(body, str) else body
        self._sip.send(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data, self.server)

    def respond(self, request: SipRequest, status: int, headers: str = "", body: str = "") -> None:
        kept = "".join(
            f"{name}: {value}\r\n"
            for name in ("Via", "From", "Call-ID", "CSeq", "Record-Route")
            for value in request.headers.getlist(name)
        )
        to = request.headers["To"] if request.recipient.tag else self.local
        self.send(f"SIP/2.0 {status} As Wanted\r\n{kept}To: {to}\r\nContact: {self.contact}\r\n{headers}", body)

    def request(
        self,
        method: str,
        body: str | bytes = "",
        headers: str = SDP,
        *,
        uri: str = "",
        cseq: int = 0,
        via: str = "",
        to: str = "",
    ) -> int:
        """Send a request, within the call if there is one. Returns its CSeq. ``cseq``: 0 takes the next."""
        self.cseq += not cseq
        cseq = cseq or self.cseq
        branch = f"z9hG4bK{self.number}x{next(self._branches)}"
        via = via or f"SIP/2.0/{'TCP' if self._tcp else 'UDP'} {self.ip}:{self.port};rport"
        self.send(
            f"{method} {uri or self.target} SIP/2.0\r\nVia: {via};branch={branch}\r\nMax-Forwards: 70\r\n"
            f"From: {self.local}\r\nTo: {to or self.remote}\r\nCall-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: {self.contact}\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK\r\n{headers}",
            body,
        )
        return cseq

    async def response(self, cseq: int, method: str) -> SipResponse:
        """The final response to a request."""
        return (await self.all_of(lambda: [r for r in self.responses if r.cseq == (cseq, method) and r.status >= 200]))[
            -1
        ]

    async def requested(self, method: str) -> SipRequest:
        """The first request of this method from the other side."""
        return (await self.all_of(lambda: [request for request in self.requests if request.method == method]))[0]

    @staticmethod
    async def all_of(found: Callable[[], Sequence[Any]]) -> Any:
        """What ``found`` returns when that is not empty any more."""
        await until(found)
        return found()

    # --- a call ---

    def sdp(
        self,
        formats: str = "0 101",
        lines: str = EVENTS,
        *,
        ip: str = "",
        port: int = 0,
        profile: str = "RTP/AVP",
        direction: str = "sendrecv",
    ) -> str:
        ip = ip or self.ip
        return (
            f"v=0\r\no=- 20 {self.cseq} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
            f"m=audio {port or self._rtp.port} {profile} {formats}\r\n{lines}a=ptime:20\r\n"
            + (f"a={direction}\r\n" if direction else "")
        )

    async def invite(self, sdp: str | bytes | None = None, headers: str = SDP, **how: Any) -> SipResponse:
        """Call (again), and acknowledge the final response, which is returned."""
        self.session = self.sdp() if not isinstance(sdp, str) else sdp
        cseq = self.request("INVITE", self.session if sdp is None else sdp, headers, **how)
        response = await self.response(cseq, "INVITE")
        self.acknowledge(response)
        return response

    def acknowledge(self, response: SipResponse, answer: str = "") -> None:
        """Send the ACK; after a 200 the call is up."""
        if response.status < 300:
            self.remote, self.target = response.headers["To"], response.contact[0].uri
            self._note_media(response.body)
            self.request("ACK", answer, SDP if answer else "", cseq=response.cseq[0])
            return
        self.send(
            f"ACK {self.target} SIP/2.0\r\nVia: {response.headers['Via']}\r\nMax-Forwards: 70\r\nFrom: {self.local}\r\n"
            f"To: {response.headers['To']}\r\nCall-ID: {self.call_id}\r\nCSeq: {response.cseq[0]} ACK\r\n"
        )

    async def bye(self) -> SipResponse:
        return await self.response(self.request("BYE", headers=""), "BYE")

    async def is_up(self) -> bool:
        """Whether the service knows the call: by OPTIONS in it."""
        return (await self.response(self.request("OPTIONS", headers=""), "OPTIONS")).status == 200

    # --- media ---

    def _note_media(self, session: bytes) -> None:
        text = session.decode()
        port, host = re.search(r"^m=audio (\d+)", text, re.M), re.search(r"^c=IN IP4 (\S+)", text, re.M)
        if port and host:
            self._media = (host[1], int(port[1]))

    async def second_socket(self) -> Socket:
        """A socket for media; what it hears is heard as well."""
        return await Socket.at(self.ip, 0, lambda data, _source: self.heard.append(data))

    def packet(
        self, payload: bytes, kind: int = 0, *, step: int = 160, marker: bool = False, socket: Socket | None = None
    ) -> None:
        """Send a packet; the next has a timestamp higher by ``step``."""
        assert self._media is not None
        head = struct.pack(
            "!BBHII", 0x80, kind | marker << 7, self.seq & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc
        )
        (socket or self._rtp).send(head + payload, self._media)
        self.seq += 1
        self.timestamp += step

    async def talk(self, seconds: float, sound: bytes = b"", kind: int = 0, *, step: int = 160, **how: Any) -> None:
        """Send ``sound`` (PCMU), or silence, for so long."""
        async for at in _paced(round(seconds / FRAME_S)):
            self.packet(sound[at * 160 : at * 160 + 160] or SILENCE, kind, step=step, **how)

    async def press(
        self,
        key: str,
        kind: int = 101,
        *,
        step: int = 160,
        ends: int = 3,
        moved: Callable[[int], int] = lambda _packet: 0,
        **how: Any,
    ) -> None:
        """Press a key for five packets, and ``ends`` packets more that tell its end (RFC 4733). ``moved``: by how much
        the timestamp of each packet differs from the first one's."""
        start = self.timestamp
        async for at in _paced(5 + ends):
            self.timestamp = start + moved(at)
            self.event(key, min(at + 1, 6) * step, end=at >= 5, kind=kind, marker=not at, **how)
        self.timestamp = start + (5 + ends) * step

    def event(self, key: str, duration: int, *, end: bool = False, kind: int = 101, **how: Any) -> None:
        """One packet of a key. The timestamp stays."""
        self.packet(struct.pack("!BBH", KEYS.index(key), 10 | end << 7, duration), kind, step=0, **how)

    @property
    def audible(self) -> int:
        """How many packets were heard that are not silence."""
        return sum(packet[1] & 0x7F == 0 and level_dbfs(packet[12:], PCMU) > AUDIBLE_DBFS for packet in self.heard)


async def _paced(packets: int) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for at in range(packets):
        yield at
        await asyncio.sleep(max(0.0, start + (at + 1) * FRAME_S - loop.time()))


def keys_of(service: Service, phone: Phone) -> str:
    """What was pressed in the call, as the service wrote it down."""
    return "".join(press["key"] for press in service.record(phone.call_id)["keys"])


def header(message: SipRequest | SipResponse, name: str) -> str:
    return message.headers.get(name) or ""


@asynccontextmanager
async def calling(service: Service, ip: str = LOOPBACK) -> AsyncIterator[Phone]:
    """A telephone whose call to ``service`` is up."""
    async with Phone((LOOPBACK, service.port), ip) as phone:
        assert (await phone.invite()).status == 200
        yield phone

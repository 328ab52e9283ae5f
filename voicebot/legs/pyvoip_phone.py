"""pyVoIP's classes as we use them, with replacements for what is broken in pyVoIP 1.6.8.

Its threads stay: one reads the signalling, one registers every two minutes, and each call has one that sends and one
that receives. They only pass things on to the event loop, which decides everything: requests to ``Handover.request``,
datagrams to a leg's inbox.

Replaced, each because of a defect that callers would hear, or that ends calls:

* audio: the encoder and decoder (they reduce audio to 8 bit linear, which distorts quiet speech) and both packet
  managers (memory without bound, playback that cannot be stopped). G.711 goes in and out unchanged;
* the receiving loop, which polls every 10 ms, does not check who sent a packet, and fails on an empty datagram or on
  telephone-event 16;
* sequence numbers, which went over 65,535 and made malformed packets after 22 minutes;
* parsing: messages that our own parser refuses, or that do not come from the registrar, never reach pyVoIP's parser;
* registration: if the registrar was away for a minute, all calls ended. Now it is tried again, with a growing pause;
* responses without Record-Route, and a BYE with the caller's Via and no Route, which proxies would not forward.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pyVoIP.VoIP  # before SIP and RTP, which import it in a circle
from pyVoIP import RTP, SIP
from pyVoIP.VoIP import CallState, VoIP

from voicebot.legs.pyvoip_invite import plain_invite
from voicebot.rtp.reach import Reach
from voicebot.rtp.source import SocketAddress
from voicebot.sip import AudioAgreement, SipRequest, SipResponse, SipSyntaxError
from voicebot.sip.message import parse_message

logger = logging.getLogger(__name__)

REGISTER_TIMEOUT_S: Final = 5.0
FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 60.0
INBOX: Final = 64
"""The most datagrams of one call that wait for the event loop, over a second of audio. More are dropped and counted."""

_MAX_SIP: Final = 8192
_MAX_RTP: Final = 2048
_SELECT_S: Final = 0.2
_PCMU: Final = 0


@dataclass(frozen=True, slots=True)
class PyVoipAccount:
    """Our account at a registrar. ``host``: our address as the registrar reaches it; ``sip_port``: our port, 0: any."""

    server: str
    username: str
    password: str = field(repr=False)
    host: str
    port: int = 5060
    sip_port: int = 0


class _Quiet:
    """Replaces the ``warnings`` module within pyVoIP, which would reset the filters of the whole process."""

    def warn(self, message: object, *_args: object, **_options: object) -> None:
        logger.debug("pyVoIP: %s", message)

    def simplefilter(self, *_args: object) -> None:
        pass


def _debug(text: object, printed: object = None) -> None:
    """Replaces pyVoIP's ``debug``, which prints to standard output."""
    logger.debug("pyVoIP: %s", printed or "...")


def tame() -> None:
    """Keep pyVoIP from printing to standard output and changing the process's warnings. Twice has no effect."""
    for module in (RTP, SIP, VoIP):
        module.debug = _debug
        module.warnings = _Quiet()


class Handover(Protocol):
    """To which the phone's threads deliver. Called on pyVoIP's threads, so it must pass on to the event loop."""

    def request(self, request: SipRequest) -> None:
        """A request from the registrar, checked by our own parser."""

    def response(self, call_id: str, method: str, status: int) -> None:
        """A response to our request in a call."""

    def registration(self, refusal: str) -> None:
        """The result of registering: ``refusal`` says why it failed, and is empty if it succeeded."""


class Client(SIP.SIPClient):
    """The signalling, to and from one registrar."""

    def __init__(self, *args: Any, handover: Handover, **options: Any) -> None:
        super().__init__(*args, **options)
        self.handover = handover
        self.register_timeout = REGISTER_TIMEOUT_S
        self.address = ""
        """The registrar's IP address; datagrams from others are ignored."""
        self.foreign = self.malformed = 0
        self._pause_s = FIRST_PAUSE_S
        self._routes: dict[str, list[str]] = {}

    # --- receiving

    def recv_loop(self) -> None:
        while self.NSD:
            try:
                super().recv_loop()
            except Exception as error:
                if self.NSD:
                    logger.error("an error in pyVoIP's signalling thread, which continues: %s", error)
                    time.sleep(0.1)

    def recv(self) -> None:
        raw, source = self.s.recvfrom(_MAX_SIP)  # BlockingIOError is what recv_loop waits for
        if source[0] != self.address:
            self.foreign += 1
            return
        if len(raw) <= 4:
            return  # a keep-alive
        try:
            self._hand_over(parse_message(raw))
        except SipSyntaxError as error:
            self.malformed += 1
            logger.debug("a malformed message of %d bytes is dropped: %s", len(raw), error)

    def _hand_over(self, message: SipRequest | SipResponse) -> None:
        if isinstance(message, SipRequest):
            self.handover.request(message)
        else:
            self.handover.response(message.call_id, message.cseq[1], message.status)

    def parse_message(self, message: Any) -> None:
        """Called by pyVoIP for messages received while it waits for the response to REGISTER, such as an INVITE."""
        with contextlib.suppress(SipSyntaxError):
            self._hand_over(parse_message(message.raw))

    # --- registering

    def register(self) -> bool:
        refusal = ""
        try:
            with self.recvLock:
                self._SIPClient__register()
        except TimeoutError:
            refusal = "does not answer"
        except SIP.InvalidAccountInfoError:
            refusal = "refuses user name or password"
        except Exception as error:
            refusal = f"cannot be registered at: {str(error) or type(error).__name__}"
        pause_s = self.default_expires / 2
        if refusal:
            pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_PAUSE_S)
        else:
            self._pause_s = FIRST_PAUSE_S
        if self.NSD:
            self._SIPClient__start_register_timer(pause_s)
        self.handover.registration(refusal)
        return not refusal

    # --- sending

    def send(self, text: str) -> None:
        """Send to the registrar. A message that cannot be sent counts as lost on the network."""
        with contextlib.suppress(OSError):
            self.out.sendto(text.encode("utf-8", "surrogateescape"), (self.address, self.port))

    def note_routes(self, request: SipRequest) -> None:
        """Remember the route of a call's INVITE, for our responses and our BYE."""
        self._routes[request.call_id] = request.values("Record-Route")

    def forget(self, call_id: str) -> None:
        self._routes.pop(call_id, None)
        self.tagLibrary.pop(call_id, None)
        del self.tags[:-1]  # pyVoIP would remember all tags that it has ever made

    def gen_ringing(self, request: Any) -> str:
        return self._with_routes(super().gen_ringing(request), request)

    def gen_answer(self, request: Any, *args: Any) -> str:
        return self._with_routes(super().gen_answer(request, *args), request)

    def _with_routes(self, text: str, request: Any) -> str:
        routes = self._routes.get(request.headers["Call-ID"], [])
        head, _, rest = text.partition("\r\n")
        return "\r\n".join([head, *(f"Record-Route: {route}" for route in routes), rest])

    def bye_for(self, invite: SipRequest) -> str:
        """A BYE in the dialog of an answered INVITE, with its route."""
        call_id = invite.call_id
        target = invite.contact[0].uri if invite.contact else invite.sender.uri
        lines = [
            f"BYE {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.myIP}:{self.myPort};branch=z9hG4bK{secrets.token_hex(12)};rport",
            *(f"Route: {route}" for route in self._routes.get(call_id, [])),
            f"From: {invite.headers['To']};tag={self.tagLibrary.get(call_id, '')}",
            f"To: {invite.headers['From']}",
            f"Call-ID: {call_id}",
            "CSeq: 1 BYE",
            "Max-Forwards: 70",
            f"User-Agent: pyVoIP {pyVoIP.__version__}",
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""])


def _nobody() -> None:
    """Who is told of a call's audio after its end."""


class FrameSource(Protocol):
    """From which the sending thread reads."""

    def read(self, length: int = 160) -> bytes:
        """The next 20 ms."""


class Stream(RTP.RTPClient):
    """The audio of one call: unchanged G.711 mu-law, from ``source`` and to ``inbox``.

    ``received`` is called on the receiving thread if the inbox was empty before; ``failed`` if a thread has failed.
    """

    def __init__(
        self,
        formats: Mapping[int, Any],
        bound: socket.socket,
        remote: SocketAddress,
        *,
        source: FrameSource,
        received: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        host, port = bound.getsockname()[:2]
        super().__init__(dict(formats), host, port, *remote, RTP.TransmitType.SENDRECV)
        self.pmout = source
        self.inbox: deque[tuple[bytes, SocketAddress, float]] = deque()
        self.dropped = self.socket_errors = self.packets_sent = 0
        self.held = False
        self.reach = Reach()
        self.reach.enter("unconfirmed")
        self.answered = False
        """Whether anything has come from where the audio is sent; without that, there is a ration."""
        self.started = False
        self._bound = bound
        self._received = received
        self._failed = failed

    @property
    def outSequence(self) -> int:
        return self._sequence

    @outSequence.setter
    def outSequence(self, value: int) -> None:
        self._sequence = value & 0xFFFF

    @property
    def outTimestamp(self) -> int:
        return self._timestamp

    @outTimestamp.setter
    def outTimestamp(self, value: int) -> None:
        self._timestamp = value & 0xFFFFFFFF

    def start(self) -> None:
        self.started = True
        self.sin: socket.socket = self._bound
        self.sout: Stream | None = self
        for name, run in (("RTP Receiver", self.recv), ("RTP Transmitter", self.trans)):
            threading.Thread(target=self._watched, args=(run,), name=name, daemon=True).start()

    def stop(self) -> None:
        self.NSD = False
        self._bound.close()
        self._received = self._failed = _nobody

    def _watched(self, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception as error:
            if self.NSD:
                logger.error("a media thread of pyVoIP failed: %s: %s", type(error).__name__, error)
        finally:
            if self.NSD:
                self._failed()

    def recv(self) -> None:
        while self.NSD:
            try:
                if not select.select([self._bound], [], [], _SELECT_S)[0]:
                    continue
                data, source = self._bound.recvfrom(_MAX_RTP)
            except BlockingIOError:
                continue
            except (OSError, ValueError):  # closed by stop(), or an ICMP error for a packet that was sent
                self.socket_errors += self.NSD
                continue
            if len(self.inbox) >= INBOX:
                self.dropped += 1
                continue
            self.inbox.append((data, source, time.monotonic()))
            if len(self.inbox) == 1:
                self._received()

    def trans(self) -> None:
        try:
            super().trans()
        finally:
            self.sout = None  # which is this

    def encode_packet(self, payload: bytes) -> bytes:
        return payload

    def sendto(self, packet: bytes, target: SocketAddress) -> None:
        """Called by pyVoIP's sending loop, for which this object is the socket."""
        if self.held or target[1] == 0 or target[0] == "0.0.0.0":
            return
        if not (self.answered or self.reach.spend()):
            return
        try:
            self._bound.sendto(packet, target)
            self.packets_sent += 1
        except OSError:
            self.socket_errors += 1


class PhoneCall(VoIP.VoIPCall):
    """pyVoIP's incoming call, with at most one stream."""

    def create_rtp_clients(self, codecs: dict[int, Any], _ip: str, _port: int, request: Any, remote_port: int) -> None:
        formats = {n: c for n, c in codecs.items() if c in (RTP.PayloadType.PCMU, RTP.PayloadType.EVENT)}
        if _PCMU in formats and not self.RTPClients:
            self.RTPClients.append(self.phone.make_stream(formats, (request.body["c"][-1]["address"], remote_port)))

    def gen_ms(self) -> dict[int, Any]:
        for stream in self.RTPClients:
            if not stream.started:
                stream.start()
        return {stream.inPort: stream.assoc for stream in self.RTPClients}

    def __del__(self) -> None:
        """Replaces pyVoIP's, which would release ports: the leg does that."""


def parsed(invite: SipRequest, audio: AudioAgreement) -> Any:
    """An INVITE parsed by pyVoIP."""
    return SIP.SIPMessage(plain_invite(invite, audio))


class PyVoipPhone(VoIP.VoIPPhone):
    """One registration. ``make_stream``: set while a call is made, because pyVoIP's call makes its stream itself."""

    make_stream: Callable[[Mapping[int, Any], SocketAddress], Stream]

    def __init__(self, account: PyVoipAccount, sip_port: int, handover: Handover) -> None:
        to = (account.server, account.port, account.username, account.password)
        super().__init__(*to, account.host, None, sip_port)
        self.sip = Client(*to, phone=self, myIP=account.host, myPort=sip_port, handover=handover)

    def request_port(self, blocking: bool = True) -> int:
        return 0  # the stream has a socket already

    def call_for(
        self,
        invite: SipRequest,
        audio: AudioAgreement,
        make_stream: Callable[[Mapping[int, Any], SocketAddress], Stream],
    ) -> PhoneCall:
        """pyVoIP's call for an INVITE. ``make_stream`` makes its stream, from formats and the other side's address."""
        self.make_stream = make_stream
        number = secrets.randbelow(100_000)
        try:
            return PhoneCall(self, CallState.RINGING, parsed(invite, audio), number, self.myIP, sendmode="sendrecv")
        finally:
            del self.make_stream  # which has the leg

    def connect(self) -> None:
        """Bind and register; blocks until the registrar has answered. Raises OSError."""
        self.sip.address = socket.gethostbyname(self.server)
        self.sip.start()

    def disconnect(self) -> None:
        """Unregister and close; blocks until the registrar has answered."""
        self.sip.stop()

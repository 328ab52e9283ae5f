"""The other side for tests of the pure core: builds requests, reads what the core sends, passes the time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from voicebot.address import Address
from voicebot.audio.codecs import CODECS
from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.answering import CallOffered, IncomingSipCall
from voicebot.sip.call import CallOutput, SipCall
from voicebot.sip.call_table import SipLimits
from voicebot.sip.calling import OutgoingSipCall
from voicebot.sip.gate import Gate
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import SipRequest, SipResponse, parse_message
from voicebot.sip.offer_answer import offer
from voicebot.sip.outputs import CallConfirmed, CallEvent, Locate, Transmit
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.user_agent import SipOutput, UserAgent

SOURCE = ("127.0.0.1", 5070)
OFFER = bytes(offer("127.0.0.1", 40000))
T = TypeVar("T")


def counting_token() -> Callable[[int], str]:
    numbers = count(1)
    return lambda size: f"{next(numbers):0{2 * size}x}"


class Peer:
    """A caller of the agent under test. ``now`` is the virtual time; ``events`` and ``sent`` collect what came out."""

    def __init__(
        self,
        limits: SipLimits | None = None,
        gate: Gate | None = None,
        session_expires_s: int = 0,
        options: AgentOptions | None = None,
    ) -> None:
        options = options or AgentOptions(limits=limits or SipLimits(), session_expires_s=session_expires_s)
        ours = [Listener("UDP", "127.0.0.1", 5060)]
        self.ua = UserAgent(ours, options, gate=gate, token=counting_token())
        self.now = 100.0
        self.addresses: dict[str, list[Hop]] = {}
        """What a look-up finds."""
        self.events: list[CallOffered | CallEvent] = []
        self.calls: dict[type[object], SipCall] = {}
        """By the kind of event: in which call the last of it happened."""
        self.sent: list[SipRequest | SipResponse] = []
        self.destinations: list[tuple[str, int]] = []
        self.pings: list[tuple[float, str, int]] = []
        """When keep-alives were sent, and where to."""
        self.branches = count(1)

    def take(self, outputs: list[SipOutput]) -> list[SipRequest | SipResponse]:
        """Sort outputs; the messages of this batch, parsed."""
        messages = []
        for output in outputs:
            if isinstance(output, Transmit) and not output.data.strip():
                self.pings.append((self.now, output.hop.host, output.hop.port))
            elif isinstance(output, Transmit):
                messages.append(parse_message(output.data))
                self.sent.append(messages[-1])
                self.destinations.append((output.hop.host, output.hop.port))
            elif isinstance(output, Locate):
                output.located(self.addresses.get(output.hop.host, []), self.now)
                messages += self.take(self.ua.take())
            elif isinstance(output, CallOutput):
                self.events.append(output.event)
                self.calls[type(output.event)] = output.call
            else:
                self.events.append(output)
        return messages

    def send(self, message: SipRequest | SipResponse | bytes, source: tuple[str, int] = SOURCE):  # type: ignore[no-untyped-def]
        return self.take(self.ua.receive(bytes(message), Hop(*source), self.now))

    def command(self) -> list[SipRequest | SipResponse]:
        return self.take(self.ua.take())

    def wait(self, seconds: float) -> list[SipRequest | SipResponse]:
        """Let time pass, deadline by deadline; everything sent on the way."""
        end = self.now + seconds
        messages = []
        while (deadline := self.ua.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            messages += self.take(self.ua.timeout(self.now))
        self.now = end
        return messages

    def event(self, kind: type[T]) -> T:
        """The last event of a kind."""
        return next(event for event in reversed(self.events) if isinstance(event, kind))

    def has(self, kind: type[object]) -> bool:
        return any(isinstance(event, kind) for event in self.events)

    def request(
        self,
        method: str,
        *,
        cseq: int = 1,
        to_tag: str = "",
        body: bytes = b"",
        content_type: str = "application/sdp",
        branch: str = "",
        call_id: str = "call-1",
        from_tag: str = "peer",
        headers: dict[str, str] | None = None,
    ) -> SipRequest:
        request = SipRequest(method, "sip:bot@127.0.0.1:5060", body)
        branch = branch or f"z9hG4bKpeer{next(self.branches)}"
        request.headers.set("Via", f"SIP/2.0/UDP {SOURCE[0]}:{SOURCE[1]};branch={branch};rport")
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f'"Peer" <sip:peer@127.0.0.1>;tag={from_tag}')
        request.headers.set("To", "<sip:bot@127.0.0.1>" + (f";tag={to_tag}" if to_tag else ""))
        request.headers.set("Call-ID", call_id)
        request.headers.set("CSeq", f"{cseq} {method}")
        request.headers.set("Contact", "<sip:peer@127.0.0.1:5070>")
        if body:
            request.headers.set("Content-Type", content_type)
        for name, value in (headers or {}).items():
            request.headers.set(name, value)
        return request

    def reply(self, request: SipRequest, status: int, *, to_tag: str = "", body: bytes = b"") -> SipResponse:
        """A response of the peer to a request that the agent sent."""
        response = SipResponse(status, "", body)
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            response.headers.setlist(name, list(request.headers.getlist(name)))
        if to_tag:
            response.headers.set("To", f"{request.headers['To']};tag={to_tag}")
        response.headers.set("Contact", "<sip:peer@127.0.0.1:5070>")
        if body:
            response.headers.set("Content-Type", "application/sdp")
        return response


def statuses(messages: list[SipRequest | SipResponse]) -> list[int | str]:
    """Statuses of responses, methods of requests."""
    return [m.status if isinstance(m, SipResponse) else m.method for m in messages]


def session() -> SessionDescription:
    return offer("127.0.0.1", 42000, codecs=[CODECS["PCMU"]])


def offered(peer: Peer, **headers: str) -> IncomingSipCall:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert statuses(peer.send(peer.request("INVITE", body=OFFER, headers=named))) == [100]
    return peer.event(CallOffered).call


def up(peer: Peer, **headers: str) -> tuple[IncomingSipCall, SipResponse]:
    """A call of theirs that is up, and our 200."""
    call = offered(peer, **headers)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert isinstance(ok, SipResponse)
    peer.send(peer.request("ACK", to_tag=call.local_tag))
    assert peer.has(CallConfirmed)
    return call, ok


def called_up(peer: Peer, **headers: str) -> OutgoingSipCall:
    """A call of ours that is up."""
    call = peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    ok = reply(peer, invite, 200, OFFER, **headers)
    assert statuses(peer.send(ok)) == ["ACK"]
    return call


def reply(peer: Peer, request: SipRequest | SipResponse, status: int, body: bytes = b"", **headers: str) -> SipResponse:
    assert isinstance(request, SipRequest)
    response = peer.reply(request, status, to_tag="" if request.recipient.tag else "theirs", body=body)
    for name, value in headers.items():
        response.headers.set(name.replace("_", "-"), value)
    return response

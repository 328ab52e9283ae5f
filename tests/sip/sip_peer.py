"""The other side for tests of the pure core: builds requests, reads what the core sends, passes the time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from voicebot.codecs import CODECS
from voicebot.sip.gate import Gate
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import SipRequest, SipResponse, parse_message
from voicebot.sip.outputs import Locate, Output, Transmit
from voicebot.sip.sdp import SessionDescription, offer
from voicebot.sip.user_agent import Limits, UserAgent

SOURCE = ("127.0.0.1", 5070)
OFFER = bytes(offer("127.0.0.1", 40000))
T = TypeVar("T")


def counting_token() -> Callable[[int], str]:
    numbers = count(1)
    return lambda size: f"{next(numbers):0{2 * size}x}"


class Peer:
    """A caller of the agent under test. ``now`` is the virtual time; ``events`` and ``sent`` collect what came out."""

    def __init__(self, limits: Limits | None = None, gate: Gate | None = None) -> None:
        self.ua = UserAgent([Listener("UDP", "127.0.0.1", 5060)], limits=limits, gate=gate, token=counting_token())
        self.now = 100.0
        self.addresses: dict[str, list[Hop]] = {}
        """What a look-up finds."""
        self.events: list[Output] = []
        self.sent: list[SipRequest | SipResponse] = []
        self.destinations: list[tuple[str, int]] = []
        self.branches = count(1)

    def take(self, outputs: list[Output]) -> list[SipRequest | SipResponse]:
        """Sort outputs; the messages of this batch, parsed."""
        messages = []
        for output in outputs:
            if isinstance(output, Transmit):
                messages.append(parse_message(output.data))
                self.sent.append(messages[-1])
                self.destinations.append((output.hop.host, output.hop.port))
            elif isinstance(output, Locate):
                output.request.located(self.addresses.get(output.hop.host, []), self.now)
                messages += self.take(self.ua.take())
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

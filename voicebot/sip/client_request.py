"""A request that we send, until its final response, over all attempts.

Each attempt is one client transaction. This class makes the next one: at the addresses that a name resolves to (RFC
3263, resolved by the driver), at the next address if one is silent, unreachable or answers 503 (RFC 3263 4.3), and with
credentials after a challenge (RFC 3261 22.2: with a new CSeq, otherwise unchanged).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from voicebot.sip.credentials import Challenged, Credentials
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import Locate
from voicebot.sip.transaction_layer import OnResponse, TransactionLayer

MAX_HOPS = 8


class ClientRequest:
    """``on_response`` gets each response that does not lead to another attempt, and None if nobody answered.

    ``hops``: where to send it, in order of preference; names are resolved first. ``next_cseq``: the CSeq of a further
    attempt, by default one more than the last. ``on_sent`` gets each attempt as it was sent. ``request``: the latest
    attempt, with its Via.
    """

    def __init__(
        self,
        layer: TransactionLayer,
        request: SipRequest,
        hops: Sequence[Hop],
        on_response: OnResponse,
        *,
        credentials: Credentials | None = None,
        next_cseq: Callable[[], int] | None = None,
        on_sent: Callable[[SipRequest], None] | None = None,
    ) -> None:
        self.request = request
        self.sent = False
        self._layer = layer
        self._hops = list(hops[:MAX_HOPS])
        self._on_response = on_response
        self._next_cseq = next_cseq
        self._on_sent = on_sent
        self._credentials = credentials
        self._challenged = Challenged(credentials) if credentials is not None else None
        self._abandoned = False
        self.branch = ""

    @property
    def hop(self) -> Hop | None:
        """Where the latest attempt was sent."""
        return self._hops[0] if self._hops else None

    def start(self, now: float) -> None:
        hop = self.hop
        if hop is None:
            self._on_response(None, now)
        elif not hop.is_literal and not self._layer.has_flow(hop):
            self._layer.emit(Locate(hop, self.located))
        else:
            self._try(self.request, now)

    def located(self, hops: Sequence[Hop], now: float) -> None:
        """The first hop was resolved to ``hops``; empty if it has no address."""
        if self._abandoned:
            return
        self._hops[:1] = list(hops[:MAX_HOPS])
        self.start(now)

    def abandon(self) -> None:
        """Send and report nothing more."""
        self._abandoned = True
        self._layer.forget_client(self.branch, self.request.method)

    def cancel(self, now: float) -> None:
        """Send CANCEL for an INVITE (RFC 3261 9.1). A provisional response to it must have come."""
        invite, hop = self.request, self.hop
        if hop is None:
            return
        request = SipRequest("CANCEL", invite.uri)
        for name in ("Via", "Route", "Max-Forwards", "From", "To", "Call-ID"):
            if lines := invite.headers.getlist(name):
                request.headers.setlist(name, list(lines))
        request.headers.set("CSeq", f"{invite.cseq[0]} CANCEL")
        self._layer.start_client(request, hop, lambda _response, _now: None, now, self.branch)

    def again(self, change: Callable[[SipRequest], bool], now: float) -> bool:
        """Send a refused request again, modified by ``change`` and with a new CSeq. False: ``change`` declined."""
        again = self.request.copy()
        if not change(again):
            return False
        self._count(again)
        self._try(again, now)
        return True

    def _count(self, again: SipRequest) -> None:
        """Give a further attempt its number."""
        number = self._next_cseq() if self._next_cseq is not None else self.request.cseq[0] + 1
        again.headers.set("CSeq", f"{number} {again.method}")

    def _try(self, request: SipRequest, now: float) -> None:
        self.request = request
        self.sent = True
        if self._credentials is not None:
            self._credentials.led_to(self._hops[0])
        self.branch = self._layer.add_via(request, self._hops[0])
        if self._on_sent is not None:
            self._on_sent(request)
        patience = self._layer.timers.next_hop if len(self._hops) > 1 else None
        self._layer.start_client(request, self._hops[0], self._response, now, self.branch, give_up=patience)

    def _response(self, response: SipResponse | None, now: float) -> None:
        if self._abandoned:
            return
        if (response is None or response.status == 503) and len(self._hops) > 1:
            del self._hops[0]
            self.start(now) if not self._hops[0].is_literal else self._try(self.request.copy(), now)
            return
        if response is not None and response.status in (401, 407) and self._challenged is not None:
            again = self.request.copy()
            if self._challenged.answer(response, again, self._hops[0]):
                self._count(again)
                self._try(again, now)
                return
        self._on_response(response, now)

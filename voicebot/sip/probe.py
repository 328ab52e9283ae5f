"""Whether a trunk is up: it is sent an OPTIONS at intervals (RFC 3261 section 11).

    UNKNOWN ──answer──▶ UP ──two in a row unanswered──▶ DOWN ──answer──▶ UP

Any answer counts, also a refusal, except 408 and 503, with which a proxy says that its own next hop does not answer.
After a first miss the next OPTIONS follows within a second, so that one lost datagram does not take a trunk out of use.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto

from voicebot.sip.client_request import ClientRequest
from voicebot.sip.hop import hop_of
from voicebot.sip.inspection import ACCEPT, ALLOW
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.transaction_layer import TransactionLayer

logger = logging.getLogger(__name__)

PATIENCE_S = 8.0
"""How long an answer may take: enough for some retransmissions over UDP, or for making a connection."""
_MISSES = 2
_FIRST_WITHIN_S = 0.5


class TrunkState(Enum):
    UNKNOWN = auto()
    UP = auto()
    DOWN = auto()


class TrunkProbe:
    """The OPTIONS of one trunk; made by :meth:`LineTable.probe`. ``status``: of the last answer, 408 if none came."""

    def __init__(
        self, layer: TransactionLayer, name: str, uri: str, interval_s: float, chance: Callable[[], float]
    ) -> None:
        self.name = name
        self.state = TrunkState.UNKNOWN
        self.status = 0
        self.armed: float | None = None
        self.deadline: float | None = None
        self._layer = layer
        self._uri = uri
        self._interval_s = interval_s
        self._call_id = layer.new_call_id()
        self._tag = layer.new_tag()
        self._chance = chance
        self._cseq = 0
        self._misses = 0
        self._client: ClientRequest | None = None
        """The OPTIONS that waits for its answer."""

    def start(self, now: float) -> None:
        """Begin after up to half a second, so that the first OPTIONS of many trunks are spread out."""
        self.deadline = now + _FIRST_WITHIN_S * self._chance()

    def end(self) -> None:
        self._forget()
        self.deadline = None

    def timeout(self, now: float) -> None:
        if self.deadline is None or self.deadline > now:
            return
        if self._client is not None:
            self._forget()
            self._missed(408, now)
        else:
            self._ask(now)

    def _ask(self, now: float) -> None:
        hop = hop_of(self._uri)
        request = SipRequest("OPTIONS", self._uri)
        self._cseq += 1
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"<{self._layer.own_uri(hop)}>;tag={self._tag}")
        request.headers.set("To", f"<{self._uri}>")
        request.headers.set("Call-ID", self._call_id)
        request.headers.set("CSeq", f"{self._cseq} OPTIONS")
        request.headers.set("Contact", self._layer.contact(hop))
        request.headers.set("Accept", ACCEPT)
        request.headers.set("Allow", ALLOW)
        self.deadline = now + PATIENCE_S
        self._client = ClientRequest(self._layer, request, [hop] if hop is not None else [], self._answered)
        self._client.start(now)

    def _answered(self, response: SipResponse | None, now: float) -> None:
        if response is not None and response.status < 200:
            return
        self._client = None
        if response is None or response.status in (408, 503):
            self._missed(response.status if response is not None else 408, now)
        else:
            self.status, self._misses = response.status, 0
            self._become(TrunkState.UP)
            # 90 to 100 percent of the interval, so that the trunks do not stay in step.
            self.deadline = now + self._interval_s * (0.9 + 0.1 * self._chance())
        self._layer.arm(self)

    def _missed(self, status: int, now: float) -> None:
        self.status = status
        self._misses += 1
        again = self._misses < _MISSES
        if not again:
            self._become(TrunkState.DOWN)
        self.deadline = now + (min(1.0, self._interval_s) if again else self._interval_s)

    def _become(self, state: TrunkState) -> None:
        if state is self.state:
            return
        self.state = state
        if state is TrunkState.UP:
            logger.info("trunk %s: up (%d)", self.name, self.status)
        else:
            logger.warning("trunk %s: down (%d)", self.name, self.status)

    def _forget(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.abandon()

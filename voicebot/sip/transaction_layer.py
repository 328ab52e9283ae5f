"""The transactions of one user agent: matching, timers, sending (RFC 3261 17.1.3, 17.2.3, 18).

There is no socket and no clock here: messages and the time are passed in, and messages to send go to ``emit``. Calls,
registrations and probes use the layer and share its timer queue; it knows none of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from voicebot.sip.hop import Hop, Listener, choose_listener
from voicebot.sip.message import MAX_MESSAGE, SipRequest, SipResponse, branches_in, response_to
from voicebot.sip.outputs import Locate, SipCounters, Transmit
from voicebot.sip.stream import PING
from voicebot.sip.timer_queue import Timed, TimerQueue
from voicebot.sip.transaction import (
    ClientTransaction,
    Effect,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    ServerTransaction,
    SipTimers,
    ToWire,
    Transaction,
    TransactionState,
)

_MAGIC = "z9hG4bK"
LARGE = 1_300
"""The most bytes of a request that should be sent over UDP (18.1.1)."""
OnResponse = Callable[[SipResponse | None, float], None]
"""Gets a response and the time; None: nobody answered."""
_Key = tuple[str, ...]


class TransactionLayer:
    """``listeners``: our addresses, for Via and Contact. ``name``: for the User-Agent and Server headers.

    ``emit`` gets the messages to send and the names to resolve; ``token(n)`` returns 2n random hexadecimal digits.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        name: str,
        timers: SipTimers,
        counters: SipCounters,
        token: Callable[[int], str],
        emit: Callable[[Transmit | Locate], None],
    ) -> None:
        self.listeners = tuple(listeners)
        self.name = name
        self.timers = timers
        self.counters = counters
        self.open_flows: Collection[int] = ()
        """The numbers of open connections, kept by the driver."""
        self.emit = emit
        self._token = token
        self._secret = token(16).encode()
        self._servers: dict[_Key, ServerTransaction] = {}
        self._clients: dict[_Key, ClientTransaction] = {}
        self._on_response: dict[_Key, OnResponse] = {}
        self._branches: Counter[str] = Counter()
        """How many client transactions there are of each branch: CANCEL has that of its INVITE."""
        self._keys: dict[Transaction, _Key] = {}
        self._invites: dict[_Key, ServerTransaction] = {}
        """The INVITEs of others, by what is the same on every route and behind every proxy."""
        self._invite_keys: dict[Transaction, _Key] = {}
        self._queue = TimerQueue()

    def __len__(self) -> int:
        """The number of transactions that have not terminated."""
        return len(self._servers) + len(self._clients)

    # --- timers

    def arm(self, owner: Timed) -> None:
        """Note the deadline of ``owner``. Must be called whenever it may have moved to an earlier time."""
        self._queue.arm(owner)

    def next_deadline(self) -> float | None:
        return self._queue.next_deadline()

    def timeout(self, now: float) -> None:
        """Run everything that is due."""
        while (owner := self._queue.due(now)) is not None:
            if isinstance(owner, Transaction):
                self._run(owner, owner.timeout(now), now)
            else:
                owner.timeout(now)
                self.arm(owner)

    # --- our addresses

    def own_uri(self, hop: Hop | None) -> str:
        """Our URI in From for a request to ``hop``, if no other is given."""
        return f"sip:voicebot@{self._listener(hop).sent_by}"

    def contact(self, hop: Hop | None, *, user: str = "voicebot", secure: bool = False) -> str:
        """Our Contact for a message to ``hop``."""
        return self._listener(hop).contact(user, secure=secure)

    def _listener(self, hop: Hop | None) -> Listener:
        return self.listeners[0] if hop is None else choose_listener(self.listeners, hop)

    def new_call_id(self) -> str:
        return f"{self._token(12)}@{self.listeners[0].host}"

    def new_tag(self) -> str:
        return self._token(8)

    def has_flow(self, hop: Hop) -> bool:
        """Whether the connection that ``hop`` names is open, so that its host need not be looked up."""
        return hop.flow in self.open_flows

    # --- without a transaction

    def transmit(self, message: SipRequest | SipResponse, hop: Hop) -> None:
        """Send a message outside of transactions: the ACK of a 2xx, a stateless response."""
        self._transmit(bytes(message), hop)

    def ping(self, hop: Hop) -> None:
        """Send a double CRLF, as a keep-alive (RFC 5626 3.5.1)."""
        self._transmit(PING, hop)

    def answer_stateless(
        self,
        request: SipRequest,
        status: int,
        reply_to: Hop,
        *,
        reason: str = "",
        headers: Mapping[str, str | list[str]] | None = None,
    ) -> None:
        """Respond without keeping state: each retransmission gets a response of its own (8.2.7)."""
        reason = f"Bad Request: {reason}" if reason else ""
        response = _failure(request, status, self.tag_for(request), headers, reason)
        response.headers.set("Server", self.name)
        self.counters.rejected_by_status[status] += 1
        self.transmit(response, reply_to)

    def tag_for(self, request: SipRequest) -> str:
        """A To tag that is the same for every retransmission of ``request``."""
        top = (request.headers.getlist("Via") or [""])[0]
        text = "|".join((request.call_id, request.headers.get("CSeq") or "", top))
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=8).hexdigest()

    # --- client transactions

    def add_via(self, request: SipRequest, hop: Hop) -> str:
        """Add our Via with a new branch. Returns the branch."""
        branch = _MAGIC + self._token(10)
        sent_by = choose_listener(self.listeners, hop).sent_by
        request.headers.set("Via", f"SIP/2.0/{hop.transport} {sent_by};branch={branch};rport")
        if request.headers.get("User-Agent") is None:
            request.headers.set("User-Agent", self.name)
        return branch

    def start_client(
        self,
        request: SipRequest,
        hop: Hop,
        on_response: OnResponse,
        now: float,
        branch: str,
        *,
        give_up: float | None = None,
    ) -> None:
        """Start a client transaction for ``request``, which has its Via."""
        key = (branch, request.method)
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        transaction = kind(request, hop, self.timers, give_up=give_up)
        self._clients[key] = transaction
        self._branches[branch] += 1
        self._keys[transaction] = key
        self._on_response[key] = on_response
        self._run(transaction, transaction.start(now), now)

    def forget_client(self, branch: str, method: str) -> None:
        """End a client transaction without telling its user."""
        transaction = self._clients.get((branch, method))
        if transaction is not None:
            transaction.abandon()
            self._remove(transaction)

    def awaits(self, data: bytes) -> bool:
        """Whether ``data``, which is not parsed yet, can be a response to a request of ours."""
        return any(branch in self._branches for branch in branches_in(data))

    def receive_response(self, response: SipResponse, now: float) -> None:
        via, *others = response.via
        transaction = self._clients.get((via.branch, response.cseq[1]))
        # Our address in Via is not compared (18.1.2): routers that rewrite it do not always restore it, and nobody who
        # has not seen the request knows its branch.
        if transaction is None or others:
            self.counters.dropped += 1
            return
        self._run(transaction, transaction.receive(response, now), now)

    def transport_failed(self, hop: Hop, now: float) -> None:
        """``hop`` cannot be reached, or its connection is closed: the client transactions to it fail."""

        def hit(to: Hop) -> bool:
            return to[:3] == hop[:3] or (hop.flow != 0 and to.flow == hop.flow)

        for transaction in [t for t in self._clients.values() if hit(t.destination)]:
            self._run(transaction, transaction.fail(now), now)

    # --- server transactions

    def server_of(self, request: SipRequest) -> ServerTransaction | None:
        """The transaction that ``request`` repeats."""
        return self._servers.get(_server_key(request, request.method))

    def invite_of(self, request: SipRequest, source: Hop) -> ServerTransaction | None:
        """The INVITE that ``request``, an ACK or a CANCEL from ``source``, belongs to. It has the branch of its INVITE;
        some proxies give it another one, and then its Call-ID, From tag, CSeq and source tell."""
        exact = self._servers.get(_server_key(request, "INVITE"))
        alike = self._invites.get(_invite_key(request))
        if exact is None and alike is not None and alike.destination.host == source.host:
            return alike
        return exact

    def receive_again(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        """Pass ``transaction`` a retransmission of its request, or the ACK of its failure response."""
        self._run(transaction, transaction.receive(request, now), now)

    def start_server(self, request: SipRequest, reply_to: Hop) -> ServerTransaction:
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        transaction = kind(request, reply_to, self.timers)
        key = _server_key(request, request.method)
        self._servers[key] = transaction
        self._keys[transaction] = key
        if request.method == "INVITE" and not self.is_merged(request):
            self._invites[_invite_key(request)] = transaction
            self._invite_keys[transaction] = _invite_key(request)
        return transaction

    def is_merged(self, request: SipRequest) -> bool:
        """Whether the same INVITE has already come by another route (8.2.2.2). One that we have refused is over: a
        proxy may try again, for example with other audio, and then changes nothing but the branch."""
        other = self._invites.get(_invite_key(request)) if request.method == "INVITE" else None
        return other is not None and other.state in (TransactionState.PROCEEDING, TransactionState.ACCEPTED)

    def respond(self, transaction: ServerTransaction, response: SipResponse, now: float) -> None:
        """Send a response through its server transaction, which repeats it as needed."""
        response.headers.set("Server", self.name)
        if response.status >= 300:
            self.counters.rejected_by_status[response.status] += 1
        self._run(transaction, transaction.respond(response, now), now)

    def refuse(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        retry_after_s: int | None = None,
        headers: Mapping[str, str | list[str]] | None = None,
    ) -> None:
        """Send a failure response, with additional ``headers``."""
        request = transaction.request
        response = _failure(request, status, self.tag_for(request), headers)
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(retry_after_s))
        self.respond(transaction, response, now)

    # --- effects of transactions

    def _run(self, transaction: Transaction, effects: list[Effect], now: float) -> None:
        key = self._keys.get(transaction)
        for effect in effects:
            if isinstance(effect, ToWire):
                self.counters.retransmitted += effect.again
                self._transmit(effect.data, transaction.destination)
            elif key is not None and (on_response := self._on_response.get(key)) is not None:
                on_response(effect.response, now)
        if transaction.terminated:
            self._remove(transaction)
        else:
            self.arm(transaction)

    def _remove(self, transaction: Transaction) -> None:
        key = self._keys.pop(transaction, None)
        if key is None:
            return
        if isinstance(transaction, ServerTransaction):
            self._servers.pop(key, None)
            invite_key = self._invite_keys.pop(transaction, None)
            if invite_key is not None and self._invites.get(invite_key) is transaction:
                del self._invites[invite_key]
        else:
            self._clients.pop(key, None)
            self._branches[key[0]] -= 1
            if not self._branches[key[0]]:
                del self._branches[key[0]]
            self._on_response.pop(key, None)

    def _transmit(self, data: bytes, hop: Hop) -> None:
        if len(data) > MAX_MESSAGE:
            self.counters.send_errors += 1
            return
        self.counters.sent += 1
        self.emit(Transmit(data, hop))


def _server_key(request: SipRequest, method: str) -> _Key:
    """The key of the transaction with ``method`` that ``request`` belongs to (17.2.3).

    Some senders use a branch again, for the next request of a call or for the next call; so Call-ID and CSeq count,
    too, which are the same in every repetition. A branch without the magic cookie (RFC 2543) need not be unique at all,
    so more headers identify the request.
    """
    via = request.via[0]
    if via.branch.startswith(_MAGIC) and len(via.branch) > len(_MAGIC):
        return via.branch, via.sent_by, method, request.call_id, str(request.cseq[0])
    # Without the To tag: the INVITE has none yet, and its ACK has ours.
    return (
        "",
        via.sent_by,
        via.branch,
        method,
        request.call_id,
        request.sender.tag,
        str(request.cseq[0]),
        request.uri,
    )


def _invite_key(request: SipRequest) -> _Key:
    return request.call_id, request.sender.tag, str(request.cseq[0])


def _failure(
    request: SipRequest, status: int, tag: str, headers: Mapping[str, str | list[str]] | None, reason: str = ""
) -> SipResponse:
    response = response_to(request, status, reason, to_tag=tag)
    for name, value in (headers or {}).items():
        response.headers.setlist(name, [value] if isinstance(value, str) else value)
    return response

"""The transactions of one user agent, with their keys, their timers and the outbox (RFC 3261 17.1.3, 17.2.3, 18).

No socket and no clock: the driver (`endpoint.py`) passes messages and the time in, sends what comes out, and calls
:meth:`TransactionLayer.timeout` when :meth:`TransactionLayer.next_deadline` says so. Other owners of time (calls,
registrations) share the queue of timers by :meth:`TransactionLayer.arm`.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from voicebot.sip.client_request import ClientRequest, OnResponse
from voicebot.sip.digest import Credentials
from voicebot.sip.hop import Hop, Listener, choose_listener
from voicebot.sip.message import MAX_MESSAGE, SipRequest, SipResponse, response_to
from voicebot.sip.outputs import Output, SipCounters, Transmit
from voicebot.sip.stream import PING
from voicebot.sip.transaction import (
    ClientTransaction,
    Effect,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    ServerTransaction,
    Timers,
    ToWire,
    Transaction,
)

_MAGIC = "z9hG4bK"
LARGE = 1_300
"""Bytes beyond which a request should not go over UDP (18.1.1)."""
Key = tuple[str, ...]


class Timed(Protocol):
    """Whoever wants to be called at ``deadline``. ``armed`` is for the queue: the deadline that is noted there."""

    armed: float | None

    @property
    def deadline(self) -> float | None: ...

    def timeout(self, now: float) -> object: ...


class TransactionLayer:
    """``listeners``: as others reach us, in Via and Contact. ``token(n)`` gives 2n random hexadecimal digits."""

    def __init__(
        self, listeners: Sequence[Listener], *, name: str, timers: Timers | None, token: Callable[[int], str]
    ) -> None:
        self.listeners = tuple(listeners)
        self.name = name
        self.timers = timers or Timers()
        self.counters = SipCounters()
        self.open_flows: Collection[int] = ()
        """The driver's set of open connections."""
        self._token = token
        self._secret = token(16).encode()
        self._sent_by = {listener.sent_by.lower() for listener in self.listeners}
        self._servers: dict[Key, ServerTransaction] = {}
        self._clients: dict[Key, ClientTransaction] = {}
        self._on_response: dict[Key, OnResponse] = {}
        self._keys: dict[Transaction, Key] = {}
        self._requests_seen: dict[Key, ServerTransaction] = {}
        self._merge_keys: dict[Transaction, Key] = {}
        self._outbox: list[Output] = []
        self._schedule: list[tuple[float, int, Timed]] = []
        self._scheduled = 0

    # --- for the driver

    @property
    def transactions(self) -> int:
        return len(self._servers) + len(self._clients)

    def timeout(self, now: float) -> list[Output]:
        """Run everything that is due."""
        while self._schedule and self._schedule[0][0] <= now:
            _, _, owner = heapq.heappop(self._schedule)
            owner.armed = None
            if owner.deadline is None or owner.deadline > now:
                self.arm(owner)  # the deadline moved away since it was noted
            elif isinstance(owner, Transaction):
                self._run(owner, owner.timeout(now), now)
            else:
                owner.timeout(now)
                self.arm(owner)
        return self.take()

    def next_deadline(self) -> float | None:
        while self._schedule:
            when, _, owner = self._schedule[0]
            if owner.deadline is not None and owner.deadline <= when:
                return when
            heapq.heappop(self._schedule)
            owner.armed = None
            self.arm(owner)
        return None

    def take(self) -> list[Output]:
        """What commands have put out since the last call of anything that returns outputs."""
        outputs, self._outbox = self._outbox, []
        return outputs

    def transport_failed(self, hop: Hop, now: float) -> list[Output]:
        """``hop`` cannot be reached, or its connection is gone: nobody there will answer what was sent."""

        def hit(to: Hop) -> bool:
            return to[:3] == hop[:3] or (hop.flow != 0 and to.flow == hop.flow)

        for transaction in [t for t in self._clients.values() if hit(t.destination)]:
            self._run(transaction, transaction.fail(now), now)
        return self.take()

    # --- sending

    def emit(self, output: Output) -> None:
        self._outbox.append(output)

    def has_flow(self, hop: Hop) -> bool:
        """Whether the connection that ``hop`` names is open, so that its host need not be looked up."""
        return hop.flow != 0 and hop.flow in self.open_flows

    def transmit_request(self, request: SipRequest, hop: Hop) -> None:
        """Send without a transaction: the ACK of a 2xx."""
        self._transmit(bytes(request), hop)

    def ping(self, hop: Hop) -> None:
        """Two CRLF: nothing but a sign of life (RFC 5626 3.5.1)."""
        self._transmit(PING, hop)

    def contact(self, hop: Hop | None, *, user: str = "voicebot", secure: bool = False) -> str:
        """Our Contact for a message to ``hop``."""
        listener = self.listeners[0] if hop is None else choose_listener(self.listeners, hop)
        return listener.contact(user, secure=secure)

    def add_via(self, request: SipRequest, hop: Hop) -> str:
        """Put our Via on top, with a new branch, which is returned."""
        branch = _MAGIC + self._token(10)
        sent_by = choose_listener(self.listeners, hop).sent_by
        request.headers.set("Via", f"SIP/2.0/{hop.transport} {sent_by};branch={branch};rport")
        if request.headers.get("User-Agent") is None:
            request.headers.set("User-Agent", self.name)
        return branch

    def request(
        self,
        request: SipRequest,
        hops: Sequence[Hop],
        on_response: OnResponse,
        now: float,
        *,
        credentials: Credentials | None = None,
        next_cseq: Callable[[], int] | None = None,
        on_sent: Callable[[SipRequest], None] | None = None,
    ) -> ClientRequest:
        """Send until there is a final response; see :class:`ClientRequest`."""
        client = ClientRequest(
            self, request, hops, on_response, credentials=credentials, next_cseq=next_cseq, on_sent=on_sent
        )
        client.start(now)
        return client

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
        """One client transaction for ``request``, which has its Via already."""
        key = (branch, request.method)
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        transaction = kind(request, hop, self.timers, give_up=give_up)
        self._clients[key] = transaction
        self._keys[transaction] = key
        self._on_response[key] = on_response
        self._run(transaction, transaction.start(now), now)

    def forget_client(self, branch: str, method: str) -> None:
        """End a client transaction of which nobody wants to hear any more."""
        transaction = self._clients.get((branch, method))
        if transaction is not None:
            transaction.abandon()
            self._remove(transaction)

    def respond(self, transaction: ServerTransaction, response: SipResponse, now: float) -> None:
        """Send through a server transaction, which repeats it as needed."""
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
        """Send a final failure with nothing but ``headers`` in it."""
        request = transaction.request
        response = response_to(request, status, to_tag=self._tag_for(request))
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(retry_after_s))
        for name, value in (headers or {}).items():
            response.headers.setlist(name, [value] if isinstance(value, str) else value)
        self.respond(transaction, response, now)

    # --- timers

    def arm(self, owner: Timed) -> None:
        """Note the deadline of ``owner``; to be called whenever it may have moved nearer."""
        deadline = owner.deadline
        if deadline is not None and (owner.armed is None or deadline < owner.armed):
            owner.armed = deadline
            self._scheduled += 1
            heapq.heappush(self._schedule, (deadline, self._scheduled, owner))

    # --- server transactions

    def _start_server(self, key: Key, request: SipRequest, reply_to: Hop) -> ServerTransaction:
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        transaction = kind(request, reply_to, self.timers)
        self._servers[key] = transaction
        self._keys[transaction] = key
        return transaction

    def _note_merge_key(self, request: SipRequest, transaction: ServerTransaction) -> None:
        merge_key = self._merge_key(request)
        self._requests_seen[merge_key] = transaction
        self._merge_keys[transaction] = merge_key

    def _removed_server(self, key: Key) -> None:
        """A server transaction is over. For the user above."""

    # --- responses

    def _receive_response(self, response: SipResponse, now: float) -> None:
        via = response.via[0]
        transaction = self._clients.get((via.branch, response.cseq[1]))
        if transaction is None or len(response.via) != 1 or via.sent_by not in self._sent_by:
            self.counters.dropped += 1
            return
        self._run(transaction, transaction.receive(response, now), now)

    # --- answers without state

    def _answer_stateless(
        self, request: SipRequest, status: int, reply_to: Hop, *, reason: str = "", retry_after_s: int | None = None
    ) -> None:
        """8.2.7: the same answer for each retransmission, and nothing remembered."""
        response = response_to(
            request, status, f"Bad Request: {reason}" if reason else "", to_tag=self._tag_for(request)
        )
        response.headers.set("Server", self.name)
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(retry_after_s))
        self.counters.rejected_by_status[status] += 1
        self._transmit(bytes(response), reply_to)

    def _tag_for(self, request: SipRequest) -> str:
        """A To tag that every retransmission of ``request`` gets again."""
        top = (request.headers.getlist("Via") or [""])[0]
        text = "|".join((request.call_id, request.headers.get("CSeq") or "", top))
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=8).hexdigest()

    # --- transactions

    @staticmethod
    def _server_key(request: SipRequest, method: str = "") -> Key:
        """17.2.3. Without the branch's magic cookie (RFC 2543) the request is known by all that identifies it."""
        method = method or ("INVITE" if request.method == "ACK" else request.method)
        via = request.via[0]
        if via.branch.startswith(_MAGIC) and len(via.branch) > len(_MAGIC):
            return via.branch, via.sent_by, method
        # The To tag is left out: that of an ACK is ours, that of its INVITE is not there.
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

    @staticmethod
    def _merge_key(request: SipRequest) -> Key:
        return request.call_id, request.sender.tag, *map(str, request.cseq)

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
            self._removed_server(key)
            merge_key = self._merge_keys.pop(transaction, None)
            if merge_key is not None:
                del self._requests_seen[merge_key]
        else:
            self._clients.pop(key, None)
            self._on_response.pop(key, None)

    def _transmit(self, data: bytes, hop: Hop) -> None:
        if len(data) > MAX_MESSAGE:
            self.counters.send_errors += 1
            return
        self.counters.sent += 1
        self._outbox.append(Transmit(data, hop))

"""TCP and TLS connections: accepted, made on demand, reused, kept alive, and limited in number (RFC 3261 18).
Connections by websocket are accepted by :mod:`voicebot.sip.websocket`, and kept here.

Every connection has a number, its flow. A message goes out on the flow that its hop names, else on an open connection
to that address, else on a new one, which queues a few messages until it is open. A connection is closed if it breaks
the framing, reads too slowly, or stops answering our pings after it has answered one (RFC 5626 4.4.1).

A connection that somebody opens to us has a place (:mod:`voicebot.listening`). Connections of trunks, and those that
calls use, live for an hour without a message. Others must send their first message soon, and end if nothing follows.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import ssl
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Protocol, cast

from voicebot.listening import Admissions, Bounds, ConnectionListener, Place, Rate, listening_sockets
from voicebot.sip.header import SipSyntaxError
from voicebot.sip.hop import Hop, Transport
from voicebot.sip.stream import PING, PONG, StreamFramer
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

CONNECTION_BOUNDS = Bounds(
    total=2_000, of_source=200, reserve=200, arrivals=Rate(50, 400), arrivals_of_source=Rate(5, 100)
)
"""Of connections that others open to us. Phones and trunks keep theirs for hours; a TLS handshake takes some 2 ms of
the processor."""
MAX_OF_OURS = 2_000
CONNECT_TIMEOUT_S = 4.0
FIRST_MESSAGE_S = 10.0
HALF_READ_S = 10.0
"""How long one message may take to arrive."""
STRANGER_IDLE_S = 30.0
"""How long a connection lives without a message that is of no trunk and no call."""
IDLE_S = 3_900.0
"""How long a connection may be unused; longer than the usual interval of registrations and session refreshes."""
PONG_S = 10.0
MAX_QUEUED = 32
"""Messages that wait for a connection that is being opened. Requests that are dropped beyond that time out."""
_MAX_UNSENT = 1 << 20
_TICK_S = 1.0
_TICKS = 5
"""Each connection is looked at at one tick in five: all at once would keep the loop from the media of calls."""


class ByteTransport(Protocol):
    """What carries a connection's bytes: the part that we use of an ``asyncio.Transport``."""

    def write(self, data: bytes) -> None: ...

    def get_write_buffer_size(self) -> int: ...

    def get_extra_info(self, name: str) -> Any: ...

    def is_closing(self) -> bool: ...

    def close(self) -> None:
        """After what is written has been sent."""

    def abort(self) -> None: ...


class Framer(Protocol):
    """Finds the messages in what comes. ``pings`` and ``pongs``: keep-alives that have come, counted."""

    pings: int
    pongs: int

    @property
    def idle(self) -> bool:
        """Whether no message is incomplete."""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that ``data`` completes. Raises :class:`SipSyntaxError` if the next one cannot be found."""


class Connection(asyncio.Protocol):
    """One connection, with its framing. ``peer``: the address at the other end, with our flow number.

    It has a ``target`` that we connect to, or the ``place`` of somebody who connects to us; ``trunk``: on whose behalf,
    if that is known.
    """

    def __init__(
        self,
        owner: Connections,
        transport: Transport,
        listener: int,
        *,
        target: Hop | None = None,
        place: Place | None = None,
        framer: Framer | None = None,
        trunk: str = "",
    ) -> None:
        self.flow = owner.next_flow()
        self.transport: ByteTransport | None = None
        self.target = target
        self.place = place
        self.in_call = False
        self.peer = Hop("", 0, transport, self.flow, listener, trunk=trunk)
        self.queue: list[bytes] = []
        self.overflowed = False
        self._owner = owner
        self._framer = framer if framer is not None else StreamFramer()
        self.opened_at = self.received_at = self.used_at = self.quiet_since = owner.loop.time()
        self.pinged_at: float | None = None
        self.pongs_expected = False
        self.spoke = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.carried_by(cast(asyncio.Transport, transport))

    def carried_by(self, wire: ByteTransport) -> None:
        """It is open."""
        self.transport = wire
        address = wire.get_extra_info("peername")
        if not address:
            wire.abort()
            return
        self.peer = self.peer._replace(host=address[0].partition("%")[0], port=address[1])
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)

    def data_received(self, data: bytes) -> None:
        now = self._owner.loop.time()
        self.received_at = now
        try:
            messages = self._framer.feed(data)
        except SipSyntaxError:
            self._owner.counters["framing"] += 1
            self.abort()
            return
        if self._framer.pings:
            self._framer.pings = 0
            self.send(PONG)
        if self._framer.pongs:
            self._framer.pongs = 0
            self.pinged_at, self.pongs_expected = None, True
        if messages:
            self.used_at, self.spoke = now, True
            if self.place is not None and not self.in_call:
                self.place.rest()
        if messages or self._framer.idle:
            self.quiet_since = now
        for message in messages:
            if self.transport is None:
                return
            self._owner.received(message, self.peer)

    def send(self, data: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > _MAX_UNSENT:
            self._owner.counters["slow"] += 1
            self.abort()
            return
        self.transport.write(data)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def hold(self, in_call: bool) -> None:
        """Whether a call uses it: then it makes room for nobody."""
        if self.place is not None and in_call != self.in_call:
            (self.place.use if in_call else self.place.rest)()
        self.in_call = in_call

    def check(self, now: float, keepalive_s: float) -> None:
        """Called now and then: close the connection if it is dead; ping it if we opened it."""
        stranger = self.place is not None and not self.place.trusted and not self.in_call
        silent = stranger and not self.spoke and now - self.opened_at > FIRST_MESSAGE_S
        half_read = not self._framer.idle and now - self.quiet_since > HALF_READ_S
        unanswered = self.pinged_at is not None and self.pongs_expected and now - self.pinged_at > PONG_S
        if silent or half_read or unanswered or now - self.used_at > (STRANGER_IDLE_S if stranger else IDLE_S):
            self.abort()
        elif self.target is not None and self.pinged_at is None and now - self.received_at > keepalive_s:
            self.pinged_at = now
            self.send(PING)


class Peers(Protocol):
    """What connections need to know of who is at their other ends."""

    def trusts(self, source: Hop) -> bool:
        """Whether ``source`` is a trunk or an account by its address."""

    @property
    def proven_flows(self) -> Collection[int]:
        """The connections on which somebody has proved to be a trunk."""

    @property
    def call_flows(self) -> Collection[int]:
        """The connections that calls use."""


class Connections:
    """All connections of one endpoint. ``received`` gets each message; ``failed`` each hop that cannot be reached, and
    each whose connection was closed. ``dropped`` is called for each message that finds too many others waiting for the
    same connection."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        received: Callable[[bytes, Hop], None],
        failed: Callable[[Hop], None],
        dropped: Callable[[], None],
        client_tls: Callable[[], ssl.SSLContext],
        keepalive_s: float,
        peers: Peers,
        bounds: Bounds = CONNECTION_BOUNDS,
    ) -> None:
        self.loop = loop
        self.received = received
        self.counters: Counter[str] = Counter()
        """Connections that we closed (``framing``: malformed; ``slow``: reader), or did not make (``refused``)."""
        self.admissions = Admissions(bounds)
        self.flows: dict[int, Connection] = {}
        self._failed = failed
        self._dropped = dropped
        self._client_tls = client_tls
        self._keepalive_s = keepalive_s
        self._numbers = itertools.count(1)
        self._by_address: dict[tuple[str, str, int, str], Connection] = {}
        self._peers = peers
        self._in_calls: set[int] = set()
        self._ticks = itertools.count()
        self._listeners: list[ConnectionListener] = []
        self._tasks = BackgroundTasks(logger)
        self._context: ssl.SSLContext | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None

    def next_flow(self) -> int:
        return next(self._numbers)

    async def listen(
        self, transport: Transport, host: str, port: int, listener: int, context: ssl.SSLContext | None
    ) -> int:
        """Take connections; returns the port. Raises OSError."""
        made = ConnectionListener(
            f"SIP over {transport}",
            await listening_sockets(host, port),
            self.admissions,
            lambda place: Connection(self, transport, listener, place=place),
            context=context,
            trusted=lambda host: self._peers.trusts(Hop(host, 0, transport)),
        )
        self._listeners.append(made)
        return made.port

    async def close(self) -> None:
        for listener in self._listeners:
            await listener.close()
        await self._tasks.close()
        for connection in list(self.flows.values()):
            if connection.transport is not None:
                connection.transport.close()
        # Give the last messages (a BYE) a moment to be sent; then close everything.
        await self._gone(0.5)
        for connection in list(self.flows.values()):
            connection.abort()
        await self._gone(0.5)
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None

    async def _gone(self, timeout_s: float) -> None:
        """Wait until no connection is open, for at most ``timeout_s``."""
        if self.flows:
            self._empty = self.loop.create_future()
            await asyncio.wait([self._empty], timeout=timeout_s)
            self._empty = None

    def send(self, data: bytes, hop: Hop) -> None:
        """Send a message. ``hop.host`` must be an address, unless its flow is open."""
        connection = self.flows.get(hop.flow) if hop.flow else None
        if connection is None:
            connection = self._by_address.get(self._address(hop))
        if connection is None:
            self._connect(data, hop)
        elif connection.transport is None:
            self._queue(data, connection)
        else:
            connection.used_at = self.loop.time()
            connection.send(data)

    def _queue(self, data: bytes, connection: Connection) -> None:
        if len(connection.queue) < MAX_QUEUED:
            connection.queue.append(data)
            return
        self._dropped()
        if not connection.overflowed and connection.target is not None:
            connection.overflowed = True
            host, port = connection.target.host, connection.target.port
            logger.warning("messages to %s:%d are dropped: %d wait for its connection", host, port, MAX_QUEUED)

    def hold(self, flow: int) -> None:
        """A call has begun that uses this connection."""
        if (connection := self.flows.get(flow)) is not None:
            self._in_calls.add(flow)
            connection.hold(True)

    # --- for connections

    def opened(self, connection: Connection) -> None:
        self.flows[connection.flow] = connection
        self._tick()
        for data in connection.queue:
            connection.send(data)
        connection.queue.clear()

    def lost(self, connection: Connection) -> None:
        self.flows.pop(connection.flow, None)
        if connection.place is not None:
            connection.place.leave()
        connection.transport = None
        if self._empty is not None and not self.flows and not self._empty.done():
            self._empty.set_result(None)
        target = connection.target
        if target is not None and self._by_address.get(self._address(target)) is connection:
            del self._by_address[self._address(target)]
        self._failed((target or connection.peer)._replace(flow=connection.flow))

    # --- making connections

    @staticmethod
    def _address(hop: Hop) -> tuple[str, str, int, str]:
        return hop.transport, hop.host, hop.port, hop.name if hop.transport == "TLS" else ""

    def _connect(self, data: bytes, hop: Hop) -> None:
        if hop.by_websocket or len(self._by_address) >= MAX_OF_OURS:
            self.counters["refused"] += not hop.by_websocket  # those are opened to us only
            self.loop.call_soon(self._failed, hop._replace(flow=0))
            return
        connection = Connection(self, hop.transport, hop.listener, target=hop)
        connection.queue.append(data)
        self._by_address[self._address(hop)] = connection
        self._tasks.spawn(self._open(connection, hop), f"connecting to {hop.host}")

    async def _open(self, connection: Connection, hop: Hop) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if hop.transport == "TLS":
                    await self.loop.create_connection(
                        lambda: connection,
                        hop.host,
                        hop.port,
                        ssl=self._client_context(),
                        server_hostname=hop.name or hop.host,
                    )
                else:
                    await self.loop.create_connection(lambda: connection, hop.host, hop.port)
        except (OSError, ssl.SSLError, ValueError) as error:  # TimeoutError is an OSError
            logger.info("no %s connection to %s:%d: %s", hop.transport, hop.host, hop.port, error)
            if self._by_address.get(self._address(hop)) is connection:
                del self._by_address[self._address(hop)]
            self._failed(hop._replace(flow=0))

    def _client_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = self._client_tls()
        return self._context

    def _tick(self) -> None:
        if self._ticker is None:
            self._ticker = self.loop.call_later(_TICK_S, self._check)

    def _check(self) -> None:
        self._ticker = None
        now, tick, proven = self.loop.time(), next(self._ticks) % _TICKS, self._peers.proven_flows
        if tick == 0:
            self._in_calls = set(self._peers.call_flows)
        for connection in [one for flow, one in self.flows.items() if flow % _TICKS == tick]:
            connection.hold(connection.flow in self._in_calls)
            if connection.place is not None and connection.flow in proven:
                connection.place.trust()
            with contextlib.suppress(OSError):
                connection.check(now, self._keepalive_s)
        if self.flows:
            self._tick()

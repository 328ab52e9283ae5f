"""All sockets of one endpoint: chooses the one for each message, and resolves its destination first if necessary."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from voicebot.listening import Bounds
from voicebot.sip.connections import Connections, Peers
from voicebot.sip.datagrams import Datagrams, ListenAt
from voicebot.sip.hop import SECURE, WEBSOCKETS, Hop, Listener, bracketed
from voicebot.sip.outputs import Locate, SipCounters, Transmit
from voicebot.sip.resolver import Resolver
from voicebot.sip.tls import TlsOptions, client_context, server_context

if TYPE_CHECKING:
    from voicebot.sip.websocket import WebSocketListener


class CannotBind(OSError):
    """``where`` we cannot listen, because of ``error``."""

    def __init__(self, at: ListenAt, error: OSError) -> None:
        self.where = f"{at.transport} {bracketed(at.host)}:{at.port}"
        self.error = error
        super().__init__(f"{self.where} cannot be opened: {error.strerror or error}")


class Transports:
    """``received`` gets each message; ``unreachable`` each hop that cannot be reached, and each whose connection was
    closed. ``resolver`` is closed with the transports."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: TlsOptions,
        resolver: Resolver,
        counters: SipCounters,
        *,
        received: Callable[[bytes, Hop], None],
        unreachable: Callable[[Hop], None],
        keepalive_s: float,
        peers: Peers,
        bounds: Bounds,
    ) -> None:
        self.listeners: list[Listener] = []
        """Our addresses as others reach them, with the actual ports."""
        self.connections = Connections(
            loop,
            received=received,
            failed=self._unreachable,
            dropped=self._failed,
            client_tls=lambda: client_context(tls),
            keepalive_s=keepalive_s,
            peers=peers,
            bounds=bounds,
        )
        self._loop = loop
        self._tls = tls
        self._resolver = resolver
        self._counters = counters
        self._received = received
        self._told_unreachable = unreachable
        self._datagrams: list[Datagrams] = []
        self._websockets: list[WebSocketListener] = []
        self._trusts = peers.trusts
        self._closed = False

    async def bind(self, listen: Sequence[ListenAt]) -> None:
        """Open all sockets. Raises :class:`CannotBind`; also if the TLS files cannot be used."""
        try:
            for index, at in enumerate(listen):
                try:
                    port = await (self._bind_datagrams if at.transport == "UDP" else self._bind_stream)(index, at)
                except OSError as error:
                    raise CannotBind(at, error) from error
                self.listeners.append(Listener(at.transport, at.reached_at, at.advertised_port or port))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        self._closed = True
        await self._resolver.close()
        await self.connections.close()
        for websockets in self._websockets:
            await websockets.close()
        for datagrams in self._datagrams:
            await datagrams.close()

    @property
    def open_flows(self) -> Collection[int]:
        """The numbers of open connections; the collection changes with them."""
        return self.connections.flows.keys()

    def send(self, message: Transmit) -> None:
        """Send a message, after resolving its destination if that is a name without an open connection."""
        hop, data = message.hop, message.data
        if hop.is_literal or (hop.flow and hop.flow in self.connections.flows):
            self._put(data, hop)
        elif not self._resolver.ask(hop, lambda hops: self._put(data, hops[0]) if hops else self._unresolved()):
            self._unresolved()

    def reached(self, hop: Hop) -> Hop:
        """The other end of the connection that ``hop`` names, as long as that is open; else ``hop``."""
        connection = self.connections.flows.get(hop.flow)
        return connection.peer if connection is not None else hop

    def locate(self, wanted: Locate, told: Callable[[], None]) -> None:
        """Resolve a name. ``told`` is called after the addresses have been passed to ``wanted.located``."""

        def found(hops: list[Hop]) -> None:
            if not hops:
                self._unresolved()
            wanted.located(hops, self._loop.time())
            told()

        if not self._resolver.ask(wanted.hop, found):
            found([])

    async def _bind_datagrams(self, index: int, at: ListenAt) -> int:
        datagrams = Datagrams(index, at, self._received, self._failed, self._report)
        await datagrams.bind(self._loop)
        self._datagrams.append(datagrams)
        return datagrams.port

    async def _bind_stream(self, index: int, at: ListenAt) -> int:
        context = None
        if at.transport in SECURE:
            # It reads files or makes a key, which would block the loop for tens of milliseconds.
            context = await asyncio.to_thread(server_context, self._tls, at.reached_at)
        if at.transport in WEBSOCKETS:
            return await self._bind_websockets(index, at, context)
        return await self.connections.listen(at.transport, at.host, at.port, index, context)

    async def _bind_websockets(self, index: int, at: ListenAt, context: ssl.SSLContext | None) -> int:
        from voicebot.sip.websocket import WebSocketListener  # aiohttp takes a moment to load

        made = WebSocketListener(
            self.connections,
            at.transport,
            index,
            origins=at.origins,
            trusted=lambda host: self._trusts(Hop(host, 0, at.transport)),
        )
        self._websockets.append(made)
        return await made.listen(at.host, at.port, at.reached_at, context)

    def _put(self, data: bytes, hop: Hop) -> None:
        if hop.reliable:
            self.connections.send(data, hop)
            return
        for datagrams in self._datagrams:
            if datagrams.listener == hop.listener or (hop.listener < 0 and datagrams.is_ipv6 == (":" in hop.host)):
                datagrams.send(data, hop)
                return
        self._loop.call_soon(self._unreachable, hop)

    def _unreachable(self, hop: Hop) -> None:
        if not hop.flow:  # with a flow, an open connection was closed: usually nothing was to be sent on it
            self._failed()
        self._report(hop)

    def _report(self, hop: Hop) -> None:
        if not self._closed:
            self._told_unreachable(hop)

    def _failed(self) -> None:
        self._counters.send_errors += 1

    def _unresolved(self) -> None:
        self._counters.unresolved += 1

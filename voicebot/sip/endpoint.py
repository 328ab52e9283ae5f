"""The driver of the user agent core: its sockets, one timer, and a handle for each call.

Everything here runs on the event loop and nothing waits in it. Callbacks are called in the order of events; a command
may call one before it returns (``bye`` calls ``on_end``). A callback that raises is a defect of ours: it is logged,
and the endpoint goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from voicebot import __version__
from voicebot.address import Address, Domain
from voicebot.sip.answering import CallOffered, IncomingSipCall
from voicebot.sip.call import SipCall
from voicebot.sip.call_table import SipLimits
from voicebot.sip.connections import Connections
from voicebot.sip.datagrams import Datagrams, ListenAt
from voicebot.sip.gate import Gate
from voicebot.sip.handle import CallHandle, IncomingCall, OutgoingCall
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.outputs import CallEnded, Locate, SipCounters, Transmit
from voicebot.sip.probe import TrunkState
from voicebot.sip.registration import Account, Registration
from voicebot.sip.resolver import Resolver
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.tls import TlsOptions, client_context, server_context
from voicebot.sip.transaction import Timers
from voicebot.sip.trunks import TRUNK_FACTOR, Rate, RateLimiter, Strangers, Trunk, TrunkGate
from voicebot.sip.user_agent import SipOutput, UserAgent

logger = logging.getLogger(__name__)


class SipEndpoint:
    """A SIP user agent on the sockets of ``listen``, or on one UDP socket at ``host``/``port``.

    ``on_invite`` gets each new call and must answer or reject it; without it every call is refused with 480.
    ``trunks``, ``strangers``, ``rates``: who may talk to us and how often (see :mod:`voicebot.sip.trunks`); without
    ``rates`` and trunks everybody may, as often as they like. ``accounts`` are registered from the start to the end;
    trunks that want it are sent OPTIONS. ``trunk_factor``: how much wider the rates of trunks are. ``keepalive_s``: how
    often idle connections, and registrations over UDP, are pinged. ``session_expires_s``: the session timer that we ask
    for (RFC 4028), 0 for none.
    ``resolver`` makes the resolver, which the endpoint closes.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 5060,
        advertised_host: str | None = None,
        listen: Sequence[ListenAt] = (),
        tls: TlsOptions | None = None,
        user_agent: str = f"voicebot/{__version__}",
        on_invite: Callable[[IncomingCall], None] | None = None,
        limits: SipLimits | None = None,
        timers: Timers | None = None,
        trunks: Sequence[Trunk] = (),
        strangers: Strangers = "allow",
        rates: Mapping[str, Rate] | None = None,
        trunk_factor: float = TRUNK_FACTOR,
        accounts: Sequence[Account] = (),
        resolver: Callable[[asyncio.AbstractEventLoop], Resolver] = Resolver,
        keepalive_s: float = 30.0,
        session_expires_s: int = 0,
    ) -> None:
        self.on_invite = on_invite
        self._listen = tuple(listen) or (ListenAt("UDP", host, port, advertised_host or ""),)
        self._tls = tls or TlsOptions()
        self._name = user_agent
        self._limits = limits or SipLimits(calls_of={t.name: t.max_calls for t in trunks if t.max_calls})
        self._timers = timers
        self._accounts = tuple(accounts)
        self._probed = tuple(trunk for trunk in trunks if trunk.uri and trunk.options_s > 0)
        lines = [*(trunk.line for trunk in trunks), *(account.line for account in accounts)]
        self.lines = {line.name: line for line in lines if line is not None}
        """What calls of ours can go out by, by the names of trunks and accounts."""
        self._gate: Gate | None = None
        if trunks or strangers != "allow" or rates is not None:
            limiter = RateLimiter(rates)
            self._gate = TrunkGate(
                trunks,
                strangers=strangers,
                limiter=limiter,
                trunk_factor=trunk_factor,
                registrars=self._registrar_addresses,
            )
        self._make_resolver = resolver
        self._keepalive_s = keepalive_s
        self._session_expires_s = session_expires_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Listener] = []
        self._datagrams: list[Datagrams] = []
        self._connections: Connections | None = None
        self._ua: UserAgent | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_due = 0.0  # not the handle's ``when()``: what uvloop gives for a timer that is due now has none
        self._calls: dict[SipCall, CallHandle] = {}
        self._waiting: deque[SipOutput] = deque()
        self._dispatching = False
        self._resolver: Resolver | None = None

    async def start(self) -> None:
        """Bind and listen. Raises OSError, also for TLS files that cannot be used."""
        self._loop = asyncio.get_running_loop()
        self._connections = Connections(
            self._loop,
            received=self.received,
            failed=self._unreachable,
            client_tls=lambda: client_context(self._tls),
            keepalive_s=self._keepalive_s,
        )
        try:
            for index, at in enumerate(self._listen):
                bind = self._bind_datagrams if at.transport == "UDP" else self._bind_stream
                port = await bind(self._loop, index, at)
                self._listeners.append(Listener(at.transport, at.reached_at, at.advertised_port or port))
            self._resolver = self._make_resolver(self._loop)
        except BaseException:
            await self._close_sockets()
            raise
        self._ua = UserAgent(
            self._listeners,
            name=self._name,
            limits=self._limits,
            timers=self._timers,
            gate=self._gate,
            keepalive_s=self._keepalive_s,
            session_expires_s=self._session_expires_s,
            lines=self.lines,
        )
        self._ua.layer.open_flows = self._connections.flows.keys()
        for account in self._accounts:
            self._ua.register(account, self._loop.time())
        for trunk in self._probed:
            self._ua.probe(trunk.name, trunk.uri, trunk.options_s, self._loop.time())
        self.flush()

    def _registrar_addresses(self) -> Iterable[tuple[str, str]]:
        return self._ua.registrar_addresses() if self._ua is not None else ()

    async def _bind_datagrams(self, loop: asyncio.AbstractEventLoop, index: int, at: ListenAt) -> int:
        datagrams = Datagrams(index, at, self.received, self._count_error, self._unreachable)
        await datagrams.bind(loop)
        self._datagrams.append(datagrams)
        return datagrams.port

    async def _bind_stream(self, loop: asyncio.AbstractEventLoop, index: int, at: ListenAt) -> int:
        assert self._connections is not None
        context = None
        if at.transport == "TLS":
            # Files are read, or a key is made: tens of milliseconds, before anybody calls.
            context = await asyncio.to_thread(server_context, self._tls, at.reached_at)
        return await self._connections.listen(at.transport, at.host, at.port, index, context)

    async def close(self) -> None:
        """End every call (with one BYE, CANCEL or 480 each, not waited for) and close the sockets."""
        if self._ua is None or self._loop is None:
            return
        for core in list(self._calls):
            core.bye(self._loop.time())
        for registration in self._ua.registrations.values():
            registration.end(self._loop.time())
        for probe in self._ua.probes.values():
            probe.end()
        self.flush()
        for call in list(self._calls.values()):
            call.deliver(CallEnded("local"))
        self._calls.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._close_sockets()

    async def _close_sockets(self) -> None:
        if self._resolver is not None:
            await self._resolver.close()
        if self._connections is not None:
            await self._connections.close()
        for datagrams in self._datagrams:
            await datagrams.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the endpoint is not started")
        return self._loop

    @property
    def port(self) -> int:
        """The port of the first listener; the real one once started."""
        return self._listeners[0].port if self._listeners else self._listen[0].port

    @property
    def listeners(self) -> Sequence[Listener]:
        """Our addresses as others reach them, with the real ports once started."""
        return tuple(self._listeners)

    @property
    def advertised_host(self) -> str:
        """The address of the first listener, in our Via, Contact and session descriptions."""
        return self._listeners[0].host if self._listeners else self._listen[0].reached_at

    @property
    def counters(self) -> SipCounters:
        return self._core.counters

    @property
    def registrations(self) -> Mapping[str, Registration]:
        """How the accounts' registrations stand, by name."""
        return self._core.registrations

    @property
    def trunk_states(self) -> Mapping[str, TrunkState]:
        """Which trunks answer our OPTIONS, by name."""
        return {name: probe.state for name, probe in self._core.probes.items()}

    def fit_line(self, names: Sequence[str]) -> str:
        """The first of these lines that a call can go out by now; empty: none."""
        now = self.loop.time()
        return next((name for name in names if name in self.lines and self._core.is_fit(self.lines[name], now)), "")

    @property
    def active_calls(self) -> int:
        """Calls that have not ended."""
        return len(self._calls)

    def invite(
        self,
        to: Address,
        offer: SessionDescription,
        *,
        line: str = "",
        sender: Address | None = None,
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> OutgoingCall:
        """Call ``to``; wait with :meth:`OutgoingCall.established`.

        ``line``: the trunk or account that it goes by; empty: straight there. ``sender``: as whom, where that is not
        who we are on the line; a number or name is one in the line's domain. Raises ValueError for an address without a
        domain, a bad header, and for a line that there is not or that has all the calls that it may have.
        """
        if line and line not in self.lines:
            raise ValueError(f"no account or trunk {line!r} that calls can go out by")
        if line and self._core.is_full(line):
            raise ValueError(f"{line} has all the calls that it may have")
        by = self.lines.get(line)
        home = by.own.domain if by is not None else None
        core = self._core.invite(
            to.uri,
            offer,
            self.loop.time(),
            line=by,
            from_uri=sender.at(home or Domain.parse(self._listeners[0].sent_by)).uri if sender is not None else "",
            display_name=display_name,
            headers=headers,
        )
        call = OutgoingCall(core, self.loop, self.flush)
        self._calls[core] = call
        self.flush()
        return call

    # --- the sockets

    def received(self, data: bytes, source: Hop) -> None:
        """One message came. For the sockets."""
        try:
            outputs = self._core.receive(data, source, self.loop.time())
        except Exception:
            logger.exception("a message of %d bytes from %s broke the user agent", len(data), source.host)
            outputs = self._core.take()
        self._dispatch(outputs)

    def _count_error(self) -> None:
        if self._ua is not None:
            self.counters.send_errors += 1

    def _unreachable(self, hop: Hop) -> None:
        if self._ua is not None and self._resolver is not None:
            self.counters.send_errors += 1
            self._dispatch(self._ua.transport_failed(hop, self.loop.time()))

    # --- outputs

    @property
    def _core(self) -> UserAgent:
        if self._ua is None:
            raise RuntimeError("the endpoint is not started")
        return self._ua

    def flush(self) -> None:
        """Carry out what commands to calls have put out. For their handles."""
        self._dispatch(self._core.take())

    def _dispatch(self, outputs: Iterable[SipOutput]) -> None:
        self._waiting.extend(outputs)
        if self._dispatching:
            return
        self._dispatching = True
        try:
            while self._waiting:
                self._handle(self._waiting.popleft())
                self._waiting.extend(self._core.take())
        finally:
            self._dispatching = False
        self._reschedule()

    def _handle(self, output: SipOutput) -> None:
        if isinstance(output, Transmit):
            self._send(output)
            return
        if isinstance(output, Locate):
            self._locate(output)
            return
        try:
            if isinstance(output, CallOffered):
                self._offer(output.call)
                return
            call = self._calls.get(output.call)
            if isinstance(output.event, CallEnded):
                self._calls.pop(output.call, None)
            if call is not None:
                call.deliver(output.event)
        except Exception:
            logger.exception("call %s: a callback failed", output.call.request.call_id)

    def _offer(self, core: IncomingSipCall) -> None:
        call = IncomingCall(core, self.loop, self.flush)
        self._calls[core] = call
        if self.on_invite is None:
            call.reject(480)
            return
        try:
            self.on_invite(call)
        except Exception:
            call.reject(500)
            raise

    def _reschedule(self) -> None:
        deadline = self._core.next_deadline()
        if self._timer is not None:
            if deadline is not None and self._timer_due <= deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None and self._resolver is not None:
            self._timer, self._timer_due = self.loop.call_at(deadline, self._timed_out, deadline), deadline

    def _timed_out(self, deadline: float) -> None:
        self._timer = None
        # Some loops round their timers and come a little early: what was due is due.
        self._dispatch(self._core.timeout(max(self.loop.time(), deadline)))

    # --- sending

    def _locate(self, wanted: Locate) -> None:
        def found(hops: list[Hop]) -> None:
            if not hops:
                self.counters.unresolved += 1
            wanted.located(hops, self.loop.time())
            self.flush()

        if self._resolver is None or not self._resolver.ask(wanted.hop, found):
            found([])

    def _send(self, message: Transmit) -> None:
        hop = message.hop
        if hop.is_literal or self._core.layer.has_flow(hop):
            self._put(message.data, hop)
        elif self._resolver is None or not self._resolver.ask(
            hop, lambda hops: self._put(message.data, hops[0]) if hops else self._unresolved()
        ):
            self._unresolved()

    def _unresolved(self) -> None:
        self.counters.unresolved += 1

    def _put(self, data: bytes, hop: Hop) -> None:
        if hop.reliable:
            if self._connections is not None:
                self._connections.send(data, hop)
            return
        for datagrams in self._datagrams:
            if datagrams.listener == hop.listener or (hop.listener < 0 and datagrams.is_ipv6 == (":" in hop.host)):
                datagrams.send(data, hop)
                return
        self.counters.send_errors += 1
        self.loop.call_soon(self._unreachable, hop)

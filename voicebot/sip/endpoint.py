"""The driver of the user agent core: its sockets, one timer, and a handle for each call.

Everything here runs on the event loop and never blocks it. Callbacks are called in the order of events; a command may
call one before it returns (``bye`` calls ``on_end``). If a callback raises, that is logged, and the endpoint goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from voicebot.address import Address
from voicebot.listening import Admissions, Bounds, Rate, RateLimiter
from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.answering import CallOffered, IncomingSipCall
from voicebot.sip.call import SipCall
from voicebot.sip.connections import CONNECTION_BOUNDS
from voicebot.sip.datagrams import ListenAt
from voicebot.sip.gate import Gate
from voicebot.sip.handle import CallHandle, IncomingCall, OutgoingCall
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.ladder import Ladders
from voicebot.sip.media_names import MediaNames
from voicebot.sip.outputs import CallEnded, Locate, SipCounters, Transmit
from voicebot.sip.probe import TrunkState
from voicebot.sip.registration import Account, Registration
from voicebot.sip.resolver import Resolver
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.tls import TlsOptions
from voicebot.sip.transports import Transports
from voicebot.sip.trunks import DEFAULT_RATES, TRUNK_FACTOR, Strangers, Trunk, TrunkGate
from voicebot.sip.user_agent import SipOutput, UserAgent

if TYPE_CHECKING:
    from aiohttp import web

logger = logging.getLogger(__name__)

SILENCED_STEP_S = 0.05
"""How often to look whether calls still are ours, while that is not known."""


@dataclass(frozen=True, slots=True)
class Access:
    """What those who are not trunks may do, and how many requests anybody may send (see :mod:`voicebot.sip.trunks`).

    With the defaults and no trunks there are no limits. ``trunk_factor``: by how much the rates of trunks are higher.
    ``connections``: how many others may open to us.
    """

    strangers: Strangers = "allow"
    rates: Mapping[str, Rate] | None = None
    trunk_factor: float = TRUNK_FACTOR
    connections: Bounds = CONNECTION_BOUNDS


class SipEndpoint:
    """A SIP user agent on the sockets of ``listen``.

    ``on_invite`` gets each new call and must answer or reject it; without it every call is refused with 480.
    ``trunks`` and ``access``: who may send us requests, and how many. ``accounts`` are registered as long as the
    endpoint runs, or, if they are ``shared`` with other processes, when :meth:`share` says so; trunks with
    ``options_s`` are sent OPTIONS. ``ladders``: where messages of calls are kept; None: nowhere. ``resolver`` makes the
    resolver, which the endpoint closes.
    """

    def __init__(
        self,
        *listen: ListenAt,
        on_invite: Callable[[IncomingCall], None] | None = None,
        trunks: Sequence[Trunk] = (),
        accounts: Sequence[Account] = (),
        shared: bool = False,
        access: Access | None = None,
        tls: TlsOptions | None = None,
        options: AgentOptions | None = None,
        ladders: Ladders | None = None,
        resolver: Callable[[asyncio.AbstractEventLoop], Resolver] = Resolver,
    ) -> None:
        self.on_invite = on_invite
        self.silenced: Callable[[], bool] = lambda: False
        """Whether another process may have our calls: nothing that is due now is sent before that is known."""
        self.counters = SipCounters()
        self._listen = listen or (ListenAt(),)
        self._tls = tls or TlsOptions()
        self._options = options or AgentOptions()
        if not self._options.limits.calls_of:
            limits = replace(self._options.limits, calls_of={t.name: t.max_calls for t in trunks if t.max_calls})
            self._options = replace(self._options, limits=limits)
        if not self._options.symmetric:
            of_trunks, of_accounts = ({one.name: one.symmetric for one in some} for some in (trunks, accounts))
            self._options = replace(self._options, symmetric=of_trunks | of_accounts)
        self._accounts = tuple(accounts)
        self._shared = shared
        self._probed = tuple(trunk for trunk in trunks if trunk.outbound and trunk.options_s > 0)
        lines = [*(trunk.line for trunk in trunks), *(account.line for account in accounts)]
        self.lines = {line.name: line for line in lines if line is not None}
        """The lines for outgoing calls, by the names of trunks and accounts."""
        self._gate = self._gate_of(trunks, access or Access())
        self._bounds = (access or Access()).connections
        self.ladders = ladders
        self._make_resolver = resolver
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transports: Transports | None = None
        self._ua: UserAgent | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_due = 0.0  # not the handle's ``when()``: for a timer that is due now, uvloop's handle has none
        self._calls: dict[SipCall, CallHandle] = {}
        self._waiting: deque[SipOutput] = deque()
        self._names = MediaNames(self._dispatch)
        self._dispatching = False
        self._closed = False

    def _gate_of(self, trunks: Sequence[Trunk], access: Access) -> Gate | None:
        if not trunks and access.strangers == "allow" and access.rates is None:
            return None
        return TrunkGate(
            trunks,
            strangers=access.strangers,
            limiter=RateLimiter(access.rates or DEFAULT_RATES),
            trunk_factor=access.trunk_factor,
            registrars=lambda: self._ua.lines.registrar_addresses() if self._ua is not None else (),
        )

    async def start(self) -> None:
        """Bind and listen. Raises OSError, also if the TLS files cannot be used."""
        loop = self._loop = asyncio.get_running_loop()
        transports = Transports(
            loop,
            self._tls,
            self._make_resolver(loop),
            self.counters,
            received=self.received,
            unreachable=self._unreachable,
            keepalive_s=self._options.keepalive_s,
            peers=self,
            bounds=self._bounds,
        )
        await transports.bind(self._listen)
        self._transports = transports
        ua = self._ua = UserAgent(
            transports.listeners, self._options, gate=self._gate, lines=self.lines, counters=self.counters
        )
        ua.layer.open_flows = transports.open_flows
        for account in () if self._shared else self._accounts:
            ua.lines.register(account, loop.time())
        for trunk in self._probed:
            ua.lines.probe(trunk.name, trunk.outbound, trunk.options_s, loop.time())
        self.flush()

    def share(self, ours: Collection[str], others: Collection[str] | None) -> None:
        """From now on, register the accounts with these names and no others; ``others`` are registered elsewhere. None:
        it is not known which."""
        self._core.lines.share(self._accounts, ours, others, self.loop.time())
        self.flush()

    @property
    def accounts_elsewhere(self) -> Collection[str]:
        """The accounts that other processes of ours register."""
        return self._core.lines.elsewhere

    def drain(self) -> None:
        """From now on, OPTIONS gets 503, so that peers send new calls elsewhere; calls in progress continue."""
        self._core.draining = True

    async def close(self) -> None:
        """End every call (with a BYE, CANCEL or 480 whose response is not waited for) and close the sockets."""
        if self._ua is None or self._transports is None:
            return
        self._closed = True
        now = self.loop.time()
        for core in [*self._calls, *self._names.calls]:
            core.bye(now)
        self._ua.lines.end(now)
        self.flush()
        for call in list(self._calls.values()):
            call.deliver(CallEnded("local"))
        self._calls.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._names.close()
        await self._transports.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the endpoint is not started")
        return self._loop

    @property
    def port(self) -> int:
        """The port of the first listener; the real one after the start."""
        return self.listeners[0].port if self.listeners else self._listen[0].port

    @property
    def listeners(self) -> Sequence[Listener]:
        """Our addresses as others reach them, with the real ports; none before the start."""
        return tuple(self._transports.listeners) if self._transports is not None else ()

    @property
    def advertised_host(self) -> str:
        """The address of the first listener, in our Via, Contact and session descriptions."""
        return self.listeners[0].host if self.listeners else self._listen[0].reached_at

    @property
    def registrations(self) -> Mapping[str, Registration]:
        """The state of the accounts' registrations, by name."""
        return self._core.lines.registrations

    @property
    def trunk_states(self) -> Mapping[str, TrunkState]:
        """Which trunks answer our OPTIONS, by name."""
        return {name: probe.state for name, probe in self._core.lines.probes.items()}

    @property
    def admissions(self) -> Admissions:
        """Who has connected to us."""
        assert self._transports is not None, "before start"
        return self._transports.connections.admissions

    def fit_line(self, names: Sequence[str]) -> str:
        """The first of these lines that can carry a call now; empty if none can."""
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
        metadata: bytes = b"",
    ) -> OutgoingCall:
        """Call ``to``; wait with :meth:`OutgoingCall.established`.

        ``line``: the trunk or account to call through; empty: directly. ``sender``: our address in the From header, by
        default the line's; a number or name gets the line's domain. ``metadata``: of the call that we fork to a
        recording server (RFC 7866). Raises ValueError if ``to`` has no domain, a header is malformed, or the line does
        not exist or has reached its limit of calls.
        """
        if line and line not in self.lines:
            raise ValueError(f"there is no account or trunk {line!r} for outgoing calls")
        if line and self._core.is_full(line):
            raise ValueError(f"{line} has reached its limit of calls")
        core = self._core.invite(
            to,
            offer,
            self.loop.time(),
            line=self.lines.get(line),
            sender=sender,
            display_name=display_name,
            headers=headers,
            metadata=metadata,
        )
        call = OutgoingCall(core, self.loop, self.flush)
        self._calls[core] = call
        self.flush()
        return call

    async def websocket(self, request: web.Request, trunk: str) -> web.StreamResponse:
        """Answer an HTTP request of a client that may call on behalf of ``trunk``: SIP is carried over a websocket."""
        from voicebot.sip.websocket import carry  # it loads aiohttp

        open_ones = self._transports.connections if self._transports is not None and not self._closed else None
        return await carry(request, open_ones, "WSS" if request.secure else "WS", trunk=trunk)

    def restore(self, kept: dict[str, Any]) -> CallHandle:
        """Go on with a call that another process has kept (:meth:`CallHandle.kept`): it is up, with our Contact, which
        the other side does not know before we offer. Raises :class:`~voicebot.sip.kept.NotKept`."""
        core = self._core.restore(kept, self.loop.time())
        call = CallHandle(core, self.loop, self.flush)
        self._calls[core] = call
        return call

    # --- outputs

    @property
    def _core(self) -> UserAgent:
        if self._ua is None:
            raise RuntimeError("the endpoint is not started")
        return self._ua

    def received(self, data: bytes, source: Hop) -> None:
        """Handle one message. Called by the sockets."""
        if self._ua is None:
            return
        if self.ladders is not None:
            self.ladders.note(data, source, self.loop.time(), sent=False)
        try:
            outputs = self._ua.receive(data, source, self.loop.time())
        except Exception:
            logger.exception("a message of %d bytes from %s could not be handled", len(data), source.host)
            outputs = self._ua.take()
        self._dispatch(outputs)

    def trusts(self, source: Hop) -> bool:
        """Whether ``source`` is a trunk or an account by its address. For the sockets."""
        return self._gate is not None and self._gate.trusts(source)

    @property
    def proven_flows(self) -> Collection[int]:
        """The connections on which somebody has proved to be a trunk. For the sockets."""
        return self._gate.proven_flows if self._gate is not None else ()

    @property
    def call_flows(self) -> frozenset[int]:
        """The connections that calls use. For the sockets."""
        return self._ua.call_flows if self._ua is not None else frozenset()

    def _unreachable(self, hop: Hop) -> None:
        if self._ua is not None:
            self._dispatch(self._ua.transport_failed(hop, self.loop.time()))

    def flush(self) -> None:
        """Carry out the outputs of commands. Called by the handles of calls."""
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
        assert self._transports is not None
        if isinstance(output, Transmit):
            if self.ladders is not None:
                self.ladders.note(output.data, self._transports.reached(output.hop), self.loop.time(), sent=True)
            self._transports.send(output)
            return
        if isinstance(output, Locate):
            self._transports.locate(output, self.flush)
            return
        if self._names.holds(output):
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
        if self._transports is not None and core.dialog is not None and core.dialog.flow is not None:
            self._transports.connections.hold(core.dialog.flow.flow)
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
        if deadline is not None and not self._closed:
            self._timer, self._timer_due = self.loop.call_at(deadline, self._timed_out, deadline), deadline

    def _timed_out(self, deadline: float) -> None:
        self._timer = None
        if self.silenced():
            self._timer_due = self.loop.time() + SILENCED_STEP_S
            self._timer = self.loop.call_at(self._timer_due, self._timed_out, deadline)
            return
        # Some event loops round timers and call a little early: run what is due at the deadline all the same.
        self._dispatch(self._core.timeout(max(self.loop.time(), deadline)))

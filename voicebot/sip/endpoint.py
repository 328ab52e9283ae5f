"""The driver of the user agent core: one UDP socket, one timer, and a handle for each call.

Everything here runs on the event loop and nothing waits in it. Callbacks are called in the order of events; a command
may call one before it returns (``bye`` calls ``on_end``). A callback that raises is a defect of ours: it is logged,
and the endpoint goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from voicebot import __version__
from voicebot.sip.call import SipCall
from voicebot.sip.handle import Call, IncomingCall, OutgoingCall
from voicebot.sip.outputs import CallEnded, CallOffered, Output, SipCounters, Transmit
from voicebot.sip.resolver import Resolver
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.transaction import Timers
from voicebot.sip.user_agent import Limits, UserAgent

logger = logging.getLogger(__name__)

_RECEIVE_BUFFER = 4 << 20
"""Bytes wished for the socket: a burst of some thousand INVITEs must survive a loop that is busy for a moment."""


class SipEndpoint(asyncio.DatagramProtocol):
    """A SIP user agent on one UDP socket.

    ``host``/``port``: where to listen (port 0: any; see ``port`` after :meth:`start`). ``advertised_host``: the address
    that others reach us at, when it is another one (NAT, 0.0.0.0). ``on_invite`` gets each new call and must answer or
    reject it; without it every call is refused with 480.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 5060,
        advertised_host: str | None = None,
        user_agent: str = f"voicebot/{__version__}",
        on_invite: Callable[[IncomingCall], None] | None = None,
        limits: Limits | None = None,
        timers: Timers | None = None,
    ) -> None:
        self.on_invite = on_invite
        self._host = host
        self._port = port
        self._advertised_host = advertised_host
        self._name = user_agent
        self._limits = limits
        self._timers = timers
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._ua: UserAgent | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_due = 0.0  # not the handle's ``when()``: what uvloop gives for a timer that is due now has none
        self._calls: dict[SipCall, Call] = {}
        self._waiting: deque[Output] = deque()
        self._dispatching = False
        self._closed: asyncio.Future[None] | None = None
        self._resolver: Resolver | None = None

    async def start(self) -> None:
        """Bind and listen. Raises OSError."""
        self._loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            sock.bind((self._host, self._port))
            self._port = sock.getsockname()[1]
            self._ua = UserAgent(
                host=self.advertised_host,
                port=self._port,
                name=self._name,
                limits=self._limits,
                timers=self._timers,
            )
            self._closed = self._loop.create_future()
            self._resolver = Resolver(self._loop)
            await self._loop.create_datagram_endpoint(lambda: self, sock=sock)
        except BaseException:
            sock.close()
            raise

    async def close(self) -> None:
        """End every call (with one BYE, CANCEL or 480 each, not waited for) and close the socket."""
        if self._ua is None or self._closed is None or self._loop is None:
            return
        for core in list(self._calls):
            core.bye(self._loop.time())
        self.flush()
        for core, call in list(self._calls.items()):
            call.deliver(CallEnded(core, "local"))
        self._calls.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._resolver is not None:
            await self._resolver.close()
        if self._transport is not None:
            self._transport.close()
            await self._closed

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the endpoint is not started")
        return self._loop

    @property
    def port(self) -> int:
        """The port that we listen on; the real one once started."""
        return self._port

    @property
    def advertised_host(self) -> str:
        """The address in our Via, Contact and session descriptions."""
        if self._advertised_host:
            return self._advertised_host
        if ipaddress.ip_address(self._host).is_unspecified:
            self._advertised_host = _address_towards_the_world()
            return self._advertised_host
        return self._host

    @property
    def counters(self) -> SipCounters:
        return self._core.counters

    @property
    def active_calls(self) -> int:
        """Calls that have not ended."""
        return len(self._calls)

    def invite(
        self,
        uri: str,
        offer: SessionDescription,
        *,
        from_user: str = "voicebot",
        from_uri: str = "",
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> OutgoingCall:
        """Call ``uri``; wait with :meth:`OutgoingCall.established`. Raises ValueError for a bad URI or header."""
        core = self._core.invite(
            uri,
            offer,
            self.loop.time(),
            from_uri=from_uri or f"sip:{from_user}@{self.advertised_host}:{self._port}",
            display_name=display_name,
            headers=headers,
        )
        call = OutgoingCall(self, core)
        self._calls[core] = call
        self.flush()
        return call

    def domain_of(self, call: Call) -> str:
        """The host (and port) to which a bare number belongs when ``call`` is transferred: the other side's domain."""
        uri = call.request.uri if isinstance(call, OutgoingCall) else call.request.sender.uri
        host = uri.partition("?")[0].rpartition("@")[2] if "@" in uri else uri.partition(":")[2]
        return host.partition(";")[0] or self.advertised_host

    # --- the socket

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            outputs = self._core.receive(data, (addr[0], addr[1]), self.loop.time())
        except Exception:
            logger.exception("a datagram of %d bytes from %s broke the user agent", len(data), addr[0])
            outputs = self._core.take()
        self._dispatch(outputs)

    def error_received(self, exc: Exception) -> None:
        # Mostly "connection refused" by ICMP for an earlier datagram; timers take care of what matters.
        self.counters.send_errors += 1

    # --- outputs

    @property
    def _core(self) -> UserAgent:
        if self._ua is None:
            raise RuntimeError("the endpoint is not started")
        return self._ua

    def flush(self) -> None:
        """Carry out what commands to calls have put out. For :class:`Call`."""
        self._dispatch(self._core.take())

    def _dispatch(self, outputs: Iterable[Output]) -> None:
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

    def _handle(self, output: Output) -> None:
        if isinstance(output, Transmit):
            self._send(output)
            return
        try:
            if isinstance(output, CallOffered):
                self._offer(output.call)
                return
            call = self._calls.get(output.call)
            if isinstance(output, CallEnded):
                self._calls.pop(output.call, None)
            if call is not None:
                call.deliver(output)
        except Exception:
            logger.exception("call %s: a callback failed", output.call.request.call_id)

    def _offer(self, core: SipCall) -> None:
        call = IncomingCall(self, core)
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
        if deadline is not None and self._transport is not None:
            self._timer, self._timer_due = self.loop.call_at(deadline, self._timed_out, deadline), deadline

    def _timed_out(self, deadline: float) -> None:
        self._timer = None
        # Some loops round their timers and come a little early: what was due is due.
        self._dispatch(self._core.timeout(max(self.loop.time(), deadline)))

    # --- sending

    def _send(self, datagram: Transmit) -> None:
        if self._transport is None:
            return
        host = datagram.host
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            if self._resolver is not None and not self._resolver.ask(
                host, lambda address: self._resolved(datagram, address)
            ):
                self.counters.unresolved += 1
            return
        self._transport.sendto(datagram.data, (host, datagram.port))

    def _resolved(self, datagram: Transmit, address: str | None) -> None:
        if address is None:
            self.counters.unresolved += 1
        elif self._transport is not None:
            self._transport.sendto(datagram.data, (address, datagram.port))


def _address_towards_the_world() -> str:
    """The local address of the default route (nothing is sent), or loopback without one."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
        address: str = probe.getsockname()[0]
        return address
    return "127.0.0.1"

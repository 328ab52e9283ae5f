"""The path of one call's media through the network: its two ports, the other side's address, and its encryption.

A received packet must come from the other side (:class:`SourceLock`) and be authentic (:class:`Protection`); otherwise
it is counted and dropped. Packets to send are encrypted if agreed, and sent to where the other side is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from voicebot.rtp.datagram import BoundPort
from voicebot.rtp.handshake import OutgoingDatagrams
from voicebot.rtp.packet import MalformedPacket, RtpPacket, parse
from voicebot.rtp.ports import PortRange
from voicebot.rtp.protection import Protection
from voicebot.rtp.reach import REPORT_COST, Reach
from voicebot.rtp.source import SocketAddress, SourceLock, literal
from voicebot.rtp.srtp import NotAuthentic

_EARLY: Final = 60  # packets of sources that are not locked yet are kept,
_EARLY_S: Final = 2.0  # for so long


class MediaPath:
    """One call's path, from its creation to :meth:`close`.

    ``foreign``, ``malformed`` and ``not_authentic`` count datagrams that were dropped; ``errors`` those that could not
    be sent, or whose handler failed.
    """

    __slots__ = (
        "_answered",
        "_continues",
        "_early",
        "_ports",
        "_rtcp",
        "_rtcp_port",
        "_rtcp_source",
        "_rtp",
        "_understood",
        "_unreachable",
        "foreign",
        "local_port",
        "malformed",
        "not_authentic",
        "protection",
        "reach",
        "source",
    )

    def __init__(
        self,
        ports: PortRange,
        rtp_received: Callable[[bytes, SocketAddress], None],
        rtcp_received: Callable[[bytes, SocketAddress], None],
        understood: Callable[[int], bool],
        continues: Callable[[RtpPacket, float, float], bool],
    ) -> None:
        """Bind a port pair. Needs a running loop. Raises :class:`PortsExhausted`.

        ``understood``: whether a payload type is one of this call's; only a packet with such a type locks the source.
        ``continues``: whether a packet, received at a time, goes on with the stream that has paused for some seconds.
        """
        pair = ports.acquire()
        self._understood = understood
        self._continues = continues
        self._ports = ports
        self.local_port = pair.port
        self.source = SourceLock()
        self.protection = Protection()
        self.reach = Reach()
        self._answered = False  # whether reports or a handshake came from where media goes
        self._unreachable = False  # the other side gave no address (0.0.0.0, port 0): nothing is sent
        self._rtcp_port: int | None = None  # from the session description
        self._rtcp_source: SocketAddress | None = None
        self._early: deque[tuple[RtpPacket, SocketAddress, float]] = deque(maxlen=_EARLY)
        self.foreign = self.malformed = self.not_authentic = 0
        self._rtp = BoundPort(pair.rtp, rtp_received)
        self._rtcp = BoundPort(pair.rtcp, rtcp_received)

    @property
    def errors(self) -> int:
        return self._rtp.errors + self._rtcp.errors

    def close(self) -> None:
        """Close the ports and return them. Calling it twice has no effect."""
        self._rtp.close()
        self._rtcp.close()
        self._ports.release(self.local_port)

    def set_remote(self, host: str, port: int, rtcp_port: int | None, at: float) -> bool:
        """Set where the other side's SDP wants media. Returns whether that is an address to send to. Raises
        :class:`ValueError` if it is malformed or of the wrong IP version."""
        host = literal(host)
        if (":" in host) != (":" in self._ports.host):
            raise ValueError(f"{host} cannot be reached from {self._ports.host}")
        if not 0 <= port <= 65535:
            raise ValueError(f"not a port: {port}")
        by_checks = self.protection.by_checks
        self._unreachable = not by_checks and (port == 0 or host in ("0.0.0.0", "::"))
        self._rtcp_port = rtcp_port
        if self._unreachable:
            return False
        if not by_checks and (host, port) != self.source.signalled:  # with ICE, media goes where they nominate
            self.source.signal((host, port), at)
            self._rtcp_source = None
            self._answered = False
        self._put(self.protection.signal((host, port)))
        return True

    # --- receiving ---------------------------------------------------------------------------------------------------

    def handshake(self, data: bytes, source: SocketAddress, at: float) -> None:
        """Handle a datagram of the handshake that makes the keys."""
        had_keys = self.protection.ready
        self._put(self.protection.receive(data, source))
        if (nominated := self.protection.nominated) is not None:
            self.source.signal(nominated, at)
            self._answered = True
        elif self.protection.ready and not had_keys:
            self._answered = True

    def packet(self, data: bytes, source: SocketAddress, at: float) -> RtpPacket | None:
        """The other side's RTP packet in a datagram; None if it is dropped."""
        protection, lock = self.protection, self.source
        if source == lock.locked:
            # Whether authentic or not: who sends faster copies of its packets does not take its place.
            lock.heard_at = at
        try:
            packet = parse(data if protection.plain else protection.unprotect(data))
        except MalformedPacket:
            self.malformed += 1
            return None
        except NotAuthentic:
            self.not_authentic += 1
            return None
        if source == lock.locked:
            return packet
        if self._understood(packet.payload_type):
            encrypted, moved = not protection.plain, False
            if lock.locked is not None and not encrypted:
                moved = self._continues(packet, at, at - lock.heard_at)
            if lock.admits(source, at, authentic=encrypted, continues=moved):
                return packet
            if source == lock.candidate:
                self._early.append((packet, source, at))
        self.foreign += 1
        return None

    def early(self, at: float) -> Sequence[RtpPacket]:
        """What the locked source sent right before it was locked, while its stream was watched; each packet once."""
        if not self._early:
            return ()
        locked = self.source.locked
        packets = [packet for packet, source, came in self._early if source == locked and at - came <= _EARLY_S]
        self.foreign -= len(packets)
        self._early.clear()
        return packets

    def reports(self, data: bytes, source: SocketAddress) -> bytes | None:
        """The other side's RTCP packet in a datagram; None if it is dropped."""
        target = self.source.target
        if target is None or (self.protection.plain and source[0] != target[0]):
            self.foreign += 1
            return None
        try:
            return self.protection.unprotect_rtcp(data)
        except NotAuthentic:
            self.not_authentic += 1
            return None

    def answer_reports_to(self, source: SocketAddress) -> None:
        """Valid RTCP came from ``source``: send ours there, which works also through a NAT. From another host than that
        of the media, only the RTCP is used."""
        target = self.source.target
        if target is not None and source[0] == target[0]:
            self._answered = True
            if source != target:
                self._rtcp_source = source

    # --- sending -----------------------------------------------------------------------------------------------------

    @property
    def answered(self) -> bool:
        """Whether anything has come from where media goes."""
        return self._answered or self.source.locked is not None

    def may_send(self, cost: int = 1) -> bool:
        """Whether more may be sent: without an answer there is a ration (:mod:`voicebot.rtp.reach`)."""
        return self.answered or self.reach.spend(cost)

    def ready(self) -> SocketAddress | None:
        """Where to :meth:`send` now, called every 20 ms; None: nothing can be sent (yet)."""
        if not self.protection.ready:
            self._put(self.protection.tick())
            if not self.protection.ready:
                return None
        return None if self._unreachable else self.source.locked or self.source.signalled

    def send(self, packet: bytes, target: SocketAddress) -> None:
        """Send an RTP packet."""
        protection = self.protection
        self._rtp.send(packet if protection.plain else protection.protect(packet), target)

    def takes_reports(self) -> bool:
        """Whether RTCP can be sent to the other side now."""
        can = self.source.target is not None and not self._unreachable and self.protection.has_rtcp
        return can and self.may_send(REPORT_COST)

    def send_reports(self, datagram: bytes) -> None:
        """Send RTCP. Only if :meth:`takes_reports`."""
        target = self.source.target
        assert target is not None
        datagram = self.protection.protect_rtcp(datagram)
        if self.protection.muxes:
            self._rtp.send(datagram, target)
        else:
            learned = self._rtcp_source
            if learned is None or learned[0] != target[0]:  # none, or of the host from which the media came before
                learned = (target[0], self._rtcp_port or min(target[1] + 1, 65535))
            self._rtcp.send(datagram, learned)

    def _put(self, datagrams: OutgoingDatagrams) -> None:
        for data, target in datagrams:
            self._rtp.send(data, target)

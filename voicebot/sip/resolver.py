"""Resolves a name to the addresses to try (RFC 3263), without blocking the loop; bounded, with deadlines, and cached.

* With a port, only the name's addresses are looked up.
* Without a port, SRV lists the servers. If the URI left the transport open, NAPTR says which transports there are and
  the names of their SRV records; without NAPTR, the SRV records of each transport are looked up (4.1).
* Without SRV, the name's own addresses are used, with the default port.
* A sips URI uses TLS only, whatever NAPTR says.

Addresses come from the system (getaddrinfo, in the loop's threads), NAPTR and SRV from dnspython.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import dns.asyncresolver
import dns.exception

from voicebot.sip.hop import DEFAULT_PORTS, Hop, Transport
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

_TIMEOUT_S = 6.0
_KEPT_S = 60.0
_FAILED_KEPT_S = 5.0
"""How long a failed look-up is cached: a moment without DNS must not stop the calls of a trunk for a minute."""
_MAX_KEPT = 256
_MAX_NAMES = 64
_MAX_WAITING = 64
"""The most callers that wait for one name."""
_MAX_SERVERS = 8
_MAX_POINTERS = 8
_NAPTR_SERVICES: dict[str, Transport] = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
_SERVICES: dict[Transport, str] = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}

Located = Callable[[list[Hop]], None]


class SrvRecord(NamedTuple):
    """One SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


def in_order(services: Iterable[SrvRecord], chance: Callable[[], float] = random.random) -> list[SrvRecord]:
    """The order to try them in: by priority, and within a priority at random by weight (RFC 2782)."""
    ordered: list[SrvRecord] = []
    left = sorted(services)
    while left:
        same = [service for service in left if service.priority == left[0].priority]
        at = chance() * sum(service.weight for service in same)
        chosen = same[-1]
        for service in same:
            at -= service.weight
            if at < 0:
                chosen = service
                break
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


class Resolver:
    """``nameservers``/``port``: of DNS, for NAPTR and SRV; by default the system's. ``families``: 4, 6 or both."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        nameservers: list[str] | None = None,
        port: int = 53,
        families: frozenset[int] = frozenset({4, 6}),
    ) -> None:
        self._loop = loop
        self._families = families
        self._kept: OrderedDict[Hop, tuple[list[Hop], float]] = OrderedDict()
        self._waiting: dict[Hop, list[Located]] = {}
        self._tasks = BackgroundTasks(logger)
        self._dns: dns.asyncresolver.Resolver | None = None
        if nameservers is not None:
            self._dns = dns.asyncresolver.Resolver(configure=False)
            self._dns.nameservers = list(nameservers)
            self._dns.port = port
        else:
            try:
                self._dns = dns.asyncresolver.Resolver()
            except (dns.exception.DNSException, OSError):
                logger.info("no name server is configured: SIP domains are resolved without NAPTR and SRV")
        if self._dns is not None:
            self._dns.lifetime = _TIMEOUT_S / 3  # NAPTR, then SRV, then addresses

    def ask(self, hop: Hop, answer: Located) -> bool:
        """Call ``answer`` with the addresses, best first (``[]`` if there are none); at once if they are cached.

        False: too many look-ups are pending, and ``answer`` will not be called.
        """
        wanted = hop._replace(flow=0, listener=-1)
        kept = self._kept.get(wanted)
        if kept is not None and kept[1] >= self._loop.time():
            answer(kept[0])
            return True
        waiting = self._waiting.get(wanted)
        if waiting is not None:
            if len(waiting) >= _MAX_WAITING:
                return False
            waiting.append(answer)
            return True
        if len(self._waiting) >= _MAX_NAMES:
            return False
        self._waiting[wanted] = [answer]
        self._tasks.spawn(self._resolve(wanted), f"resolving {hop.host}")
        return True

    async def close(self) -> None:
        """Cancel all look-ups; their ``answer`` is not called."""
        self._waiting.clear()
        await self._tasks.close()

    async def _resolve(self, hop: Hop) -> None:
        hops: list[Hop] = []
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                hops = await self._locate(hop)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            pass
        finally:
            self._kept[hop] = (hops, self._loop.time() + (_KEPT_S if hops else _FAILED_KEPT_S))
            self._kept.move_to_end(hop)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
            for answer in self._waiting.pop(hop, []):
                answer(hops)

    async def _locate(self, hop: Hop) -> list[Hop]:
        if not hop.port:
            if "." in hop.host.rstrip("."):  # a name without a dot is a host in the local network, not a SIP domain
                names = await self._pointers(hop) if hop.free else []
                names = names or [(t, f"{_SERVICES[t]}.{hop.host}") for t in self._transports(hop)]
                found = await asyncio.gather(*(self._services(name) for _, name in names))
                for (transport, _), services in zip(names, found, strict=True):
                    if hops := await self._servers(hop._replace(transport=transport, free=False), services):
                        return hops
            hop = hop._replace(port=DEFAULT_PORTS[hop.transport], free=False)
        return [hop._replace(host=address) for address in (await self._addresses(hop.host))[:_MAX_SERVERS]]

    @staticmethod
    def _transports(hop: Hop) -> list[Transport]:
        return ["UDP", "TCP", "TLS"] if hop.free and hop.transport == "UDP" else [hop.transport]

    async def _pointers(self, hop: Hop) -> list[tuple[Transport, str]]:
        """The transports of a domain with the names of their SRV records, in the domain's order of preference (RFC 3263
        4.1, RFC 3403)."""
        found = []
        for record in await self._records(hop.host, "NAPTR"):
            transport = _NAPTR_SERVICES.get(bytes(record.service).decode("latin-1").upper())
            target = str(record.replacement).rstrip(".")
            usable = bytes(record.flags).lower() == b"s" and target  # "s" leads to SRV; SIP uses no other flag
            if usable and transport is not None and transport in self._transports(hop):
                found.append((record.order, record.preference, transport, target))
        return [(transport, target) for _, _, transport, target in sorted(found)[:_MAX_POINTERS]]

    async def _servers(self, hop: Hop, services: list[SrvRecord]) -> list[Hop]:
        return [
            hop._replace(host=address, port=service.port)
            for service in in_order(services)[:_MAX_SERVERS]
            for address in (await self._addresses(service.target))[:2]
        ]

    async def _services(self, name: str) -> list[SrvRecord]:
        records = [
            SrvRecord(record.priority, record.weight, record.port, str(record.target).rstrip("."))
            for record in await self._records(name, "SRV")
        ]
        return [record for record in records if record.target and record.port]

    async def _records(self, name: str, kind: str) -> list[Any]:
        """The DNS records; empty without a name server, without an answer, or if the name does not exist."""
        if self._dns is None:
            return []
        try:
            answer = await self._dns.resolve(name, kind, raise_on_no_answer=False)
        except (dns.exception.DNSException, OSError):
            return []
        return list(answer.rrset or ())

    async def _addresses(self, name: str) -> list[str]:
        try:
            found = await self._loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            return []
        family = {socket.AF_INET: 4, socket.AF_INET6: 6}
        return list(dict.fromkeys(str(a[4][0]) for a in found if family.get(a[0]) in self._families))

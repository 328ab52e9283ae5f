"""Who may hold how many connections, and how often new ones may come: one table for a listener, without sockets or a
clock.

A source has a bounded number of places, and so have all sources together; the last places are for trusted sources only.
Where no place is left, the connection that has been idle for longest makes room for the new one: a connection of the
same source where that has all that it may have, otherwise anybody's, strangers' first. A connection in use (by a call,
or by a request that is being answered) is never ended; if all are in use, the new one is refused.

Before that, a connection costs the processor something, most of all its TLS handshake. So new connections of one source
that is not trusted have a rate, and those of all such sources together another one, except of sources that have proved
to be trusted before. What comes more often is refused; what is connected is left alone.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from voicebot.listening.rates import MOST_SOURCES, Rate, RateLimiter

ARRIVALS = Rate(400, 1000)
ARRIVALS_OF_SOURCE = Rate(200, 500)
"""Of connections without TLS, by proxies or bots that make one for each request."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections there may be: ``total``, of them ``of_source`` from one source; the last ``reserve`` places
    are for trusted sources only.

    ``arrivals``: how often new ones may come from all sources that are not trusted, and ``arrivals_of_source`` from
    one.
    """

    total: int
    of_source: int
    reserve: int = 0
    arrivals: Rate = ARRIVALS
    arrivals_of_source: Rate = ARRIVALS_OF_SOURCE

    def within(self, total: int) -> Bounds:
        """The same, if there may be no more than ``total``: half of them for one source, an eighth in reserve."""
        if total >= self.total:
            return self
        of_source, reserve = min(self.of_source, max(1, total // 2)), min(self.reserve, total // 8)
        return replace(self, total=total, of_source=of_source, reserve=reserve)


def source_of(host: str) -> str:
    """What counts as one source: an IPv4 address, a /64 of IPv6 (one customer has that many addresses)."""
    if ":" not in host:
        return host
    return str(ipaddress.ip_network(f"{host}/64", strict=False).network_address)


class Place:
    """A connection's place in the table. ``give_up`` ends the connection: it is set by whoever makes it."""

    __slots__ = ("_table", "give_up", "source", "trusted")

    def __init__(self, table: Admissions, source: str, trusted: bool) -> None:
        self._table = table
        self.source = source
        self.trusted = trusted
        self.give_up: Callable[[], object] = lambda: None

    def use(self) -> None:
        """It is needed: it makes room for nobody until :meth:`rest`."""
        self._table.use(self)

    def rest(self) -> None:
        """It is idle, from now on."""
        self._table.rest(self)

    def trust(self) -> None:
        """Its source has proved to be one that is trusted."""
        self._table.trust(self)

    def leave(self) -> None:
        """The connection is gone; harmless when repeated."""
        self._table.leave(self)


class Admissions:
    """The places of one listener, or of several that share them."""

    def __init__(self, bounds: Bounds) -> None:
        self.refused = 0
        self.given_up = 0
        """Idle connections that were ended to make room."""
        self.too_often = 0
        """Connections that were refused because too many had come before."""
        self._bounds = bounds
        self._arrivals = RateLimiter({"of source": bounds.arrivals_of_source, "of all": bounds.arrivals})
        self._proven: OrderedDict[str, None] = OrderedDict()
        """Sources that have proved to be trusted, by a password for instance; the latest ones."""
        self._places: set[Place] = set()
        self._strangers = 0
        self._held: Counter[str] = Counter()
        self._idle: dict[bool, OrderedDict[Place, None]] = {False: OrderedDict(), True: OrderedDict()}
        """By whether they are trusted; the one that has been idle for longest comes first."""
        self._idle_of: dict[str, OrderedDict[Place, None]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def arrives(self, host: str, now: float, trusted: bool = False) -> bool:
        """Whether a connection from the address ``host`` that comes at ``now`` is let in at all."""
        if trusted:
            return True
        source = source_of(host)
        if self._arrivals.take(source, "of source", now) and (
            source in self._proven or self._arrivals.take("", "of all", now)
        ):
            return True
        self.too_often += 1
        return False

    def take(self, host: str, trusted: bool = False) -> Place | None:
        """A place, idle as yet, for a connection from the address ``host``; None: it is refused."""
        source = source_of(host)
        if self._held[source] >= self._bounds.of_source and not self._make_room(self._idle_of.get(source)):
            self.refused += 1
            return None
        if self._is_full(trusted) and not (
            self._make_room(self._idle[False]) or (trusted and self._make_room(self._idle[True]))
        ):
            self.refused += 1
            return None
        place = Place(self, source, trusted)
        self._places.add(place)
        self._held[source] += 1
        self._strangers += not trusted
        self.rest(place)
        return place

    def use(self, place: Place) -> None:
        """See :meth:`Place.use`."""
        self._idle[place.trusted].pop(place, None)
        of_source = self._idle_of.get(place.source)
        if of_source is not None:
            of_source.pop(place, None)
            if not of_source:
                del self._idle_of[place.source]

    def rest(self, place: Place) -> None:
        """See :meth:`Place.rest`."""
        if place not in self._places:
            return
        for idle in (self._idle[place.trusted], self._idle_of.setdefault(place.source, OrderedDict())):
            idle[place] = None
            idle.move_to_end(place)

    def trust(self, place: Place) -> None:
        """See :meth:`Place.trust`."""
        if place.trusted or place not in self._places:
            return
        self._proven[place.source] = None
        self._proven.move_to_end(place.source)
        if len(self._proven) > MOST_SOURCES:
            self._proven.popitem(last=False)
        was_idle = place in self._idle[False]
        self.use(place)
        place.trusted = True
        self._strangers -= 1
        if was_idle:
            self.rest(place)

    def leave(self, place: Place) -> None:
        """See :meth:`Place.leave`."""
        if place not in self._places:
            return
        self.use(place)
        self._places.discard(place)
        self._strangers -= not place.trusted
        self._held[place.source] -= 1
        if not self._held[place.source]:
            del self._held[place.source]

    def _is_full(self, trusted: bool) -> bool:
        full = len(self._places) >= self._bounds.total
        return full or (not trusted and self._strangers >= self._bounds.total - self._bounds.reserve)

    def _make_room(self, idle: OrderedDict[Place, None] | None) -> bool:
        """End the connection that has been idle for longest; False: there is none."""
        if not idle:
            return False
        place = next(iter(idle))
        self.leave(place)
        self.given_up += 1
        place.give_up()
        return True

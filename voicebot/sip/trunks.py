"""Who may call, and how often: trunks by address, by password and by account, and a rate for each source.

A request that belongs to no dialog of ours is judged in this order:

1. a source that sends more than its rate is not answered: its bucket of tokens is empty. Trunks have wider buckets;
2. an address that a trunk lists, or that an account is registered at, is let in;
3. where some trunk has a password, anybody else is challenged, whatever they ask for and whoever they say they are: an
   unknown user and a wrong password look alike;
4. everybody else is a stranger: dropped without a word, refused with 403, or taken, as the setting says.

An answer, even a refusal, tells a scanner that somebody is there: "drop" is what a public address wants.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from voicebot.listening import source_of
from voicebot.sip.digest import Credentials, DigestServer, Proof
from voicebot.sip.gate import Admission
from voicebot.sip.hop import Hop
from voicebot.sip.inspection import Refusal
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest

Strangers = Literal["allow", "refuse", "drop"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_CHALLENGED = frozenset({"INVITE", "OPTIONS", "REGISTER", "REFER", "NOTIFY", "INFO", "UPDATE", "BYE"})


@dataclass(frozen=True, slots=True)
class Trunk:
    """``addresses``: from where it calls. ``username``/``password``: instead, or for other addresses, what it must
    know, and what we answer with when it challenges a call of ours.

    ``secure``: only over TLS. ``outbound``: where calls of ours to it go, and OPTIONS every ``options_s`` seconds (0:
    none). ``number``: what our calls show. ``max_calls``: at once, both ways; 0 for as many as the endpoint takes.
    """

    name: str
    addresses: tuple[Network, ...] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    secure: bool = False
    outbound: str = ""
    options_s: float = 30.0
    max_calls: int = 0
    number: str = "voicebot"

    @property
    def line(self) -> Line | None:
        """What our calls to it go out by; None without ``outbound``."""
        if not self.outbound:
            return None
        credentials = Credentials(self.username, self.password) if self.password else None
        return Line.to(self.outbound, self.name, self.number, proxy=self.outbound, credentials=credentials)

    def has(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address.version == network.version and address in network for network in self.addresses)


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of ``burst`` tokens that fills at ``per_s``; a request takes one."""

    per_s: float
    burst: float


DEFAULT_RATES = {"INVITE": Rate(5, 20), "REGISTER": Rate(1, 5), "OPTIONS": Rate(2, 10), "other": Rate(10, 40)}
TRUNK_FACTOR = 40.0
"""How much wider the buckets of trunks are."""
MOST_SOURCES = 10_000
"""So many are remembered, for each purpose; who was heard least recently is forgotten."""


class RateLimiter:
    """A bucket for each source and method, in a bounded table: who was heard least recently is forgotten."""

    def __init__(self, rates: Mapping[str, Rate] | None = None, *, sources: int = MOST_SOURCES) -> None:
        self._rates = rates or DEFAULT_RATES
        self._bound = sources
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: str, method: str, now: float, factor: float = 1.0) -> bool:
        """Take a token; False: there is none."""
        kind = method if method in self._rates else "other"
        rate = self._rates[kind]
        tokens, at = self._buckets.get((source, kind), (rate.burst * factor, now))
        tokens = min(rate.burst * factor, tokens + (now - at) * rate.per_s * factor)
        taken = tokens >= 1.0
        self._buckets[source, kind] = (tokens - taken, now)
        self._buckets.move_to_end((source, kind))
        if len(self._buckets) > self._bound:
            self._buckets.popitem(last=False)
        return taken


class TrunkGate:
    """The rules above, as a :class:`~voicebot.sip.gate.Gate`. ``registrars`` gives accounts' names by address."""

    BAN_S = 60.0

    def __init__(
        self,
        trunks: Sequence[Trunk] = (),
        *,
        strangers: Strangers = "allow",
        realm: str = "voicebot",
        registrars: Callable[[], Iterable[tuple[str, str]]] = lambda: (),
        limiter: RateLimiter | None = None,
        trunk_factor: float = TRUNK_FACTOR,
    ) -> None:
        self._trunk_factor = trunk_factor
        self._trunks = tuple(trunks)
        self._strangers = strangers
        self._registrars = registrars
        self._limiter = limiter if limiter is not None else RateLimiter()
        self._by_user = {trunk.username: trunk for trunk in trunks if trunk.username}
        self._digest = DigestServer(realm, self._password_of) if self._by_user else None
        self._banned: OrderedDict[str, float] = OrderedDict()
        self._proven: OrderedDict[int, None] = OrderedDict()
        """Connections on which somebody has shown a trunk's password."""

    def _password_of(self, user: str) -> str | None:
        trunk = self._by_user.get(user)
        return trunk.password if trunk is not None else None

    def silent(self, source: Hop, now: float) -> bool:
        until = self._banned.get(source_of(source.host))
        if until is None:
            return False
        if until > now:
            return True
        del self._banned[source_of(source.host)]
        return False

    def admit(self, request: SipRequest, source: Hop, now: float) -> Admission:
        trunk = self.trunk_of(source)
        key = source_of(source.host)
        if not self._limiter.take(key, request.method, now, self._trunk_factor if trunk is not None else 1.0):
            if trunk is None:
                if self._strangers != "allow":
                    self._ban(key, now)
                return Admission(drop=True)
            return Admission(trunk, Refusal(503, {"Retry-After": "2"}))
        if trunk is not None:
            return Admission(trunk)
        if self._digest is not None and request.method in _CHALLENGED:
            return self._authenticated(self._digest, request, source, now)
        if self._strangers == "allow":
            return Admission()
        return Admission(drop=True) if self._strangers == "drop" else Admission(refusal=Refusal(403))

    def trunk_of(self, source: Hop) -> str | None:
        """The trunk or account that ``source`` belongs to by its address."""
        address = ipaddress.ip_address(source.host)
        for trunk in self._trunks:
            if trunk.has(address) and (source.transport == "TLS" or not trunk.secure):
                return trunk.name
        return next((name for name, host in self._registrars() if host == source.host), None)

    def trusts(self, source: Hop) -> bool:
        return self.trunk_of(source) is not None

    @property
    def proven_flows(self) -> Collection[int]:
        return self._proven.keys()

    def _authenticated(self, digest: DigestServer, request: SipRequest, source: Hop, now: float) -> Admission:
        proof, user = digest.check(request, source.host, now)
        if proof is Proof.GOOD and (source.transport == "TLS" or not self._by_user[user].secure):
            if source.flow:
                self._proven[source.flow] = None
                if len(self._proven) > MOST_SOURCES:
                    self._proven.popitem(last=False)
            return Admission(self._by_user[user].name)
        if self._strangers == "drop" and proof is Proof.BAD and request.method != "INVITE":
            return Admission(drop=True)
        challenges = digest.challenges(source.host, now, stale=proof is Proof.STALE)
        return Admission(refusal=Refusal(401, {"WWW-Authenticate": challenges}))

    def _ban(self, key: str, now: float) -> None:
        """Nothing of this source is even parsed for a minute."""
        self._banned[key] = now + self.BAN_S
        self._banned.move_to_end(key)
        if len(self._banned) > MOST_SOURCES:
            self._banned.popitem(last=False)

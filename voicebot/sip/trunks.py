"""Who may call, and how often: trunks known by address, by password or by account, and a rate limit for each source.

A request that belongs to none of our dialogs is checked in this order:

1. A source that exceeds its rate gets no answer (a trunk gets 503). Trunks have higher rates.
2. A source address that a trunk lists, or from which a registrar of ours has answered, is admitted.
3. If any trunk has a password, everybody else is challenged with 401, without regard to the user they claim to be: an
   unknown user and a wrong password look the same. With ``drop`` only an INVITE is challenged, and a request whose
   password is right but whose nonce has expired.
4. Everybody else is a stranger, and is dropped without an answer, refused with 403, or admitted, as the setting says.

Any answer, even a refusal, tells a scanner that there is a SIP service here: use "drop" on a public address.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

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
    """``addresses``: from which it calls. ``username``/``password``: with which it calls from any other address, and
    with which we answer its challenges.

    ``secure``: it must use TLS. ``outbound``: the URI for our calls to it, and for OPTIONS every ``options_s`` seconds
    (0: none). ``number``: the number that our calls show. ``max_calls``: the most calls at once, incoming and outgoing;
    0: no limit but the endpoint's.
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
        """The line for our calls to it; None without ``outbound``."""
        if not self.outbound:
            return None
        credentials = Credentials(self.username, self.password) if self.password else None
        return Line.to(self.outbound, self.name, self.number, proxy=self.outbound, credentials=credentials)

    def has(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address.version == network.version and address in network for network in self.addresses)


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: it holds ``burst`` tokens and is refilled with ``per_s`` a second; a request takes one."""

    per_s: float
    burst: float


DEFAULT_RATES = {"INVITE": Rate(5, 20), "REGISTER": Rate(1, 5), "OPTIONS": Rate(2, 10), "other": Rate(10, 40)}
TRUNK_FACTOR = 40.0
"""By how much the rates of trunks are higher."""


class RateLimiter:
    """A token bucket for each source and method, in a bounded table: the least recently used is forgotten."""

    def __init__(self, rates: Mapping[str, Rate] | None = None, *, sources: int = 10_000) -> None:
        self._rates = rates or DEFAULT_RATES
        self._bound = sources
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: str, method: str, now: float, factor: float = 1.0) -> bool:
        """Take a token. False: there is none left."""
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


def source_of(host: str) -> str:
    """What counts as one source: an IPv4 address, or a /64 of IPv6, because one customer has that many addresses."""
    if ":" not in host:
        return host
    return str(ipaddress.ip_network(f"{host}/64", strict=False).network_address)


class TrunkGate:
    """The rules above, as a :class:`~voicebot.sip.gate.Gate`. ``registrars`` returns account names with addresses."""

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
        """The name of the trunk or account to which the address of ``source`` belongs, None for a stranger."""
        address = ipaddress.ip_address(source.host)
        for trunk in self._trunks:
            if trunk.has(address) and (source.transport == "TLS" or not trunk.secure):
                return trunk.name
        return next((name for name, host in self._registrars() if host == source.host), None)

    def _authenticated(self, digest: DigestServer, request: SipRequest, source: Hop, now: float) -> Admission:
        proof, user = digest.check(request, source.host, now)
        if proof is Proof.GOOD and (source.transport == "TLS" or not self._by_user[user].secure):
            return Admission(self._by_user[user].name)
        if self._strangers == "drop" and proof is Proof.BAD and request.method != "INVITE":
            return Admission(drop=True)
        challenges = digest.challenges(source.host, now, stale=proof is Proof.STALE)
        return Admission(refusal=Refusal(401, {"WWW-Authenticate": challenges}))

    def _ban(self, key: str, now: float) -> None:
        """Drop everything from this source for a minute without parsing it."""
        self._banned[key] = now + self.BAN_S
        self._banned.move_to_end(key)
        if len(self._banned) > 10_000:
            self._banned.popitem(last=False)

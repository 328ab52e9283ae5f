"""Who may call, and how often: trunks known by address, by password or by account, and a rate limit for each source.

A request that belongs to none of our calls is checked in this order:

1. A connection that was opened to us for a trunk is that trunk's. A source address that a trunk lists, or from which a
   registrar of ours has answered, is that trunk's or account's. So is any source that proves that it knows a trunk's
   password. Trunks have high rates of their own, and get 503 beyond.
2. If any trunk has a password, everybody else is challenged with 401, without regard to the user they claim to be: an
   unknown user and a wrong password look the same. A challenge is sent without keeping state. Its rate is as high as a
   trunk's, because a trunk is challenged before it is known to be one; wrong passwords have a stranger's rate. With
   ``drop`` only an INVITE is challenged, and a request whose password is right but whose nonce has expired.
3. Everybody else is a stranger with a stranger's rate, and is dropped without an answer, refused with 403, or admitted,
   as the setting says.

Requests from a source that has exceeded its rate are not even parsed. A running call has a rate of its own, for each
source, so that it is heard whatever its source sends besides, and nobody floods us by a call of his own. No source is
banned for longer: over UDP, anybody can send from anybody's address, and must not be able to lock a trunk out.

Any answer, even a refusal, tells a scanner that there is a SIP service here: use "drop" on a public address.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from voicebot.address import Domain
from voicebot.listening import MOST_SOURCES, Rate, RateLimiter, source_of
from voicebot.sip.credentials import Credentials, Network
from voicebot.sip.digest import DigestServer, Proof
from voicebot.sip.gate import Admission
from voicebot.sip.header import SipUri
from voicebot.sip.hop import Hop
from voicebot.sip.inspection import Refusal
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest
from voicebot.sip.symmetric import Symmetric

Strangers = Literal["allow", "refuse", "drop"]
_CHALLENGED = frozenset({"INVITE", "OPTIONS", "REGISTER", "REFER", "NOTIFY", "INFO", "UPDATE", "BYE"})


@dataclass(frozen=True, slots=True)
class Trunk:
    """``addresses``: from which it calls. ``username``/``password``: with which it calls from any other address, and
    with which we answer its challenges for one of ``realms`` (empty: the first one that it names).

    ``secure``: it must use TLS. ``outbound``: the URI for our calls to it, and for OPTIONS every ``options_s`` seconds
    (0: none). ``number``: the number that our calls show. ``max_calls``: the most calls at once, incoming and outgoing;
    0: no limit but the endpoint's. ``symmetric``: whether it is answered to where it sends from.
    ``from_domain``: of our address in calls to it; None: its own.
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
    realms: tuple[str, ...] = ()
    symmetric: Symmetric = "auto"
    from_domain: Domain | None = None

    @property
    def line(self) -> Line | None:
        """The line for our calls to it; None without ``outbound``."""
        if not self.outbound:
            return None
        credentials = None
        if self.password:
            hosts = [SipUri.parse(self.outbound).host]
            credentials = Credentials(
                self.username, self.password, hosts=hosts, networks=self.addresses, realms=self.realms
            )
        return Line.to(
            self.outbound,
            self.name,
            self.number,
            from_domain=self.from_domain,
            proxy=self.outbound,
            credentials=credentials,
        )

    def has(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address.version == network.version and address in network for network in self.addresses)


DEFAULT_RATES = {"INVITE": Rate(5, 20), "REGISTER": Rate(1, 5), "OPTIONS": Rate(2, 10), "other": Rate(10, 40)}
IN_CALL = Rate(20, 100)
"""Of requests in one running call. Keypad keys by INFO come 10 times a second at most."""
TRUNK_FACTOR = 40.0
"""By how much the rates of trunks are higher."""


class TrunkGate:
    """The rules above, as a :class:`~voicebot.sip.gate.Gate`.

    ``registrars`` returns names of accounts, IP addresses of their registrars, and whether their calls must use TLS.
    """

    def __init__(
        self,
        trunks: Sequence[Trunk] = (),
        *,
        strangers: Strangers = "allow",
        realm: str = "voicebot",
        registrars: Callable[[], Iterable[tuple[str, str, bool]]] = lambda: (),
        limiter: RateLimiter | None = None,
        trunk_factor: float = TRUNK_FACTOR,
    ) -> None:
        self._trunk_factor = trunk_factor
        self._trunks = tuple(trunks)
        self._strangers = strangers
        self._registrars = registrars
        self._limiter = limiter if limiter is not None else RateLimiter(DEFAULT_RATES)
        self._in_calls = RateLimiter({"other": IN_CALL})
        self._by_user = {trunk.username: trunk for trunk in trunks if trunk.username}
        self._digest = DigestServer(realm, self._password_of) if self._by_user else None
        self._proven: OrderedDict[int, None] = OrderedDict()
        """Connections on which somebody has shown a trunk's password."""

    def _password_of(self, user: str) -> str | None:
        trunk = self._by_user.get(user)
        return trunk.password if trunk is not None else None

    def silent(self, method: str, source: Hop, now: float, running: str = "") -> bool:
        if running:
            key = f"{source_of(source.host)} {hash(running)}"  # a Call-ID may be long
            over = not self._in_calls.take(key, method, now)
        else:
            key, factor = self._bucket(method, source)
            over = self._limiter.is_empty(key, method, now, factor)
        return over and self.trunk_of(source) is None

    def repeats(self, method: str, source: Hop, now: float) -> bool:
        key, factor = self._bucket(method, source)
        return self._limiter.take(key, method, now, factor) or self.trunk_of(source) is not None

    def admit(self, request: SipRequest, source: Hop, now: float) -> Admission:
        trunk, proof = self.trunk_of(source), Proof.BAD
        if trunk is None and self._digest is not None and request.method in _CHALLENGED:
            proof, user = self._digest.check(request, source.host, now)
            if proof is Proof.GOOD and (source.secure or not self._by_user[user].secure):
                trunk = self._by_user[user].name
                self._prove(source.flow)
        if trunk is not None:
            key = f"{trunk} {source_of(source.host)}"
            in_time = self._limiter.take(key, request.method, now, self._trunk_factor)
            return Admission(trunk, None if in_time else Refusal(503, {"Retry-After": "2"}))
        key, factor = self._bucket(request.method, source)
        if not self._limiter.take(key, request.method, now, factor):
            return Admission(drop=True)
        if self._digest is not None and request.method in _CHALLENGED:
            return self._challenge(self._digest, proof, request, source, now)
        if self._strangers == "allow":
            return Admission()
        return Admission(drop=True) if self._strangers == "drop" else Admission(refusal=Refusal(403))

    def trunk_of(self, source: Hop) -> str | None:
        """The trunk or account that ``source`` belongs to by its connection or its address."""
        if source.trunk:
            return source.trunk
        address, is_secure = ipaddress.ip_address(source.host), source.secure
        for trunk in self._trunks:
            if trunk.has(address) and (is_secure or not trunk.secure):
                return trunk.name
        at = (name for name, host, secure in self._registrars() if host == source.host and (is_secure or not secure))
        return next(at, None)

    def trusts(self, source: Hop) -> bool:
        return self.trunk_of(source) is not None

    @property
    def proven_flows(self) -> Collection[int]:
        return self._proven.keys()

    def _prove(self, flow: int) -> None:
        if flow:
            self._proven[flow] = None
            if len(self._proven) > MOST_SOURCES:
                self._proven.popitem(last=False)

    def _bucket(self, method: str, source: Hop) -> tuple[str, float]:
        """The name and the factor of the bucket for a request from an unknown source."""
        key = source_of(source.host)
        if self._digest is not None and method in _CHALLENGED:
            return f"challenge {key}", self._trunk_factor
        return key, 1.0

    def _challenge(self, digest: DigestServer, proof: Proof, request: SipRequest, source: Hop, now: float) -> Admission:
        guessed = proof is Proof.BAD and request.headers.get("Authorization") is not None
        if guessed and not self._limiter.take(f"guess {source_of(source.host)}", request.method, now):
            return Admission(drop=True)
        if self._strangers == "drop" and proof is Proof.BAD and request.method != "INVITE":
            return Admission(drop=True)
        challenges = digest.challenges(source.host, now, stale=proof is Proof.STALE)
        return Admission(refusal=Refusal(401, {"WWW-Authenticate": challenges}))

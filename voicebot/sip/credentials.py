"""Our password at a registrar or trunk, and which challenges it answers (RFC 7616, RFC 3261 22.2 and 22.3).

Whoever chooses the nonce can guess the password offline from our answer. So we answer a challenge only

* from the host that the password is for: the registrar, proxy or trunk in the settings, an IP address to which its name
  has resolved, or one that the trunk lists. Requests within a dialog go to the other side's Contact or Record-Route,
  which may be anywhere;
* for the realm that the password is for. A proxy forwards the challenges of the called party (22.3), so that the host
  alone proves nothing. Without a setting, it is the first realm that is named outside of a dialog: a registrar names
  its own before there are calls, and a trunk that requires a password does so before it forwards a call. It holds as
  long as the process lives. That it be the trunk's host is not asked: PBXs name realms as they like ("asterisk", the
  provider's name), and so can the called party;
* with MD5 only if nothing stronger was ever offered for that realm.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence

from voicebot.sip.digest import ALGORITHMS, digest_response, format_digest, parse_digest
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse

logger = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROXY_HEADERS = ("Proxy-Authenticate", "Proxy-Authorization")
_MAX_TRIES = 4
_MAX_ADDRESSES = 256
_ORDER = tuple(ALGORITHMS)


class Credentials:
    """Our user name and password at a registrar or trunk.

    ``hosts`` (names or IP addresses) and ``networks``: where. ``realms``: for which realms; empty: for the first one
    that is named, with ``registers`` in answer to a REGISTER.
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        hosts: Iterable[str] = (),
        networks: Iterable[Network] = (),
        realms: Iterable[str] = (),
        registers: bool = False,
    ) -> None:
        self.username = username
        self.password = password
        self._hosts = frozenset(host.strip("[]").rstrip(".").lower() for host in hosts if host)
        self._networks = tuple(networks)
        self._addresses: OrderedDict[str, None] = OrderedDict()
        """IP addresses to which the names of our hosts have resolved."""
        self._realms = frozenset(realms)
        self._registers = registers
        self._best: dict[str, int] = {}
        """By realm: the strongest algorithm that was offered, as its index in :data:`ALGORITHMS`."""

    def __repr__(self) -> str:
        return f"Credentials({self.username!r})"

    @property
    def knows_realm(self) -> bool:
        """Whether challenges to requests other than REGISTER are answered now."""
        return bool(self._realms or self._best)

    def led_to(self, hop: Hop) -> None:
        """Note where a request is sent: an address that was resolved from the name of a host is one of that host."""
        if hop.name.rstrip(".").lower() in self._hosts:
            self._addresses[hop.host] = None
            self._addresses.move_to_end(hop.host)
            if len(self._addresses) > _MAX_ADDRESSES:
                self._addresses.popitem(last=False)

    def are_for(self, hop: Hop) -> bool:
        """Whether challenges from ``hop`` may be answered."""
        if hop.name.rstrip(".").lower() in self._hosts or hop.host.lower() in self._hosts:
            return True
        if hop.host in self._addresses:
            return True
        try:
            address = ipaddress.ip_address(hop.host)
        except ValueError:
            return False
        return any(address.version == network.version and address in network for network in self._networks)

    def choose(self, challenges: Iterable[Mapping[str, str]], request: SipRequest) -> list[Mapping[str, str]]:
        """The challenges to ``request`` that may be answered, the strongest first. Notes their algorithms."""
        ranked = sorted(((_ORDER.index(_algorithm(fields)), fields) for fields in challenges), key=lambda one: one[0])
        realms = self._realms or self._named([fields.get("realm", "") for _, fields in ranked], request)
        ours = [(rank, fields) for rank, fields in ranked if fields.get("realm", "") in realms]
        for rank, fields in ours:
            realm = fields.get("realm", "")
            self._best[realm] = min(rank, self._best.get(realm, rank))
        return [fields for rank, fields in ours if rank <= self._best[fields.get("realm", "")]]

    def _named(self, named: Sequence[str], request: SipRequest) -> Collection[str]:
        """Of the realms in one response, the strongest first: the one that is known, or else the first. A registrar,
        which forwards to nobody, may change it, though not for a weaker algorithm."""
        if self._best.keys() & named or not named:
            return self._best.keys()
        if request.method == "REGISTER":
            self._best = dict(zip(named, self._best.values(), strict=False))
        elif self._registers or self._best or request.recipient.tag:
            return ()
        else:
            logger.info(
                "the password of %s answers realm %.64r from now on, the first that was named (setting: realms)",
                self.username,
                named[0],
            )
        return named[:1]


class Challenged:
    """The client's side for one request: answers each realm once, and again if the server says the nonce was stale."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._tried = 0
        self._answered: set[tuple[str, str]] = set()

    def answer(self, response: SipResponse, request: SipRequest, source: Hop) -> bool:
        """Put our answer to a 401 or 407 from ``source`` into ``request``. False: we give none, or it was refused."""
        challenge, answer = ("WWW-Authenticate", "Authorization") if response.status == 401 else PROXY_HEADERS
        offered = _usable(response.headers.getlist(challenge))
        if not self._credentials.are_for(source):
            self._refused(offered, f"{source.host} is neither its registrar, proxy nor trunk")
            return False
        self._tried += 1
        chosen = self._credentials.choose(offered, request)
        if offered and not chosen:
            self._refused(offered, "it is for another realm (setting: realms), or for a better algorithm")
        for fields in chosen:
            realm = fields.get("realm", "")
            known = (answer, realm) in self._answered
            if (known and fields.get("stale", "").lower() != "true") or self._tried > _MAX_TRIES:
                continue
            self._answered.add((answer, realm))
            request.headers.set(answer, self._authorization(fields, request))
            return True
        return False

    def _refused(self, offered: list[dict[str, str]], why: str) -> None:
        for fields in offered[:1]:
            logger.warning(
                "the password of %s is not shown to realm %.64r (%s): %s",
                self._credentials.username,
                fields.get("realm", ""),
                _algorithm(fields),
                why,
            )

    def _authorization(self, challenge: Mapping[str, str], request: SipRequest) -> str:
        offered = [qop.strip().lower() for qop in challenge.get("qop", "").split(",") if qop.strip()]
        fields = {"realm": challenge.get("realm", ""), "nonce": challenge.get("nonce", ""), "uri": request.uri}
        if "algorithm" in challenge:
            fields["algorithm"] = challenge["algorithm"]
        if offered or fields.get("algorithm", "").upper().endswith("-SESS"):
            fields["cnonce"] = secrets.token_hex(8)
        if offered:
            fields["qop"] = "auth" if "auth" in offered else "auth-int"
            fields["nc"] = "00000001"
        user = self._credentials.username
        fields["response"] = digest_response(fields, request.method, user, self._credentials.password, request.body)
        if "opaque" in challenge:
            fields["opaque"] = challenge["opaque"]
        return format_digest({"username": user, **fields})


def _algorithm(fields: Mapping[str, str]) -> str:
    return fields.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _usable(values: list[str]) -> list[dict[str, str]]:
    """The challenges that we can answer."""
    usable = []
    for fields in (parse_digest(value) for value in values[:8]):
        qop = {q.strip().lower() for q in fields.get("qop", "auth").split(",")}
        if _algorithm(fields) in ALGORITHMS and fields.get("nonce") and qop & {"auth", "auth-int"}:
            usable.append(fields)
    return usable

"""Our password at a registrar or trunk, and whose challenges it answers (RFC 7616, RFC 3261 22.2 and 22.3).

Who chooses the nonce can guess the password from our answer, at leisure. So it is given to nobody but

* the *host* that the password is for: the registrar, proxy or trunk that is set, at an address that its name led to, or
  at one that the trunk lists. A dialog's requests go where the other side's Contact and Record-Route say;
* for the *realm* that the password is for. A proxy passes on the challenges of whoever is called by it (22.3), so the
  host alone proves nothing. Where no realm is set, it is the first one that is named outside of any dialog: a registrar
  names its own before there are calls, and a trunk that wants a password asks for it before it passes a call on;
* with MD5 only where nothing better was ever offered for that realm.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping

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
    """A user of ours at others, and what is known of where that is.

    ``hosts``: names and addresses; ``networks``: addresses as well. ``realms``: empty for the first one that is named,
    with ``registers`` to a REGISTER.
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
        """Those that our hosts' names have led to."""
        self._realms = frozenset(realms)
        self._registers = registers
        self._best: dict[str, int] = {}
        """By realm: the best algorithm that was offered, as its place in :data:`ALGORITHMS`."""

    def __repr__(self) -> str:
        return f"Credentials({self.username!r})"

    def led_to(self, hop: Hop) -> None:
        """A request goes to ``hop``: the address of ours, if it was found by a name of ours."""
        if hop.name.rstrip(".").lower() in self._hosts:
            self._addresses[hop.host] = None
            self._addresses.move_to_end(hop.host)
            if len(self._addresses) > _MAX_ADDRESSES:
                self._addresses.popitem(last=False)

    def are_for(self, hop: Hop) -> bool:
        """Whether who is at ``hop`` may know that we know the password."""
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
        """Those of the challenges to ``request`` that may be answered, the best first; their algorithms are noted."""
        ranked = []
        for fields in challenges:
            realm = fields.get("realm", "")
            if not (realm in self._realms if self._realms else self._is_ours(realm, request)):
                continue
            rank = _ORDER.index(_algorithm(fields))
            self._best[realm] = min(rank, self._best.get(realm, rank))
            ranked.append((rank, fields))
        ranked.sort(key=lambda one: one[0])
        return [fields for rank, fields in ranked if rank <= self._best[fields.get("realm", "")]]

    def _is_ours(self, realm: str, request: SipRequest) -> bool:
        """Whether ``realm`` is the one that was named first. A registrar, which nobody is behind, may rename it."""
        if realm in self._best:
            return True
        if request.method == "REGISTER":
            self._best.clear()
            return True
        return not (self._registers or self._best or request.recipient.tag)


class Challenged:
    """The client's side for one request: answers each challenge once, and again when the nonce was only stale."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._tried = 0
        self._answered: set[tuple[str, str]] = set()

    def answer(self, response: SipResponse, request: SipRequest, source: Hop) -> bool:
        """Put our answer to a 401 or 407 of ``source`` into ``request``. False: there is none, or it was wrong."""
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
            fields["qop"] = "auth" if "auth" in offered else offered[0]
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

"""Registration of an account at a registrar (RFC 3261 section 10), refreshed until the end.

    WAITING ──start──▶ ASKING ──200──▶ REGISTERED ──refresh due──▶ ASKING
                         └──failure──▶ WAITING (back-off) ──due──▶ ASKING

A refresh is sent after 80 to 90 percent of the time that the registrar granted (`bindings.py`), or after half of a
short one, which leaves time for a failure or two; the jitter keeps many accounts from refreshing at the same moment.
After each failure the pause doubles, up to a limit, also with jitter. A 423 raises the interval that we ask for. A
refused password is retried only after the longest pause, because retrying does not help, and many registrars lock
accounts after repeated failures.

Who registers over a connection is called by it: when it is closed, the registration is refreshed by a new one, the
first time soon, later, if each is closed before its time, with the same growing pauses.

Over UDP, a NAT between us and the registrar forgets us unless we send something regularly: a double CRLF every
``keepalive_s``. (RFC 5626 uses STUN for this over UDP. Registrars accept its CRLF for streams too, or ignore it.)
Connections have their own pings, in `connections.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from voicebot.address import Domain
from voicebot.sip.bindings import granted_s, of_others, with_instance
from voicebot.sip.client_request import ClientRequest
from voicebot.sip.credentials import Credentials
from voicebot.sip.header import SipUri
from voicebot.sip.hop import Hop, hop_of, route_through
from voicebot.sip.inspection import ALLOW
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.symmetric import Symmetric
from voicebot.sip.transaction_layer import OnResponse, TransactionLayer

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
RESERVE_S = 5.0
"""How long before its end a short binding is refreshed at the latest: enough for some retransmissions."""
USUAL_S = "3600"
"""What is asked for after a 423 that names no time (RFC 3261 10.2: a usual value)."""


@dataclass(frozen=True, slots=True)
class Account:
    """Our account at a provider or PBX. ``registrar``: its SIP URI (``sip:pbx.example.com;transport=tls``).

    ``proxy``: the URI of a proxy for all requests, empty if they go to the registrar. ``domain``: of our address, empty
    if it is the registrar's host. ``realms``: for which the password is; empty: the one that the registrar names.
    ``symmetric``: whether its calls are answered to where they come from.
    """

    name: str
    registrar: str
    username: str
    password: str = field(default="", repr=False)
    auth_username: str = ""
    domain: str = ""
    proxy: str = ""
    expires_s: int = 600
    register: bool = True
    realms: tuple[str, ...] = ()
    symmetric: Symmetric = "auto"

    @property
    def line(self) -> Line:
        """The line for our calls through this account."""
        return Line.to(
            self.registrar,
            self.name,
            self.username,
            domain=self.domain,
            proxy=self.proxy,
            credentials=self._new_credentials(),
            registers=self.register,
        )

    def _new_credentials(self) -> Credentials | None:
        """The password, for the registrar, the proxy and the domain of our address."""
        if not self.password:
            return None
        hosts = [SipUri.parse(uri).host for uri in (self.registrar, self.proxy) if uri]
        if self.domain:
            hosts.append(Domain.parse(self.domain).host)
        user = self.auth_username or self.username
        return Credentials(user, self.password, hosts=hosts, realms=self.realms, registers=self.register)

    @property
    def hop(self) -> Hop | None:
        return hop_of(self.proxy or self.registrar)


class RegistrationState(Enum):
    WAITING = auto()
    ASKING = auto()
    REGISTERED = auto()
    ENDED = auto()


class Registration:
    """One account's registration; made by :meth:`LineTable.register`. ``status``: of the last response, 0 before.
    ``alone``: no other process of ours has this account now, so what such have left at the registrar is removed."""

    def __init__(
        self, layer: TransactionLayer, account: Account, line: Line, keepalive_s: float, chance: Callable[[], float]
    ) -> None:
        self.account = account
        self.alone = False
        self._line = line
        self.state = RegistrationState.WAITING
        self.status = 0
        self.reason = ""
        self.armed: float | None = None
        self.addresses: set[str] = set()
        """The registrar's IP addresses that have answered: calls for this account come from there."""
        self._layer = layer
        self._keepalive_s = keepalive_s
        self._call_id = layer.new_call_id()
        self._tag = layer.new_tag()
        self._chance = chance
        self._cseq = 0
        self._expires_s = account.expires_s
        self._failures = 0
        self._losses = 0
        """How often in a row the connection was closed before a refresh was due."""
        self._is_lost = False
        self._due: float | None = None
        self._ping_at: float | None = None
        self._valid_until: float | None = None
        self._client: ClientRequest | None = None

    @property
    def deadline(self) -> float | None:
        if self._due is None or self._ping_at is None:
            return self._due
        return min(self._due, self._ping_at)

    def registered(self, now: float) -> bool:
        """Whether the registration is valid now, also while a refresh is in progress."""
        return self._valid_until is not None and now < self._valid_until

    def start(self, now: float) -> None:
        self._due = None
        self._ask(self._expires_s, now)

    def end(self, now: float) -> None:
        """Unregister, without waiting for the response."""
        self._due = self._ping_at = None
        registered, self._valid_until = self.registered(now), None
        self.state = RegistrationState.ENDED
        if self._client is not None:
            self._client.abandon()
        if registered:
            self._ask(0, now)

    def timeout(self, now: float) -> None:
        if self._due is not None and self._due <= now and self.state is not RegistrationState.ENDED:
            self.start(now)
        if self._ping_at is not None and self._ping_at <= now:
            self._ping(now)

    def connection_lost(self, hop: Hop, now: float) -> None:
        """A connection was closed, or could not be made. To be armed again."""
        used = self._client.hop if self._client is not None else None
        ours = used is not None and used.reliable and used[:3] == hop[:3]
        if not ours or self.state is not RegistrationState.REGISTERED or self._due is None or self._is_lost:
            return
        self._is_lost = True
        self._due = min(self._due, now + _growing(self._losses) * (0.5 + 0.5 * self._chance()))
        self._losses += 1

    def _ping(self, now: float) -> None:
        """Keep the NAT binding open, and schedule the next ping at 80 to 100 percent of the interval (RFC 5626 4.4)."""
        hop = self._client.hop if self._client is not None else None
        if hop is None or hop.reliable or not hop.is_literal or not self.registered(now):
            self._ping_at = None
            return
        self._layer.ping(hop)
        self._ping_at = self._ping_due(now)

    def _ping_due(self, now: float) -> float:
        return now + self._keepalive_s * (0.8 + 0.2 * self._chance())

    def _ask(self, expires_s: int, now: float) -> None:
        request = self._register([self._contact], expires_s)
        if self.state is not RegistrationState.ENDED:
            self.state = RegistrationState.ASKING
        self._client = self._send(request, self._answered, now)

    def _remove(self, contacts: Sequence[str], now: float) -> None:
        """Have the registrar forget other bindings. If it does not, they end by themselves."""
        logger.info("account %s: the bindings of processes that are gone are removed: %s", self.account.name, contacts)
        self._send(self._register(contacts, 0), lambda _response, _now: None, now)

    def _send(self, request: SipRequest, answered: OnResponse, now: float) -> ClientRequest:
        hop = self.account.hop
        client = ClientRequest(
            self._layer,
            request,
            [hop] if hop is not None else [],
            answered,
            credentials=self._line.credentials,
            next_cseq=self._next_cseq,
        )
        client.start(now)
        return client

    def _register(self, contacts: Sequence[str], expires_s: int) -> SipRequest:
        account = self.account
        registrar = SipUri.parse(account.registrar)
        # The Request-URI is the registrar's domain, without a user (10.2).
        port = f":{registrar.port}" if registrar.port else ""
        request = SipRequest("REGISTER", f"{registrar.scheme}:{registrar.host}{port}")
        if account.proxy:
            request.headers.set("Route", route_through(account.proxy))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"<{self._line.own.uri}>;tag={self._tag}")
        request.headers.set("To", f"<{self._line.own.uri}>")
        request.headers.set("Call-ID", self._call_id)
        request.headers.set("CSeq", f"{self._next_cseq()} REGISTER")
        request.headers.setlist("Contact", list(contacts))
        request.headers.set("Expires", str(expires_s))
        request.headers.set("Allow", ALLOW)
        return request

    @property
    def _contact(self) -> str:
        """Our Contact, by which the registrar's answer is searched for our binding."""
        contact = self._layer.contact(self.account.hop, user=self.account.username)
        return with_instance(contact, self._line.own.uri)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _answered(self, response: SipResponse | None, now: float) -> None:
        if self.state is RegistrationState.ENDED or (response is not None and response.status < 200):
            return
        was_registered = self.registered(now)
        self.status = response.status if response is not None else 408
        self.reason = response.reason if response is not None else "no answer"
        if response is not None and 200 <= response.status < 300:
            self._granted(response, now)
        elif response is not None and response.status == 423 and self._raise_expires(response):
            self._ask(self._expires_s, now)
        else:
            self._pause(response, now)
        if self.registered(now) and not was_registered:
            logger.info("account %s: registered at %s", self.account.name, self.account.registrar)
        elif self.state is RegistrationState.WAITING:
            logger.warning("account %s: not registered: %d %s", self.account.name, self.status, self.reason)
        self._layer.arm(self)

    def _granted(self, response: SipResponse, now: float) -> None:
        granted = granted_s(response, self._contact, self._expires_s)
        if not granted:
            self.reason, self._valid_until = "OK, but the registrar keeps no binding of ours", None
            self._pause(response, now)
            return
        self.state = RegistrationState.REGISTERED
        self._failures = 0
        self._losses, self._is_lost = self._losses if self._is_lost else 0, False
        if self._client is not None and self._client.hop is not None:
            self.addresses.add(self._client.hop.host)
        self._valid_until = now + granted
        self._ping_at = self._ping_due(now)
        others = of_others(response, self._contact, self._line.own.uri) if self.alone else []
        if others:
            self._remove(others, now)
        early = min(granted * (0.8 + 0.1 * self._chance()), granted - RESERVE_S)
        self._due = now + max(early, granted / 2)

    def _raise_expires(self, response: SipResponse) -> bool:
        least = response.headers.get("Min-Expires") or USUAL_S
        if not re.fullmatch(r"[0-9]{1,6}", least) or int(least) <= self._expires_s:
            return False
        self._expires_s = int(least)
        return True

    def _pause(self, response: SipResponse | None, now: float) -> None:
        self.state = RegistrationState.WAITING
        pause = _growing(self._failures)
        if response is not None and response.status in (401, 403, 404, 407):
            pause = LONGEST_PAUSE_S
        retry_after = (response.headers.get("Retry-After") or "") if response is not None else ""
        if match := re.match(r"[0-9]{1,5}", retry_after):
            pause = max(pause, min(float(match[0]), 3600.0))
        self._failures += 1
        self._due = now + pause * (0.5 + 0.5 * self._chance()) if not retry_after else now + pause


def _growing(times: int) -> float:
    """The pause after ``times`` others in a row, before jitter."""
    return min(FIRST_PAUSE_S * 2.0 ** min(times, 10), LONGEST_PAUSE_S)

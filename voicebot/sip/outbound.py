"""By which trunk or account a call of ours goes out, and which of several is fit for one now.

A trunk is fit while its OPTIONS are answered (or none are sent) and it has room for a call; an account while it is
registered, or when it does not register at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voicebot.sip.digest import Credentials
from voicebot.sip.header import SipUri
from voicebot.sip.probe import TrunkState
from voicebot.sip.registration import Account
from voicebot.sip.trunks import Trunk
from voicebot.sip.user_agent import UserAgent


@dataclass(frozen=True, slots=True)
class WayOut:
    """``proxy``: a URI that the INVITE goes by; empty: by its own. ``from_uri``: empty for our own address."""

    name: str
    domain: str
    proxy: str = ""
    from_uri: str = ""
    credentials: Credentials | None = None
    contact_user: str = "voicebot"


class Outbound:
    """All ways out of one endpoint, by the names of their accounts and trunks."""

    def __init__(self, trunks: Iterable[Trunk], accounts: Iterable[Account]) -> None:
        self._trunks = {trunk.name: trunk for trunk in trunks if trunk.uri}
        self._accounts = {account.name: account for account in accounts}

    @property
    def names(self) -> Sequence[str]:
        return (*self._trunks, *self._accounts)

    def way(self, name: str) -> WayOut:
        """Raises ValueError when there is no such way."""
        if (account := self._accounts.get(name)) is not None:
            domain = account.address.rpartition("@")[2]
            return WayOut(name, domain, account.proxy, account.address, account.credentials, account.username)
        if (trunk := self._trunks.get(name)) is None:
            raise ValueError(f"no account or trunk {name!r} that calls can go out by")
        uri = SipUri.parse(trunk.uri)
        credentials = Credentials(trunk.username, trunk.password) if trunk.password else None
        return WayOut(name, uri.host + (f":{uri.port}" if uri.port else ""), trunk.uri, "", credentials)

    def choose(self, names: Iterable[str], ua: UserAgent, now: float) -> str:
        """The first of ``names`` that is fit for a call now; empty when none is."""
        return next((name for name in names if self._is_fit(name, ua, now)), "")

    def _is_fit(self, name: str, ua: UserAgent, now: float) -> bool:
        if ua.is_full(name):
            return False
        if (account := self._accounts.get(name)) is not None:
            registration = ua.registrations.get(name)
            return not account.register or (registration is not None and registration.registered(now))
        probe = ua.probes.get(name)
        return name in self._trunks and (probe is None or probe.state is not TrunkState.DOWN)

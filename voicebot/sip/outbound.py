"""By which trunk or account a call of ours goes out, and which of several is fit for one now.

A way is fit while its OPTIONS are answered (or none are sent), while it has room for a call, and while the account is
registered, where it registers. A trunk and an account of one name are one way.
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
        return tuple(self._trunks | self._accounts)

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
        account, probe, registration = self._accounts.get(name), ua.probes.get(name), ua.registrations.get(name)
        if account is None and name not in self._trunks:
            return False
        if ua.is_full(name) or (probe is not None and probe.state is TrunkState.DOWN):
            return False
        return account is None or not account.register or (registration is not None and registration.registered(now))

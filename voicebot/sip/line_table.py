"""The lines of one user agent for outgoing calls, with their state: registrations and probes."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from voicebot.sip.hop import Hop
from voicebot.sip.line import Line
from voicebot.sip.probe import TrunkProbe, TrunkState
from voicebot.sip.registration import Account, Registration
from voicebot.sip.transaction_layer import TransactionLayer


class LineTable:
    """``lines``: by the names of accounts and trunks. ``keepalive_s``: the interval of the keep-alives that hold the
    NAT bindings towards registrars open."""

    def __init__(self, layer: TransactionLayer, lines: Mapping[str, Line], keepalive_s: float) -> None:
        self.registrations: dict[str, Registration] = {}
        """By the account's name."""
        self.probes: dict[str, TrunkProbe] = {}
        """By the trunk's name, for trunks that are sent OPTIONS."""
        self.elsewhere: frozenset[str] = frozenset()
        """Accounts that other processes of ours register."""
        self._layer = layer
        self._lines = dict(lines)
        self._keepalive_s = keepalive_s

    def get(self, name: str) -> Line | None:
        return self._lines.get(name)

    def register(self, account: Account, now: float, *, chance: Callable[[], float] = random.random) -> Registration:
        """Register ``account`` and keep it registered. ``chance`` returns a random number from 0 to 1, for jitter."""
        # Calls and registration share the credentials, which remember the realm.
        line = self._lines.setdefault(account.name, account.line)
        registration = Registration(self._layer, account, line, self._keepalive_s, chance)
        self.registrations[account.name] = registration
        if account.register:
            registration.start(now)
            self._layer.arm(registration)
        return registration

    def share(
        self, accounts: Iterable[Account], ours: Collection[str], others: Collection[str] | None, now: float
    ) -> None:
        """Of ``accounts``, be registered by those that are named in ``ours``, and no others. Harmless when repeated.
        ``others``: those that other processes register; None: that is not known, and may be any."""
        self.elsewhere = frozenset(others or ())
        for name in self.registrations.keys() - set(ours):
            self.registrations.pop(name).end(now)
        for account in accounts:
            if account.name in ours and account.name not in self.registrations:
                self.register(account, now)
        for registration in self.registrations.values():
            registration.alone = others is not None

    def probe(
        self, name: str, uri: str, interval_s: float, now: float, *, chance: Callable[[], float] = random.random
    ) -> TrunkProbe:
        """Send OPTIONS to ``uri`` every ``interval_s`` seconds from now on, for the trunk ``name``."""
        probe = TrunkProbe(self._layer, name, uri, interval_s, chance)
        self.probes[name] = probe
        probe.start(now)
        self._layer.arm(probe)
        return probe

    def connection_lost(self, hop: Hop, now: float) -> None:
        """A connection to ``hop`` was closed: who is registered by it can no longer be called."""
        for registration in self.registrations.values():
            registration.connection_lost(hop, now)
            self._layer.arm(registration)

    def is_up(self, line: Line, now: float) -> bool:
        """Whether ``line`` is not known to be down, and is registered if it needs to be, here or elsewhere. In the
        latter case we must know what our password is for."""
        registration, probe = self.registrations.get(line.name), self.probes.get(line.name)
        if probe is not None and probe.state is TrunkState.DOWN:
            return False
        if line.name in self.elsewhere:
            return line.credentials is None or line.credentials.knows_realm
        return not line.registers or (registration is not None and registration.registered(now))

    def registrar_addresses(self) -> Iterator[tuple[str, str, bool]]:
        """Account and IP address of each registrar that has answered, and whether it is reached over TLS: the account's
        calls come from there, over the same transport."""
        for name, registration in self.registrations.items():
            hop = registration.account.hop
            for address in registration.addresses:
                yield name, address, hop is not None and hop.transport == "TLS"

    def end(self, now: float) -> None:
        """Unregister, without waiting for the responses, and send no more OPTIONS."""
        for registration in self.registrations.values():
            registration.end(now)
        for probe in self.probes.values():
            probe.end()

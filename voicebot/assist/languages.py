"""What the parties of a call speak: by how the call came, and by their roles. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voicebot.events.parties import Role
from voicebot.legs.recorded import RecordedInfo
from voicebot.number_table import NumberTable


@dataclass(frozen=True, slots=True)
class CallLanguages:
    """What is spoken in some calls. ``by_role``: BCP 47. ``trunk``: by which they come; empty: by any. ``numbers``:
    patterns of which a called number must fit one (:mod:`voicebot.number_table`); empty: all calls."""

    by_role: Mapping[Role, str]
    trunk: str = ""
    numbers: tuple[str, ...] = ()

    def fit(self, info: RecordedInfo) -> bool:
        """Whether this is about the call ``info``."""
        if self.trunk not in ("", info.trunk):
            return False
        table = NumberTable({pattern: pattern for pattern in self.numbers})
        return not self.numbers or any(table.find(number) for number in called_numbers(info))


@dataclass(frozen=True, slots=True)
class Languages:
    """What is spoken in all calls. ``usual``: by whoever is of no role in ``by_role``. ``of_calls``: what goes before
    that in some calls; of those that fit, the first that says something of the role counts."""

    usual: str = "en-US"
    by_role: Mapping[Role, str] = field(default_factory=dict)
    of_calls: Sequence[CallLanguages] = ()

    def of_roles(self, info: RecordedInfo) -> Mapping[Role, str]:
        """By role, what the parties of ``info`` speak."""
        spoken = dict.fromkeys(Role, self.usual) | dict(self.by_role)
        for languages in reversed(self.of_calls):
            if languages.fit(info):
                spoken |= languages.by_role
        return spoken


def called_numbers(info: RecordedInfo) -> list[str]:
    """The number at which the recording session came, and those of the parties, but for the callers'."""
    addresses = [party.address for party in info.parties if party.role is not Role.CALLER]
    return [info.called, *(address.user for address in addresses if address is not None)]

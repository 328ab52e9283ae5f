"""Who takes part in a call between people that is listened to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voicebot.address import Address


class Role(StrEnum):
    """What somebody is in a call between people."""

    CALLER = "caller"
    AGENT = "agent"
    BOT = "bot"
    """Ours, that has spoken with the caller before."""
    OTHER = "other"
    """Neither, or not known yet."""


@dataclass(frozen=True, slots=True)
class Party:
    """``key``: the same during the whole call, whatever becomes known of the party. ``name``: as it is displayed, empty
    if it is not known."""

    key: str
    role: Role = Role.OTHER
    name: str = ""
    address: Address | None = None

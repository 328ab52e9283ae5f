"""Who asks: the holder of a token of the console, and the role that the token gives.

========  ===================================================================================
role      may see and do
========  ===================================================================================
viewer    what runs and how well it goes; no words, no numbers
agent     also numbers and what is said, and calls from the page
operator  also hang up, transfer, place calls, listen in, and take recordings away
admin     also check and drain the service, make tokens for agents, and read who did what
========  ===================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from aiohttp import web


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1
    AGENT = 2
    OPERATOR = 3
    ADMIN = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Holder:
    """``name``: of the token, or who else asks; it is what the audit log says. ``role``: None for who shows a ticket or
    a token of other kinds (``voicebot.assist.access``), which open what they are for."""

    name: str
    role: Role | None = None

    @property
    def sees_words(self) -> bool:
        """Whether numbers and what is said may be told."""
        return self.role is not None and self.role >= Role.AGENT


HOLDER = web.RequestKey("holder", Holder)
"""Who asks: in each request that is not open to everybody."""
CALL = web.RequestKey("call", str)
"""In a request that is noted: the id of its call, where the path does not have it."""

"""Who may ask for what: one table of all requests that the server answers, and what of them is noted.

A request that has no line here is refused, whoever sends it. A line is a method with the path as the route has it; `/*`
at the end stands for the files of a folder. What changes something, or takes personal data away, has an ``action``, by
which the audit log (:mod:`voicebot.web.audit`) notes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from voicebot.web.roles import Role


class Proof(Enum):
    """What is asked for instead of a role."""

    NONE = auto()
    """Nothing: everybody may, and no word of any call is told."""
    OWN = auto()
    """The handler asks: for a ticket, or for a token of ``voicebot.assist.access``."""


@dataclass(frozen=True, slots=True)
class Permission:
    """``needs``: the least role. ``action``: what the audit log calls it; empty: it is not noted. ``lasting``: it is
    noted when it begins as well as when it ends."""

    needs: Role | Proof
    action: str = ""
    lasting: bool = False


_OPEN: Final = Permission(Proof.NONE)
_OWN: Final = Permission(Proof.OWN)
_VIEWER: Final = Permission(Role.VIEWER)
_AGENT: Final = Permission(Role.AGENT)

PERMISSIONS: Final[Mapping[str, Permission]] = {
    # --- health, and the files of the pages
    "GET /healthz": _OPEN,
    "GET /readyz": _OPEN,
    "GET /metrics": _OPEN,
    "GET /": _OPEN,
    "GET /live": _OPEN,
    "GET /calls": _OPEN,
    "GET /operations": _OPEN,
    "GET /assist": _OPEN,
    "GET /assist/*": _OPEN,
    "GET /live/*": _OPEN,
    "GET /calls/*": _OPEN,
    "GET /operations/*": _OPEN,
    "GET /phone/*": _OPEN,
    "GET /shared/*": _OPEN,
    # --- who asks
    "GET /v1/me": _VIEWER,
    "GET /v1/openapi.json": _OPEN,
    # --- the service
    "GET /v1/operations": _VIEWER,
    "POST /v1/operations/doctor": Permission(Role.ADMIN, "doctor"),
    "POST /v1/operations/drain": Permission(Role.ADMIN, "drain"),
    # --- calls for programs
    "GET /v1/calls": _AGENT,
    "GET /v1/calls/{id}": _AGENT,
    "POST /v1/calls": Permission(Role.OPERATOR, "place a call"),
    "DELETE /v1/calls/{id}": Permission(Role.OPERATOR, "hang up"),
    # --- calls that run
    "GET /v1/live/calls/events": _VIEWER,
    "GET /v1/live/calls/{id}/events": _VIEWER,
    "GET /v1/live/calls/{id}/flow.svg": _AGENT,
    "GET /v1/dialogs/{version}/flow.svg": _AGENT,
    "POST /v1/live/calls/{id}/hangup": Permission(Role.OPERATOR, "hang up"),
    "POST /v1/live/calls/{id}/transfer": Permission(Role.OPERATOR, "transfer"),
    "GET /v1/live/calls/{id}/audio": Permission(Role.OPERATOR, "listen in", lasting=True),
    # --- calls that were
    "GET /v1/records": _VIEWER,
    "GET /v1/records/facets": _VIEWER,
    "GET /v1/records/{id}": Permission(Role.AGENT, "read a record"),
    "GET /v1/records/{id}/waves": _AGENT,
    "GET /v1/records/{id}/picture.svg": Permission(Role.AGENT, "take a picture"),
    "POST /v1/records/{id}/listen": Permission(Role.OPERATOR, "hear a recording"),
    "GET /v1/records/{id}/audio.wav": Permission(Proof.OWN, "hear a recording"),
    # --- calls from the page
    "POST /v1/phone/tickets": _AGENT,
    "GET /v1/phone/sip": _OWN,
    # --- calls between people
    "POST /v1/assist/tokens": Permission(Proof.OWN, "make a token"),
    "GET /v1/assist/me": _OWN,
    "GET /v1/assist/calls": _OWN,
    "GET /v1/assist/calls/{id}": _OWN,
    "GET /v1/assist/calls/{id}/entries": _OWN,
    "GET /v1/assist/calls/{id}/events": _OWN,
    "POST /v1/assist/calls/{id}/pause": Permission(Proof.OWN, "pause listening"),
    "POST /v1/assist/calls/{id}/resume": Permission(Proof.OWN, "resume listening"),
    "POST /v1/assist/calls/{id}/summary": _OWN,
    "POST /v1/assist/calls/{id}/checklist/{item}": Permission(Proof.OWN, "tick an item"),
    "GET /v1/assist/agents/{agent}/events": _OWN,
    "GET /v1/assist/knowledge": _OWN,
}


def permission(method: str, path: str) -> Permission | None:
    """What a request needs. ``path``: as its route has it. None: nobody may."""
    method = "GET" if method == "HEAD" else method
    folder = f"/{path.split('/')[1]}/*"
    return PERMISSIONS.get(f"{method} {path}") or PERMISSIONS.get(f"{method} {folder}")

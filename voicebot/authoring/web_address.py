"""Web addresses with gaps: what a call puts into one stays a value, and leads nowhere else.

A caller chooses some of what a dialog puts into addresses: the name or number in From, what is said and keyed. So a
value of the call is percent-encoded whole (RFC 3986 2.1). Dots cannot be: ``%2E`` is a dot to whoever reads it. Where
they would lead to another place, the address is none: as a whole segment of the path (``.``, ``..``, 5.2.4), and in the
name of the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from voicebot.authoring.expressions import Scope
from voicebot.authoring.template import Formatter, Template

_LABEL = re.compile(r"[A-Za-z0-9-]{0,63}")
_AFTER_PATH = re.compile(r"[?#]")


class UnfitAddress(ValueError):
    """With the values of this call the address would lead elsewhere."""


def web_address(template: Template, scope: Scope, say: Formatter, own: Mapping[str, Any]) -> str:
    """``template`` filled with what ``say`` makes of its gaps. ``own``: what the author wrote, by its names, is put in
    as it stands. Raises :class:`UnfitAddress`."""
    filled = ""
    for part in template.parts:
        if isinstance(part, str):
            filled += part
            continue
        value = say(part.expression(scope), part.kind)
        if all(name in own and scope.get(name) is own[name] for name, _ in part.expression.names):
            filled += value
            continue
        if not _names_its_host(filled) and not _LABEL.fullmatch(value):
            raise UnfitAddress(f"{value[:40]!r} is no part of a host's name")
        filled += quote(value, safe="")
    if any(unquote(segment) in (".", "..") for segment in _AFTER_PATH.split(filled, maxsplit=1)[0].split("/")):
        raise UnfitAddress("a segment of its path is '.' or '..', which leads to another one")
    return filled


def _names_its_host(begun: str) -> bool:
    """Whether the host stands in ``begun`` whole, and what follows cannot change it."""
    return bool(re.search(r"[/?#]", begun.partition("://")[2]))

"""Web addresses with gaps: what callers and bots bring in is quoted, and stays in its place.

Quoting alone leaves dots as they are, and with them a value could climb (``..``), vanish (an empty segment, so that
another resource is meant) or name the server. An address in which one does is not asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from typing import Final
from urllib.parse import quote, unquote

from voicebot.authoring.expressions import Scope
from voicebot.authoring.template import Formatter, Gap, Template

_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_CLIMBS: Final = re.compile(r"(^|[/\\;])\s*\.{1,2}\s*($|[/\\;?#])")
"""A step up, or in place, as servers see it that decode more than they should, drop spaces, or take characters for
their plainer forms."""
_PATH: Final = re.compile(r"[a-z]+://[^/?#]*[/?#]", re.IGNORECASE)
"""From here on it is no longer the server that is named."""


class AddressRefused(ValueError):
    """What a caller said, or somebody told of him, would lead elsewhere than the dialog's author meant."""


def fill_address(template: Template, scope: Scope, read: Formatter, own: Set[str]) -> str:
    """The address with its gaps filled; ``own``: the names whose values are the author's, which are not quoted.

    Raises :class:`AddressRefused`.
    """
    filled, parts = "", template.parts
    foreign = False
    for number, part in enumerate(parts):
        if isinstance(part, str):
            filled += part
            continue
        value = part.said(scope, read)
        if _is_own(part, own):
            filled += value
            continue
        foreign = True
        behind = parts[number + 1] if number + 1 < len(parts) else ""
        in_path = _PATH.match(filled) is not None
        if not in_path and not (_LABEL.fullmatch(value) and isinstance(behind, str) and behind[:1] == "."):
            raise AddressRefused("a value of the call does not name the server")
        whole = filled.endswith("/") and (not isinstance(behind, str) or behind[:1] in ("", "/", "?", "#"))
        if in_path and not _is_query(filled):
            if not value and whole:
                raise AddressRefused("a value that is a part of the path is empty")
            if any(map(_CLIMBS.search, _as_seen(value))):
                raise AddressRefused("a value of the call leads out of its place in the path")
        filled += quote(value, safe="")
    if foreign and any(segment in (".", "..") for segment in re.split(r"[?#]", filled, maxsplit=1)[0].split("/")):
        raise AddressRefused("a value of the call leads out of its place in the path")
    return filled


def _as_seen(value: str) -> list[str]:
    """``value`` as it is, and decoded once and twice, in the plainest characters (NFKC: full-width stops are stops)."""
    decoded = unquote(value)
    return [unicodedata.normalize("NFKC", seen) for seen in (value, decoded, unquote(decoded))]


def _is_own(gap: Gap, own: Set[str]) -> bool:
    return gap.names <= own


def _is_query(filled: str) -> bool:
    return "?" in filled or "#" in filled

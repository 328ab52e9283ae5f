"""JSON of others, of which no more is read than what is sensible: a parser cannot be interrupted once it has begun."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

PIECE = 16 * 1024
MAX_BYTES = 256 * 1024
"""Of one text, where nothing else is said: as much as Direct Line takes for an activity."""
MAX_VALUES = 4_000
"""Values in one text: members of objects and items of lists. An activity has a hundred, an Adaptive Card a thousand."""
MAX_DIGITS = 32
"""Of a whole number. A longer one means nothing here, and would not fit into a floating-point number."""
MAX_FRACTIONS = 4
"""One value in so many may be a number with a fraction or an exponent, which take the longest to read."""
MAX_FRACTION = 24
"""Characters of a number with a fraction or an exponent: no double needs more, and longer ones take long to read."""
MAX_ESCAPES = 24_000
"""Backslashes in one text. Each takes the parser as long as many other characters; ten minutes of speech in a foreign
alphabet, all escaped, have 10,000."""

_HALF = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F](?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]))"
)
"""Half of a surrogate pair without the other half, as it is escaped; what is found may also be a backslash that is
escaped. It begins with letters, which ``re`` finds much faster than it tries a pattern at each place: a text of the
largest size takes 0.1 ms instead of 4.5."""


def parse_json(text: str | bytes | bytearray, limit: int = MAX_BYTES, values: int = MAX_VALUES) -> Any:
    """``text`` as JSON (RFC 8259), of no more than ``limit`` bytes and ``values`` values.

    Numbers beyond what a double holds, and those that JSON does not have (``NaN``, ``Infinity``), are None, as
    JavaScript writes them; so are longer numbers than :data:`MAX_DIGITS` and :data:`MAX_FRACTION`. Raises ValueError,
    which says what is wrong. Half a surrogate pair, which cannot be written anywhere, is U+FFFD.
    """
    if len(text) > limit:
        raise ValueError(f"JSON of more than {limit} bytes")
    if _values(text) > values:
        raise ValueError(f"JSON of more than {values} values")
    if _escapes(text) > MAX_ESCAPES:
        raise ValueError(f"JSON of more than {MAX_ESCAPES} escapes")
    try:
        if not isinstance(text, str):
            text = text.decode(json.detect_encoding(text))
        fractions = _Fractions(values // MAX_FRACTIONS)
        value = json.loads(text, parse_int=_whole, parse_float=fractions.read, parse_constant=_no_number)
        return _without_halves(value) if _HALF.search(text) else value
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    except _TooMany as error:
        raise ValueError(f"JSON of more than {values // MAX_FRACTIONS} fractions") from error
    except ValueError as error:
        raise ValueError("not JSON") from error


async def read_json(response: aiohttp.ClientResponse, limit: int) -> Any:
    """The body as JSON; an empty one is None. Raises ValueError when it is not JSON, or longer than ``limit`` bytes."""
    body = bytearray()
    async for piece in response.content.iter_chunked(PIECE):
        body += piece
        if len(body) > limit:
            raise ValueError(f"the answer is longer than {limit} bytes")
    try:
        return parse_json(body, limit) if body.strip() else None
    except ValueError as error:
        raise ValueError(f"the answer is {error}") from error


def _values(text: str | bytes | bytearray) -> int:
    """At least as many as there are values in ``text``; signs within its strings count as well."""
    if isinstance(text, str):
        return text.count(",") + text.count("[") + text.count("{")
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _escapes(text: str | bytes | bytearray) -> int:
    return text.count("\\") if isinstance(text, str) else text.count(b"\\")


def _without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_without_halves(name): _without_halves(item) for name, item in value.items()}
    return value


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits.removeprefix("-")) <= MAX_DIGITS else None


class _TooMany(Exception):
    pass


class _Fractions:
    """Reads numbers with a fraction or an exponent, no more than ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._left = most

    def read(self, text: str) -> float | None:
        if not self._left:
            raise _TooMany
        self._left -= 1
        number = float(text) if len(text) <= MAX_FRACTION else math.nan
        return number if math.isfinite(number) else None


def _no_number(_: str) -> None:
    return None


def number_within(value: object, least: float, most: float) -> float | None:
    """``value`` as a number from ``least`` to ``most``, the nearer limit if it is outside; None if it is not a number.

    Python reads ``NaN``, ``Infinity`` and integers of any size from JSON, with which timers and arithmetic fail.
    ``NaN`` counts as not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 (NaN)
        return None
    return float(min(max(value, least), most))

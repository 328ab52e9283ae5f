"""JSON from others: bodies of bounded size, numbers of bounded value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

PIECE = 16 * 1024


async def read_json(response: aiohttp.ClientResponse, limit: int) -> Any:
    """The body as JSON; an empty one is None. Raises ValueError when it is not JSON, or longer than ``limit`` bytes."""
    body = bytearray()
    async for piece in response.content.iter_chunked(PIECE):
        body += piece
        if len(body) > limit:
            raise ValueError(f"the answer is longer than {limit} bytes")
    try:
        return json.loads(body) if body.strip() else None
    except RecursionError as error:
        raise ValueError("the answer is JSON nested too deeply") from error
    except ValueError as error:
        raise ValueError("the answer is not JSON") from error


def number_within(value: object, least: float, most: float) -> float | None:
    """``value`` as a number from ``least`` to ``most``, the nearer limit if it is outside; None if it is not a number.

    Python reads ``NaN``, ``Infinity`` and integers of any size from JSON, with which timers and arithmetic fail.
    ``NaN`` counts as not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 (NaN)
        return None
    return float(min(max(value, least), most))

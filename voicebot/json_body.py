"""The body of an HTTP response as JSON, read up to a limit."""

from __future__ import annotations

import json
from typing import Any

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

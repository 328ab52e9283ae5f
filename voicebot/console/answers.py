"""The error answers of the console."""

from __future__ import annotations

from typing import Any

from aiohttp import web

CODES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    413: "ContentTooLarge",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body: dict[str, Any] = {"error": {"code": CODES.get(status, "Error"), "message": message}}
    return web.json_response(body, status=status, headers=headers)

"""The error answers of the console."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import ValidationError

CODES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    413: "ContentTooLarge",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body: dict[str, Any] = {"error": {"code": CODES.get(status, "Error"), "message": message}}
    return web.json_response(body, status=status, headers=headers)


def faults(wrong: ValidationError) -> str:
    """What is wrong with a body, field by field."""
    return "; ".join(_line(error) for error in wrong.errors()[:5])


def _line(wrong: Any) -> str:
    where = ".".join(str(part) for part in wrong["loc"]) or "the body"
    message = str(wrong["msg"]).removeprefix("Value error, ")
    return f"{where}: {'no such field' if wrong['type'] == 'extra_forbidden' else message}"

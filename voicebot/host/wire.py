"""JSON lines, as the call process and the dialog host exchange them over the Unix socket.

One JSON object a line, UTF-8, at most :data:`MAX_LINE` bytes with its newline.

====================================================================  ==========================================
call process to host                                                  answered with
====================================================================  ==========================================
``{"op":"turn","id":n,"activity":{...},"deadline_s":10}``              ``activity`` ..., then ``done`` or ``failed``
``{"op":"close","conversation":"..."}``                                -
``{"op":"ping","id":n}``                                               ``{"op":"pong","id":n,"texts":0}``
``{"op":"prompts","id":n}``                                            ``{"op":"prompts","id":n,"prompts":[...]}``
``{"op":"texts","id":n,"accept":true}``                                ``{"op":"texts","id":n}``
====================================================================  ==========================================

Host to call process: ``{"op":"activity","turn":n,"conversation":"...","activity":{...}}`` (``turn`` 0: on the bot's own
initiative), ``{"op":"done","turn":n}``, ``{"op":"failed","turn":n,"error":"..."}``.

``texts`` begins or ends to take requests at ``/api/messages`` (when another version of the dialogs takes over); those
that are being answered are answered. ``pong`` tells how many these are.
"""

from __future__ import annotations

import json
from typing import Any

MAX_LINE = 1 << 20


class WireError(ValueError):
    """A line that is not of this protocol."""


def encode(message: dict[str, Any]) -> bytes:
    """One line. Raises :class:`WireError` when it is too long or holds what JSON cannot."""
    try:
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"cannot be sent as JSON: {error}") from error
    if len(line) > MAX_LINE:
        raise WireError(f"longer than {MAX_LINE} bytes")
    return line


def decode(line: bytes) -> dict[str, Any]:
    """One message. Raises :class:`WireError` unless it is an object with an ``op``."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(message, dict) or not isinstance(message.get("op"), str):
        raise WireError("not an object with an op")
    return message

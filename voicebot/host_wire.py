"""What the call process and the dialog host say to each other over the Unix socket. Pure; neither room owns it.

One JSON object a line, UTF-8, at most :data:`MAX_LINE` bytes with its newline. A request is named by its conversation
(the activity's ``conversation.id``) and by the number that the call gave it.

==============================================================  =============================================
call process to host                                            answered with
==============================================================  =============================================
``{"op":"turn","request":n,"activity":{...},"deadline_s":10}``  ``activity`` ..., then ``done`` or ``failed``
``{"op":"close","conversation":"..."}``                         -
``{"op":"ping","id":n}``                                        ``{"op":"pong","id":n,"texts":0,"trouble":""}``
``{"op":"prompts","id":n}``                                     ``{"op":"prompts","id":n,"prompts":[...]}``
``{"op":"texts","id":n,"accept":true}``                         ``{"op":"texts","id":n}``
==============================================================  =============================================

Host to call process: ``{"op":"activity","conversation":"...","request":n,"activity":{...}}`` (``request`` 0: on the
bot's own initiative), ``{"op":"done","conversation":"...","request":n}``, ``{"op":"failed",...,"error":"..."}``.

``texts`` begins or ends to take requests at ``/api/messages`` (when another version of the dialogs takes over); those
that are being answered are answered. ``pong`` tells how many these are, and why turns would fail now.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_LINE = 1 << 20
PHONE_CHANNEL = "telephony"
"""The ``channelId`` of activities that come from calls."""
ANONYMOUS = "anonymous"
"""The id of a caller who withholds the number."""
RESUME_EVENT = "voicebot.resume"
"""The event by which dialogs are told to ask their open question again."""
SECRET_PREFIX = "VOICEBOT_SECRET_"
"""So begin the names, in the environment that the host is started with, of secrets for dialog files."""


class WireError(ValueError):
    """A line that is not of this protocol, or a message that does not fit into one."""


@dataclass(frozen=True, slots=True)
class FixedPrompt:
    """Something that the dialogs say often; ``text`` is text or SSML; ``audio``: a file that is played in its place."""

    text: str
    locale: str = ""
    audio: str = ""


# --- call process to host --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnAsked:
    """Give ``activity`` to the dialogs; it is for them to judge, so it may be anything here. ``deadline_s`` None: the
    host's own."""

    request: int
    activity: Any
    deadline_s: float | None = None


@dataclass(frozen=True, slots=True)
class ConversationClosed:
    """Nothing can be sent to this conversation any more."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Whether the host's loop runs."""

    id: int


@dataclass(frozen=True, slots=True)
class PromptsAsked:
    """Which prompts the dialogs say often."""

    id: int


@dataclass(frozen=True, slots=True)
class TextsAsked:
    """Take requests at ``/api/messages`` from now on, or no more."""

    id: int
    accept: bool


# --- host to call process --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActivitySent:
    """The bot said, or wants, something. ``request`` 0: on its own initiative."""

    conversation: str
    request: int
    activity: Any


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The dialogs have finished with a request."""

    conversation: str
    request: int


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """They did not manage it. ``conversation`` is empty when the activity named none."""

    conversation: str
    request: int
    error: str


@dataclass(frozen=True, slots=True)
class Pong:
    """``texts``: how many requests at ``/api/messages`` are being answered. ``trouble``: why turns would fail now."""

    id: int
    texts: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PromptsTold:
    """The dialogs' fixed prompts."""

    id: int
    prompts: tuple[FixedPrompt, ...]


@dataclass(frozen=True, slots=True)
class TextsTold:
    """``/api/messages`` is as it was asked for."""

    id: int


ToHost = TurnAsked | ConversationClosed | Ping | PromptsAsked | TextsAsked
FromHost = ActivitySent | TurnDone | TurnFailed | Pong | PromptsTold | TextsTold

_OPS: dict[type, str] = {
    TurnAsked: "turn",
    ConversationClosed: "close",
    Ping: "ping",
    PromptsAsked: "prompts",
    TextsAsked: "texts",
    ActivitySent: "activity",
    TurnDone: "done",
    TurnFailed: "failed",
    Pong: "pong",
    PromptsTold: "prompts",
    TextsTold: "texts",
}


def encode(message: ToHost | FromHost) -> bytes:
    """One line. Raises :class:`WireError` when it is too long or holds what JSON cannot."""
    content = {"op": _OPS[type(message)]} | {name: getattr(message, name) for name in message.__slots__}
    if isinstance(message, PromptsTold):
        content["prompts"] = [
            {name: value for name in prompt.__slots__ if (value := getattr(prompt, name)) or name != "audio"}
            for prompt in message.prompts
        ]
    try:
        line = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"cannot be sent as JSON: {error}") from error
    if len(line) > MAX_LINE:
        raise WireError(f"longer than {MAX_LINE} bytes")
    return line


def decode_to_host(line: bytes) -> ToHost:
    """What a call process sent. Raises :class:`WireError`."""
    match _object(line):
        case {"op": "turn", "request": int(request), **rest}:
            limit = rest.get("deadline_s")
            return TurnAsked(request, rest.get("activity"), limit if isinstance(limit, int | float) else None)
        case {"op": "close", "conversation": str(conversation)}:
            return ConversationClosed(conversation)
        case {"op": "ping", "id": int(number)}:
            return Ping(number)
        case {"op": "prompts", "id": int(number)}:
            return PromptsAsked(number)
        case {"op": "texts", "id": int(number), "accept": bool(accept)}:
            return TextsAsked(number, accept)
        case other:
            raise WireError(f"no message to a dialog host: op {str(other.get('op'))[:40]!r}")


def decode_from_host(line: bytes) -> FromHost:
    """What a dialog host sent. Raises :class:`WireError`."""
    match _object(line):
        case {"op": "activity", "conversation": str(conversation), "request": int(request), "activity": activity}:
            return ActivitySent(conversation, request, activity)
        case {"op": "done", "conversation": str(conversation), "request": int(request)}:
            return TurnDone(conversation, request)
        case {"op": "failed", "conversation": str(conversation), "request": int(request), "error": str(error)}:
            return TurnFailed(conversation, request, error)
        case {"op": "pong", "id": int(number), "texts": int(texts), **rest}:
            return Pong(number, texts, str(rest.get("trouble") or "")[:300])
        case {"op": "prompts", "id": int(number), "prompts": list(prompts)}:
            return PromptsTold(number, tuple(_prompt(p) for p in prompts if isinstance(p, dict) and _has_text(p)))
        case {"op": "texts", "id": int(number)}:
            return TextsTold(number)
        case other:
            raise WireError(f"no message of a dialog host: op {str(other.get('op'))[:40]!r}")


def _object(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise WireError("not an object")
    return message


def _has_text(prompt: dict[str, Any]) -> bool:
    return isinstance(prompt.get("text"), str)


def _prompt(prompt: dict[str, Any]) -> FixedPrompt:
    return FixedPrompt(prompt["text"], str(prompt.get("locale") or ""), str(prompt.get("audio") or ""))

"""The protocol between the call process and the dialog host, over a Unix socket. Pure.

One JSON object a line, UTF-8, at most :data:`MAX_LINE` bytes with its newline. A request is identified by its
conversation (the activity's ``conversation.id``) and by the number that the call gave it.

==============================================================  =============================================
call process to host                                            answer
==============================================================  =============================================
``{"op":"turn","request":n,"activity":{...},"deadline_s":10}``  ``activity`` ..., then ``done`` or ``failed``
``{"op":"trial","id":n,"activity":{...},"deadline_s":0.5}``     ``{"op":"trial","id":n,"activities":[...]}``
``{"op":"close","conversation":"..."}``                         -
``{"op":"ping","id":n}``                                        ``{"op":"pong","id":n,"texts":0,"trouble":""}``
``{"op":"prompts","id":n}``                                     ``{"op":"prompts","id":n,"prompts":[...]}``
``{"op":"texts","id":n,"accept":true}``                         ``{"op":"texts","id":n}``
``{"op":"picture","id":n}``                                     ``{"op":"picture","id":n,"svg":"...","why":"..."}``
==============================================================  =============================================

Host to call process: ``{"op":"activity","conversation":"...","request":n,"activity":{...}}`` (``request`` 0: on the
bot's own initiative), ``{"op":"done","conversation":"...","request":n,"place":{...}}``, ``{"op":"failed",...,
"error":"..."}``. ``place``: a :class:`DialogPlace`, for those who watch the call, where the dialogs tell it.

``turn`` also has ``traceparent``: the trace to which it belongs, or ``""``.

``trial`` asks what the dialogs would say to an activity. Nothing else happens: the conversation's state stays as it is,
and the trial ends before what has an effect outside (``voicebot/host/trial.py``). The answer has what was said until
then.

``picture`` asks for the flow of the dialogs as a picture; ``svg`` is ``""`` where there is none, and ``why`` says why.

``texts`` makes the host accept requests at ``/api/messages``, or stop accepting them (when another version of the
dialogs takes over). Requests that it has accepted are finished; ``pong`` says how many are left, and in ``trouble`` why
turns would fail now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_LINE = 1 << 20
MAX_ACTIVITY = 1 << 18
MAX_DONE = 1 << 15
MAX_ACTIVITY_VALUES = 4_000
"""Of an activity from the bot, as for activities of other people's bots: the call process reads it among its calls."""
SECRET_PREFIX = "VOICEBOT_SECRET_"
"""So begin the names of environment variables with secrets for dialog files."""
STATE_PASSWORD_ENV = "VOICEBOT_STATE_PASSWORD"
"""The environment variable with the password of a state server. It is not in the URL, which process lists and logs
show."""


class WireError(ValueError):
    """A line that is not a message of this protocol, or a message that is too long for a line."""


class WrittenJson(dict[str, Any]):
    """An object that is sent again and again, with its JSON: made once, and not to be changed."""

    __slots__ = ("text",)

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self.text = _writer.encode(content)


@dataclass(frozen=True, slots=True)
class FixedPrompt:
    """Something that the dialogs say often. ``text``: plain text or SSML. ``audio``: a file to be played instead."""

    text: str
    locale: str = ""
    audio: str = ""


# --- call process to host --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnAsked:
    """Give ``activity`` to the dialogs, which validate it. ``deadline_s``: None for the host's own limit.
    ``traceparent``: the trace to which that belongs (:mod:`voicebot.trace_context`); ``""``: to none."""

    request: int
    activity: Any
    deadline_s: float | None = None
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class TrialAsked:
    """What would the dialogs say to ``activity``? ``deadline_s``: how long the answer may take."""

    id: int
    activity: Any
    deadline_s: float


@dataclass(frozen=True, slots=True)
class ConversationClosed:
    """The call is over: messages to this conversation can no longer be delivered."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Is the host's event loop running?"""

    id: int


@dataclass(frozen=True, slots=True)
class PromptsAsked:
    """Which prompts do the dialogs say often?"""

    id: int


@dataclass(frozen=True, slots=True)
class PictureAsked:
    """What does the flow of the dialogs look like?"""

    id: int


@dataclass(frozen=True, slots=True)
class TextsAsked:
    """Accept requests at ``/api/messages`` from now on, or stop accepting them."""

    id: int
    accept: bool


# --- host to call process --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActivitySent:
    """An activity from the bot. ``request``: what it answers, 0 if it is on the bot's own initiative."""

    conversation: str
    request: int
    activity: Any


@dataclass(frozen=True, slots=True)
class DialogPlace:
    """Where a call is in the dialogs when a turn is over. What is None instead of a text is private.

    ``step``: the one that waits, or ran last, as ``dialog.step``; ``path``: those that ran in the turn, in their order.
    ``took``: what the caller's answer was taken for, in a word or two (``date``, ``no match``), and its ``value``.
    ``variables``: of the dialog of ``step``, by name.
    """

    step: str
    path: tuple[str, ...] = ()
    took: str = ""
    value: str | None = ""
    variables: Mapping[str, str | None] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The dialogs have finished with a request. ``place``: None where they do not tell it."""

    conversation: str
    request: int
    place: DialogPlace | None = None


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The dialogs failed to handle a request. ``conversation`` is empty if the activity named none."""

    conversation: str
    request: int
    error: str


@dataclass(frozen=True, slots=True)
class TrialTold:
    """The activities that the dialogs would send, as far as that can be told."""

    id: int
    activities: tuple[Any, ...]


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
class PictureTold:
    """The flow of the dialogs, in which each step has its id (``dialog.step``). ``svg``: ``""`` where there is no
    picture, or one that is too large to be sent: ``why`` says so, unless there cannot be any."""

    id: int
    svg: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class TextsTold:
    """:class:`TextsAsked` has been carried out."""

    id: int


ToHost = TurnAsked | TrialAsked | ConversationClosed | Ping | PromptsAsked | TextsAsked | PictureAsked
FromHost = ActivitySent | TurnDone | TurnFailed | TrialTold | Pong | PromptsTold | TextsTold | PictureTold

_OPS: dict[type, str] = {
    TurnAsked: "turn",
    TrialAsked: "trial",
    ConversationClosed: "close",
    Ping: "ping",
    PromptsAsked: "prompts",
    TextsAsked: "texts",
    PictureAsked: "picture",
    ActivitySent: "activity",
    TurnDone: "done",
    TurnFailed: "failed",
    TrialTold: "trial",
    Pong: "pong",
    PromptsTold: "prompts",
    TextsTold: "texts",
    PictureTold: "picture",
}


_writer = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_WITH_ACTIVITIES = (b'{"op":"activity",', b'{"op":"trial",')
_DONE = b'{"op":"done",'


def encode(message: ToHost | FromHost) -> bytes:
    """One line with its newline. Raises :class:`WireError` if it is too long, or has content that JSON cannot hold."""
    content = {"op": _OPS[type(message)]} | {name: getattr(message, name) for name in message.__slots__}
    if isinstance(message, PromptsTold):
        content["prompts"] = [
            {name: value for name in prompt.__slots__ if (value := getattr(prompt, name)) or name != "audio"}
            for prompt in message.prompts
        ]
    if isinstance(message, TurnDone):
        place = content.pop("place")
        content |= {"place": {name: getattr(place, name) for name in place.__slots__}} if place is not None else {}
    try:
        line = _written(content).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"cannot be sent as JSON: {error}") from error
    if len(line) > MAX_LINE:
        raise WireError(f"longer than {MAX_LINE} bytes")
    if isinstance(message, ActivitySent | TrialTold):
        _check_activity(line)
    return line


def _written(content: dict[str, Any]) -> str:
    """``content`` as JSON; what is written already of its activity, which is its last member, is not written again."""
    *_, (name, activity) = content.items()
    data = activity.get("channelData") if name == "activity" and isinstance(activity, dict) else None
    if type(data) is not WrittenJson or len(activity) < 2:
        return _writer.encode(content)
    rest = {name: value for name, value in activity.items() if name != "channelData"}
    return f'{_writer.encode(content | {"activity": rest})[:-2]},"channelData":{data.text}}}}}'


def decode_to_host(line: bytes) -> ToHost:
    """What a call process sent. Raises :class:`WireError`."""
    match _object(line):
        case {"op": "turn", "request": int(request), **rest}:
            limit, trace = rest.get("deadline_s"), rest.get("traceparent")
            return TurnAsked(
                request,
                rest.get("activity"),
                limit if isinstance(limit, int | float) else None,
                trace if isinstance(trace, str) else "",
            )
        case {"op": "trial", "id": int(number), "activity": activity, "deadline_s": int() | float() as limit}:
            return TrialAsked(number, activity, limit)
        case {"op": "close", "conversation": str(conversation)}:
            return ConversationClosed(conversation)
        case {"op": "ping", "id": int(number)}:
            return Ping(number)
        case {"op": "prompts", "id": int(number)}:
            return PromptsAsked(number)
        case {"op": "texts", "id": int(number), "accept": bool(accept)}:
            return TextsAsked(number, accept)
        case {"op": "picture", "id": int(number)}:
            return PictureAsked(number)
        case other:
            raise WireError(f"not a message to a dialog host: op {str(other.get('op'))[:40]!r}")


def decode_from_host(line: bytes) -> FromHost:
    """What a dialog host sent. Raises :class:`WireError`."""
    if line.startswith(_WITH_ACTIVITIES):
        _check_activity(line)
    if line.startswith(_DONE) and len(line) > MAX_DONE:
        raise WireError(f"the end of a turn in more than {MAX_DONE} bytes")
    match _object(line):
        case {"op": "activity", "conversation": str(conversation), "request": int(request), "activity": activity}:
            return ActivitySent(conversation, request, activity)
        case {"op": "done", "conversation": str(conversation), "request": int(request), **rest}:
            return TurnDone(conversation, request, _place(rest.get("place")))
        case {"op": "failed", "conversation": str(conversation), "request": int(request), "error": str(error)}:
            return TurnFailed(conversation, request, error)
        case {"op": "trial", "id": int(number), "activities": list(activities)}:
            return TrialTold(number, tuple(activities))
        case {"op": "pong", "id": int(number), "texts": int(texts), **rest}:
            return Pong(number, texts, str(rest.get("trouble") or "")[:300])
        case {"op": "prompts", "id": int(number), "prompts": list(prompts)}:
            return PromptsTold(number, tuple(_prompt(p) for p in prompts if isinstance(p, dict) and _has_text(p)))
        case {"op": "texts", "id": int(number)}:
            return TextsTold(number)
        case {"op": "picture", "id": int(number), "svg": str(svg), "why": str(why)}:
            return PictureTold(number, svg, why)
        case other:
            raise WireError(f"not a message from a dialog host: op {str(other.get('op'))[:40]!r}")


def _check_activity(line: bytes) -> None:
    """Raise :class:`WireError` for an activity that takes too long to read. Signs within its strings count as well."""
    values = line.count(b",") + line.count(b"[") + line.count(b"{")
    if len(line) > MAX_ACTIVITY or values > MAX_ACTIVITY_VALUES:
        raise WireError(f"an activity of more than {MAX_ACTIVITY} bytes or {MAX_ACTIVITY_VALUES} values")


def _object(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise WireError("not an object")
    return message


def _place(told: Any) -> DialogPlace | None:
    """None for what is none: a turn is over all the same."""
    match told:
        case {
            "step": str(step),
            "path": list(path),
            "took": str(took),
            "value": str() | None as value,
            "variables": dict(variables),
        } if all(isinstance(one, str) for one in path):
            shown = {name: text for name, text in variables.items() if text is None or isinstance(text, str)}
            return DialogPlace(step, tuple(path), took, value, shown)
    return None


def _has_text(prompt: dict[str, Any]) -> bool:
    return isinstance(prompt.get("text"), str)


def _prompt(prompt: dict[str, Any]) -> FixedPrompt:
    return FixedPrompt(prompt["text"], str(prompt.get("locale") or ""), str(prompt.get("audio") or ""))

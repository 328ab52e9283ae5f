"""What a call tells its bot, as Bot Framework activities in the shape of Microsoft's Telephony channel.

Each function returns the content of an activity; :func:`addressed` adds sender, recipient, time and conversation. Pure:
the time is passed in. Where the Telephony channel has no convention, AudioCodes' is used (``noUserInput``); where
neither has one, an event named ``voicebot.…``, which other bots ignore.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from voicebot.bots.conversation import CallFacts
from voicebot.events import PlacedCallChanged, TransferEnded
from voicebot.telephony_channel import (
    ALTERNATIVES,
    ANONYMOUS,
    FALLBACK_TRANSFER,
    NO_INPUT,
    NO_MATCH,
    PHONE_CHANNEL,
    PROMPT_HEARD,
    RECORDING_COMMAND,
    RESUME_EVENT,
)
from voicebot.trace_context import ROOT, TRACEPARENT

SERVICE_URL = "urn:voicebot:call"
BOT_ID = "bot"
MAX_HEADERS = 64
MAX_HEADER = 4096
"""Characters of one header: a call that was diverted many times has a long History-Info."""
MAX_ALL_HEADERS = 32_768
"""Characters of all headers together."""
MAX_TEXT = 8000
INTERRUPTED = "voicebot.interrupted"
HYPOTHESIS = "speechHypothesis"


def conversation_update() -> dict[str, Any]:
    """The call has begun: the caller joins the conversation. :func:`addressed` adds the facts of the call."""
    return {"type": "conversationUpdate"}


def user_message(
    text: str,
    confidence: float | None = None,
    locale: str = "",
    prompt_heard: float = 1.0,
    others: Sequence[tuple[str, float | None]] = (),
    **extra: Any,
) -> dict[str, Any]:
    """What the caller said. ``confidence`` 0 to 1; ``others``: what may have been said instead, with the confidence of
    each; ``extra`` goes into ``channelData`` (None is left out).

    ``prompt_heard``: how much of the bot's last message had been played when the caller began to speak, 0 to 1.
    """
    told = round(prompt_heard, 2) if prompt_heard < 1 else None
    instead = [{"text": other[:MAX_TEXT], "confidence": sure} for other, sure in others] or None
    data = {"source": "speech", "confidence": confidence, ALTERNATIVES: instead, PROMPT_HEARD: told, **extra}
    activity: dict[str, Any] = {
        "type": "message",
        "text": text[:MAX_TEXT],
        "channelData": {name: value for name, value in data.items() if value is not None},
    }
    if locale:
        activity["locale"] = locale
    return activity


def key_message(key: str) -> dict[str, Any]:
    """One key on the keypad: a message of its own, marked as DTMF."""
    return {"type": "message", "text": key, "entities": [{"type": "DTMF"}], "channelData": {"source": "dtmf"}}


def keys_in_style(activity: dict[str, Any], style: str) -> dict[str, Any]:
    """``activity`` with a key as bots of ``style`` expect it: ``message`` (Microsoft), ``event`` (AudioCodes)."""
    if style != "event" or activity.get("entities") != [{"type": "DTMF"}]:
        return activity
    return {"type": "event", "name": "DTMF", "value": activity["text"]}


def no_input(count: int) -> dict[str, Any]:
    """The caller was silent, for the ``count``-th time in a row."""
    return {"type": "event", "name": NO_INPUT, "value": count}


def no_match(count: int) -> dict[str, Any]:
    """The caller spoke, but no words were recognised, for the ``count``-th time in a row."""
    return {"type": "event", "name": NO_MATCH, "value": count}


def interrupted(heard_text: str, heard_s: float) -> dict[str, Any]:
    """The caller interrupted the bot: only ``heard_text`` was played, for ``heard_s`` seconds; the rest was dropped."""
    value = {"heardText": heard_text[:MAX_TEXT], "heardSeconds": round(heard_s, 3)}
    return {"type": "event", "name": INTERRUPTED, "value": value}


def handoff_status(transfer: TransferEnded) -> dict[str, Any]:
    """The result of the transfer that the bot asked for."""
    state = "completed" if transfer.accepted else "failed"
    value = {"state": state, "message": transfer.message, "status": transfer.status}
    return {"type": "event", "name": "handoff.status", "value": value}


def command_result(action: str, command: str, error: str = "") -> dict[str, Any]:
    """The result of a recording command. ``error`` is empty when it was carried out."""
    value: dict[str, Any] = {"commandId": command}
    if error:
        value["error"] = {"code": "failed", "message": error}
    return {"type": "commandResult", "name": f"{RECORDING_COMMAND}{action}", "value": value}


def call_status(told: PlacedCallChanged) -> dict[str, Any]:
    """The progress of a call that the bot had placed: ``answered``, ``ended``, or why it was not answered."""
    value = {
        "state": told.state,
        "callId": told.call,
        "to": "" if told.target is None else str(told.target),
        "commandId": told.command,
        "status": told.status,
        "reason": told.reason,
    }
    return {"type": "event", "name": "call.status", "value": value}


def play_failed(url: str) -> dict[str, Any]:
    """An audio file that the bot wanted played could not be fetched, or not be played."""
    return {"type": "event", "name": "playUrlFailed", "value": url}


def speech_hypothesis(text: str) -> dict[str, Any]:
    """What the caller seems to be saying, while it is being said (AudioCodes)."""
    return {"type": "event", "name": HYPOTHESIS, "value": {"text": text[:MAX_TEXT]}}


def resume() -> dict[str, Any]:
    """The bot has recovered from a failure: it should ask its open question again."""
    return {"type": "event", "name": RESUME_EVENT}


def end_of_conversation(reason: str) -> dict[str, Any]:
    """The call is over."""
    code = "completedSuccessfully" if reason in ("completed", "bot", "transfer", "caller") else "channelFailed"
    return {"type": "endOfConversation", "code": code, "text": reason}


def addressed(activity: dict[str, Any], call: CallFacts, number: int, now: datetime) -> dict[str, Any]:
    """``activity`` as the ``number``-th of ``call``: with its id, time, locale, sender, recipient and conversation."""
    caller = {"id": call.person or ANONYMOUS, "role": "user"}
    if call.display_name:
        caller["name"] = call.display_name
    envelope: dict[str, Any] = {
        "id": f"{call.id}|{number:07d}",
        "timestamp": now.isoformat(),
        "channelId": PHONE_CHANNEL,
        "serviceUrl": SERVICE_URL,
        "locale": call.locale,
        "from": caller,
        "recipient": {"id": call.line or BOT_ID, "role": "bot"},
        "conversation": {"id": call.id},
    }
    if activity["type"] == "conversationUpdate" and "membersAdded" not in activity:
        envelope |= {"membersAdded": [caller], "channelData": start_facts(call)}
    return envelope | activity


def traceparent(call: CallFacts, request: int, activity: dict[str, Any]) -> str:
    """The trace to which ``request`` belongs (:mod:`voicebot.trace_context`); ``""`` if the call is not traced. What is
    no question, as it begins no turn, belongs to the call as a whole."""
    if call.trace is None:
        return ""
    told = activity["type"] == "endOfConversation" or activity.get("name") in (INTERRUPTED, HYPOTHESIS)
    return call.trace.traceparent(ROOT if told else request)


def trace_headers(call: CallFacts, request: int, activity: dict[str, Any]) -> dict[str, str]:
    """The same as headers of HTTP."""
    value = traceparent(call, request, activity)
    return {TRACEPARENT: value} if value else {}


def traced(activity: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """``activity`` with its :func:`trace_headers` in its ``channelData``: headers do not reach a bot behind a service,
    or on a websocket."""
    return activity | {"channelData": {**activity.get("channelData", {}), **headers}} if headers else activity


def start_facts(call: CallFacts) -> dict[str, Any]:
    """The facts of the call that the bot is told when the conversation begins: its ``channelData``."""
    headers, room = {}, MAX_ALL_HEADERS
    for name, value in islice(call.headers.items(), MAX_HEADERS):
        headers[name[:128]] = told = value[: min(MAX_HEADER, room)]
        room -= len(told)
    return {
        "caller": call.caller,
        "callee": call.callee,
        "callerHost": _host(call.caller_uri),
        "calleeHost": _host(call.callee_uri),
        "callerDisplayName": call.display_name,
        "callId": call.call_id,
        "direction": call.direction,
        "context": dict(call.context),
        "sipHeaders": headers,
        FALLBACK_TRANSFER: call.fallback,
    }


def _host(uri: str) -> str:
    """``pbx.example.com`` for ``sip:+1555@pbx.example.com:5060;user=phone``; ``""`` for a ``tel:`` URI."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() not in ("sip", "sips"):
        return ""
    authority = re.split(r"[;?]", rest.rpartition("@")[2], maxsplit=1)[0]
    return re.sub(r":\d*$", "", authority)[:255]

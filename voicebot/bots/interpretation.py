"""What a bot's activity asks of the call: activities in, events out. Pure, bounded, and never raises.

==============================================  =====================================================================
activity                                        event
==============================================  =====================================================================
message                                         BotMessage; spoken is ``speak``, else the text made fit for the ear,
                                                else what its cards say; with suggested actions read out
endOfConversation, event ``hangup``             HangUpAsked
event ``handoff.initiate``, or of type handoff  TransferAsked(``value.TargetPhoneNumber``); no target: the operator
event ``transfer``, ``handover`` (AudioCodes)   TransferAsked(``channelData.activityParams.transferTarget``)
event ``config``, and any ``sessionParams``     BotConfigured(``sttContextPhrases``, ``userNoInputTimeoutMS``)
any other                                       none
==============================================  =====================================================================

A TransferAsked with an empty target means that the bot leaves the choice to the settings.
"""

from __future__ import annotations

import math
import re
from typing import Any

from voicebot.bots.spoken import spoken
from voicebot.events import BotConfigured, BotMessage, Event, HangUpAsked, InputHint, TransferAsked

MAX_SPEAK = 20_000
MAX_PHRASES = 500
MAX_PHRASE = 100
MAX_CHOICES = 12
MAX_TARGET = 256
NO_INPUT_S = (0.5, 600.0)

_TARGET = re.compile(r"(?:sips?:|tel:)?[^\s<>\"\\\x00-\x20\x7f]{1,256}")


def events_from_activity(activity: Any, request: int, at: float) -> list[Event]:
    """The events that ``activity``, an answer to ``request``, amounts to; none for what a call has no use for."""
    if not isinstance(activity, dict):
        return []
    events: list[Event] = []
    configured = _configured(activity, at)
    if configured is not None:
        events.append(configured)
    match activity.get("type"):
        case "message":
            events.append(_message(activity, request, at))
        case "endOfConversation":
            events.append(HangUpAsked(at, _text(activity.get("code")) or "completed"))
        case "handoff":
            events.append(_handoff(activity, at))
        case "event":
            events.extend(_event(activity, at))
    return events


def _event(activity: dict[str, Any], at: float) -> list[Event]:
    parameters = _dict(_dict(activity.get("channelData")).get("activityParams"))
    match activity.get("name"):
        case "handoff.initiate":
            return [_handoff(activity, at)]
        case "transfer" | "handover":
            return [TransferAsked(at, _target(parameters.get("transferTarget")), parameters)]
        case "hangup":
            return [HangUpAsked(at, _text(parameters.get("hangupReason")) or "completed")]
    return []


def _message(activity: dict[str, Any], request: int, at: float) -> BotMessage:
    text = activity.get("text") if isinstance(activity.get("text"), str) else ""
    speak = activity.get("speak")
    if not isinstance(speak, str):
        speak = _aloud(activity, text or "")
    try:
        hint = InputHint(activity.get("inputHint") or InputHint.ACCEPTING)
    except ValueError:
        hint = InputHint.ACCEPTING
    locale = _text(activity.get("locale"))[:35]
    return BotMessage(at, request, (text or "")[:MAX_SPEAK], speak[:MAX_SPEAK], hint, locale)


def _aloud(activity: dict[str, Any], text: str) -> str:
    """What to say for a message that was written for a screen."""
    parts = [spoken(text)] if text else [_card(item) for item in _list(activity.get("attachments"))[:MAX_CHOICES]]
    choices = [
        _text(action.get("title")) or _text(action.get("value"))
        for action in map(_dict, _list(_dict(activity.get("suggestedActions")).get("actions"))[:MAX_CHOICES])
    ]
    unsaid = [spoken(choice) for choice in choices if choice and choice.lower() not in text.lower()]
    if unsaid:
        parts.append(", ".join(unsaid[:-1]) + f", or {unsaid[-1]}?" if len(unsaid) > 1 else f"{unsaid[0]}?")
    return " ".join(part for part in parts if part)


def _card(attachment: Any) -> str:
    """What a card says: an adaptive card's ``speak``, or a hero card's title and text."""
    content = _dict(_dict(attachment).get("content"))
    said = _text(content.get("speak"))
    if said:
        return said
    parts = [spoken(_text(content.get(name))) for name in ("title", "subtitle", "text")]
    return " ".join(part if part[-1:] in ".!?" else f"{part}." for part in parts if part)


def _handoff(activity: dict[str, Any], at: float) -> TransferAsked:
    value = activity.get("value")
    context = dict(_dict(value))
    target = context.pop("TargetPhoneNumber", None) or context.pop("targetPhoneNumber", None)
    return TransferAsked(at, _target(value if isinstance(value, str) else target), context)


def _target(value: Any) -> str:
    """A number or SIP URI that is safe to put into a header; ``""`` when there is none."""
    text = _text(value)
    if not text:
        return ""
    if not re.match(r"(?i)(?:sips?|tel):", text):
        text = re.sub(r"[\s().-]", "", text) if re.fullmatch(r"[+\d\s().-]+", text) else text
    return text if len(text) <= MAX_TARGET and _TARGET.fullmatch(text) else ""


def _configured(activity: dict[str, Any], at: float) -> BotConfigured | None:
    data = _dict(activity.get("channelData"))
    parameters = _dict(data.get("sessionParams"))
    if activity.get("type") == "event" and activity.get("name") == "config":
        parameters = parameters or _dict(_dict(activity.get("value")).get("sessionParams"))
    phrases = parameters.get("sttContextPhrases")
    patience = parameters.get("userNoInputTimeoutMS")
    if phrases is None and patience is None:
        return None
    wanted = [phrase[:MAX_PHRASE] for phrase in _list(phrases) if isinstance(phrase, str) and phrase.strip()]
    return BotConfigured(at, tuple(wanted[:MAX_PHRASES]), _patience(patience))


def _patience(milliseconds: Any) -> float | None:
    """Seconds; 0 means for ever, which is the longest that we wait."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or not math.isfinite(milliseconds):
        return None
    if milliseconds <= 0:
        return NO_INPUT_S[1]
    return min(max(milliseconds / 1000, NO_INPUT_S[0]), NO_INPUT_S[1])


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

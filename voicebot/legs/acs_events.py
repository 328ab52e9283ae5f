"""What Azure Communication Services tells us by HTTP: calls that come in (Event Grid), and events of calls. Pure.

Event Grid has two schemas, its own and CloudEvents; the difference is the name of the member with the kind. Events of
calls are CloudEvents. Both come in lists. What cannot be read in a list is left out and counted by the reader: another
delivery would be no better, and the rest of the list may be a caller who waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from voicebot.call_headers import passed_on
from voicebot.legs.acs_frames import TONES
from voicebot.legs.acs_platform import without_addresses
from voicebot.legs.sip_info import printable

PREFIX: Final = "Microsoft.Communication."
_WITHHELD: Final = "4:anonymous"
MAX_CONTEXT: Final = 32 * 1024
MAX_ID: Final = 256
MAX_SPEECH: Final = 4096
"""Characters of what somebody has said."""
MAX_TONES: Final = 64


@dataclass(frozen=True, slots=True)
class SubscriptionValidation:
    """Event Grid asks whether its events are wanted here; the answer has the code."""

    code: str


@dataclass(frozen=True, slots=True)
class CommunicationIdentifier:
    """``raw_id``: as the service names somebody (``4:+4930...``, ``8:acs:...``); ``number``: empty if it is none."""

    raw_id: str
    number: str = ""

    @property
    def name(self) -> str:
        """What a bot is told: the number, or the raw id; of a caller who withholds it, ``anonymous``."""
        return self.number or ("anonymous" if self.raw_id == _WITHHELD else self.raw_id)


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """Somebody calls. ``context``: a secret by which it is answered. ``headers``: of SIP, those that are passed on."""

    event: str
    correlation: str
    context: str = field(repr=False)
    caller: CommunicationIdentifier
    callee: CommunicationIdentifier
    display_name: str = ""
    headers: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Result:
    """How something ended. ``code``: as HTTP has it, ``sub_code``: the service's own, ``sip``: the status of SIP; each
    0 if there is none."""

    code: int = 0
    sub_code: int = 0
    message: str = ""
    sip: int = 0

    def __str__(self) -> str:
        return f"{self.message or 'no reason given'} ({self.code}/{self.sub_code})"


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the service has understood. ``label``: of the choice, ``speech``: the words, each empty if there is none;
    ``keys``: ``0-9 * # A-D``; ``confidence``: 0 to 1, or None."""

    label: str = ""
    speech: str = ""
    keys: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """An event of the call ``connection``. ``kind``: without the prefix, ``CallConnected``. ``operation``: the context
    of the request that it is about. ``recognised``: of ``Recognize...`` events. ``failed_prompt``: which one could not
    be said, from 0; None if that is not told."""

    event: str
    kind: str
    connection: str
    operation: str
    result: Result
    recognised: Recognised = Recognised()
    failed_prompt: int | None = None


def read_grid(body: object) -> tuple[list[IncomingCall | SubscriptionValidation], int]:
    """What a delivery of Event Grid has for us, and how many of its events cannot be read."""
    found: list[IncomingCall | SubscriptionValidation] = []
    unread = 0
    for event in body if isinstance(body, list) else [body]:
        try:
            one = _grid_event(event)
        except ValueError:
            unread += 1
        else:
            if one is not None:
                found.append(one)
    return found, unread


def read_events(body: object) -> tuple[list[CallEvent], int]:
    """The events of a delivery to a call's callback, and how many cannot be read."""
    found: list[CallEvent] = []
    unread = 0
    for event in body if isinstance(body, list) else [body]:
        try:
            found.append(_call_event(event))
        except ValueError:
            unread += 1
    return found, unread


def _grid_event(event: object) -> IncomingCall | SubscriptionValidation | None:
    """None: it is about something else."""
    if not isinstance(event, dict) or not isinstance(data := event.get("data"), dict):
        raise ValueError("not an event")
    match event.get("eventType") or event.get("type"):
        case "Microsoft.EventGrid.SubscriptionValidationEvent":
            return SubscriptionValidation(_text(data, "validationCode"))
        case "Microsoft.Communication.IncomingCall":
            return IncomingCall(
                _text(event, "id"),
                _text(data, "correlationId"),
                _text(data, "incomingCallContext", MAX_CONTEXT),
                _party(data.get("from")),
                _party(data.get("to")),
                _printable(data.get("callerDisplayName")),
                _headers(data.get("customContext")),
            )
    return None


def _call_event(event: object) -> CallEvent:
    if not isinstance(event, dict) or not isinstance(data := event.get("data"), dict):
        raise ValueError("not an event")
    operation = data.get("operationContext")
    return CallEvent(
        _text(event, "id"),
        _text(event, "type").removeprefix(PREFIX),
        _text(data, "callConnectionId"),
        operation if isinstance(operation, str) else "",
        _result(data.get("resultInformation")),
        _recognised(data),
        _index(data.get("failedPlaySourceIndex")),
    )


def _recognised(data: dict[str, Any]) -> Recognised:
    """From the part that is there: ``dtmfResult``, ``choiceResult`` or ``speechResult``."""
    keyed, chosen, said = (data.get(name) for name in ("dtmfResult", "choiceResult", "speechResult"))
    keys = label = speech = ""
    confidence: object = None
    if isinstance(keyed, dict) and isinstance(tones := keyed.get("tones"), list):
        keys = "".join(TONES.get(str(tone).lower(), "") for tone in tones[:MAX_TONES])
    if isinstance(chosen, dict):
        label, speech = _printable(chosen.get("label")), _printable(chosen.get("recognizedPhrase"))
        confidence = chosen.get("confidence")
    elif isinstance(said, dict):
        speech, confidence = _printable(said.get("speech"), MAX_SPEECH), said.get("confidence")
    return Recognised(label, speech, keys, _share(confidence))


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 else None


def _index(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _result(value: object) -> Result:
    if not isinstance(value, dict):
        return Result()
    sip = value.get("sipDetails")
    status = _whole(sip.get("code")) if isinstance(sip, dict) else 0
    message = _printable(value.get("message"))
    if not message and isinstance(sip, dict):
        message = _printable(sip.get("message"))
    return Result(_whole(value.get("code")), _whole(value.get("subCode")), without_addresses(message), status)


def _party(value: object) -> CommunicationIdentifier:
    if not isinstance(value, dict):
        raise ValueError("an incoming call without its parties")
    phone = value.get("phoneNumber")
    number = phone.get("value") if isinstance(phone, dict) else None
    raw_id = _printable(value.get("rawId"))
    if not isinstance(number, str):
        number = raw_id[2:] if raw_id.startswith("4:+") else ""
    return CommunicationIdentifier(raw_id or (f"4:{_printable(number)}" if number else _WITHHELD), _printable(number))


def _headers(value: object) -> dict[str, str]:
    headers = value.get("sipHeaders") if isinstance(value, dict) else None
    return passed_on(headers.items()) if isinstance(headers, dict) else {}


def _text(values: dict[str, Any], name: str, limit: int = MAX_ID) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise ValueError(f"an event without {name}")
    return value


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _printable(value: object, limit: int = MAX_ID) -> str:
    """Safe for JSON and logs; other values than texts are empty."""
    return printable(value[:limit]) if isinstance(value, str) else ""

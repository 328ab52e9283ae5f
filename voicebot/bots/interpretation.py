"""What a bot's activity asks of the call: activities in, events out. Pure, bounded, never raises.

==============================================  =====================================================================
activity                                        event
==============================================  =====================================================================
message                                         BotMessage: its ``speak``, else its text made fit for speech, else the
                                                words of its cards; then its suggested actions. With a ``playUrlUrl``
                                                in its ``activityParams`` that file is played instead
parts of a streamed text                        BotMessage, sentence by sentence (``streamed_text.py``)
endOfConversation, event ``hangup``             HangUpAsked
event ``handoff.initiate``, or of type handoff  TransferAsked(``value.TargetPhoneNumber``)
event ``call.place``, with ``value.to``          CallAsked, or PlacedCallChanged
command ``…telephony.recording.start`` etc.     RecordingAsked (Microsoft's Telephony channel)
AudioCodes' events, with ``activityParams``:
``transfer``, ``handover``                      TransferAsked(``transferTarget``)
``playUrl``                                     BotMessage(audio=``playUrlUrl``)
``sendDtmf``                                    KeysAsked(``dtmfDigits``)
``abortPrompts``                                AbortPromptsAsked
``expectAnotherBotMessage``, or a message with  MessageAnnounced
it in its ``activityParams``
``startCallRecording``, ``stop…`` etc.          RecordingAsked
``startRecognition``, ``stopRecognition``       CallConfigured(listening=...)
``sendMetaData``                                MetadataSent(``value``)
``config``, and any ``sessionParams``           CallConfigured (``session_parameters.py``)
what a message offers                           CallConfigured (``expected_answers.py``)
any other                                       none
==============================================  =====================================================================

``activityParams`` and ``sessionParams`` stand in ``channelData``, or in an event's ``value`` (as Copilot Studio sends
them). Where the target of a transfer is missing or is no address, the settings decide (``calls.fallback_transfer``). A
``call.place`` whose ``to`` is no address is refused, which PlacedCallChanged reports.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from voicebot.address import Address, AddressError
from voicebot.bots.aloud import MAX_SPEAK, aloud
from voicebot.bots.citations import says_that_it_cites
from voicebot.bots.expected_answers import answer_to_offer
from voicebot.bots.languages import language_tag
from voicebot.bots.session_parameters import MAX_URL, configured, fetchable
from voicebot.bots.spoken import spoken
from voicebot.bots.streamed_text import MAX_STREAM, StreamedText, stream_info
from voicebot.bots.transfers import transfer_asked
from voicebot.events import (
    AbortPromptsAsked,
    AnswerKind,
    BotMessage,
    CallAsked,
    CallConfigured,
    Event,
    ExpectedAnswer,
    HangUpAsked,
    InputHint,
    KeysAsked,
    MessageAnnounced,
    MetadataSent,
    PlacedCallChanged,
    RecordingAction,
    RecordingAsked,
    TransferAsked,
)
from voicebot.telephony_channel import RECORDING_COMMAND

_SAYS_ITSELF = frozenset({"expectedAnswer", "sttContextPhrases"})
MAX_METADATA = 16_384
MAX_METADATA_VALUES = 2000
MAX_NAME = 64
MAX_COMMAND = 256
MAX_KEYS = 20


class Interpreter:
    """Interprets the activities of one conversation. It keeps what has been spoken of texts that are being streamed.

    ``files``: whether the bot may have files of this machine played. Only our own dialog host may.
    """

    def __init__(self, *, files: bool = False) -> None:
        self._streams = StreamedText()
        self._files = files
        self._remarks: list[str] = []
        self._locale = ""
        """Of the last part of a streamed text."""
        self._offered: int | None = None
        """The request in answer to which the bot has offered something last."""

    def events(self, activity: Any, request: int, at: float) -> list[Event]:
        """The events that ``activity``, an answer to ``request``, stands for. ``at``: the loop's time."""
        info = stream_info(activity) if isinstance(activity, dict) else None
        if info is None:
            events = events_from_activity(activity, request, at, files=self._files, remarks=self._remarks)
            return self._expectation(activity, request, at) + events
        text = _text(activity.get("text"))
        if len(text) > MAX_STREAM:
            self._remarks.append(f"its text is too long: {len(text) - MAX_STREAM} characters are not said")
        if info.kind != "final":
            self._locale, cited = language_tag(activity.get("locale")), says_that_it_cites(activity)
            return [
                BotMessage(at, request, sentence, spoken(sentence, cited=cited), locale=self._locale)
                for sentence in self._streams.part(info, text, request)
            ]
        left = self._streams.final(info, text)
        if left is not None:
            activity = {name: value for name, value in activity.items() if name != "speak"} | {"text": left}
        events = events_from_activity(activity, request, at, files=self._files, remarks=self._remarks)
        return self._expectation(activity, request, at) + events

    def _expectation(self, activity: Any, request: int, at: float) -> list[Event]:
        """What a message lets be seen of the expected answer, if the bot does not say it (as our own dialogs do). What
        it has offered holds until its next turn."""
        if self._files or not isinstance(activity, dict):
            return []
        if not _SAYS_ITSELF.isdisjoint(_parameters(activity, "sessionParams")):
            self._offered = None
            return []
        if activity.get("type") != "message":
            return []
        offered = answer_to_offer(activity)
        if offered is not None:
            self._offered = request
            return [CallConfigured(at, answer=offered)]
        if self._offered is not None and (self._offered != request or request == 0):
            self._offered = None
            return [CallConfigured(at, answer=ExpectedAnswer(AnswerKind.OPEN))]
        return []

    def finished(self, request: int, at: float) -> list[Event]:
        """The bot has finished with ``request``: texts that it began to stream and did not end are spoken as well."""
        left = self._streams.left(request)
        return [BotMessage(at, request, text, spoken(text), locale=self._locale) for text in left]

    def take_remarks(self) -> list[str]:
        """What the log should say of the activities since the last call of this method: what is not said of them, or
        not as it was meant."""
        remarks, self._remarks = self._remarks, []
        return remarks


def events_from_activity(
    activity: Any, request: int, at: float, *, files: bool = False, remarks: list[str] | None = None
) -> list[Event]:
    """The events that ``activity``, an answer to ``request``, stands for; none for activities that a call cannot use.

    ``at``: the loop's time. ``files``: see :class:`Interpreter`. ``remarks`` gets what the log should say.
    """
    if not isinstance(activity, dict):
        return []
    events: list[Event] = []
    configuration = configured(_parameters(activity, "sessionParams"), at)
    if configuration is not None:
        events.append(configuration)
    match activity.get("type"):
        case "message":
            events += _message(activity, request, at, files, remarks if remarks is not None else [])
            if _parameters(activity, "activityParams").get("expectAnotherBotMessage") in (True, "true"):
                events.append(MessageAnnounced(at))
        case "endOfConversation":
            events.append(HangUpAsked(at, _text(activity.get("code")) or "completed"))
        case "handoff":
            events.append(_handoff(activity, at))
        case "command":
            events.extend(_command(activity, at))
        case "event":
            events.extend(_event(activity, request, at))
    return events


def _event(activity: dict[str, Any], request: int, at: float) -> list[Event]:
    parameters = _parameters(activity, "activityParams")
    match activity.get("name"):
        case "handoff.initiate":
            return [_handoff(activity, at)]
        case "call.place":
            return [_call(_dict(activity.get("value")), at)]
        case "transfer" | "handover":
            return [transfer_asked(at, parameters.get("transferTarget"), parameters)]
        case "hangup":
            return [HangUpAsked(at, _text(parameters.get("hangupReason")) or "completed")]
        case "playUrl":
            url = _text(parameters.get("playUrlUrl"))
            text = _text(parameters.get("playUrlAltText"))[:MAX_SPEAK]
            return [BotMessage(at, request, text, "", _hint(activity), audio=url)] if fetchable(url) else []
        case "sendDtmf":
            keys = _text(parameters.get("dtmfDigits"))
            return [KeysAsked(at, keys)] if re.fullmatch(rf"[0-9A-D*#]{{1,{MAX_KEYS}}}", keys) else []
        case "abortPrompts":
            return [AbortPromptsAsked(at)]
        case "expectAnotherBotMessage":
            return [MessageAnnounced(at)]
        case "startRecognition" | "stopRecognition" as name:
            return [CallConfigured(at, listening=name == "startRecognition")]
        case "sendMetaData":
            value = activity.get("value")
            return [MetadataSent(at, value)] if _kept(value) else []
        case "startCallRecording" | "stopCallRecording" | "pauseCallRecording" | "resumeCallRecording" as name:
            return [RecordingAsked(at, RecordingAction(name.removesuffix("CallRecording")))]
    return []


def _command(activity: dict[str, Any], at: float) -> list[Event]:
    name = _text(activity.get("name"))
    action = name.removeprefix(RECORDING_COMMAND)
    if action == name or action not in list(RecordingAction):
        return []
    return [
        RecordingAsked(at, RecordingAction(action), _text(_dict(activity.get("value")).get("commandId"))[:MAX_COMMAND])
    ]


def _parameters(activity: dict[str, Any], name: str) -> dict[str, Any]:
    found = _dict(_dict(activity.get("channelData")).get(name))
    if not found and activity.get("type") == "event":
        found = _dict(_dict(activity.get("value")).get(name))
    return found


def _kept(value: Any) -> bool:
    """Whether ``value`` may be stored in the record: not empty, with at most :data:`MAX_METADATA_VALUES` values, and
    at most :data:`MAX_METADATA` characters of JSON."""
    waiting, values = [value], 0
    while waiting:
        one = waiting.pop()
        values += 1
        waiting += one.values() if isinstance(one, dict) else _list(one)
        if values + len(waiting) > MAX_METADATA_VALUES:
            return False
    try:
        return value not in (None, "", {}, []) and len(json.dumps(value)) <= MAX_METADATA
    except (ValueError, TypeError, RecursionError):
        return False


def _message(activity: dict[str, Any], request: int, at: float, files: bool, remarks: list[str]) -> list[BotMessage]:
    said = aloud(activity, ours=files)
    remarks += said.remarks
    url = _text(_parameters(activity, "activityParams").get("playUrlUrl"))
    audio = url if fetchable(url) or (files and url.startswith("file:///") and len(url) <= MAX_URL) else ""
    pieces = said.pieces
    if audio and len(pieces) > 1:  # the file is all of the message
        whole = " ".join(piece.shown for piece in pieces)
        pieces = (replace(pieces[0], speak=whole, shown=whole),)
    hint = _hint(activity)
    return [BotMessage(at, request, piece.shown, piece.speak, hint, piece.locale, audio) for piece in pieces]


def _hint(activity: dict[str, Any]) -> InputHint:
    try:
        return InputHint(activity.get("inputHint") or InputHint.ACCEPTING)
    except ValueError:
        return InputHint.ACCEPTING


def _handoff(activity: dict[str, Any], at: float) -> TransferAsked:
    value = activity.get("value")
    if isinstance(value, str):
        return transfer_asked(at, value, {})
    given = _dict(value)
    return transfer_asked(at, given.get("TargetPhoneNumber") or given.get("targetPhoneNumber"), given)


def _call(value: dict[str, Any], at: float) -> CallAsked | PlacedCallChanged:
    command = _text(value.get("commandId"))[:MAX_COMMAND]
    try:
        target = Address.parse(_text(value.get("to")))
    except AddressError as error:
        return PlacedCallChanged(at, "refused", "", None, command, reason=str(error))
    return CallAsked(
        at,
        target,
        trunk=_text(value.get("trunk"))[:MAX_NAME],
        bot=_text(value.get("bot"))[:MAX_NAME],
        command=command,
        context=_dict(value.get("context")),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

"""What dialogs ask of the channel, that is, of the call: to speak, to listen, to record, to hang up.

Also the state of the call, and how many steps a turn may still run. The state of the call (language, speed) is part of
the root dialog's state, which puts it into each turn: a dialog that asks again after a restart is given nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from voicebot.authoring.languages import closest, with_country
from voicebot.authoring.model import BargeIn
from voicebot.host.sdk import Activity, ActivityTypes, PassingActivity, TurnContext
from voicebot.host_wire import WrittenJson
from voicebot.json_body import number_within
from voicebot.telephony_channel import ALTERNATIVES, PROMPT_HEARD, RECORDING_COMMAND

BUDGET = 300
"""Steps of one turn; a dialog that needs more runs in circles."""
MOST_SILENCES = 100
MOST_ALTERNATIVES = 8

_CALL = "voicebot.authoring.call"
_LOCALE = "voicebot.authoring.locale"
_BUDGET = "voicebot.authoring.budget"
_ASKING: dict[Any, str] = {
    True: "expectingInput", None: "expectingInput", False: "ignoringInput", "keys": "ignoringSpeechInput",
    "speech": "ignoringNonSpeechInput",
}  # fmt: skip
_SAYING: dict[Any, str] = {**_ASKING, True: "acceptingInput", None: "acceptingInput"}


def begin_turn(context: TurnContext, call: dict[str, Any]) -> None:
    """Put the call's state into the turn."""
    context.turn_state[_CALL] = call


def call_state(context: TurnContext) -> dict[str, Any]:
    """The call's state: ``locale``, ``slow``, ``caller``, ``callee``, ``recording``, ``private``, ``dialled``, and
    ``fallback`` (whether :func:`transfer_to_fallback` can help)."""
    state: dict[str, Any] = context.turn_state.get(_CALL) or {}
    return state


def may_go_on(context: TurnContext, cost: int) -> bool:
    """Whether the turn has steps left; takes ``cost`` of them."""
    left = context.turn_state.get(_BUDGET)
    left = BUDGET if left is None else left
    context.turn_state[_BUDGET] = left - cost
    return bool(left >= cost)


async def say(
    context: TurnContext, said: tuple[str, str], *, asking: bool, barge_in: BargeIn | None, locale: str, audio: str = ""
) -> None:
    """Say something. ``said``: what is shown, what is spoken; ``audio``: what is played instead, if it can be."""
    hints = _ASKING if asking else _SAYING
    message = PassingActivity(type=ActivityTypes.message, text=said[0], speak=said[1], input_hint=hints[barge_in])
    if audio:
        message.channel_data = {"activityParams": {"playUrlUrl": audio}}
    if locale.partition("-")[0] == (context.activity.locale or locale).partition("-")[0]:
        await context.send_activity(message)
        return
    # The SDK writes the caller's locale into all that it sends: put back what the voice has to know.
    if context.turn_state.get(_LOCALE) is None:
        context.on_send_activities(_relocate)
    context.turn_state[_LOCALE] = with_country(locale)
    await context.send_activity(message)
    context.turn_state[_LOCALE] = ""


async def _relocate(context: TurnContext, activities: list[Activity], go_on: Callable[[], Awaitable[Any]]) -> Any:
    for activity in activities:
        activity.locale = context.turn_state[_LOCALE] or activity.locale
    return await go_on()


def configuration(
    phrases: list[str],
    no_input_s: float | None,
    *,
    patient: bool = False,
    answer: dict[str, Any] | None = None,
    pace: str | None = None,
    still_there: str | None = None,
) -> WrittenJson:
    """For :func:`configure`: what the recogniser should expect, and how long a silence counts as no answer (None: as
    the settings say).

    ``patient``: the call is not ended however often the caller stays silent. ``answer``: what the answer looks like
    (:class:`~voicebot.authoring.answers.expectation.Expectation`). ``pace``: how soon the caller's turn is over (None:
    as the settings say). ``still_there``: what the caller hears, text or SSML, if words were lost with another process
    (None: as before).
    """
    parameters: dict[str, Any] = {"sttContextPhrases": phrases}
    if patient:
        parameters["userNoInputRetries"] = MOST_SILENCES
    if answer is not None:
        parameters["expectedAnswer"] = answer
    if pace is not None:
        parameters["turnPace"] = pace
    if still_there is not None:
        parameters["stillThereSpeech"] = still_there
    if no_input_s is not None:
        parameters["userNoInputTimeoutMS"] = round(no_input_s * 1000)
    return WrittenJson({"sessionParams": parameters})


async def configure(context: TurnContext, told: WrittenJson) -> None:
    """Tell the call what to expect."""
    await context.send_activity(PassingActivity(type=ActivityTypes.event, name="config", channel_data=told))


async def allow_late_end_key(context: TurnContext, key: str) -> None:
    """What was keyed in is complete: if ``key`` still follows, it only ends that."""
    data = {"sessionParams": {"lateEndKey": key}}
    await context.send_activity(PassingActivity(type=ActivityTypes.event, name="config", channel_data=data))


async def use_language(context: TurnContext, wanted: str, available: Sequence[str]) -> bool:
    """Go on in the language ``wanted``: words, voice and recognition. False, and no change, when there is none."""
    found = closest(wanted, available)
    if found is None:
        return False
    call_state(context)["locale"] = found
    data = {"sessionParams": {"language": with_country(wanted)}}
    await context.send_activity(PassingActivity(type=ActivityTypes.event, name="config", channel_data=data))
    return True


async def record(context: TurnContext, action: str) -> None:
    """Command the call's recording: ``start``, ``pause``, ``resume`` or ``stop``."""
    call_state(context)["recording"] = action
    await _command_recording(context, action)


async def keep_private(context: TurnContext, private: bool) -> None:
    """Pause the recording while a private answer is given, or let it go on; nothing happens when it already is so."""
    call = call_state(context)
    if bool(call.get("private")) == private:
        return
    call["private"] = private
    recording = call.get("recording")
    if recording != "pause":  # also while it is stopped: the call's record and log keep words then
        await _command_recording(context, "pause" if private else "stop" if recording == "stop" else "resume")


async def _command_recording(context: TurnContext, action: str) -> None:
    await context.send_activity(PassingActivity(type="command", name=RECORDING_COMMAND + action))


async def send_event(context: TurnContext, name: str, value: dict[str, Any]) -> None:
    """Ask the channel for something that is not speech: a transfer, a call."""
    await context.send_activity(PassingActivity(type=ActivityTypes.event, name=name, value=value))


async def transfer_to_fallback(context: TurnContext) -> None:
    """Have the caller transferred where the settings of the service say."""
    await send_event(context, "handoff.initiate", {})


async def hang_up(context: TurnContext) -> None:
    """Ask the channel to end the call once everything was heard."""
    await context.send_activity(PassingActivity(type=ActivityTypes.end_of_conversation, code="completedSuccessfully"))


def is_key(activity: Any) -> bool:
    """Whether a message is a key on the phone (one message for each key)."""
    entities = activity.entities or []
    return any((entity.get("type") if isinstance(entity, dict) else entity.type) == "DTMF" for entity in entities)


def prompt_heard(activity: Any) -> float:
    """How much of the last message the caller had heard when beginning to speak (0 to 1)."""
    data = activity.channel_data
    heard = number_within(data.get(PROMPT_HEARD), 0, 1) if isinstance(data, dict) else None
    return 1.0 if heard is None else heard


def confidence(activity: Any) -> float | None:
    """How sure the recogniser is of the words, from 0 to 1; None where it does not say."""
    data = activity.channel_data
    return number_within(data.get("confidence"), 0, 1) if isinstance(data, dict) else None


def alternatives(activity: Any) -> list[tuple[str, float | None]]:
    """What may have been said instead of the words, with how sure the recogniser is of it; the likeliest first."""
    data = activity.channel_data
    listed = data.get(ALTERNATIVES) if isinstance(data, dict) else None
    entries = [one for one in listed[:MOST_ALTERNATIVES] if isinstance(one, dict)] if isinstance(listed, list) else []
    return [
        (text.strip(), number_within(one.get("confidence"), 0, 1))
        for one in entries if isinstance(text := one.get("text"), str) and text.strip()
    ]  # fmt: skip


def sent_at(activity: Any) -> float:
    """When the activity was sent, in seconds since 1970; 0 where it does not say."""
    sent = activity.timestamp
    return sent.timestamp() if isinstance(sent, datetime) else 0.0


def is_dry_run(context: TurnContext) -> bool:
    """Whether nobody is there: the dialogs are being warmed up."""
    data = context.activity.channel_data
    return isinstance(data, dict) and data.get("dryRun") is True

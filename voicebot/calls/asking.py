"""What the bot is sent: the facts of the call, and an activity for each question of the turn machine. Pure."""

from __future__ import annotations

from typing import Any

from voicebot.bots import CallFacts, activities
from voicebot.calls.request import Placed
from voicebot.events import KeyCollection
from voicebot.legs import LegInfo
from voicebot.trace_context import CallTrace
from voicebot.turns import Ask, AskKind


def facts_of(
    call: str,
    info: LegInfo,
    placed: Placed,
    language: str,
    trace: CallTrace | None = None,
    *,
    fallback: bool,
    keys: KeyCollection | None = None,
) -> CallFacts:
    """The facts of a call for its bot. Without the headers of an outbound call: they are those that we send.

    ``fallback``: whether the settings have a fallback for transfers. ``keys``: how keys were collected so far, in a
    call that another process has begun."""
    return CallFacts(
        id=call,
        call_id=info.call_id,
        caller=info.caller,
        callee=info.callee,
        display_name=info.display_name,
        locale=language,
        headers=info.headers if info.direction == "inbound" else {},
        caller_uri=info.caller_uri,
        callee_uri=info.callee_uri,
        trunk=info.trunk,
        direction=info.direction,
        bot=placed.bot,
        context=placed.context,
        fallback=fallback,
        trace=trace,
        keys=keys,
    )


def asked_activity(ask: Ask, language: str) -> dict[str, Any]:
    """The activity for ``ask``. ``language``: the one in which the caller's speech is recognised."""
    match ask.kind:
        case AskKind.START:
            return activities.conversation_update()
        case AskKind.SPEECH:
            return activities.user_message(
                ask.text, ask.confidence, language, ask.prompt_heard, [(one.text, one.confidence) for one in ask.others]
            )
        case AskKind.KEY:
            return activities.key_message(ask.text)
        case AskKind.NO_INPUT:
            return activities.no_input(ask.count)
        case AskKind.NO_MATCH:
            return activities.no_match(ask.count)
        case AskKind.INTERRUPTED:
            return activities.interrupted(ask.text, ask.heard_s)
        case AskKind.TRANSFER_RESULT:
            assert ask.transfer is not None
            return activities.handoff_status(ask.transfer)
        case AskKind.COMMAND_RESULT:
            return activities.command_result(str(ask.action), ask.command, ask.text)
        case AskKind.PLACED_CALL:
            assert ask.call is not None
            return activities.call_status(ask.call)
        case AskKind.AUDIO_FAILED:
            return activities.play_failed(ask.text)
        case AskKind.RESUME:
            return activities.resume()
        case AskKind.HYPOTHESIS:
            return activities.speech_hypothesis(ask.text)

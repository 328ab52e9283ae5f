"""The services and rules of calls, made from the settings."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.calls import CallPlacer, CallRules, CallServices, Keeping, PromptAudio, TransferRules
from voicebot.calls.transferring import Consult
from voicebot.records import UnfinishedRecords
from voicebot.service.channels import Channels
from voicebot.service.speech import SpeechService, voices
from voicebot.service.traces import Traces
from voicebot.settings import Settings
from voicebot.sip import Ladders


def call_services(
    settings: Settings,
    speech: SpeechService,
    channels: Channels,
    audio: PromptAudio,
    consult: Consult,
    place: CallPlacer,
    unfinished: UnfinishedRecords,
    silenced: Callable[[], bool],
    traces: Traces | None,
    ladders: Callable[[], Ladders | None],
) -> CallServices:
    """``audio``: where prompts come from. ``consult`` and ``place``: place calls for a running call. ``unfinished``:
    keeps the records of running calls. ``silenced()``: whether another process may have our calls.
    ``traces``: None: calls are not traced. ``ladders()``: where SIP messages of calls are kept."""
    return CallServices(
        recognizer=speech.recognizer,
        conversation=channels.conversation,
        score_turn=speech.score_turn,
        audio=audio,
        rules=_rules(settings, consult),
        keeping=Keeping(
            *(settings.calls.records, settings.calls.recording, settings.log.words),
            unfinished=unfinished,
            ladders=ladders,
        ),
        place=place,
        silenced=silenced,
        bot_for=channels.bot_for,
        trace=traces.of_call if traces is not None else lambda _call, _part: None,
    )


def _rules(settings: Settings, consult: Consult) -> CallRules:
    calls = settings.calls
    own = {entry.name: entry.before_answer for entry in settings.trunks}
    own |= {entry.name: entry.before_answer for entry in settings.accounts}
    return CallRules(
        policy=settings.turn_policy(),
        transfers=TransferRules(
            tuple(calls.transfer_allow),
            calls.transfer_domain,
            calls.fallback_transfer,
            consult,
            carry_id=settings.assist.join_bot_calls,
        ),
        language=settings.speech.language,
        voice_name=settings.speech.voice,
        voices=voices(settings),
        vad_start_ms=settings.turns.vad_start_ms,
        vad_echo_gate_dbfs=settings.turns.vad_echo_gate_dbfs,
        max_duration_s=calls.max_duration_s,
        before_answer=lambda trunk: own.get(trunk) or calls.before_answer,
    )

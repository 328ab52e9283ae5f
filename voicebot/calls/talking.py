"""Who speaks, listens and records in a call: we do, or the platform of its leg. The turn machine decides in all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from voicebot.calls.by_platform import PlatformTalk
from voicebot.calls.call_recording import CallRecording, RecordingState
from voicebot.calls.hearing import Hearing
from voicebot.calls.platform_recording import PlatformRecording
from voicebot.calls.playback import Playback
from voicebot.calls.recording_control import RecordingControl
from voicebot.calls.services import CallRules, CallServices
from voicebot.events import Event
from voicebot.legs import Leg, Recordable
from voicebot.legs.operations import Operated
from voicebot.speech import PromptVoice
from voicebot.turns import Play, TurnMachine


class Talking(NamedTuple):
    """The parts of one call. If the platform speaks and listens, the first two are one. ``recording`` does what the bot
    wants of its recording; ``recorded``: what is recorded here; None: nothing ever is."""

    hearing: Hearing | PlatformTalk
    playback: Playback | PlatformTalk
    recording: RecordingControl | PlatformRecording
    recorded: CallRecording | None


def turn_machine(leg: Leg, rules: CallRules) -> TurnMachine:
    """Of one call."""
    by_platform = isinstance(leg, Operated) and leg.operations is not None
    # replies are not made ready by a platform: it renders prompts when it says them
    return TurnMachine(replace(rules.policy, prepare=False) if by_platform else rules.policy, rules.language)


def talking(
    leg: Leg,
    services: CallServices,
    machine: TurnMachine,
    *,
    tell: Callable[[Event], None],
    on_audio: Callable[[Play], None],
    log: logging.LoggerAdapter[logging.Logger],
    before: RecordingState | None = None,
) -> Talking:
    """``tell`` gets the events of the caller's speech and of the recording; ``on_audio`` is called when the first audio
    of a prompt is available. ``before``: what was recorded before, of a call that goes on; None: it begins."""
    rules, keeping = services.rules, services.keeping
    state = before or (RecordingState.RUNS if keeping.recording else RecordingState.NONE)
    voice = PromptVoice(rules.voice_name, rules.language, rules.voices)
    operations = leg.operations if isinstance(leg, Operated) else None
    recorder = leg.recorder if isinstance(leg, Recordable) else None
    recorded: CallRecording | None = None
    recording: RecordingControl | PlatformRecording
    if recorder is not None:
        recording = PlatformRecording(recorder, tell, runs=state is RecordingState.RUNS)
    else:
        if keeping.records is not None and operations is None:
            recorded = CallRecording(leg.info.audio, state)
        recording = RecordingControl(recorded, tell)
    if operations is None:
        hearing = Hearing(leg.info.audio, services, tell, log)
        return Talking(hearing, Playback(leg.playout, services.audio, voice, on_audio), recording, recorded)
    talk = PlatformTalk(operations, machine, services.audio, voice, tell=tell, on_audio=on_audio)
    return Talking(talk, talk, recording, recorded)

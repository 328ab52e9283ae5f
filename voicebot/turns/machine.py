"""The turn machine: one call's conversation, with events in and commands out.

``start()`` begins, ``handle(event)`` takes an event, ``wake(now)`` is to be called when ``deadline`` has passed. Each
returns the commands to carry out, in order. :data:`HANDLERS` has a function for each event: it updates the parts, and
tells the floor what has happened. ``table.TABLE`` decides what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicebot.events import (
    AbortPromptsAsked,
    BotDone,
    BotFailed,
    BotMessage,
    BotRecovered,
    CallAnswered,
    CallAsked,
    CallConfigured,
    EarlyMediaSent,
    Event,
    Final,
    HangUpAsked,
    HoldEnded,
    HoldStarted,
    Hypothesis,
    KeyPressed,
    KeysAsked,
    LegEnded,
    MessageAnnounced,
    NoMatch,
    PlacedCallChanged,
    PlaybackEnded,
    PlaybackFailed,
    PlaybackStarted,
    RecognitionLost,
    RecognitionRestored,
    RecordingAsked,
    RecordingChanged,
    SpeechDoubted,
    SpeechMayStart,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
    TurnScored,
)
from voicebot.turns.commands import AskKind, Canned, Command, Drop, HangUp, PlaceCall, Record, Transfer
from voicebot.turns.floor import Floor
from voicebot.turns.moves import ROWS
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.table import FloorState, Happening


class TurnMachine:
    """The state of one call's conversation. Not reentrant: carry out commands only after ``handle`` has returned.

    ``language``: that of the call at first ("en-US").
    """

    def __init__(self, policy: TurnPolicy | None = None, language: str = "") -> None:
        self.floor = Floor(policy or TurnPolicy(), ROWS, language)

    def start(self) -> list[Command]:
        """Ask the bot for its greeting, which may be prepared while the phone still rings."""
        self.floor.ask(AskKind.START)
        return self.floor.take_commands()

    def handle(self, event: Event) -> list[Command]:
        """Handle ``event``. Returns the commands to carry out."""
        floor = self.floor
        handler = HANDLERS.get(type(event))
        if handler is not None and floor.state is not FloorState.ENDED:
            handler(floor, event)
        return floor.take_commands()

    def wake(self, now: float) -> list[Command]:
        """Do what is due at ``now``, if anything is. Returns the commands to carry out."""
        self.floor.pass_time(now)
        return self.floor.take_commands()

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`wake` next; None: never."""
        return self.floor.deadline()

    @property
    def state(self) -> FloorState:
        """Who has the floor."""
        return self.floor.state

    @property
    def bot_audible(self) -> bool:
        """Whether the bot is speaking, so that voice activity detection must ignore its echo."""
        return self.floor.state is FloorState.SPEAKING


# --- the leg ---------------------------------------------------------------------------------------------------------


def _answered(floor: Floor, event: CallAnswered | EarlyMediaSent) -> None:
    floor.happened(Happening.ANSWERED, event.at)


def _leg_ended(floor: Floor, event: LegEnded) -> None:
    floor.happened(Happening.LEG_ENDED, event.at)


def _hold_started(floor: Floor, event: HoldStarted) -> None:
    floor.timers.hold(event.at)


def _hold_ended(floor: Floor, event: HoldEnded) -> None:
    floor.timers.unhold(event.at)


def _key_pressed(floor: Floor, event: KeyPressed) -> None:
    if floor.deferred.press(event.key, event.at):
        floor.happened(Happening.KEY, event.at)


def _transfer_ended(floor: Floor, event: TransferEnded) -> None:
    if floor.state is FloorState.LEAVING:
        floor.ask(AskKind.TRANSFER_RESULT, event.message, transfer=event)
        if not event.accepted:
            floor.happened(Happening.TRANSFER_FAILED, event.at)


# --- the caller's voice ----------------------------------------------------------------------------------------------


def _speech_started(floor: Floor, event: SpeechStarted) -> None:
    floor.caller.speech_started(event)
    floor.happened(Happening.VOICE, event.at)


def _speech_may_start(floor: Floor, event: SpeechMayStart) -> None:
    floor.caller.speech_may_start(event)
    floor.follow_turn(event.at)


def _speech_stopped(floor: Floor, event: SpeechStopped) -> None:
    floor.caller.speech_stopped(event)
    floor.happened(Happening.QUIET, event.offset)  # it has been quiet since then
    floor.follow_turn(event.at)


def _speech_doubted(floor: Floor, _event: SpeechDoubted) -> None:
    floor.caller.doubtful = True


def _turn_scored(floor: Floor, event: TurnScored) -> None:
    floor.caller.scored(event)
    floor.follow_turn(event.at)


def _hypothesis(floor: Floor, event: Hypothesis) -> None:
    if floor.is_echo(event):
        floor.caller.echo(event)
        floor.overlap.repeats()
    elif floor.caller.hypothesis(event):
        floor.happened(Happening.WORDS, event.at)
        floor.happened(Happening.HYPOTHESIS, event.at)
        floor.follow_turn(event.at)


def _final(floor: Floor, event: Final) -> None:
    if floor.is_echo(event):
        floor.caller.echo(event)
        floor.overlap.repeats()
        floor.happened(Happening.NO_WORDS, event.at)
    elif floor.caller.final(event):
        floor.happened(Happening.WORDS, event.at)
    elif floor.caller.is_heard_by(event):
        floor.happened(Happening.NO_WORDS, event.at)
    floor.follow_turn(event.at)


def _no_match(floor: Floor, event: NoMatch) -> None:
    floor.caller.no_match(event)
    floor.happened(Happening.NO_WORDS, event.at)
    floor.follow_turn(event.at)


def _recognition_lost(floor: Floor, event: RecognitionLost) -> None:
    floor.failures.recognition_away = True
    floor.happened(Happening.RECOGNITION_LOST, event.at)


def _recognition_restored(floor: Floor, _event: RecognitionRestored) -> None:
    floor.recognition_is_back()


# --- the bot ---------------------------------------------------------------------------------------------------------


def _bot_message(floor: Floor, event: BotMessage) -> None:
    floor.wait.over()
    if (event.speak or event.audio) and floor.bot.wanted(event.request):
        floor.say(event)


def _bot_done(floor: Floor, event: BotDone) -> None:
    if floor.requests.finished(event.request):
        floor.failures.worked(Canned.BOT)
        floor.happened(Happening.BOT_DONE, event.at)


def _bot_failed(floor: Floor, event: BotFailed) -> None:
    if not floor.requests.finished(event.request):
        return
    if floor.deferred.leaving is None and not floor.bot.apology_queued:  # one apology if several requests fail at once
        floor.apologise(event.at, Canned.BOT)


def _bot_recovered(floor: Floor, event: BotRecovered) -> None:
    if event.words_lost:
        floor.happened(Happening.WORDS_LOST, event.at)
    floor.happened(Happening.BOT_BACK, event.at)


def _call_configured(floor: Floor, event: CallConfigured) -> None:
    floor.command(*floor.policy.take(event))
    if event.late_end_key:
        floor.deferred.allow_late_end_key(event.late_end_key)
    if event.listening is False:
        floor.caller.discard(event.at)  # what the caller is saying now is not for the bot either
        floor.happened(Happening.NOT_LISTENING, event.at)


def _message_announced(floor: Floor, event: MessageAnnounced) -> None:
    floor.wait.announce(event.at)
    floor.happened(Happening.ANNOUNCED, event.at)


def _abort_prompts_asked(floor: Floor, _event: AbortPromptsAsked) -> None:
    if floor.bot.queued and floor.deferred.leaving is None:
        floor.bot.take_back()
        floor.command(Drop())


def _keys_asked(floor: Floor, event: KeysAsked) -> None:
    floor.deferred.send_keys(event.keys)
    floor.happened(Happening.BOT_KEYS, event.at)


def _recording_asked(floor: Floor, event: RecordingAsked) -> None:
    floor.command(Record(event.action, event.command))


def _recording_changed(floor: Floor, event: RecordingChanged) -> None:
    if event.command:  # without an id, the bot does not expect an answer
        floor.ask(AskKind.COMMAND_RESULT, event.error, action=event.action, command=event.command)


def _call_asked(floor: Floor, event: CallAsked) -> None:
    floor.command(PlaceCall(event))


def _placed_call_changed(floor: Floor, event: PlacedCallChanged) -> None:
    floor.ask(AskKind.PLACED_CALL, event.state, call=event)


def _hang_up_asked(floor: Floor, event: HangUpAsked) -> None:
    if isinstance(floor.deferred.leaving, Transfer):
        floor.deferred.bot_has_left = True  # the transfer comes first
    else:
        floor.end_with(event.at, HangUp(event.reason))


def _transfer_asked(floor: Floor, event: TransferAsked) -> None:
    if floor.deferred.leaving is not None:
        return
    target = event.target or floor.policy.settings.fallback_transfer
    if target is not None:
        transfer = Transfer(target, event.headers, event.attended is True, event.announcement)
        floor.end_with(event.at, transfer)
    else:
        failed = TransferEnded(event.at, False, 0, "no target was given, and none is set")
        floor.ask(AskKind.TRANSFER_RESULT, failed.message, transfer=failed)


# --- playback --------------------------------------------------------------------------------------------------------


def _playback_started(floor: Floor, event: PlaybackStarted) -> None:
    floor.bot.started(event)


def _playback_ended(floor: Floor, event: PlaybackEnded) -> None:
    dropping = floor.bot.dropping
    utterance = floor.bot.ended(event)
    if dropping and not floor.bot.dropping:
        floor.happened(Happening.DROP_REPORTED, event.at)
    if utterance is None:
        return
    if event.complete and not utterance.canned:
        floor.failures.worked(Canned.SPEECH_SERVICE)
    if not utterance.hint.speech_interrupts:
        floor.caller.discard(event.at)  # speech during a prompt that ignores speech is not an answer to it
    floor.happened(Happening.PLAYED, event.at)


def _playback_failed(floor: Floor, event: PlaybackFailed) -> None:
    dropping = floor.bot.dropping
    utterance = floor.bot.failed(event)
    if dropping and not floor.bot.dropping:
        floor.happened(Happening.DROP_REPORTED, event.at)
    if utterance is None:
        return
    if utterance.audio:
        floor.policy.audio_failed(utterance.audio)
        floor.ask(AskKind.AUDIO_FAILED, utterance.audio)
    elif not utterance.canned and floor.deferred.leaving is None and not floor.bot.apology_queued:
        floor.apologise(event.at, Canned.SPEECH_SERVICE)
    floor.happened(Happening.PLAYED, event.at)


HANDLERS: dict[type[Event], Callable[[Floor, Any], None]] = {
    CallAnswered: _answered,
    EarlyMediaSent: _answered,
    LegEnded: _leg_ended,
    HoldStarted: _hold_started,
    HoldEnded: _hold_ended,
    KeyPressed: _key_pressed,
    TransferEnded: _transfer_ended,
    SpeechStarted: _speech_started,
    SpeechMayStart: _speech_may_start,
    SpeechStopped: _speech_stopped,
    SpeechDoubted: _speech_doubted,
    TurnScored: _turn_scored,
    Hypothesis: _hypothesis,
    Final: _final,
    NoMatch: _no_match,
    RecognitionLost: _recognition_lost,
    RecognitionRestored: _recognition_restored,
    BotMessage: _bot_message,
    BotDone: _bot_done,
    BotFailed: _bot_failed,
    BotRecovered: _bot_recovered,
    CallConfigured: _call_configured,
    AbortPromptsAsked: _abort_prompts_asked,
    MessageAnnounced: _message_announced,
    KeysAsked: _keys_asked,
    RecordingAsked: _recording_asked,
    RecordingChanged: _recording_changed,
    CallAsked: _call_asked,
    PlacedCallChanged: _placed_call_changed,
    HangUpAsked: _hang_up_asked,
    TransferAsked: _transfer_asked,
    PlaybackStarted: _playback_started,
    PlaybackEnded: _playback_ended,
    PlaybackFailed: _playback_failed,
}

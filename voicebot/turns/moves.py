"""What the table's rows do: each :class:`~voicebot.turns.table.Move` as a function of the floor and the time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from voicebot.events import BotMessage, InputHint
from voicebot.turns.bot_speech import SHARE_TO_KNOW
from voicebot.turns.commands import AskKind, Canned, Commit, Drop, HangUp, Pause, Prepare, Resume, ScoreTurn
from voicebot.turns.floor import BoundRow, Floor
from voicebot.turns.given_answer import adds_nothing
from voicebot.turns.guards import GUARDS
from voicebot.turns.interruption import Meaning
from voicebot.turns.table import TABLE, FloorState, Happening, Move


def _pause(floor: Floor, now: float) -> None:
    floor.paused_at = now
    floor.overlap.begin(now if floor.caller.began is None else floor.caller.began)
    floor.bot.recent.paused(now)
    floor.command(Pause())


def _resume(floor: Floor, now: float) -> None:
    meant = floor.meaning()
    if meant is Meaning.NOTHING:
        floor.bot.paused_by_noise()
    floor.bot.recent.resumed(now)
    passed = floor.overlap.passed(meant, floor.caller.text, now)
    if not floor.caller.speaking:
        floor.caller.set_aside(now)
    floor.command(Resume(), passed)


def _drop(floor: Floor, now: float) -> None:
    # requests to the bot wait until playback has reported how much was heard
    played_until = now if floor.paused_at is None else floor.paused_at
    began = played_until if floor.caller.began is None else floor.caller.began
    floor.bot.interrupt(floor.requests.count, played_until - began)
    floor.command(Drop())


def _drop_for_words(floor: Floor, now: float) -> None:
    if floor.paused_at is None:
        floor.overlap.begin(now if floor.caller.began is None else floor.caller.began)
    _drop(floor, now)
    floor.caller.has_interrupted = True
    floor.command(floor.overlap.interrupted(floor.caller.text, now))


def _drop_greeting(floor: Floor, now: float) -> None:
    if floor.bot.queued:
        _drop(floor, now)  # nobody could answer a greeting, if it can be synthesised at all
    else:
        floor.bot.suppress(floor.requests.count)


def _words_only(floor: Floor, _now: float) -> None:
    floor.bot.words_only = True


def _await_words(floor: Floor, now: float) -> None:
    if not floor.caller.speaking:
        floor.timers.start(Happening.NO_WORDS_CAME, now + floor.policy.settings.barge_in_resume_ms / 1000)


def _ask_words(floor: Floor, now: float) -> None:
    _tell_turn(floor, now, or_no_match=False)


def _ask_turn(floor: Floor, now: float) -> None:
    _tell_turn(floor, now, or_no_match=True)


def _tell_turn(floor: Floor, now: float, *, or_no_match: bool) -> None:
    ended = floor.turn_end(now)
    turn = floor.caller.take(now, partial(adds_nothing, floor.policy.expected, floor.policy.language))
    if turn.text:
        heard = _prompt_heard(floor)
        expected = floor.policy.expected if heard >= SHARE_TO_KNOW else None
        floor.given.told(turn.text, expected, floor.policy.language, now)
        _understood(floor)
        floor.deferred.allow_late_end_key("")
        floor.ask(
            AskKind.SPEECH, turn.text, confidence=turn.confidence, others=turn.others, prompt_heard=heard, ended=ended
        )
    elif or_no_match and turn.voiced_s >= floor.policy.settings.min_no_match_s:
        floor.no_matches += 1
        floor.ask(AskKind.NO_MATCH, count=floor.no_matches, ended=ended)


def _score_turn(floor: Floor, _now: float) -> None:
    assert floor.caller.offset is not None, "it is quiet"
    floor.caller.score_asked = True
    floor.command(ScoreTurn(floor.caller.offset))


def _commit(floor: Floor, now: float) -> None:
    floor.caller.committed_at = now
    floor.command(Commit())


def _prepare(floor: Floor, _now: float) -> None:
    floor.caller.prepared = floor.caller.text
    floor.command(Prepare(floor.caller.prepared, _prompt_heard(floor)))


def _prompt_heard(floor: Floor) -> float:
    return 0.0 if floor.requests.answer_owed else floor.bot.last_heard


def _understood(floor: Floor) -> None:
    floor.no_inputs = floor.no_matches = 0


def _ask_hypothesis(floor: Floor, _now: float) -> None:
    floor.command(floor.requests.ask_hypothesis(floor.caller.text))


def _keep_dropping_key(floor: Floor, _now: float) -> None:
    _understood(floor)
    floor.deferred.keep_dropping_key()


def _ask_key(floor: Floor, _now: float) -> None:
    _understood(floor)
    floor.ask(AskKind.KEY, floor.deferred.pressed_key())


def _ask_kept_keys(floor: Floor, _now: float) -> None:
    for key in floor.deferred.kept_keys():
        floor.ask(AskKind.KEY, key)


def _ask_dropping_keys(floor: Floor, _now: float) -> None:
    for key in floor.deferred.dropping_keys():
        floor.ask(AskKind.KEY, key)


def _ask_interrupted(floor: Floor, _now: float) -> None:
    floor.ask(AskKind.INTERRUPTED, floor.bot.heard, heard_s=floor.bot.heard_s)


def _forget_drop(floor: Floor, _now: float) -> None:
    floor.bot.taken_back = False


def _ask_no_input(floor: Floor, _now: float) -> None:
    floor.no_inputs += 1
    floor.ask(AskKind.NO_INPUT, count=floor.no_inputs)


def _give_up_on_silence(floor: Floor, now: float) -> None:
    floor.no_inputs += 1
    floor.end_with(now, HangUp("no-input"), Canned.GOODBYE)


def _remind(floor: Floor, now: float) -> None:
    floor.no_inputs += 1
    audio, text = floor.policy.no_input_audio, floor.policy.no_input_speech
    floor.say(BotMessage(now, 0, text, "" if audio else text, audio=audio))


def _say_still_there(floor: Floor, now: float) -> None:
    text = floor.policy.still_there
    if text:  # what is said to it is no answer to the question behind it, so it does not interrupt
        floor.say(BotMessage(now, 0, text, text, InputHint.IGNORING_SPEECH))


def _mask(floor: Floor, now: float) -> None:
    message = floor.wait.mask(now)
    if message is not None:
        floor.say(message)
    else:
        floor.say_canned(now, Canned.WAIT)


def _await_recognition(floor: Floor, now: float) -> None:
    if not floor.timers.runs(Happening.AWAY_LONG):
        floor.timers.start(Happening.AWAY_LONG, now + floor.policy.settings.lost_recognition_s)


def _await_recognition_longer(floor: Floor, now: float) -> None:
    floor.timers.start(Happening.GIVE_UP, now + floor.policy.settings.give_up_s)


def _leave(floor: Floor, _now: float) -> None:
    assert floor.deferred.leaving is not None, "the table's guard TO_END"
    floor.command(floor.deferred.leaving)


def _stay(floor: Floor, _now: float) -> None:
    floor.deferred.leaving = None


MOVES: dict[Move, Callable[[Floor, float], None]] = {
    Move.PAUSE: _pause,
    Move.RESUME: _resume,
    Move.DROP: _drop,
    Move.DROP_FOR_WORDS: _drop_for_words,
    Move.DROP_GREETING: _drop_greeting,
    Move.WORDS_ONLY: _words_only,
    Move.AWAIT_WORDS: _await_words,
    Move.KEEP_WAITING: lambda floor, now: floor.timers.stop((Happening.NO_WORDS_CAME,)),
    Move.JUDGE_WORDS: lambda floor, now: floor.happened(Happening.WORDS, now),
    Move.ASK_TURN: _ask_turn,
    Move.ASK_WORDS: _ask_words,
    Move.ASK_HYPOTHESIS: _ask_hypothesis,
    Move.FORGET_WORDS: lambda floor, now: floor.caller.discard(now),
    Move.SET_ASIDE: lambda floor, now: floor.caller.set_aside(now),
    Move.SCORE_TURN: _score_turn,
    Move.COMMIT: _commit,
    Move.PREPARE: _prepare,
    Move.KEEP_KEY: lambda floor, now: floor.deferred.keep_key(),
    Move.KEEP_DROPPING_KEY: _keep_dropping_key,
    Move.ASK_KEY: _ask_key,
    Move.ASK_KEPT_KEYS: _ask_kept_keys,
    Move.ASK_DROPPING_KEYS: _ask_dropping_keys,
    Move.ASK_INTERRUPTED: _ask_interrupted,
    Move.FORGET_DROP: _forget_drop,
    Move.ASK_NO_INPUT: _ask_no_input,
    Move.SAY_STILL_THERE: _say_still_there,
    Move.ASK_RESUME: lambda floor, now: floor.ask(AskKind.RESUME),
    Move.REMIND: _remind,
    Move.SAY_WAIT: lambda floor, now: floor.say_canned(now, Canned.WAIT),
    Move.MASK: _mask,
    Move.AWAIT_BOT: lambda floor, now: floor.timers.start(Happening.BOT_SLOW, now + floor.policy.masking_s),
    Move.GIVE_UP_ON_SILENCE: _give_up_on_silence,
    Move.FALL_BACK: lambda floor, now: floor.fall_back(now, Canned.SPEECH_SERVICE),
    Move.GIVE_UP_ON_BOT: lambda floor, now: floor.fall_back(now, Canned.BOT),
    Move.AWAIT_RECOGNITION: _await_recognition,
    Move.AWAIT_RECOGNITION_LONGER: _await_recognition_longer,
    Move.SEND_BOT_KEYS: lambda floor, now: floor.command(*floor.deferred.bot_keys()),
    Move.LEAVE: _leave,
    Move.STAY: _stay,
    Move.SAY_GOODBYE: lambda floor, now: floor.end_with(now, HangUp("transfer-failed"), Canned.GOODBYE),
    Move.SETTLE: lambda floor, now: floor.happened(Happening.SETTLED, now),
}

ROWS: dict[FloorState, dict[Happening, tuple[BoundRow, ...]]] = {state: {} for state in FloorState}
"""The table, to be looked up by state and happening."""
for _row in TABLE:
    for _state in _row.states:
        ROWS[_state][_row.what] = (
            *ROWS[_state].get(_row.what, ()),
            (
                None if _row.guard is None else GUARDS[_row.guard],
                _row.next,
                tuple(MOVES[move] for move in _row.moves),
            ),
        )

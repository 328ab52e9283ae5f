"""Who has the floor, and the table that decides what follows from what happens.

The rules:

1. **The table decides.** For a state and what happens in it, the first row of :data:`TABLE` whose guard holds is
   applied. If no row applies, nothing follows. Nothing else changes the state.
2. **First the state, then the moves.** A row enters its next state, then makes its moves in order. A move gives
   commands, starts timers, or uses up words. What a move causes goes through the table again: saying something makes
   :attr:`Happening.PROMPT` happen, and :attr:`Move.SETTLE` makes :attr:`Happening.SETTLED` happen, whose rows decide
   what comes next.
3. **The caller is never left in silence.** A state in which nothing plays has a timer (:data:`TIMER_OF`), or the
   caller's turn, which ends (``end_of_turn.py``). A test checks this with random sequences of events.

Four other facts are kept elsewhere, and the table uses them only as guards: whether the call is to end
(``deferred.leaving``), whether playback has still to report how much of a dropped turn was heard (``bot.dropping``),
whether recognition works (``failures``), and whether the bot has answered all requests (``requests``).

Deliberately not in the table:

* The caller's words. They are collected in every state (``caller_speech.py``), so nothing is lost of a caller who goes
  on while the bot is thinking, or who begins during the last word of a prompt.
* When the caller's turn is over, or may be (``end_of_turn.py``). The table only says in which states this matters.
* What is queued to be said, and how much of it was heard (``bot_speech.py``).
* End keys that come late (``deferred.py``): nothing follows from them.
* Hold. Playout stops then, and so do the timers (``timers.py``), because nobody is listening.
* What is only passed on (recording, calls that the bot places), and how often something may fail (``failures.py``).

docs/turns.md shows the table; ``tests/turns/turns_page.py`` makes that page from this file.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import NamedTuple


class FloorState(StrEnum):
    """Who has the floor."""

    STARTING = "starting"
    """The call is not answered yet; the bot may already be preparing its greeting."""
    SPEAKING = "speaking"
    """The bot has the floor: a prompt is playing or being synthesised."""
    YIELDING = "yielding"
    """The caller talks over the bot: the prompt is paused until words show whether this is an interruption."""
    CALLER = "caller"
    """The caller has the floor: is speaking, or has just stopped."""
    THINKING = "thinking"
    """The bot has been asked, and there is nothing to play yet."""
    WAITING = "waiting"
    """Nobody speaks, and nothing is to be played or waited for: it is the caller's turn."""
    LEAVING = "leaving"
    """The caller is being transferred, or the call is being hung up."""
    ENDED = "ended"
    """Nothing more happens."""


@unique
class Happening(StrEnum):
    """What can happen to the floor."""

    ANSWERED = "the call is answered, or early media is sent"
    LEG_ENDED = "the leg has ended"
    TRANSFER_FAILED = "the transfer has failed"
    KEY = "the caller presses a key"

    VOICE = "the caller begins to speak"
    QUIET = "the caller stops speaking"
    WORDS = "new words are recognised"
    HYPOTHESIS = "a hypothesis has new words"
    NO_WORDS = "the recogniser finds no words, or none that are new"
    SOUND_TELLS = "it is quiet, and the sound of the voice may tell whether the caller has finished"
    MAY_BE_OVER = "the caller's turn may be over"
    COMMIT_DUE = "it has been quiet for almost as long as ends the caller's turn"
    TURN_OVER = "the caller's turn is over"

    PROMPT = "a prompt is queued"
    BOT_DONE = "the bot has finished a request"
    BOT_BACK = "the bot works again after a failure"
    WORDS_LOST = "the call goes on in another process, and words may be lost"
    BOT_KEYS = "the bot wants keys sent"
    ANNOUNCED = "the bot announces another message"
    NOT_LISTENING = "the bot stops listening"
    TO_END = "the call is to end"

    PLAYED = "a prompt was played, or has failed"
    DROP_REPORTED = "playback reports what was heard of a dropped turn"

    RECOGNITION_LOST = "recognition stops working"

    NO_INPUT = "timer: the caller is silent"
    BOT_SLOW = "timer: the bot takes long"
    BOT_SILENT = "timer: the bot takes longer than it has allowed itself"
    MESSAGE_LATE = "timer: an announced message does not come"
    NO_WORDS_CAME = "timer: quiet without more words"
    NOISE_GOES_ON = "timer: the prompt is paused for long"
    AWAY_LONG = "timer: recognition has not worked for some time"
    GIVE_UP = "timer: recognition still does not work"

    SETTLED = "it is to be decided what comes next"


@unique
class Guard(StrEnum):
    """The condition of a row."""

    TO_END = "the call is to end"
    GOES_ON = "the call is not to end"
    KEYS_MUST_WAIT = "the call is to end, or keys may not interrupt the prompt"
    SOMETHING_TO_DROP = "a prompt is queued, or being dropped"
    SOMETHING_QUEUED = "a prompt is queued"
    NOTHING_QUEUED = "no prompt is queued"
    WORDS_KNOWN = "the caller's turn has words"
    NOTHING_SAID = "it is quiet, and the caller's turn has no words"
    NOTHING_MEANT = "it is quiet, and what was said is known and no interruption"
    VOICE_INTERRUPTS = "speech may interrupt the prompt, even without words"
    WORDS_INTERRUPT = "speech may interrupt the prompt, and the words do"
    WORDS_MAY_INTERRUPT = "speech may interrupt the prompt, even without words, and words may that are not sure yet"
    WORDS_WOULD_INTERRUPT = "speech may interrupt the prompt, and several words do that nothing has confirmed"
    CALLER_INTERRUPTS = "the caller's turn has begun, and speech may interrupt the prompt"
    CALLER_HAS_BEGUN = "the caller's turn has begun"
    ONLY_LISTENED = "what was said, over a prompt that has ended, is no answer, and only shows that the caller listens"
    CALLER_IS_QUIET = "it is quiet"
    REPLY_WANTED = "replies may be made ready, and that to these words is not"
    HYPOTHESIS_WANTED = "the bot wants hypotheses, and has finished with the last one"
    BOT_OWES = "the bot has not answered a request, or announced another message, or there are kept keys for it"
    MASKED_ENOUGH = "the caller has heard this as often as the bot has set"
    TAKEN_BACK = "the bot itself dropped the turn"
    DROPPED_BY_KEY = "a key dropped the turn"
    BOT_HAS_LEFT = "the bot has hung up in the meantime"
    RECOGNITION_AWAY = "recognition does not work"
    SILENT_TOO_OFTEN = "the caller was silent too often"
    REMINDER_SET = "the bot has set a prompt for this"


@unique
class Move(StrEnum):
    """What is done when a row applies."""

    PAUSE = "pause the prompt"
    RESUME = "resume the prompt"
    DROP = "drop the bot's turn"
    DROP_FOR_WORDS = "drop the bot's turn for these words"
    DROP_GREETING = "drop the greeting, also if it is still to come"
    WORDS_ONLY = "let only words interrupt this prompt"
    AWAIT_WORDS = "wait a moment for words"
    KEEP_WAITING = "wait for words until it is quiet again"
    JUDGE_WORDS = "treat the words so far as new words"

    ASK_TURN = "tell the bot what was said, or that nothing was understood"
    ASK_WORDS = "tell the bot what was said"
    ASK_HYPOTHESIS = "tell the bot the hypothesis"
    FORGET_WORDS = "forget what was said"
    SET_ASIDE = "forget what was said, but for a final result of it that is still to come"

    SCORE_TURN = "find out how finished the voice sounds"
    COMMIT = "have the recogniser finish the phrase"
    PREPARE = "have the bot's reply made ready"

    KEEP_KEY = "keep the key"
    KEEP_DROPPING_KEY = "keep the key until playback has reported what was heard"
    ASK_KEY = "tell the bot the key"
    ASK_KEPT_KEYS = "tell the bot the kept keys"
    ASK_DROPPING_KEYS = "tell the bot the keys that dropped the turn"
    ASK_INTERRUPTED = "tell the bot what was heard"
    FORGET_DROP = "tell nobody what was heard"

    ASK_NO_INPUT = "tell the bot that the caller is silent"
    SAY_STILL_THERE = "ask whether the caller is still there, as the bot has set or in the call's language"
    ASK_RESUME = "ask the bot to repeat its open question"
    REMIND = "play the prompt that the bot has set"
    SAY_WAIT = "say: one moment, please"
    MASK = "say what the bot has set for this, or: one moment, please"
    GIVE_UP_ON_SILENCE = "say goodbye, then end the call"
    FALL_BACK = "apologise, then end the call by the fallback"
    AWAIT_BOT = "wait longer for the bot"
    GIVE_UP_ON_BOT = "apologise because of the bot, then end the call by the fallback"
    AWAIT_RECOGNITION = "wait for recognition"
    AWAIT_RECOGNITION_LONGER = "wait longer for recognition"

    SEND_BOT_KEYS = "send the bot's keys"
    LEAVE = "transfer or hang up"
    STAY = "the call is no longer to end"
    SAY_GOODBYE = "say goodbye, then hang up"

    SETTLE = "decide what comes next"


class Row(NamedTuple):
    """In ``states``, if ``what`` happens and ``guard`` holds: enter ``next`` (None: no change), then make ``moves``."""

    states: tuple[FloorState, ...]
    what: Happening
    guard: Guard | None
    next: FloorState | None
    moves: tuple[Move, ...] = ()


_S, _H, _G, _M = FloorState, Happening, Guard, Move


def _all_but(*states: FloorState) -> tuple[FloorState, ...]:
    return tuple(state for state in FloorState if state is not FloorState.ENDED and state not in states)


_ALL = _all_but()
_AFTER_ANSWER = _all_but(_S.STARTING)
_PLAYING = (_S.SPEAKING, _S.YIELDING)
_QUIET = (_S.CALLER, _S.THINKING, _S.WAITING)
_TALKING = _PLAYING + _QUIET

SECTIONS: dict[str, tuple[Row, ...]] = {
    "The leg": (
        Row((_S.STARTING,), _H.ANSWERED, None, None, (_M.SETTLE,)),
        Row((_S.LEAVING,), _H.TRANSFER_FAILED, _G.BOT_HAS_LEFT, None, (_M.SAY_GOODBYE, _M.SETTLE)),
        Row((_S.LEAVING,), _H.TRANSFER_FAILED, None, None, (_M.STAY, _M.SETTLE)),
        Row(_ALL, _H.LEG_ENDED, None, _S.ENDED),
    ),
    "Keys, which need no confirmation": (
        Row((_S.STARTING, _S.LEAVING), _H.KEY, None, None, (_M.KEEP_KEY,)),
        Row(_TALKING, _H.KEY, _G.KEYS_MUST_WAIT, None, (_M.KEEP_KEY,)),
        Row(_TALKING, _H.KEY, _G.SOMETHING_TO_DROP, None, (_M.KEEP_DROPPING_KEY, _M.DROP)),
        Row((_S.CALLER,), _H.KEY, _G.WORDS_KNOWN, _S.THINKING, (_M.ASK_WORDS, _M.SETTLE, _M.ASK_KEY)),
        Row((_S.THINKING, _S.WAITING), _H.KEY, _G.WORDS_KNOWN, _S.THINKING, (_M.ASK_WORDS, _M.ASK_KEY)),
        Row(_QUIET, _H.KEY, None, _S.THINKING, (_M.ASK_KEY,)),
    ),
    "Voice activity": (
        Row((_S.WAITING,), _H.VOICE, None, _S.CALLER),
        Row((_S.SPEAKING,), _H.VOICE, _G.VOICE_INTERRUPTS, _S.YIELDING, (_M.PAUSE,)),
        Row((_S.YIELDING,), _H.VOICE, None, None, (_M.KEEP_WAITING,)),
        Row((_S.YIELDING,), _H.QUIET, _G.WORDS_INTERRUPT, _S.CALLER, (_M.DROP_FOR_WORDS,)),
        Row((_S.YIELDING,), _H.QUIET, _G.NOTHING_MEANT, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.YIELDING,), _H.QUIET, None, None, (_M.AWAIT_WORDS,)),
    ),
    "Recognition": (
        Row((_S.WAITING,), _H.WORDS, None, _S.CALLER),
        Row(_PLAYING, _H.WORDS, _G.WORDS_INTERRUPT, _S.CALLER, (_M.DROP_FOR_WORDS,)),
        Row((_S.SPEAKING,), _H.WORDS, _G.WORDS_MAY_INTERRUPT, _S.YIELDING, (_M.PAUSE, _M.AWAIT_WORDS)),
        Row((_S.YIELDING,), _H.WORDS, _G.NOTHING_MEANT, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.CALLER,), _H.HYPOTHESIS, _G.HYPOTHESIS_WANTED, None, (_M.ASK_HYPOTHESIS,)),
        Row((_S.YIELDING,), _H.NO_WORDS, _G.NOTHING_SAID, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.YIELDING,), _H.NO_WORDS_CAME, _G.WORDS_WOULD_INTERRUPT, _S.CALLER, (_M.DROP_FOR_WORDS,)),
        Row((_S.YIELDING,), _H.NO_WORDS_CAME, None, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.YIELDING,), _H.NOISE_GOES_ON, None, _S.SPEAKING, (_M.WORDS_ONLY, _M.RESUME)),
    ),
    "Ahead of the end of the caller's turn": (
        Row((_S.CALLER,), _H.SOUND_TELLS, None, None, (_M.SCORE_TURN,)),
        Row((_S.CALLER,), _H.MAY_BE_OVER, _G.REPLY_WANTED, None, (_M.PREPARE,)),
        Row((_S.CALLER, _S.YIELDING), _H.COMMIT_DUE, None, None, (_M.COMMIT,)),
    ),
    "The end of the caller's turn": (
        Row((_S.SPEAKING,), _H.TURN_OVER, None, None, (_M.SET_ASIDE,)),
        Row(_QUIET, _H.TURN_OVER, _G.TO_END, None, (_M.FORGET_WORDS,)),
        Row((_S.CALLER,), _H.TURN_OVER, _G.ONLY_LISTENED, None, (_M.FORGET_WORDS, _M.SETTLE)),
        Row((_S.CALLER,), _H.TURN_OVER, None, None, (_M.ASK_TURN, _M.SETTLE)),
        Row((_S.THINKING, _S.WAITING), _H.TURN_OVER, _G.ONLY_LISTENED, None, (_M.FORGET_WORDS,)),
        Row((_S.THINKING, _S.WAITING), _H.TURN_OVER, None, None, (_M.ASK_WORDS,)),
    ),
    "The bot": (
        Row(_QUIET, _H.PROMPT, _G.CALLER_INTERRUPTS, _S.YIELDING, (_M.PAUSE, _M.AWAIT_WORDS, _M.JUDGE_WORDS)),
        Row(_QUIET, _H.PROMPT, None, _S.SPEAKING),
        Row((_S.THINKING,), _H.BOT_DONE, None, None, (_M.SETTLE,)),
        Row(_QUIET, _H.WORDS_LOST, None, None, (_M.SAY_STILL_THERE,)),
        Row((_S.WAITING,), _H.BOT_BACK, None, _S.THINKING, (_M.ASK_RESUME,)),
        Row(_all_but(_S.WAITING), _H.BOT_BACK, None, None, (_M.ASK_RESUME,)),
        Row(_AFTER_ANSWER, _H.BOT_KEYS, _G.NOTHING_QUEUED, None, (_M.SEND_BOT_KEYS,)),
        Row((_S.WAITING,), _H.ANNOUNCED, None, _S.THINKING),
        Row((_S.THINKING,), _H.MESSAGE_LATE, None, None, (_M.SETTLE,)),
        Row((_S.YIELDING,), _H.NOT_LISTENING, None, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.CALLER,), _H.NOT_LISTENING, _G.CALLER_IS_QUIET, None, (_M.SETTLE,)),
        Row((_S.YIELDING,), _H.TO_END, None, _S.SPEAKING, (_M.RESUME,)),
        Row(_QUIET, _H.TO_END, None, None, (_M.SETTLE,)),
    ),
    "Playback": (
        Row(_PLAYING, _H.PLAYED, _G.NOTHING_QUEUED, None, (_M.SETTLE,)),
        Row(_PLAYING, _H.DROP_REPORTED, _G.TAKEN_BACK, None, (_M.FORGET_DROP, _M.SETTLE)),
        Row(_all_but(*_PLAYING), _H.DROP_REPORTED, _G.TAKEN_BACK, None, (_M.FORGET_DROP,)),
        Row(_ALL, _H.DROP_REPORTED, _G.DROPPED_BY_KEY, _S.THINKING, (_M.ASK_INTERRUPTED, _M.ASK_DROPPING_KEYS)),
        Row(_ALL, _H.DROP_REPORTED, None, None, (_M.ASK_INTERRUPTED,)),
    ),
    "Failures": (
        Row((_S.STARTING,), _H.RECOGNITION_LOST, None, None, (_M.DROP_GREETING, _M.FALL_BACK)),
        Row(_AFTER_ANSWER, _H.RECOGNITION_LOST, _G.GOES_ON, None, (_M.AWAIT_RECOGNITION,)),
        Row(_AFTER_ANSWER, _H.AWAY_LONG, None, None, (_M.AWAIT_RECOGNITION_LONGER, _M.SAY_WAIT)),
        Row(_AFTER_ANSWER, _H.GIVE_UP, None, None, (_M.FALL_BACK,)),
        Row((_S.THINKING,), _H.BOT_SLOW, _G.MASKED_ENOUGH, None, (_M.AWAIT_BOT,)),
        Row((_S.THINKING,), _H.BOT_SLOW, None, None, (_M.MASK,)),
        Row(_AFTER_ANSWER, _H.BOT_SILENT, _G.GOES_ON, None, (_M.GIVE_UP_ON_BOT,)),
    ),
    "Silence": (
        Row((_S.WAITING,), _H.NO_INPUT, _G.RECOGNITION_AWAY, None, (_M.SAY_WAIT,)),  # the caller may have spoken
        Row((_S.WAITING,), _H.NO_INPUT, _G.SILENT_TOO_OFTEN, None, (_M.GIVE_UP_ON_SILENCE,)),
        Row((_S.WAITING,), _H.NO_INPUT, _G.REMINDER_SET, None, (_M.REMIND,)),
        Row((_S.WAITING,), _H.NO_INPUT, None, _S.THINKING, (_M.ASK_NO_INPUT,)),
    ),
    "What comes next": (
        Row(_ALL, _H.SETTLED, _G.SOMETHING_QUEUED, _S.SPEAKING),
        Row(_ALL, _H.SETTLED, _G.TO_END, _S.LEAVING, (_M.SEND_BOT_KEYS, _M.LEAVE)),
        Row(_ALL, _H.SETTLED, _G.BOT_OWES, _S.THINKING, (_M.SEND_BOT_KEYS, _M.ASK_KEPT_KEYS)),
        Row(_ALL, _H.SETTLED, _G.CALLER_HAS_BEGUN, _S.CALLER, (_M.SEND_BOT_KEYS,)),
        Row(_ALL, _H.SETTLED, None, _S.WAITING, (_M.SEND_BOT_KEYS,)),
    ),
}

TABLE: tuple[Row, ...] = tuple(row for rows in SECTIONS.values() for row in rows)

TIMER_OF: dict[FloorState, Happening] = {
    _S.WAITING: _H.NO_INPUT,
    _S.THINKING: _H.BOT_SLOW,
    _S.YIELDING: _H.NOISE_GOES_ON,
}
"""The timer that starts when a state is entered."""

STATE_TIMERS = (*TIMER_OF.values(), Happening.NO_WORDS_CAME)
"""The timers that stop when the state changes."""

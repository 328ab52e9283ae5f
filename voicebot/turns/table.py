"""Who has the floor, and the table that decides what follows from what happens.

The rules:

1. **The table decides.** (state, what happened) is looked up in :data:`TABLE`, and the first row whose guard holds is
   taken. Where there is no row, nothing follows. Nothing else changes the state.
2. **The state first, then the moves.** A row enters its next state, then makes its moves in their order. A move gives
   commands, starts timers, uses words up. What a move causes goes through the table again: saying something makes
   :attr:`Happening.PROMPT` happen, and :attr:`Move.SETTLE` asks the rows of :attr:`Happening.SETTLED` what is owed.
3. **Nobody is left in silence.** A state in which nothing plays has a timer (:data:`TIMER_OF`), or the caller's turn,
   which has an end (``end_of_turn.py``). A test takes random courses through the table and looks.

Four other facts change on their own, and meet the table only as guards: whether the call is to end
(``deferred.leaving``), whether playback still has to tell how much was heard of a dropped turn (``bot.dropping``),
whether recognition works (``failures``), and whether the bot has answered all that it was asked (``requests``).

Deliberately not in the table:

* the caller's words. They gather in every state (``caller_speech.py``), so a caller who goes on while the bot thinks,
  or whose first word falls on the last of a prompt, loses nothing;
* when the caller's turn is over (``end_of_turn.py``). The table only says in which states that matters;
* what is queued to be said, and how much of it was heard (``bot_speech.py``);
* hold. Playout stands still then, and so do the timers (``timers.py``): there is nobody to be waited for;
* what only passes through (recordings, calls that the bot places), and how often something may fail (``failures.py``).

docs/turns.md shows the table; ``tests/turns/turns_page.py`` makes that page from this file.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import NamedTuple


class FloorState(StrEnum):
    """Who has the floor."""

    STARTING = "starting"
    """Not answered yet; the bot may already be preparing its greeting."""
    SPEAKING = "speaking"
    """The bot has the floor: something is playing or being rendered."""
    YIELDING = "yielding"
    """The caller's voice is over the bot's: the prompt is paused until words say whether that was meant."""
    CALLER = "caller"
    """The caller has the floor: speaking, or just stopped."""
    THINKING = "thinking"
    """The bot was asked, and nothing is to be played yet."""
    WAITING = "waiting"
    """Nobody speaks and nothing is owed: it is the caller's turn."""
    LEAVING = "leaving"
    """The caller is being transferred, or the call hung up."""
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
    HYPOTHESIS = "a hypothesis has been taken in"
    NO_WORDS = "the recogniser finds no words"
    TURN_OVER = "the caller's turn is over"

    PROMPT = "a prompt is queued"
    BOT_DONE = "the bot has done what it was asked"
    BOT_BACK = "the bot can be asked again"
    BOT_KEYS = "the bot sends keys"
    DEAF = "the bot does not listen any more"
    TO_END = "the call is to end"

    PLAYED = "a prompt was heard, or has failed"
    DROP_TOLD = "playback has told what was heard of a dropped turn"

    RECOGNITION_LOST = "recognition is lost"

    NO_INPUT = "timer: silence after a question"
    BOT_SLOW = "timer: the bot takes long"
    NO_WORDS_CAME = "timer: quiet, and no words"
    NOISE_GOES_ON = "timer: a prompt was paused for long"
    AWAY_LONG = "timer: recognition is away for long"
    GIVE_UP = "timer: recognition does not come back"

    SETTLED = "what is owed now?"


@unique
class Guard(StrEnum):
    """What must hold for a row."""

    TO_END = "the call is to end"
    GOES_ON = "the call is not to end"
    KEYS_MUST_WAIT = "the call is to end, or keys may not interrupt the prompt"
    SOMETHING_TO_DROP = "something is left to say, or is being dropped"
    SOMETHING_QUEUED = "something is left to say"
    NOTHING_QUEUED = "nothing is left to say"
    WORDS_KNOWN = "words of this turn are known"
    NOTHING_SAID = "it is quiet, and no words are known"
    ENOUGH_WORDS = "enough words for a barge-in"
    TOO_FEW_WORDS = "too few words for a barge-in"
    VOICE_INTERRUPTS = "a voice alone may interrupt the prompt"
    WORDS_INTERRUPT = "enough words, speech may interrupt the prompt, and it is no echo of it"
    CALLER_INTERRUPTS = "the caller's turn has begun, and speech may interrupt the prompt"
    CALLER_HAS_BEGUN = "the caller's turn has begun"
    CALLER_IS_QUIET = "it is quiet"
    HYPOTHESIS_WANTED = "the bot wants hypotheses, and has taken in the last"
    BOT_OWES = "the bot owes an answer, or has to be told keys"
    TAKEN_BACK = "the bot itself took the turn back"
    KEYS_BEHIND_DROP = "a key dropped it"
    BOT_HAS_LEFT = "the bot has hung up since"
    RECOGNITION_AWAY = "recognition is away"
    SILENT_TOO_OFTEN = "the caller was silent too often"
    REMINDER_SET = "the bot has set what to say then"


@unique
class Move(StrEnum):
    """What is done."""

    PAUSE = "pause the prompt"
    RESUME = "go on with the prompt"
    DROP = "drop the bot's turn"
    DROP_GREETING = "drop the greeting, or what comes of it"
    WORDS_ONLY = "let only words interrupt this prompt"
    AWAIT_WORDS = "wait a moment for words"
    KEEP_WAITING = "wait for words until it is quiet again"
    JUDGE_WORDS = "take the words so far for new ones"

    ASK_TURN = "tell the bot what was said, or that nothing was understood"
    ASK_WORDS = "tell the bot what was said"
    ASK_HYPOTHESIS = "tell the bot what is being said"
    FORGET_WORDS = "forget what was said"

    KEEP_KEY = "keep the key"
    PUT_KEY_BEHIND_DROP = "keep the key until playback has told what was heard"
    ASK_KEY = "tell the bot the key"
    ASK_KEPT_KEYS = "tell the bot the kept keys"
    ASK_KEYS_BEHIND_DROP = "tell the bot the keys that dropped it"
    ASK_INTERRUPTED = "tell the bot what was heard"
    FORGET_DROP = "tell nobody what was heard"

    ASK_NO_INPUT = "tell the bot of the silence"
    ASK_RESUME = "ask the bot to go on"
    REMIND = "say what the bot has set"
    SAY_WAIT = "say: one moment, please"
    MASK = "say what the bot has set for this, or: one moment, please"
    GIVE_UP_ON_SILENCE = "say goodbye; the call is to end"
    FALL_BACK = "apologise; the call is to end, by the fallback"
    AWAIT_RECOGNITION = "wait a while for recognition"
    AWAIT_RECOGNITION_LONGER = "wait a while longer for recognition"

    SEND_BOT_KEYS = "send the bot's keys"
    LEAVE = "transfer or hang up"
    STAY = "forget the transfer"
    PART = "say goodbye, then hang up"

    SETTLE = "see what is owed"


class Row(NamedTuple):
    """In ``states``, when ``what`` happens and ``guard`` holds: ``next`` (None: the same state), then ``moves``."""

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
        Row((_S.LEAVING,), _H.TRANSFER_FAILED, _G.BOT_HAS_LEFT, None, (_M.PART, _M.SETTLE)),
        Row((_S.LEAVING,), _H.TRANSFER_FAILED, None, None, (_M.STAY, _M.SETTLE)),
        Row(_ALL, _H.LEG_ENDED, None, _S.ENDED),
    ),
    "Keys: they need no second opinion": (
        Row((_S.STARTING, _S.LEAVING), _H.KEY, None, None, (_M.KEEP_KEY,)),
        Row(_TALKING, _H.KEY, _G.KEYS_MUST_WAIT, None, (_M.KEEP_KEY,)),
        Row(_TALKING, _H.KEY, _G.SOMETHING_TO_DROP, None, (_M.PUT_KEY_BEHIND_DROP, _M.DROP)),
        Row((_S.CALLER,), _H.KEY, _G.WORDS_KNOWN, _S.THINKING, (_M.ASK_WORDS, _M.SETTLE, _M.ASK_KEY)),
        Row((_S.THINKING, _S.WAITING), _H.KEY, _G.WORDS_KNOWN, _S.THINKING, (_M.ASK_WORDS, _M.ASK_KEY)),
        Row(_QUIET, _H.KEY, None, _S.THINKING, (_M.ASK_KEY,)),
    ),
    "The caller's voice": (
        Row((_S.WAITING,), _H.VOICE, None, _S.CALLER),
        Row((_S.SPEAKING,), _H.VOICE, _G.VOICE_INTERRUPTS, _S.YIELDING, (_M.PAUSE,)),
        Row((_S.YIELDING,), _H.VOICE, None, None, (_M.KEEP_WAITING,)),
        Row((_S.YIELDING,), _H.QUIET, None, None, (_M.AWAIT_WORDS,)),
    ),
    "What the recogniser makes of it": (
        Row((_S.WAITING,), _H.WORDS, None, _S.CALLER),
        Row((_S.YIELDING,), _H.WORDS, _G.ENOUGH_WORDS, _S.CALLER, (_M.DROP,)),
        Row((_S.SPEAKING,), _H.WORDS, _G.WORDS_INTERRUPT, _S.CALLER, (_M.DROP,)),
        Row((_S.CALLER,), _H.HYPOTHESIS, _G.HYPOTHESIS_WANTED, None, (_M.ASK_HYPOTHESIS,)),
        Row((_S.YIELDING,), _H.NO_WORDS, _G.NOTHING_SAID, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.YIELDING,), _H.NO_WORDS_CAME, _G.TOO_FEW_WORDS, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.YIELDING,), _H.NOISE_GOES_ON, None, _S.SPEAKING, (_M.WORDS_ONLY, _M.RESUME)),
    ),
    "The end of the caller's turn": (
        Row((_S.SPEAKING,), _H.TURN_OVER, None, None, (_M.FORGET_WORDS,)),
        Row(_QUIET, _H.TURN_OVER, _G.TO_END, None, (_M.FORGET_WORDS,)),
        Row((_S.CALLER,), _H.TURN_OVER, None, None, (_M.ASK_TURN, _M.SETTLE)),
        Row((_S.THINKING, _S.WAITING), _H.TURN_OVER, None, None, (_M.ASK_WORDS,)),
    ),
    "The bot": (
        Row(_QUIET, _H.PROMPT, _G.CALLER_INTERRUPTS, _S.YIELDING, (_M.PAUSE, _M.AWAIT_WORDS, _M.JUDGE_WORDS)),
        Row(_QUIET, _H.PROMPT, None, _S.SPEAKING),
        Row((_S.THINKING,), _H.BOT_DONE, None, None, (_M.SETTLE,)),
        Row((_S.WAITING,), _H.BOT_BACK, None, _S.THINKING, (_M.ASK_RESUME,)),
        Row(_all_but(_S.WAITING), _H.BOT_BACK, None, None, (_M.ASK_RESUME,)),
        Row(_AFTER_ANSWER, _H.BOT_KEYS, _G.NOTHING_QUEUED, None, (_M.SEND_BOT_KEYS,)),
        Row((_S.YIELDING,), _H.DEAF, None, _S.SPEAKING, (_M.RESUME,)),
        Row((_S.CALLER,), _H.DEAF, _G.CALLER_IS_QUIET, None, (_M.SETTLE,)),
        Row((_S.YIELDING,), _H.TO_END, None, _S.SPEAKING, (_M.RESUME,)),
        Row(_QUIET, _H.TO_END, None, None, (_M.SETTLE,)),
    ),
    "What was heard of the bot": (
        Row(_PLAYING, _H.PLAYED, _G.NOTHING_QUEUED, None, (_M.SETTLE,)),
        Row(_PLAYING, _H.DROP_TOLD, _G.TAKEN_BACK, None, (_M.FORGET_DROP, _M.SETTLE)),
        Row(_all_but(*_PLAYING), _H.DROP_TOLD, _G.TAKEN_BACK, None, (_M.FORGET_DROP,)),
        Row(_ALL, _H.DROP_TOLD, _G.KEYS_BEHIND_DROP, _S.THINKING, (_M.ASK_INTERRUPTED, _M.ASK_KEYS_BEHIND_DROP)),
        Row(_ALL, _H.DROP_TOLD, None, None, (_M.ASK_INTERRUPTED,)),
    ),
    "Failures": (
        Row((_S.STARTING,), _H.RECOGNITION_LOST, None, None, (_M.DROP_GREETING, _M.FALL_BACK)),
        Row(_AFTER_ANSWER, _H.RECOGNITION_LOST, _G.GOES_ON, None, (_M.AWAIT_RECOGNITION,)),
        Row(_AFTER_ANSWER, _H.AWAY_LONG, None, None, (_M.AWAIT_RECOGNITION_LONGER, _M.SAY_WAIT)),
        Row(_AFTER_ANSWER, _H.GIVE_UP, None, None, (_M.FALL_BACK,)),
        Row((_S.THINKING,), _H.BOT_SLOW, None, None, (_M.MASK,)),
    ),
    "Silence": (
        Row((_S.WAITING,), _H.NO_INPUT, _G.RECOGNITION_AWAY, None, (_M.SAY_WAIT,)),  # not the caller's fault
        Row((_S.WAITING,), _H.NO_INPUT, _G.SILENT_TOO_OFTEN, None, (_M.GIVE_UP_ON_SILENCE,)),
        Row((_S.WAITING,), _H.NO_INPUT, _G.REMINDER_SET, None, (_M.REMIND,)),
        Row((_S.WAITING,), _H.NO_INPUT, None, _S.THINKING, (_M.ASK_NO_INPUT,)),
    ),
    "What is owed: something to say, to end with, to wait for, or nothing": (
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
"""The timer that entering a state starts."""

STATE_TIMERS = (*TIMER_OF.values(), Happening.NO_WORDS_CAME)
"""The timers that end with the state in which they were started."""

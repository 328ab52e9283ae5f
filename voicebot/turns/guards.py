"""The conditions of the table's rows: what each :class:`~voicebot.turns.table.Guard` asks of the floor."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.turns.floor import Floor
from voicebot.turns.interruption import Meaning
from voicebot.turns.table import Guard
from voicebot.turns.words import words


def _speech_interrupts(floor: Floor) -> bool:
    return floor.policy.barge_in and floor.deferred.leaving is None and floor.bot.speech_interrupts


def _enough_words(floor: Floor) -> bool:
    return len(words(floor.caller.text)) >= floor.policy.barge_in_words


def _keys_must_wait(floor: Floor) -> bool:
    if floor.deferred.leaving is not None or not floor.bot.keys_interrupt:
        return True
    return floor.bot.queued and not floor.policy.keys_barge_in


def _words_interrupt(floor: Floor) -> bool:
    # also words of a voice that was too quiet for voice activity detection
    return _speech_interrupts(floor) and _enough_words(floor) and floor.meaning() is Meaning.INTERRUPTION


def _words_may_interrupt(floor: Floor) -> bool:
    if floor.bot.words_only or not (_speech_interrupts(floor) and _enough_words(floor)):
        return False
    return floor.meaning() in (Meaning.UNSURE, Meaning.LIKELY)


def _words_would_interrupt(floor: Floor) -> bool:
    return _speech_interrupts(floor) and _enough_words(floor) and floor.meaning() is Meaning.LIKELY


def _only_listened(floor: Floor) -> bool:
    if floor.caller.has_interrupted:
        return False  # the bot is silent now: it must be told something
    if floor.adds_nothing():
        return True
    over = floor.caller.words_until <= floor.bot.played_until
    return over and floor.caller.has_words and floor.meaning() is Meaning.LISTENING


GUARDS: dict[Guard, Callable[[Floor], bool]] = {
    Guard.TO_END: lambda floor: floor.deferred.leaving is not None,
    Guard.GOES_ON: lambda floor: floor.deferred.leaving is None,
    Guard.KEYS_MUST_WAIT: _keys_must_wait,
    Guard.SOMETHING_TO_DROP: lambda floor: floor.bot.queued or floor.bot.dropping,
    Guard.SOMETHING_QUEUED: lambda floor: floor.bot.queued,
    Guard.NOTHING_QUEUED: lambda floor: not floor.bot.queued,
    Guard.WORDS_KNOWN: lambda floor: floor.caller.has_words,
    Guard.NOTHING_SAID: lambda floor: not floor.caller.speaking and not floor.caller.has_words,
    Guard.NOTHING_MEANT: lambda floor: floor.nothing_to_come() and not _words_interrupt(floor),
    Guard.VOICE_INTERRUPTS: lambda floor: _speech_interrupts(floor) and not floor.bot.words_only,
    Guard.WORDS_INTERRUPT: _words_interrupt,
    Guard.WORDS_MAY_INTERRUPT: _words_may_interrupt,
    Guard.WORDS_WOULD_INTERRUPT: _words_would_interrupt,
    Guard.CALLER_INTERRUPTS: lambda floor: floor.caller.begun and _speech_interrupts(floor),
    Guard.CALLER_HAS_BEGUN: lambda floor: floor.caller.begun,
    Guard.ONLY_LISTENED: _only_listened,
    Guard.CALLER_IS_QUIET: lambda floor: not floor.caller.speaking,
    Guard.REPLY_WANTED: lambda floor: (
        floor.policy.settings.prepare and words(floor.caller.text) != words(floor.caller.prepared)
    ),
    Guard.HYPOTHESIS_WANTED: lambda floor: (
        floor.policy.hypotheses and not floor.requests.hypothesis_open and not floor.bot.dropping
    ),
    Guard.BOT_OWES: lambda floor: floor.requests.owed or floor.wait.announced or floor.deferred.keys_kept,
    Guard.MASKED_ENOUGH: lambda floor: floor.wait.masked_enough,
    Guard.TAKEN_BACK: lambda floor: floor.bot.taken_back,
    Guard.DROPPED_BY_KEY: lambda floor: floor.deferred.dropped_by_key,
    Guard.BOT_HAS_LEFT: lambda floor: floor.deferred.bot_has_left,
    Guard.RECOGNITION_AWAY: lambda floor: floor.failures.recognition_away,
    Guard.SILENT_TOO_OFTEN: lambda floor: floor.no_inputs >= floor.policy.max_no_inputs,
    Guard.REMINDER_SET: lambda floor: floor.policy.reminder,
}

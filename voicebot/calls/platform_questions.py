"""What a platform that listens in our place is told to listen for: made of the question that is open. Pure."""

from __future__ import annotations

from voicebot.events import AnswerKind, InputHint
from voicebot.legs.operations import KeyRules, Recognition
from voicebot.turns import CallPolicy, Play

MOST_PHRASES = 100
"""With more of them, any words are listened for instead."""
MOST_KEYS = 32
"""Of an answer whose length is not known."""
MOST_SILENCE_S = 20.0
"""For which a platform waits for speech."""
MOST_SILENCE_WITHOUT_SPEECH_S = 300.0
LEAST_END_SILENCE_S = 0.5
ONLY_KEYS_S = 1.0
"""How long only keys are listened for behind a prompt that speech must not interrupt."""

_COUNTED = (AnswerKind.DIGITS, AnswerKind.SPELLED)


def may_interrupt(policy: CallPolicy, prompt: Play) -> tuple[bool, bool]:
    """Whether speech, and whether keys, may interrupt ``prompt``."""
    hint: InputHint = prompt.hint
    return policy.barge_in and hint.speech_interrupts, policy.keys_barge_in and hint.keys_interrupt


def recognition(policy: CallPolicy, language: str, *, speech: bool, interrupts: bool, any_words: bool) -> Recognition:
    """What to listen for now. ``speech``: whether the caller's voice is listened to. ``any_words``: not only for the
    answers that are expected."""
    expected = policy.expected
    phrases: tuple[str, ...] = ()
    if speech and not any_words and expected is not None and expected.kind is AnswerKind.CHOICE:
        phrases = tuple(sorted(expected.answers | expected.commands))
    return Recognition(
        language,
        speech,
        _key_rules(policy),
        phrases if len(phrases) <= MOST_PHRASES else (),
        interrupts,
        min(max(1.0, policy.no_input_s), MOST_SILENCE_S if speech else MOST_SILENCE_WITHOUT_SPEECH_S),
        _end_silence_s(policy),
    )


def _key_rules(policy: CallPolicy) -> KeyRules:
    """A bot that gets each key at once waits for the next one as long as for anything else."""
    keys, expected = policy.keys, policy.expected
    if keys.max_keys > 1:
        return KeyRules(keys.max_keys, keys.end_key, keys.gap_s)
    if expected is not None and expected.kind in _COUNTED:
        most = expected.most or MOST_KEYS
    else:
        most = MOST_KEYS if expected is not None and expected.kind is AnswerKind.VALUE else 1
    return KeyRules(most, keys.end_key if most > 1 else "", policy.no_input_s)


def _end_silence_s(policy: CallPolicy) -> float:
    """People pause between groups of digits, and within amounts and dates."""
    expected, listening = policy.expected, policy.listening
    of_numbers = expected is not None and expected.kind in (*_COUNTED, AnswerKind.VALUE)
    quiet_ms = listening.number_silence_ms if of_numbers else listening.end_silence_ms
    return max(LEAST_END_SILENCE_S, quiet_ms / 1000)

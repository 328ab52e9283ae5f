"""The caller's turn: gathers what voice activity and the recogniser say, and tells when the turn is over.

The recogniser's final is good but late (Azure: about 1 s after the last word), voice activity is early but knows no
words. So they race: our own voice activity says since when it is quiet, and the turn ends at the first of

1. ``end_silence`` of quiet, when a final covers all that was spoken; ``number_silence`` when it ends in a number;
2. ``race_grace`` later, when the newest hypothesis covers it and does not end in a number: the gist of a sentence is
   there early, but one digit that is still missing makes an account number worthless;
3. ``patience`` of quiet, with whatever words there are;
4. ``no_words`` of quiet without a single word (then it was noise, or a no-match) or with half a number.

A result is used once. After a turn that a hypothesis ended, the final of the same audio still comes: it is recognised
by the time it covers, and left out; when the caller had gone on in the same phrase, only the rest of it counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from voicebot.events import Final, Hypothesis, NoMatch, SpeechStarted, SpeechStopped
from voicebot.turns.policy import TurnPolicy

COVER_SLACK_S = 0.25
"""Recognisers end a phrase at the last phone, voice activity a little after it: this much short still covers."""

_WORD = re.compile(r"\w+", re.UNICODE)
_DIGITS = frozenset("zero oh one two three four five six seven eight nine".split())  # noqa: SIM905


class Listening(StrEnum):
    """What the gathered events amount to."""

    QUIET = "quiet"
    SPEAKING = "speaking"
    UNDECIDED = "undecided"
    """The caller stopped; the turn is not over yet."""


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """A finished turn. ``text`` is empty when nothing was understood; ``voiced_s`` is then how long it was."""

    text: str
    confidence: float | None
    start: float
    end: float
    voiced_s: float
    from_hypothesis: bool


def words(text: str) -> list[str]:
    """The words of ``text``, lower-case, without punctuation."""
    return _WORD.findall(text.lower())


def ends_in_number(text: str) -> bool:
    """Whether the last word is a numeral, or an English digit: recognisers write numerals in every language, but some
    only in the final."""
    last = words(text)[-1:]
    return bool(last) and (last[0].isdecimal() or last[0] in _DIGITS)


def remainder(text: str, used: str) -> str:
    """``text`` without the words of ``used`` that it begins with; all of it when it does not begin so."""
    taken = words(used)
    matches = list(_WORD.finditer(text))
    if not taken or [m.group().lower() for m in matches[: len(taken)]] != taken:
        return text
    if len(matches) == len(taken):
        return ""
    return text[matches[len(taken)].start() :]


class CallerEar:
    """Gathers one caller's turn after the other. Fed with events in the order in which they were known."""

    def __init__(self, policy: TurnPolicy) -> None:
        self.policy = policy
        self.speaking = False
        self.onset: float | None = None
        self.offset: float | None = None
        self._finals: list[Final] = []
        self._hypothesis: Hypothesis | None = None
        self._no_match = False
        self._used_until = float("-inf")
        self._used_text = ""

    # --- what is known -----------------------------------------------------------------------------------------------

    @property
    def has_words(self) -> bool:
        """Whether any word of the turn in progress is known."""
        return bool(self._text())

    @property
    def text(self) -> str:
        return self._text()

    @property
    def listening(self) -> Listening:
        if self.speaking:
            return Listening.SPEAKING
        if self.offset is not None or self.has_words:
            return Listening.UNDECIDED
        return Listening.QUIET

    def deadline(self) -> float | None:
        """When the turn is over if nothing more is heard; None while there is no turn or the caller speaks."""
        if self.speaking:
            return self.onset + self.policy.max_turn_s if self.onset is not None else None
        quiet_since = self._quiet_since()
        if quiet_since is None:
            return None
        policy = self.policy
        in_number = ends_in_number(self._text())
        if self._hypothesis is None and self._finals and self._covers(self._finals[-1].end):
            return quiet_since + (policy.number_silence_s if in_number else policy.end_silence_s)
        if self._hypothesis is not None and self._covers(self._hypothesis.end) and not in_number:
            return quiet_since + policy.end_silence_s + policy.race_grace_s
        if in_number and self._hypothesis is not None:
            return quiet_since + max(policy.patience_s, policy.no_words_s)
        if self.has_words:
            return quiet_since + policy.patience_s
        if self._no_match:
            return quiet_since + policy.end_silence_s
        return quiet_since + policy.no_words_s

    # --- what happens ------------------------------------------------------------------------------------------------

    def speech_started(self, event: SpeechStarted) -> None:
        self.speaking = True
        self.offset = None
        self._no_match = False
        if self.onset is None:
            self.onset = event.onset

    def speech_stopped(self, event: SpeechStopped) -> None:
        self.speaking = False
        if self.onset is not None:
            self.offset = event.offset

    def hypothesis(self, event: Hypothesis) -> bool:
        """Take a hypothesis in; True when it brought a word that is not used yet."""
        if self._is_used(event) or not words(self._new_text(event)):
            return False
        self._hypothesis = event
        return True

    def final(self, event: Final) -> bool:
        """Take a final in; True when it brought a word that is not used yet."""
        if self._is_used(event):
            return False
        self._hypothesis = None
        if not words(self._new_text(event)):
            return False
        self._finals.append(event)
        return True

    def no_match(self, event: NoMatch) -> None:
        if event.end > self._used_until + COVER_SLACK_S:
            self._no_match = True
            self._hypothesis = None

    def take(self, now: float) -> CallerTurn:
        """End the turn: return it, and mark what it covers as used."""
        last = self._hypothesis or (self._finals[-1] if self._finals else None)
        text = self._text()
        ends = [e for e in (self.offset, last.end if last else None) if e is not None]
        end = max(ends) if ends else now
        start = self.onset if self.onset is not None else (self._start() or now)
        confidences = [f.confidence for f in self._finals if f.confidence is not None]
        turn = CallerTurn(
            text=text,
            confidence=min(confidences) if confidences and self._hypothesis is None else None,
            start=start,
            end=end,
            voiced_s=max(0.0, (self.offset if self.offset is not None else now) - start),
            from_hypothesis=self._hypothesis is not None,
        )
        if self._hypothesis is not None:
            # the recogniser has not closed this phrase: its final will repeat these words
            self._used_text = self._hypothesis.text
        else:
            self._used_text = ""
        self._reset(end if text else self._used_until)
        self._go_on(now)
        return turn

    def discard(self, now: float) -> None:
        """Forget what was said up to ``now``: a prompt that ignores speech was playing."""
        self._used_text = self._hypothesis.text if self._hypothesis else ""
        self._reset(now)
        self._go_on(now)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _reset(self, used_until: float) -> None:
        self._used_until = max(self._used_until, used_until)
        self._finals.clear()
        self._hypothesis = None
        self._no_match = False
        self.onset = None
        self.offset = None

    def _go_on(self, now: float) -> None:
        """A caller who is still speaking has begun the next turn."""
        if self.speaking:
            self.onset = now

    def _is_used(self, event: Hypothesis | Final) -> bool:
        """Whether the event only repeats what a turn has used: it covers no new audio, or audio without new speech."""
        if event.end <= self._used_until + COVER_SLACK_S:
            return True
        return event.start < self._used_until and self.onset is None

    def _new_text(self, event: Hypothesis | Final) -> str:
        if event.start < self._used_until:
            return remainder(event.text, self._used_text)
        return event.text

    def _text(self) -> str:
        parts = [self._new_text(f) for f in self._finals]
        if self._hypothesis is not None:
            parts.append(self._new_text(self._hypothesis))
        return " ".join(p.strip() for p in parts if p.strip())

    def _start(self) -> float | None:
        first = self._finals[0] if self._finals else self._hypothesis
        return first.start if first else None

    def _quiet_since(self) -> float | None:
        if self.offset is not None:
            return self.offset
        # words without voice activity (a quiet caller below the gate): the recogniser's own times must do
        if self._hypothesis is not None:
            return self._hypothesis.at
        if self._finals:
            return self._finals[-1].end
        return None

    def _covers(self, end: float) -> bool:
        return self.offset is None or end >= self.offset - COVER_SLACK_S

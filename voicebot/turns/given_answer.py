"""The last answer that the bot was told, and what callers add to it. Pure.

A whole answer ends the turn at once, but callers often go on behind it: "yes", and, after a breath, "that's right". By
then the bot has the answer and speaks. What was begun before anything of that could be understood belongs to the answer
given. If it says the same again ("please", "that's right", "it isn't" behind "no"), the prompt goes on, and the bot is
not told: it would take the words for the answer to its next question.
"""

from __future__ import annotations

from voicebot.events import ExpectedAnswer
from voicebot.turns.back_channel import only_back_channel
from voicebot.turns.expected_answer import WHOLE, Judgement, judge
from voicebot.turns.words import words

GOES_ON_S = 0.6
"""So soon after the end of the turn whoever goes on has begun to speak. The first word of the bot takes longer."""

_YES = frozenset(("yes", "yeah", "yep", "yup", "ja", "jawohl", "sí", "si", "oui", "ouais"))
_NO = frozenset(("no", "nope", "nah", "nein", "nee", "nö", "non", "nan"))


class GivenAnswer:
    """That of one call; none at first."""

    def __init__(self) -> None:
        self._said: frozenset[str] = frozenset()
        self._expected: ExpectedAnswer | None = None
        self._until = float("-inf")

    def told(self, text: str, expected: ExpectedAnswer | None, now: float) -> None:
        """At ``now``, the bot is told ``text``, and has waited for the ``expected`` answer. None: for none that is
        known, or its question was not heard, so that it may well ask again."""
        self._said, self._expected = frozenset(words(text)), expected
        whole = judge(text, expected) in WHOLE
        self._until = now + GOES_ON_S if whole else float("-inf")

    def may_go_on(self, began: float | None) -> bool:
        """Whether what is spoken from ``began`` on may go on with the answer given, whatever it will be."""
        return began is not None and began < self._until

    def goes_on(self, text: str, began: float | None, language: str) -> bool:
        """Whether ``text``, spoken from ``began`` on, in ``language`` ("en-US"), only goes on with the answer given."""
        if self._expected is None or not self.may_go_on(began):
            return False
        said = frozenset(words(text))
        if not said or self._is_opposite(said):
            return False
        if only_back_channel(text, language) or said <= self._expected.beside:
            return True
        plain = self._expected.answers
        asked_yes_or_no = not _YES.isdisjoint(plain) and not _NO.isdisjoint(plain)
        return asked_yes_or_no and judge(text, self._expected) in (Judgement.COMPLETE, Judgement.ENOUGH)

    def _is_opposite(self, said: frozenset[str]) -> bool:
        given_yes, given_no = not _YES.isdisjoint(self._said), not _NO.isdisjoint(self._said)
        return (not given_yes and not _YES.isdisjoint(said)) or (not given_no and not _NO.isdisjoint(said))

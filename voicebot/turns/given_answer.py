"""The last answer that the bot was told, and what callers add to it. Pure.

An answer may end the turn at once, but callers often go on behind it: "yes", and, after a breath, "that's right". By
then the bot has the answer and speaks. What was begun before anything of that could be understood belongs to the answer
given. If it says the same again ("please", "that's right", "it isn't" behind "no"), or that this is all, or only ends
the answer ("twelve", and then "dollars"), the prompt goes on, and the bot is not told: it would take the words for the
answer to its next question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from voicebot.events import AnswerKind, ExpectedAnswer
from voicebot.turns.back_channel import only_back_channel
from voicebot.turns.expected_answer import Judgement, ends_in_answer, judge
from voicebot.turns.languages import LANGUAGES, TurnWords
from voicebot.turns.words import Phrases, in_language, words

GOES_ON_S = 0.8
"""So soon after the end of the turn whoever goes on has begun to speak. Of a prompt, a word or two were heard by then;
who has heard half of a question answers that."""

_BEHIND_YES = {name: Phrases(language.closing) for name, language in LANGUAGES.items()}
_BEHIND_NO = {name: Phrases((*language.closing, *language.regrets)) for name, language in LANGUAGES.items()}
_NOTHING = Phrases(())


def adds_nothing(expected: ExpectedAnswer | None, language: str, before: str, text: str) -> bool:
    """Whether ``text``, said behind ``before``, only goes on with that answer."""
    given = GivenAnswer()
    given.told(before, expected, language, 0.0)
    return given.goes_on(text, 0.0, language)


class GivenAnswer:
    """That of one call; none at first."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._judged = Judgement.NOTHING
        self._expected: ExpectedAnswer | None = None
        self._until = float("-inf")
        self._known: TurnWords | None = None
        self._no = False
        self._yes_behind = False
        """Whether a yes behind it says no more than it did."""
        self._confirms = False
        """Whether what else would answer the question says no more either."""

    def told(self, text: str, expected: ExpectedAnswer | None, language: str, now: float) -> None:
        """At ``now``, the bot is told ``text``, in ``language`` ("en-US"), and has waited for the ``expected`` answer.
        None: for none that is known, or its question was not heard, so that it may well ask again."""
        self._said, self._expected = words(text), expected
        self._known = in_language(LANGUAGES, language)
        self._judged = judgement = judge(text, expected)
        answers = judgement in (Judgement.COMPLETE, Judgement.ENOUGH)
        self._until = now + GOES_ON_S if answers or judgement is Judgement.COMMAND else float("-inf")
        plain = frozenset[str]() if expected is None else expected.answers
        self._confirms = answers and self._has_yes(plain) and self._has_no(plain)
        self._no = self._confirms and self._has_no(self._said)
        agreed = only_back_channel(text, language) or self._has_yes(self._said)
        self._yes_behind = answers and (agreed or not self._confirms) and not self._no

    def may_go_on(self, began: float | None) -> bool:
        """Whether what is spoken from ``began`` on may go on with the answer given, whatever it will be."""
        return began is not None and began < self._until

    def goes_on(self, text: str, began: float | None, language: str) -> bool:
        """Whether ``text``, spoken from ``began`` on, in ``language`` ("en-US"), only goes on with the answer given."""
        said = words(text)
        if self._expected is None or not said or not self.may_go_on(began):
            return False
        left = _without(in_language(_BEHIND_NO if self._no else _BEHIND_YES, language) or _NOTHING, said)
        if not left:
            return True
        if self._is_opposite(left):
            return False
        rest = " ".join(left)
        if only_back_channel(rest, language) or self._is_the_same(left) or self._is_its_end(left):
            return True
        says_so = self._confirms and not self._is_unsure(left) and self._no is self._has_no(left)
        return says_so and judge(rest, self._expected) in (Judgement.COMPLETE, Judgement.ENOUGH)

    def _has_yes(self, said: Iterable[str]) -> bool:
        return self._known is not None and not self._known.yes.isdisjoint(said)

    def _has_no(self, said: Iterable[str]) -> bool:
        return self._known is not None and not self._known.no.isdisjoint(said)

    def _is_unsure(self, said: Iterable[str]) -> bool:
        return self._known is not None and not self._known.unsure.isdisjoint(said)

    def _is_opposite(self, said: Sequence[str]) -> bool:
        return (self._has_yes(said) and not self._yes_behind) or (self._has_no(said) and not self._no)

    def _is_the_same(self, said: Sequence[str]) -> bool:
        """Whether ``said`` repeats the answer: a choice, or all of a value to which the same cannot belong as well, as
        further digits may."""
        assert self._expected is not None, "goes_on"
        beside = self._expected.beside
        left = [word for word in said if word not in beside]
        if self._expected.kind is AnswerKind.CHOICE or not left:
            return set(left) <= set(self._said)
        whole = self._judged is Judgement.COMPLETE or (self._expected.kind is AnswerKind.VALUE and len(left) > 1)
        return whole and left == [word for word in self._said if word not in beside]

    def _is_its_end(self, said: Sequence[str]) -> bool:
        """Whether ``said`` ends the answer, and leaves it as it is: "dollars" behind "twelve", but not "cents"; "hours"
        behind "opening", where all that begins so means the same."""
        expected = self._expected
        assert expected is not None, "goes_on"
        beside = Phrases(expected.beside)
        given, left = _without(beside, self._said), _without(beside, said)
        if expected.kind is AnswerKind.VALUE:
            bare = self._judged is Judgement.ENOUGH and not ends_in_answer(" ".join(given), expected)
            return bare and " ".join(left) in expected.open_answers
        if expected.kind is not AnswerKind.CHOICE or not left:
            return False
        begun = (given[at:] for at in range(len(given)))
        return any(
            " ".join((*first, *left)) in expected.answers and " ".join(first) not in expected.open_answers
            for first in begun
        )


def _without(phrases: Phrases, said: Sequence[str]) -> list[str]:
    left: list[str] = []
    index = 0
    while index < len(said):
        length = phrases.at(said, index)
        left += [] if length else [said[index]]
        index += length or 1
    return left

"""The last answer that the bot was told, and what callers add to it. Pure.

An answer may end the turn at once, but callers often go on behind it: "yes", and, after a breath, "that's right". By
then the bot has the answer and speaks. What was begun before anything of that could be understood belongs to the answer
given. If it says the same again ("please", "that's right", "it isn't" behind "no"), or that this is all, the prompt
goes on, and the bot is not told: it would take the words for the answer to its next question.
"""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.events import AnswerKind, ExpectedAnswer
from voicebot.turns.back_channel import only_back_channel
from voicebot.turns.expected_answer import Judgement, judge
from voicebot.turns.words import Phrases, in_language, words

GOES_ON_S = 0.8
"""So soon after the end of the turn whoever goes on has begun to speak. Of a prompt, a word or two were heard by then;
who has heard half of a question answers that."""

_YES = frozenset(("yes", "yeah", "yea", "yep", "yup", "ja", "jawohl", "sí", "si", "oui", "ouais"))
_NO = frozenset((
    "no", "nope", "nah", "nay", "nuh", "not", "t", "cannot", "never", "none", "nothing", "wrong", "incorrect",
    "incorrectly", "false", "negative", "hardly", "far", "contrary", "mistake", "misunderstood", "misheard", "forget",
    "leave", "skip", "pass", "later", "other", "another", "again", "down", "question", "disagree", "decline", "reject",
    "refuse", "doubt", "nein", "nee", "ne", "nö", "nicht", "nichts", "nie", "niemals", "falsch", "verkehrt", "kein",
    "keine", "keinen", "keineswegs", "keinesfalls", "verzichte", "nada", "nunca", "jamás", "tampoco", "mal",
    "incorrecto", "incorrecta", "falso", "equivoca", "equivocado", "absoluto", "negativo", "hablar", "va", "error",
    "ninguna", "non", "nan", "pas", "jamais", "faux", "fausse", "inexact", "trompez", "négatif", "erreur", "mauvais",
))  # fmt: skip
"""Words of which one makes a no of what answers a question for yes or no; "isn't" is "isn" and "t"."""

_UNSURE = frozenset((
    "know", "sure", "remember", "understand", "understood", "hear", "catch", "get", "idea", "have", "now", "weiß",
    "ahnung", "sicher", "sé", "seguro", "segura", "sais", "sûr", "sûre", "idée", "bonjour",
))  # fmt: skip
"""Words of which one makes such an answer neither."""

_CLOSING = {
    "en": (
        "that's it", "that is it", "that's all", "that is all", "that'll be all", "that's everything", "nothing else",
        "nothing more", "no more", "all of it", "both", "both of them", "sir", "ma'am", "that's me", "that's mine",
        "that's my number", "that's the number", "that's the one", "that's my name", "that's what i said",
        "that's what i want", "why not", "no problem", "no worries", "no doubt", "not a problem", "for now",
        "at the moment", "as far as i know", "i'm sure", "i am sure",
    ),
    "de": (
        "das ist alles", "das war's", "das wars", "das war alles", "mehr nicht", "sonst nichts", "nichts weiter",
        "das ist meine", "das ist meine nummer", "das bin ich", "kein problem", "warum nicht", "im moment", "so ist es",
        "das ist es", "ich bin sicher",
    ),
    "es": (
        "eso es todo", "es todo", "nada más", "ese es", "esa es", "ese es mi número", "soy yo", "sin problema",
        "por qué no", "no hay problema", "por ahora", "de momento", "estoy seguro", "estoy segura", "señor", "señora",
    ),
    "fr": (
        "c'est tout", "rien d'autre", "ce sera tout", "c'est mon numéro", "c'est moi", "pas de problème",
        "pourquoi pas", "pour l'instant", "pour le moment", "j'en suis sûr", "j'en suis sûre", "monsieur", "madame",
    ),
}  # fmt: skip
"""What is said behind an answer, also where a yes or no in it would mean the opposite: it says that this is all."""
_REGRETS = {
    "en": ("sorry", "i'm sorry", "i'm afraid", "i'm good", "i'm fine", "i'm all set"),
    "de": ("tut mir leid", "leider"),
    "es": ("lo siento",),
    "fr": ("désolé", "désolée", "je suis désolé", "je suis désolée"),
}
"""The same, behind a no."""
_BEHIND_YES = {language: Phrases(listed) for language, listed in _CLOSING.items()}
_BEHIND_NO = {language: Phrases((*listed, *_REGRETS[language])) for language, listed in _CLOSING.items()}
_NOTHING = Phrases(())


class GivenAnswer:
    """That of one call; none at first."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._judged = Judgement.NOTHING
        self._expected: ExpectedAnswer | None = None
        self._until = float("-inf")
        self._no = False
        self._yes_behind = False
        """Whether a yes behind it says no more than it did."""
        self._confirms = False
        """Whether what else would answer the question says no more either."""

    def told(self, text: str, expected: ExpectedAnswer | None, language: str, now: float) -> None:
        """At ``now``, the bot is told ``text``, in ``language`` ("en-US"), and has waited for the ``expected`` answer.
        None: for none that is known, or its question was not heard, so that it may well ask again."""
        self._said, self._expected = words(text), expected
        self._judged = judgement = judge(text, expected)
        answers = judgement in (Judgement.COMPLETE, Judgement.ENOUGH)
        self._until = now + GOES_ON_S if answers or judgement is Judgement.COMMAND else float("-inf")
        plain = frozenset[str]() if expected is None else expected.answers
        self._confirms = answers and not _YES.isdisjoint(plain) and not _NO.isdisjoint(plain)
        self._no = self._confirms and not _NO.isdisjoint(self._said)
        agreed = only_back_channel(text, language) or not _YES.isdisjoint(self._said)
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
        if only_back_channel(rest, language) or self._is_the_same(left):
            return True
        says_so = self._confirms and _UNSURE.isdisjoint(left) and self._no is not _NO.isdisjoint(left)
        return says_so and judge(rest, self._expected) in (Judgement.COMPLETE, Judgement.ENOUGH)

    def _is_opposite(self, said: Sequence[str]) -> bool:
        return not ((self._yes_behind or _YES.isdisjoint(said)) and (self._no or _NO.isdisjoint(said)))

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


def _without(phrases: Phrases, said: Sequence[str]) -> list[str]:
    left: list[str] = []
    index = 0
    while index < len(said):
        length = phrases.at(said, index)
        left += [] if length else [said[index]]
        index += length or 1
    return left

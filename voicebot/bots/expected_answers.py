"""What a bot says of the answer that it expects. Pure and linear; what is wrong in it is left out.

``sessionParams.expectedAnswer`` says it outright (ours). Other bots only let it be seen: by what they offer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from voicebot.events import AnswerKind, ExpectedAnswer

MAX_CHARACTERS = 100
"""Digits or letters of an answer."""
MAX_PHRASES = 400
"""Of each list."""
MAX_PHRASE = 100

_WORD = re.compile(r"\w+")


def expected_answer(value: Any) -> ExpectedAnswer | None:
    """The ``expectedAnswer`` of a bot; None for what is none."""
    if not isinstance(value, dict) or value.get("kind") not in list(AnswerKind):
        return None
    answers = _phrases(value.get("answers"))
    wanting = value.get("openAnswers")
    return ExpectedAnswer(
        AnswerKind(value["kind"]),
        _count(value.get("min")),
        _count(value.get("max")),
        words=_phrases(value.get("words")),
        others=_phrases(value.get("others")),
        answers=answers,
        open_answers=_open(answers) if wanting is None else _phrases(wanting) & answers,
        beside=_phrases(value.get("beside")),
        commands=_phrases(value.get("commands")),
    )


def _open(answers: frozenset[str]) -> frozenset[str]:
    """Those of ``answers`` that another one begins with."""
    begun: set[str] = set()
    for answer in answers:
        said = answer.split(" ")
        begun.update(" ".join(said[:length]) for length in range(1, len(said)))
    return answers & begun


def _phrases(value: Any) -> frozenset[str]:
    found = value if isinstance(value, list) else []
    return _normal(phrase for phrase in found[:MAX_PHRASES] if isinstance(phrase, str))


def _normal(phrases: Iterable[str]) -> frozenset[str]:
    """``phrases`` in small letters, with one blank between words; too long ones are left out."""
    normal = (" ".join(_WORD.findall(phrase.lower())) for phrase in phrases if len(phrase) <= MAX_PHRASE)
    return frozenset(filter(None, normal))


def _count(value: Any) -> int:
    return min(value, MAX_CHARACTERS) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

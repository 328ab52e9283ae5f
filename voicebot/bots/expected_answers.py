"""What a bot says of the answer that it expects. Pure and linear; what is wrong in it is left out.

``sessionParams.expectedAnswer`` says it outright (ours). Other bots only let it be seen by what they offer: suggested
actions, buttons of cards, choices. Phrase hints (``sttContextPhrases``) are words to be recognised, and no answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from voicebot.bots.card_elements import answering, dicts, plain
from voicebot.bots.cards import MAX_CARDS, MAX_CHOICES
from voicebot.events import AnswerKind, ExpectedAnswer

MAX_CHARACTERS = 100
"""Digits or letters of an answer."""
MAX_PHRASES = 400
"""Of each list."""
MAX_PHRASE = 100
MAX_LIKELY = 4
MAX_OFFERED = 24
"""What a message offers beyond that is not expected."""
MAX_BODY = 10
"""Elements of a card in which choices are looked for."""

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"^\s*\(?\d{1,3}[.):]\s+(?=\S)")
_DEAF = ("ignoringInput", "ignoringSpeechInput")
_BESIDE = frozenset({
    "uh", "um", "er", "please", "thanks", "thank you", "the", "äh", "ähm", "bitte", "danke", "eh", "em", "por favor",
    "gracias", "euh", "s il vous plaît", "merci",
})  # fmt: skip
"""What may stand beside an answer to a bot that tells no such words."""


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
        likely=_likely(value.get("likely")),
    )


def answer_to_offer(activity: dict[str, Any]) -> ExpectedAnswer | None:
    """The answer to what the message ``activity`` offers: a title, a value, or their first words where these name only
    one; None if it offers nothing, or nothing can be said to it."""
    if activity.get("inputHint") in _DEAF:
        return None
    offers = [frozenset(filter(None, map(_plain, offer))) for offer in islice(_offers(activity), MAX_OFFERED)]
    whole = frozenset[str]().union(*offers)
    if not whole:
        return None
    begun = Counter(words for offer in offers for words in frozenset(filter(None, map(_first, offer))))
    named = frozenset(words for words, count in begun.items() if count == 1) - whole
    return ExpectedAnswer(
        AnswerKind.CHOICE, answers=whole | named, open_answers=_open(whole) | named, beside=_BESIDE
    )  # fmt: skip


def _offers(activity: dict[str, Any]) -> Iterator[list[str]]:
    """What callers may say for each thing that is offered."""
    suggested = activity.get("suggestedActions")
    actions = [suggested.get("actions")] if isinstance(suggested, dict) else []
    choices = []
    for attachment in dicts(_beginning(activity.get("attachments"), MAX_CARDS)):
        card = attachment.get("content")
        if isinstance(card, dict):
            actions += [card.get("buttons"), card.get("actions")]
            for element in dicts(_beginning(card.get("body"), MAX_BODY)):
                actions.append(element.get("actions"))
                choices.append(element.get("choices"))
    for listed in actions:
        for action in answering(_beginning(listed, MAX_CHOICES)):
            yield [plain(action.get(name)) for name in ("title", "value", "text", "displayText")]
    for listed in choices:
        for choice in dicts(_beginning(listed, MAX_CHOICES)):
            yield [plain(choice.get("title")), plain(choice.get("value"))]


def _beginning(value: Any, most: int) -> list[Any]:
    return value[:most] if isinstance(value, list) else []


def _open(answers: frozenset[str]) -> frozenset[str]:
    """Those of ``answers`` that another one begins with."""
    begun: set[str] = set()
    for answer in answers:
        said = answer.split(" ")
        begun.update(" ".join(said[:length]) for length in range(1, len(said)))
    return answers & begun


def _plain(title: str) -> str:
    """``title`` as a phrase, without the number of a list before it; ``""`` where it is too long to be one."""
    return " ".join(_WORD.findall(_NUMBER.sub("", title.lower(), count=1))) if len(title) <= MAX_PHRASE else ""


def _first(phrase: str) -> str:
    return phrase.partition(" ")[0] if " " in phrase else ""


def _likely(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(phrase for phrase in found[:MAX_LIKELY] if isinstance(phrase, str) and 0 < len(phrase) <= MAX_PHRASE)


def _phrases(value: Any) -> frozenset[str]:
    found = value if isinstance(value, list) else []
    return _normal(tuple(phrase for phrase in found[:MAX_PHRASES] if _fits(phrase)))


def _fits(phrase: Any) -> bool:
    return isinstance(phrase, str) and len(phrase) <= MAX_PHRASE


@lru_cache(maxsize=128)
def _normal(phrases: tuple[str, ...]) -> frozenset[str]:
    """``phrases`` in small letters, with one blank between words. Most questions of a bot have the same lists."""
    return frozenset(filter(None, (" ".join(_WORD.findall(phrase.lower())) for phrase in phrases)))


def _count(value: Any) -> int:
    return min(value, MAX_CHARACTERS) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

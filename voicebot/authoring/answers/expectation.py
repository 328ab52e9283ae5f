"""What the call is told of the answer to a question: by it, it ends the caller's turn and knows an interruption. Pure.

The call judges words by phrases, in no time and without a language (``voicebot/turns/expected_answer.py``); whether
they are an answer, and which, is decided here in the dialog. What it is told is therefore what callers usually say, in
a bounded number of phrases, and need not be all.

Most questions are asked in the same words again and again, so what was made for the latest of them is kept: to make it
costs more than all the rest of a turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any, Literal

from voicebot.authoring.answers.parts import Form
from voicebot.authoring.model import Option
from voicebot.authoring.understanding import Understanding

MAX_ANSWERS = 400
MOST_LIKELY = 4
MAX_PHRASE = 60
"""Characters; nobody says a longer one word by word."""
MOST_KEPT = 128
"""Expectations: of so many questions, or states of them."""
MOST_PHRASES = 4096
"""Most questions have commands, yes and no among theirs, so that another one is made ready in little time, too."""
_SEVERAL = -1
_WORD = re.compile(r"\w+")

Phrases = tuple[str, ...]
_Offered = tuple[tuple[str, Phrases, str | None], ...]
"""Options: of each its name, the words for it and its key."""
Kind = Literal["open", "choice", "digits", "spelled", "value"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an answer looks like: :class:`voicebot.events.ExpectedAnswer` says what each of it means.

    ``answers``: groups of phrases that mean the same. ``undecided``: those after which callers often go on.
    """

    kind: Kind = "open"
    least: int = 0
    most: int = 0
    words: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    answers: tuple[Phrases, ...] = ()
    undecided: frozenset[str] = frozenset()
    beside: Phrases = ()

    def told(self, fillers: Phrases, commands: Phrases) -> dict[str, Any]:
        """The same for the call, with what may stand beside any answer, and what callers may say at any time. It is
        made once, and not to be changed."""
        return _told(self, fillers, commands)

    @property
    def is_made_ready(self) -> bool:
        """Whether there are so few different answers that the reply to each can be made ready."""
        return self.kind == "choice" and len(self.answers) <= MOST_LIKELY


ANYTHING = Expectation()


@lru_cache(maxsize=MOST_KEPT)
def _told(expected: Expectation, fillers: Phrases, commands: Phrases) -> dict[str, Any]:
    groups = [list(dict.fromkeys(map(_plain, group))) for group in expected.answers]
    answers = list(dict.fromkeys(_in_turn(groups)))[:MAX_ANSWERS]
    at_any_time = [_plain(phrase) for phrase in commands]
    undecided = frozenset(map(_plain, expected.undecided))
    closed_by_none = undecided.union(_begun([*groups, at_any_time]))
    told = {
        "min": expected.least,
        "max": expected.most,
        "words": sorted(expected.words),
        "others": sorted(expected.others),
        "answers": answers,
        "openAnswers": [phrase for phrase in answers if phrase in closed_by_none],
        "beside": list(dict.fromkeys(chain(fillers, expected.beside))),
        "commands": at_any_time,
        "likely": [group[0] for group in groups if not undecided.issuperset(group)] if expected.is_made_ready else [],
    }
    return {"kind": expected.kind} | {name: value for name, value in told.items() if value or name == "openAnswers"}


def of_form(form: Form, understanding: Understanding) -> Expectation:
    """Digits, or something spelled, of which so much is still to come."""
    words, others = understanding.usual.parts(letters=form.letters)
    return Expectation("spelled" if form.letters else "digits", form.least, form.most, words, others)


@lru_cache(maxsize=MOST_KEPT)
def of_value(kind: str, understanding: Understanding) -> Expectation:
    """A value such as a ``date``: :meth:`~voicebot.authoring.understanding.usual_words.UsualWords.value`."""
    usual = understanding.usual.value(kind)
    last = tuple((phrase,) for phrase in sorted(usual.last))
    return Expectation("value", words=usual.words, others=usual.wanting, answers=last, undecided=usual.undecided)


@lru_cache(maxsize=MOST_KEPT)
def of_yes_no(understanding: Understanding, *, corrected: bool = False) -> Expectation:
    """Yes, no, or that somebody does not know. ``corrected``: what is right often follows a no ("no, 42")."""
    usual = understanding.usual
    undecided = {*usual.hardly_yes, *usual.neither}
    undecided |= {phrase for phrase in usual.no if " " not in phrase} if corrected else set()
    answers = ((*usual.yes, *usual.hardly_yes), usual.no, usual.neither)
    return Expectation("choice", answers=answers, undecided=frozenset(undecided), beside=usual.beside_yes_no)


def with_options(
    expected: Expectation | None, options: Mapping[str, Option], understanding: Understanding
) -> Expectation:
    """What is ``expected`` beside ``options`` (None: nothing), and these: by their words, by words that only one of
    them has, and where nothing else is expected, by their place or key."""
    offered = tuple((name, tuple(option.say), option.key) for name, option in options.items())
    return _with_offered(expected, offered, understanding)


@lru_cache(maxsize=MOST_KEPT)
def _with_offered(expected: Expectation | None, offered: _Offered, understanding: Understanding) -> Expectation:
    spoken = [_spoken(name, said) for name, said, _ in offered]
    groups = [(*phrases, *own) for phrases, own in zip(spoken, _own_words(spoken, understanding), strict=True)]
    usual = understanding.usual
    if expected is None:
        keys = {key: place for place, (_, _, key) in enumerate(offered, 1) if key is not None}
        for place, named in usual.places(len(groups), keys).items():
            groups[place - 1] += named
        expected = Expectation("choice", undecided=frozenset(usual.open_places))  # "the first time"
    beside = (*expected.beside, *usual.beside_option)
    return replace(expected, answers=(*groups, *expected.answers), beside=beside)


def _spoken(name: str, said: Phrases) -> Phrases:
    return tuple(phrase for phrase in (*said, _plain(name)) if len(phrase) <= MAX_PHRASE)


def _own_words(spoken: Sequence[Phrases], understanding: Understanding) -> list[list[str]]:
    """For each option the words that it alone has, and that say something by themselves."""
    common, commands = understanding.usual.common, frozenset(understanding.usual.commands)
    words = [dict.fromkeys(_WORD.findall(" ".join(phrases).lower())) for phrases in spoken]
    count: dict[str, int] = {}
    for one in words:
        for word in one:
            count[word] = count.get(word, 0) + 1
    return [
        [word for word in one if count[word] == 1 and len(word) > 2 and not word.isdecimal() and word not in common
         and word not in commands]
        for one in words
    ]  # fmt: skip


def _begun(groups: Sequence[Sequence[str]]) -> set[str]:
    """What phrases of another group begin with."""
    owners: dict[str, int] = {}
    for number, group in enumerate(groups):
        for phrase in group:
            for beginning in _beginnings(phrase):
                if owners.setdefault(beginning, number) != number:
                    owners[beginning] = _SEVERAL
    return {phrase for number, group in enumerate(groups) for phrase in group if owners.get(phrase, number) != number}


@lru_cache(maxsize=MOST_PHRASES)
def _beginnings(phrase: str) -> Phrases:
    said = phrase.split(" ")
    return tuple(" ".join(said[:length]) for length in range(1, len(said)))


def _in_turn(groups: Sequence[Sequence[str]]) -> Iterable[str]:
    """The first phrase of each group, then the second of each, and so on."""
    return (phrase for turn in zip_longest(*groups) for phrase in turn if phrase)


@lru_cache(maxsize=MOST_PHRASES)
def _plain(phrase: str) -> str:
    """``phrase`` in small letters, with one blank between words."""
    return " ".join(_WORD.findall(phrase.lower().replace("_", " ")))

"""What every kind of answer can tell: what words and keys mean to it, and what counts as a correction."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, ClassVar

from pydantic import model_validator

from voicebot.authoring.answers.expectation import ANYTHING, Expectation, of_form, of_value
from voicebot.authoring.answers.parts import Form
from voicebot.authoring.model import Part, Prompt
from voicebot.authoring.understanding import Understanding

Slot = dict[str, Any]
"""The part of a dialog's state that belongs to the open question, plain JSON: ``keys`` (pressed so far), ``said``
(its parts so far), ``unclear`` (what was said before callers were asked what they mean by it).
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """``value`` is the answer; ``option`` names the option of ``choice`` or ``languages`` that it came from, and
    ``likeness`` tells how much what was said is like its words, from 0 to 1 for the same. ``gap``: a part of it may be
    missing, as there is something in between that is none; its likeness is less than 1 then."""

    value: Any
    option: str | None = None
    likeness: float = 1.0
    gap: bool = False


@dataclass(frozen=True, slots=True)
class More:
    """The answer is not complete. ``prompt`` asks for the rest."""

    prompt: Prompt | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """What was said leaves open which value is meant ("next week", "half past five"). Callers are asked for that.

    ``asks``: what is asked, by its name in :data:`~voicebot.authoring.expected.USUAL`; ``prompt``: the author's words
    for it. ``alone``: it is a question of its own, which costs no try; otherwise the question is asked again behind it.
    ``values``: those that may be meant, where they are few.
    """

    asks: str
    prompt: Prompt | None = None
    alone: bool = False
    values: tuple[Any, ...] = ()


Reading = Answered | More | Unclear | None
"""None: not an answer."""


class Replaced(Enum):
    """What replaces a value while callers are asked whether it was understood correctly."""

    NEVER = "never"
    BY_CORRECTION = "no, 42"
    """A correction only."""
    BY_VALUE_ALONE = "42"
    """A correction, or a value with neither yes nor no."""
    BY_VALUE = "yes, 42"
    """A correction, or any value."""


class DialogAnswer(Part):
    """A kind of answer with its limits. In a file, ``true`` stands for one without any of its words."""

    EXPECTED: ClassVar[str] = ""
    """The words that a recogniser should expect: a section of :data:`~voicebot.authoring.expected.EXPECTED`."""
    MADE_OF: ClassVar[str] = ""
    """The words of which a value is made: see
    :meth:`~voicebot.authoring.understanding.usual_words.UsualWords.value`."""
    COLLECTS_KEYS: ClassVar[bool] = False
    """Whether several keys make an answer."""
    TAKES_ANYTHING: ClassVar[bool] = False
    """Whether nearly any words are an answer. (A request for help or for an agent still is not.)"""
    TAKES_COMMANDS: ClassVar[bool] = False
    """Whether words for what callers may ask at any time are an answer where the author has set nothing for them."""
    TOLD_BY_WORDS: ClassVar[bool] = False
    """Whether the words in which it was said tell more than how a recogniser has written it: "nine ninety-nine" is a
    price, "999" a number."""
    REPLACED: ClassVar[Replaced] = Replaced.BY_CORRECTION
    EXAMPLES: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    """For the reference page: the words of a question, what a caller says (in English, on 1 December 2026), and what is
    saved."""

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        return {} if value is True else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"const": True}, handler(schema)]}

    TAKEN_UNHEARD: ClassVar[bool] = True
    """Whether it can be an answer before the question was heard. A yes is a yes to something."""

    @abstractmethod
    def value(self, text: str, understanding: Understanding, today: date) -> Any:
        """The answer in ``text``, complete and within its limits; None when there is none."""

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        """What the caller said."""
        return answered(self.value(text, understanding, today))

    def is_begun(self, text: str, understanding: Understanding, *, part: bool) -> bool:
        """Whether ``text``, which is no answer, shows that one was being given. ``part``: it was read as one of it."""
        return part

    def goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> Any:
        """The answer when ``text`` is said behind the answer ``before``, as its next part; None when it is none."""
        return None

    def form(self, slot: Slot) -> Form | None:
        """What the rest of the answer looks like, where it shows in it whether it is complete."""
        return None

    def expectation(self, slot: Slot, understanding: Understanding) -> Expectation:
        """What the call is told of the rest of the answer."""
        form = self.form(slot)
        if form is not None:
            return of_form(form, understanding)
        return of_value(self.MADE_OF, understanding) if self.MADE_OF else ANYTHING

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        """What the caller pressed."""
        return None

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        """No further key has come in time: whether the keys so far are an answer."""
        return None

    def mended(self, text: str, value: Any, understanding: Understanding, today: date) -> Any:
        """``value``, which is to be confirmed, with a part of it corrected by ``text``; None when none is."""
        return None

    def takes_key(self, key: str) -> bool:
        """Whether ``key`` alone is an answer, even when an option has the same key."""
        return False

    @property
    def ends_with(self) -> str:
        """The key that ends what is keyed in."""
        return "#"

    @property
    def keys_pause_s(self) -> float | None:
        """Seconds without a further key that end the answer; None: those of any silence."""
        return None

    def targets(self) -> dict[str, str | None]:
        """Where each answer leads, by its label; empty when all answers lead to the same step."""
        return {}

    def target(self, value: Any) -> str | None:
        """Where the answer ``value`` leads; None: where all answers lead."""
        return None


def answered(value: Any) -> Answered | None:
    """``value`` as an answer; None stays None."""
    return None if value is None else Answered(value)


def within(value: Any, smallest: float | None, largest: float | None) -> bool:
    """Whether ``value`` is within its limits; a limit of None is no limit."""
    return (smallest is None or value >= smallest) and (largest is None or value <= largest)

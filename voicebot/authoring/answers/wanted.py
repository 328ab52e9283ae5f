"""What counts as an answer to a question: one of its options, an answer of its kind, or either. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from voicebot.authoring.answers.answer import Answered, AnswerKind, Reading, Replaced, Slot
from voicebot.authoring.answers.choice import option_pressed, option_said
from voicebot.authoring.model import Option
from voicebot.authoring.understanding import Understanding


@dataclass(frozen=True, slots=True)
class Wanted:
    """``options``: of ``choice`` or ``languages``. ``answer``: the kind; None: nothing but an option is one."""

    options: Mapping[str, Option]
    answer: AnswerKind | None

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        """What the caller said."""
        option = self.option_said(text, understanding)
        if option is not None or self.answer is None:
            return option
        return self.answer.read_words(text, slot, understanding, today)

    def option_said(self, text: str, understanding: Understanding) -> Answered | None:
        """The option that the caller named."""
        return option_said(self.options, text, understanding, alone=self.answer is None)

    def value(self, text: str, understanding: Understanding, today: date) -> Any:
        """The value of the question's kind in ``text``, complete and within its limits; None when there is none."""
        if self.answer is not None:
            return self.answer.value(text, understanding, today)
        option = self.option_said(text, understanding)
        return option.value if option is not None else None

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        """What the caller pressed."""
        # The keys for yes and no come first: an option that several questions share may have the same key.
        option = None
        if not slot.get("keys") and not (self.answer is not None and self.answer.takes_key(key)):
            option = option_pressed(self.options, key)
        if option is not None or self.answer is None:
            return option
        return self.answer.read_key(key, slot, understanding, today)

    def keys_ended(self, slot: Slot, understanding: Understanding, today: date) -> Reading:
        """No further key has come in time: whether the keys so far are an answer."""
        pressed = slot.get("keys", "")
        slot["keys"] = ""
        return self.answer.keys_ended(pressed, understanding, today) if self.answer is not None else None

    def takes_key(self, key: str) -> bool:
        """Whether ``key`` is part of an answer, alone or as one of several."""
        if self.answer is not None and (self.answer.COLLECTS_KEYS or self.answer.takes_key(key)):
            return True
        return any(option.key == key for option in self.options.values())

    @property
    def keys_pause_s(self) -> float | None:
        """Seconds without a further key that end the answer; None: those of any silence."""
        return self.answer.keys_pause_s if self.answer is not None else None

    @property
    def takes_anything(self) -> bool:
        """Whether nearly any words are an answer."""
        return self.answer is not None and self.answer.TAKES_ANYTHING

    def instead(self, text: str, candidate: Any, understanding: Understanding, today: date) -> Any:
        """The value in ``text`` that replaces ``candidate``, which is to be confirmed; None when there is none."""
        replaced = self.answer.REPLACED if self.answer is not None else Replaced.BY_VALUE_ALONE
        if replaced is Replaced.NEVER:
            return None
        if self.answer is not None and (mended := self.answer.mended(text, candidate, understanding)) is not None:
            return mended
        correction = understanding.correction(text)
        value = self.value(correction, understanding, today) if correction is not None else None
        alone = replaced is Replaced.BY_VALUE_ALONE and understanding.yes_no(text) is None
        if value is None and (alone or replaced is Replaced.BY_VALUE):
            value = self.value(text, understanding, today)
        return value

    def phrases(self) -> Iterator[str]:
        """The words of its options; an option without words is named by its name."""
        for name, option in self.options.items():
            yield from option.say or [name]

"""What counts as an answer to a question: one of its options, an answer of its kind, or either. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from voicebot.authoring.answers.answer import Answered, DialogAnswer, More, Reading, Replaced, Slot
from voicebot.authoring.answers.choice import names_option, option_pressed, option_said
from voicebot.authoring.answers.expectation import Expectation, of_yes_no, with_options
from voicebot.authoring.answers.likeliest import Heard, agreed, in_words, instead
from voicebot.authoring.model import LEAVING, Option
from voicebot.authoring.understanding import NEAR, Understanding


@dataclass(frozen=True, slots=True)
class Wanted:
    """``options``: of ``choice`` or ``languages``. ``answer``: the kind; None: nothing but an option is one."""

    options: Mapping[str, Option]
    answer: DialogAnswer | None

    def read_words(
        self, text: str, slot: Slot, understanding: Understanding, today: date, *, heard: bool = True
    ) -> Reading:
        """What the caller said. Before the question was ``heard``, only what names an answer is one."""
        if not heard and understanding.only_agrees(text):
            return None
        option = option_said(self.options, text, understanding, outright=not (heard and self.answer is None))
        if option is not None or self.answer is None or not (heard or self.answer.TAKEN_UNHEARD):
            return option
        return self.answer.read_words(text, slot, understanding, today)

    def read_confirming(
        self, text: str, candidate: Any, understanding: Understanding, today: date, *, heard: bool
    ) -> Any:
        """What the caller said when asked whether ``candidate`` is right: True, False, the value that is meant instead,
        an option, or the whole of an answer of which more has come (both as Answered); None for none of these.

        Before the question was ``heard``, a yes or no is none, and the next digits of a number go on with it.
        """
        more = self._goes_on(candidate, text, understanding, today) if not heard else None
        if more is not None:
            return Answered(more)
        value = self.instead(text, candidate, understanding, today)
        if value is not None:
            return True if value == candidate else value
        yes = understanding.yes_no(text) if heard else None
        if yes is not None or self.answer is None or (not heard and understanding.only_agrees(text)):
            return yes
        option = self.option_said(text, understanding)
        if option is not None or not heard or self.answer.form({}) is None:
            return option
        more = self._goes_on(candidate, text, understanding, today)  # too short to be the whole answer
        return Answered(more) if more is not None else None

    def _goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> Any:
        """The answer when ``text`` is its next part, behind ``before``; None when it is none."""
        if self.answer is None or understanding.only_agrees(text) or understanding.asks_for(text) is not None:
            return None
        if understanding.correction(text) is not None:
            return None
        return self.answer.goes_on(before, text, understanding, today)

    def option_said(self, text: str, understanding: Understanding) -> Answered | None:
        """The option that the caller named."""
        return option_said(self.options, text, understanding, outright=self.answer is not None)

    def likeliest(
        self,
        first: Reading,
        text: str,
        confidence: float | None,
        others: Sequence[Heard],
        understanding: Understanding,
    ) -> tuple[Answered, float | None] | None:
        """What was answered by the ``first`` reading, which is that of ``text``, and those of ``others``, with how sure
        it is; None: the first reading stands."""
        kind = self.answer
        answered = first if isinstance(first, Answered) else None
        plain = first is None or (answered is not None and answered.option is None and not answered.gap)
        told = in_words(others) if plain and kind is not None and kind.TOLD_BY_WORDS else None
        if (meant := told or answered) is not None:
            return agreed(meant, confidence, others)
        begun = kind is not None and kind.is_begun(text, understanding, part=isinstance(first, More))
        asks = kind is not None and kind.form({}) is not None
        return instead(first, confidence, others, begun=begun, asks=asks)

    def value(self, text: str, understanding: Understanding, today: date) -> Any:
        """The value of the question's kind in ``text``, complete and within its limits; None when there is none."""
        if self.answer is not None:
            return self.answer.value(text, understanding, today)
        option = self.option_said(text, understanding)
        return option.value if option is not None and option.likeness >= NEAR else None

    def is_named(self, text: str, understanding: Understanding, today: date, *, whole: bool) -> bool:
        """Whether ``text`` names an answer, although it says something else as well, or (``whole``) nothing else."""
        if names_option(self.options, text) or self.answer is None:
            return names_option(self.options, text)
        return not whole if self.takes_anything else self.value(text, understanding, today) is not None

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

    def parts_ended(self, slot: Slot, understanding: Understanding, today: date) -> Reading:
        """No further part has come in time."""
        slot["keys"] = slot.get("keys") or slot.get("said", "")
        slot["said"] = ""
        return self.keys_ended(slot, understanding, today)

    def expectation(self, slot: Slot, understanding: Understanding, *, confirms: bool = False) -> Expectation:
        """What the call is told of the rest of the answer; ``confirms``: of whether it was understood correctly."""
        if confirms:
            return of_yes_no(understanding, corrected=True)
        expected = self.answer.expectation(slot, understanding) if self.answer is not None else None
        return with_options(expected, self.options, understanding) if self.options or expected is None else expected

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

    def takes_command(self, name: str) -> bool:
        """Whether words that may be the command ``name`` are an answer all the same. The dialog leaves the question for
        an agent, or to start over, where its author has set these: here, they have not."""
        return name in LEAVING and self.answer is not None and self.answer.TAKES_COMMANDS

    def instead(self, text: str, candidate: Any, understanding: Understanding, today: date) -> Any:
        """The value in ``text`` that replaces ``candidate``, which is to be confirmed; None when there is none."""
        replaced = self.answer.REPLACED if self.answer is not None else Replaced.BY_VALUE_ALONE
        if replaced is Replaced.NEVER:
            return None
        mended = self.answer.mended(text, candidate, understanding, today) if self.answer is not None else None
        if mended is not None:
            return mended
        correction = understanding.correction(text)
        value = self.value(correction, understanding, today) if correction is not None else None
        alone = replaced is Replaced.BY_VALUE_ALONE and understanding.yes_no(text) is None
        if value is None and (alone or replaced is Replaced.BY_VALUE):
            value = self.value(text, understanding, today)
        return value

    def said_for(self, answer: Answered) -> Any:
        """What callers are told of ``answer`` when asked whether they gave it: an option by its label or words."""
        if answer.option is None:
            return answer.value
        option = self.options[answer.option]
        return option.label or (option.say or [answer.option.replace("_", " ")])[0]

    def phrases(self) -> Iterator[str]:
        """The words of its options; an option without words is named by its name."""
        for name, option in self.options.items():
            yield from option.say or [name]

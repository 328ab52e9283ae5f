"""A question with what counts as an answer to it: its options, and one field for each kind of answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from pydantic import Field

from voicebot.authoring.answers.answer import DialogAnswer
from voicebot.authoring.answers.choice import option_faults
from voicebot.authoring.answers.date import DateAnswer
from voicebot.authoring.answers.digits import DigitsAnswer
from voicebot.authoring.answers.duration import DurationAnswer
from voicebot.authoring.answers.email import EmailAnswer
from voicebot.authoring.answers.money import MoneyAnswer
from voicebot.authoring.answers.month import MonthAnswer
from voicebot.authoring.answers.name import NameAnswer
from voicebot.authoring.answers.number import NumberAnswer
from voicebot.authoring.answers.pattern import PatternAnswer
from voicebot.authoring.answers.phone import PhoneAnswer
from voicebot.authoring.answers.spelled import SpelledAnswer
from voicebot.authoring.answers.text import TextAnswer
from voicebot.authoring.answers.time import TimeAnswer
from voicebot.authoring.answers.wanted import Wanted
from voicebot.authoring.answers.yesno import YesNoAnswer
from voicebot.authoring.as_written import as_written
from voicebot.authoring.document import Fault, YamlPath
from voicebot.authoring.model import Id, LanguageOptions, Option, OptionsFrom, Part, Prompt
from voicebot.authoring.walking import part_in


class Question(Part):
    """What is asked, and what counts as an answer."""

    ask: Prompt = Field(description="The question.")

    choice: dict[Id, Option] | None = Field(
        None,
        description="The answer is one of these options. An empty one is taken from the file's `options`. There may be "
        "another kind of answer beside it, for answers that match none of the options.",
    )
    options: OptionsFrom | None = Field(
        None, description='The answer is one of the things of a list: `{from: rooms, say: "{type}"}`.'
    )
    languages: LanguageOptions | None = Field(
        None,
        description='The answer is the language for the rest of the call: `{en-US: {key: "1"}, de-DE: {key: "2"}}`. '
        "A language without `say` is recognised by its name.",
    )
    digits: DigitsAnswer | None = Field(
        None, description="The answer is a series of digits, such as an account number."
    )
    yesno: YesNoAnswer | None = Field(None, description="The answer is yes or no, saved as true or false.")
    text: TextAnswer | None = Field(None, description="The answer is whatever the caller says.")
    number: NumberAnswer | None = Field(None, description="The answer is a number.")
    date: DateAnswer | None = Field(None, description="The answer is a day.")
    time: TimeAnswer | None = Field(None, description="The answer is a time of day.")
    month: MonthAnswer | None = Field(None, description="The answer is a month of a year, such as an expiry date.")
    duration: DurationAnswer | None = Field(
        None, description="The answer is how long something takes, as a number: `duration: nights`."
    )
    money: MoneyAnswer | None = Field(None, description="The answer is an amount of money.")
    spelled: SpelledAnswer | None = Field(None, description="The answer is spelled, letter by letter.")
    pattern: PatternAnswer | None = Field(
        None, description="The answer is letters and digits of a form that you give, such as a booking code."
    )
    phone: PhoneAnswer | None = Field(None, description="The answer is a telephone number.")
    email: EmailAnswer | None = Field(None, description="The answer is an e-mail address.")
    name: NameAnswer | None = Field(None, description="The answer is a person's name.")

    @cached_property
    def wanted(self) -> Wanted:
        """What counts as an answer."""
        return Wanted(self.choice or self.languages or {}, getattr(self, self.kind) if not self.chooses else None)

    @cached_property
    def kind(self) -> str:
        """The field of its kind of answer; the one beside `choice` when there are two."""
        return next((kind for kind in reversed(KINDS) if getattr(self, kind) is not None), "")

    @property
    def chooses(self) -> bool:
        """Whether the answer is one of the options, and nothing else."""
        return self.kind in ("choice", "languages", "")

    def answer_faults(self) -> Iterator[Fault]:
        """What is wrong with the kind of its answer, or with the options."""
        present = [kind for kind in KINDS if getattr(self, kind) is not None]
        if not present and self.options is None:
            yield Fault(("ask",), "no-kind", "nothing says what kind of answer this question has",
                        f"add one of {', '.join(KINDS)}", at_key=True)  # fmt: skip
        others = [kind for kind in present if kind != "choice"] if "languages" not in present else present
        if len(others) > 1:
            said = f"a question has one kind of answer, this one has {' and '.join(map(repr, others))}"
            yield Fault((others[1],), "two-kinds", said, "leave one of them out", at_key=True)
        if self.choice == {} and self.options is None:
            yield Fault(("choice",), "empty", "there is nothing to choose", "add the options: {sales: , service: }")
        smallest, largest = (getattr(self.wanted.answer, word, None) for word in ("min", "max"))
        if smallest is not None and largest is not None and smallest > largest:
            said = f"no answer is at least {as_written(smallest)} and at most {as_written(largest)}"
            yield Fault((self.kind, "min"), "no-value-fits", said, "min: is the smaller of the two", at_key=True)
        yield from (fault.within(self.options_path) for fault in option_faults(self.wanted.options))

    @property
    def options_path(self) -> YamlPath:
        """Where its options are written."""
        return (self.kind if self.chooses else "choice",)


KINDS = ("choice", "languages", *(name for name, info in Question.model_fields.items()
                                  if issubclass(part_in(info.annotation) or Part, DialogAnswer)))  # fmt: skip
"""The fields of the kinds of answers, in their order above."""

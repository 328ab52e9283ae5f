"""A question with what counts as an answer to it: its options, and one field for each kind of answer."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from voicebot.authoring.answers.answer import AnswerKind
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


KINDS = ("choice", "languages", *(name for name, info in Question.model_fields.items()
                                  if issubclass(part_in(info.annotation) or Part, AnswerKind)))  # fmt: skip
"""The fields of the kinds of answers, in their order above."""

"""``money``: an amount of money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field

from voicebot.authoring.answers.answer import More, Reading, Replaced, Slot, Unclear, answered, within
from voicebot.authoring.answers.keyed import KeyedAnswer, as_number, pressed
from voicebot.authoring.understanding import Understanding


class MoneyAnswer(KeyedAnswer):
    """An amount of money: "forty dollars and ten cents"; on the keypad, `*` is the decimal point. If it may be 42.50 or
    4250 ("forty-two fifty dollars"), and the limits do not tell, or a word behind a bare number may be the rest of it
    ("42 pesky"), callers are asked."""

    HEADING = "`money`"
    EXAMPLES = (("money: {currency: USD}", "twelve fifty", "12.50"),)
    EXPECTED = "numbers"
    MADE_OF = "money"
    TOLD_BY_WORDS = True
    REPLACED = Replaced.BY_VALUE_ALONE

    currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="ISO code of the currency, if the caller names none."
    )
    min: float | None = Field(None, description="The smallest amount that is accepted.")
    max: float | None = Field(None, description="The largest amount that is accepted.")

    def value(self, text: str, understanding: Understanding, today: date) -> Decimal | None:
        possible = self._possible(text, understanding)
        return possible[0] if len(possible) == 1 and not self._may_go_on(text, understanding) else None

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        possible = self._possible(text, understanding)
        if len(possible) > 1 or (possible and self._may_go_on(text, understanding)):
            first = not slot.get("unclear")
            slot["unclear"] = True
            return Unclear("which_amount", alone=first, values=tuple(possible))
        return answered(next(iter(possible), None))

    def _possible(self, text: str, understanding: Understanding) -> list[Decimal]:
        amounts = understanding.amounts(text, self.currency)
        return [amount for amount in amounts if within(amount, self.min, self.max)]

    def _may_go_on(self, text: str, understanding: Understanding) -> bool:
        return understanding.amount_may_go_on(text, self.currency)

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        return pressed(key, slot, point=True)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        amount = as_number(pressed)
        return answered(amount if amount is not None and within(amount, self.min, self.max) else None)

"""``money``: an amount of money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field

from voicebot.authoring.answers.answer import More, Reading, Replaced, Slot, answered, within
from voicebot.authoring.answers.keyed import KeyedAnswer, as_number, pressed
from voicebot.authoring.understanding import Understanding


class MoneyAnswer(KeyedAnswer):
    """An amount of money: "forty dollars and ten cents"; on the keypad, `*` is the decimal point."""

    HEADING = "`money`"
    EXAMPLES = (("money: {currency: USD}", "twelve fifty", "12.50"),)
    EXPECTED = "numbers"
    MADE_OF = "money"
    REPLACED = Replaced.BY_VALUE_ALONE

    currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="ISO code of the currency, if the caller names none."
    )
    min: float | None = Field(None, description="The smallest amount that is accepted.")
    max: float | None = Field(None, description="The largest amount that is accepted.")

    def value(self, text: str, understanding: Understanding, today: date) -> Decimal | None:
        return self._taken(understanding.money(text, self.currency))

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        return pressed(key, slot, point=True)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        return answered(self._taken(as_number(pressed)))

    def _taken(self, amount: Decimal | None) -> Decimal | None:
        return amount if amount is not None and within(amount, self.min, self.max) else None

"""``email``: an e-mail address."""

from __future__ import annotations

from datetime import date

from voicebot.authoring.answers.answer import Answered, DialogAnswer, More, Reading, Replaced, Slot
from voicebot.authoring.understanding import Understanding

MAX_SAID = 300
"""Characters of the parts of an address that are kept."""


class EmailAnswer(DialogAnswer, title="EmailWanted"):
    """An e-mail address, dictated or spelled: "maria dot garcia at example dot com". Confirm it: `{mail|email}` reads
    it back well."""

    HEADING = "`email`"
    EXAMPLES = (
        ("email: true", "maria dot garcia at example dot com", "maria.garcia@example.com"),
        ("email: true", "b as in boy, o, b, eighty four at gmail", "bob84@gmail.com"),
    )
    EXPECTED = "email"
    REPLACED = Replaced.BY_VALUE_ALONE

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return understanding.email(text)

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        before = slot.get("said", "")
        found = understanding.email(text) or (understanding.email(f"{before} {text}") if before else None)
        slot["said"] = ""
        if found is not None:
            return Answered(found)
        if not understanding.is_part_of_email(text) or understanding.asks_for(text) is not None:
            return None
        slot["said"] = f"{before} {text}".strip()[-MAX_SAID:]  # the rest may follow: "at example dot com"
        return More()

"""Whether callers are asked if an answer was understood, although its author has not asked for that. Pure.

So are answers that only sound like what was expected, and those of whose words the recogniser is not sure. A wrong
value is worse than a question more.
"""

from __future__ import annotations

from voicebot.authoring.answers.answer import Answered, DialogAnswer, Slot

AGAIN = "sorry"
"""What callers hear when nobody knows whether it was a yes: the question again."""
UNSURE = 0.4
"""The confidence of a recogniser (0 to 1) below which its words are not taken as they are."""
SURE_OF_EACH = 0.55
"""The confidence that several digits and letters must have: it does not show that one of them was misheard."""
SURE, CLEAR = 0.6, 0.9
"""The confidence and the likeness that words must have which only sound like an option."""
DOUBTED = 0.5
"""The likeness of an answer that callers are asked about."""


def unsure(confidence: float | None) -> bool:
    """Whether a recogniser is not sure of its words; None: it does not say."""
    return confidence is not None and confidence < UNSURE


def sure_of_sound(confidence: float | None) -> bool:
    """Whether words of this confidence may be taken for others that sound like them, without asking."""
    return confidence is None or confidence >= SURE


def asked_about(answer: Answered, kind: DialogAnswer | None, slot: Slot, confidence: float | None) -> str | None:
    """What callers are asked, by its name in :data:`~voicebot.authoring.expected.USUAL`; None: ``answer`` is taken.

    ``kind``: of the question; ``slot``: whether its parts were in doubt is kept there
    (:func:`heard_part`).
    """
    if answer.option is not None:
        alike = answer.likeness < CLEAR or (answer.likeness < 1 and confidence is not None and confidence < SURE)
        return "did_you_say" if alike or unsure(confidence) else None
    if isinstance(answer.value, bool):
        return AGAIN if unsure(confidence) else None
    form = kind.form({}) if kind is not None else None
    if form is None:
        return None
    heard_part(slot, confidence, UNSURE if form.most == 1 else SURE_OF_EACH)
    return "is_that_right" if slot.pop("unsure", False) or answer.likeness < CLEAR else None


def heard_part(slot: Slot, confidence: float | None, least: float = SURE_OF_EACH) -> None:
    """Keep in ``slot`` that the recogniser is not sure of a part of digits or letters: less than ``least``."""
    if confidence is not None and confidence < least:
        slot["unsure"] = True

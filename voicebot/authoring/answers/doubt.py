"""Whether callers are asked if an answer was understood, although its author has not asked for that. Pure.

So are answers that only sound like what was expected, and those of whose words the recogniser is not sure. A wrong
value is worse than a question more.
"""

from __future__ import annotations

from voicebot.authoring.answers.answer import Answered
from voicebot.authoring.answers.parts import Form

UNSURE = 0.4
"""The confidence of a recogniser (0 to 1) below which its words are not taken as they are."""
SURE, CLEAR = 0.6, 0.9
"""The confidence and the likeness that words must have which only sound like an option."""


def unsure(confidence: float | None) -> bool:
    """Whether a recogniser is not sure of its words; None: it does not say."""
    return confidence is not None and confidence < UNSURE


def asked_about(answer: Answered, form: Form | None, confidence: float | None) -> str | None:
    """What callers are asked, by its name in :data:`~voicebot.authoring.expected.USUAL`; None: ``answer`` is taken.

    ``form``: of answers in which it does not show that a character was misheard.
    """
    if answer.option is not None:
        alike = answer.likeness < CLEAR or (answer.likeness < 1 and confidence is not None and confidence < SURE)
        return "did_you_say" if alike or unsure(confidence) else None
    return "is_that_right" if form is not None and unsure(confidence) else None

"""Questions as dialogs tell them to the call, by kind and language."""

from __future__ import annotations

from functools import cache

from voicebot.authoring.answers.expectation import of_form, of_value, of_yes_no, with_options
from voicebot.authoring.answers.parts import Form
from voicebot.authoring.model import Option
from voicebot.authoring.understanding import for_language
from voicebot.bots.expected_answers import expected_answer
from voicebot.events import ExpectedAnswer

MENU = {"billing": Option(say=["billing", "my bill"]), "hours": Option(say=["opening hours"])}


@cache
def asked(kind: str, language: str = "en-US") -> ExpectedAnswer:
    """What is expected of the answer to "yes or no", "menu", "four digits", "digits" (two to eight), or "money"."""
    known = for_language(language)
    kinds = {
        "yes or no": lambda: of_yes_no(known), "menu": lambda: with_options(None, MENU, known),
        "four digits": lambda: of_form(Form(4, 4), known), "digits": lambda: of_form(Form(2, 8), known),
        "money": lambda: of_value("money", known),
    }  # fmt: skip
    found = expected_answer(kinds[kind]().told(known.usual.fillers, known.usual.commands))
    assert found is not None
    return found

"""The words of a dialog file, each with what it means: the reference pages and the JSON Schema are made from this.

A dialog file is a list of steps that run one after the other. Each step has an ``id`` and exactly one of the words in
:data:`STEP_KINDS`, which says what the step does. Nothing here knows how a step is run (that is the compiler's part) or
whether a file makes sense as a whole (the loader's).
"""

from voicebot.authoring.model.answers import Confirm, Digits, Option
from voicebot.authoring.model.file import TRANSLATABLE, Defaults, DialogFile, GlobalCommand, GlobalCommands, Schedule
from voicebot.authoring.model.people import Dial, Queue, Transfer, TransferTo
from voicebot.authoring.model.prompts import Prompt, Wait
from voicebot.authoring.model.request import ServiceRequest
from voicebot.authoring.model.steps import (
    STEP_KINDS,
    Ask,
    Call,
    Goto,
    HangUp,
    Hours,
    Http,
    If,
    Language,
    Record,
    Say,
    Set,
    step_word,
)
from voicebot.authoring.model.words import (
    END,
    FAIL,
    NAMES_GIVEN,
    WORDS_TAKEN,
    AnyStep,
    BargeIn,
    Part,
    PlainText,
    Value,
    listed,
)

__all__ = [
    "END",
    "FAIL",
    "NAMES_GIVEN",
    "STEP_KINDS",
    "TRANSLATABLE",
    "WORDS_TAKEN",
    "AnyStep",
    "Ask",
    "BargeIn",
    "Call",
    "Confirm",
    "Defaults",
    "Dial",
    "DialogFile",
    "Digits",
    "GlobalCommand",
    "GlobalCommands",
    "Goto",
    "HangUp",
    "Hours",
    "Http",
    "If",
    "Language",
    "Option",
    "Part",
    "PlainText",
    "Prompt",
    "Queue",
    "Record",
    "Say",
    "Schedule",
    "ServiceRequest",
    "Set",
    "Transfer",
    "TransferTo",
    "Value",
    "Wait",
    "listed",
    "step_word",
]

"""The parts of a dialog file that are not steps: texts, times, prompts, options, and the top of a file.

The reference page and the JSON Schema are made from these classes and those of :mod:`voicebot.authoring.steps` and
:mod:`voicebot.authoring.answers`. Nothing here knows whether a file makes sense as a whole: that is the loader's part.
"""

from voicebot.authoring.model.header import (
    AGENT,
    LEAVING,
    Defaults,
    DialogHeader,
    GlobalCommand,
    GlobalCommands,
    Schedule,
)
from voicebot.authoring.model.options import LanguageOptions, Option, OptionsFrom
from voicebot.authoring.model.prompts import Prompt, Prompts, Wait
from voicebot.authoring.model.request import ServiceRequest
from voicebot.authoring.model.words import (
    END,
    FAIL,
    NAMES_GIVEN,
    WORDS_TAKEN,
    BargeIn,
    Duration,
    Expression,
    GapText,
    HeaderName,
    Id,
    KeypadKey,
    LocaleName,
    Name,
    Part,
    PhraseList,
    PlainText,
    ShortPart,
    Target,
    TextRole,
    Value,
    WhereTo,
    listed,
)

__all__ = [
    "AGENT",
    "END",
    "FAIL",
    "LEAVING",
    "NAMES_GIVEN",
    "WORDS_TAKEN",
    "BargeIn",
    "Defaults",
    "DialogHeader",
    "Duration",
    "Expression",
    "GapText",
    "GlobalCommand",
    "GlobalCommands",
    "HeaderName",
    "Id",
    "KeypadKey",
    "LanguageOptions",
    "LocaleName",
    "Name",
    "Option",
    "OptionsFrom",
    "Part",
    "PhraseList",
    "PlainText",
    "Prompt",
    "Prompts",
    "Schedule",
    "ServiceRequest",
    "ShortPart",
    "Target",
    "TextRole",
    "Value",
    "Wait",
    "WhereTo",
    "listed",
]

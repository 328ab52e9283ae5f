"""What an author has written that is not taken as it looks, and is no fault: a word with nothing behind it, a text that
ends at a ``#``, a gap in two pairs of braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from voicebot.authoring.checks.places import at, at_key
from voicebot.authoring.document import YamlPath
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.model import NAMES_GIVEN, Part
from voicebot.authoring.problems import Problem
from voicebot.authoring.walking import texts_of

_BRACES = re.compile(r"\{\{\s*([A-Za-z]\w*)\s*\}\}")
_KEYS = ("key", "end_key", "yes_key", "no_key")
_WANTS_MORE = re.compile(
    r"\b(?:press|key|hit|the|or|and|drücken|drücken sie|taste|die|oder|und|appuyez sur|touche|la|ou|et|pulse|marque|"
    r"tecla|o|y)\Z",
    re.IGNORECASE,
)
"""The end of a text behind which its author has written something: "press # when you are done"."""


def silent_words(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Words with nothing behind them, as in ``key: #``."""
    for step in loaded.dialog.steps:
        for path in _empty(step, loaded.step_path(step.id)):
            word = str(path[-1])
            quoted = f'write the key in quotes, such as {word}: "#"'
            mend = quoted if word in _KEYS else "write what belongs there, or leave the word out"
            yield at_key(loaded.document, path, "empty-word", f"nothing stands behind {word}:", mend)


def _empty(part: Any, path: YamlPath) -> Iterator[YamlPath]:
    """The places of the words in ``part``, however deep, that are written without a value."""
    if isinstance(part, Part):
        for name in sorted(part.model_fields_set):
            info = type(part).model_fields.get(name)
            here = (*path, info.alias or name if info is not None else name)
            value = getattr(part, name)
            if value is None:
                yield here
            else:
                yield from _empty(value, here)
    elif isinstance(part, dict | list):
        for key, item in part.items() if isinstance(part, dict) else enumerate(part):
            yield from _empty(item, (*path, key))


def texts_cut_short(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Texts that end before a ``#``, where YAML's comments begin, and want something behind it."""
    document = loaded.document
    for step in loaded.dialog.steps:
        for path, text in texts_of(step, loaded.step_path(step.id)):
            place = path if path in document.commented else path[:-1]  # the short form of a prompt has no word: text
            if place in document.commented and _WANTS_MORE.search(text):
                said = f"the text ends with {text[-20:]!r}: what is behind # is a comment"
                yield at(document, document.value_at(place), "cut-short", said, 'put the whole text in quotes: "..."')


def braces_said(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """``{{name}}`` of something that there is: two braces are said as one, and nothing is put in."""
    main = dialogs.dialogs.get(MAIN)
    known = {*NAMES_GIVEN, *loaded.dialog.inputs, *(main.dialog.constants if main is not None else ())}
    known |= {name for step in loaded.dialog.steps for _, name in step.sets()}
    for step in loaded.dialog.steps:
        for path, text in texts_of(step, loaded.step_path(step.id)):
            for found in _BRACES.finditer(text):
                if found[1] in known:
                    where = loaded.document.within(path, found.start())
                    said = f"{found[0]} is said as {{{found[1]}}}, and not as what {found[1]} is"
                    yield at(loaded.document, where, "braces-said", said, f"write {{{found[1]}}}")

"""Options that callers or the recogniser can confuse, and keys that mean two things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations

from voicebot.authoring.checks.places import at_key, at_value
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.model import Ask
from voicebot.authoring.problems import Problem

ALIKE = 0.85
"""How much of two phrases must be the same letters for them to sound alike."""
MIN_LETTERS = 4


def alike_options(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Two options of a question with words that are the same or sound alike."""
    for step in loaded.dialog.steps:
        if not isinstance(step, Ask) or not step.options:
            continue
        spoken = {name: [_folded(phrase) for phrase in option.say or [name]] for name, option in step.options.items()}
        for first, second in combinations(spoken, 2):
            pair = next(((a, b) for b in spoken[second] for a in spoken[first] if _alike(a, b)), None)
            if pair is None:
                continue
            path = (*loaded.step_path(step.id), step.kind if step.chooses else "choice", second)
            if pair[0] == pair[1]:
                yield at_key(loaded.document, path, "same-words", f"{pair[0]!r} means {first!r} and {second!r}",
                             "leave it out of one of them")  # fmt: skip
            else:
                said = f"{pair[0]!r} ({first}) and {pair[1]!r} ({second}) sound alike"
                yield at_key(loaded.document, path, "sound-alike", said, "choose other words for one of them")


def taken_keys(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """A key of an option that means something else at the same question."""
    main = dialogs.dialogs.get(MAIN)
    globals_ = main.dialog.globals if main is not None else None
    leading = {"agent": globals_.agent, "start_over": globals_.start_over} if globals_ is not None else {}
    everywhere = {given.key: name for name, given in leading.items() if given is not None and given.key is not None}
    for step in loaded.dialog.steps:
        if not isinstance(step, Ask):
            continue
        path = loaded.step_path(step.id)
        for name, option in step.options.items():
            place = (*path, step.kind if step.chooses else "choice", name, "key")
            if option.key is not None and option.key in step.keys:
                said = f"key {option.key} leads to {step.keys[option.key]!r} already, by keys"
                yield at_value(loaded.document, place, "key-taken", said, "choose another key")
            elif option.key in everywhere:
                said = f"key {option.key} means {everywhere[option.key]!r} everywhere else"
                yield at_value(loaded.document, place, "key-taken", said, "choose another key")


def _folded(phrase: str) -> str:
    return " ".join(re.findall(r"\w+", phrase.lower().replace("_", " ").replace("'", "")))


def _alike(first: str, second: str) -> bool:
    if first == second:
        return True
    if min(len(first), len(second)) < MIN_LETTERS:
        return False
    bones = _bones(first)
    if len(bones) > 2 and bones == _bones(second):
        return True
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= ALIKE


def _bones(phrase: str) -> str:
    """The first letter and the consonants, each once in a row: what is left when vowels are heard wrongly."""
    letters = phrase.replace(" ", "")
    return re.sub(r"(.)\1+", r"\1", letters[0] + re.sub(r"[aeiouyäöüéèáíóú]", "", letters[1:]))

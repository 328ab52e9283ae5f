"""Where a call is in its dialogs, for people who watch it: made of the stack of dialogs and the notes of a turn. Pure.

What is private is not told, neither here nor later, as it never leaves this process: answers to sensitive questions and
what is made of them (:mod:`voicebot.authoring.private_variables`), what was answered or kept while the recording was
paused, and whatever has such a value in it. Of the things that services answer, only the size is told: they were not
said in the call.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from voicebot.authoring.as_written import as_written
from voicebot.authoring.noted import Notes
from voicebot.authoring.private_variables import Named, private_in
from voicebot.authoring.steps import DialogFile
from voicebot.host_wire import DialogPlace

MOST_VARIABLES = 30
MOST_LETTERS = 120
LEAST_SECRET = 3
"""So many letters of what is private are looked for in other values: fewer are in everything."""
MOST_LEAVES = 100
"""Of one private value, so many parts."""
_UNSEEN = "unseen"
"""In the state of the call: variables (``dialog.name``) that were set while the recording was paused, and copies."""
_SIZED = (Mapping, list, tuple)
"""Of these, only the size is told."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Instance(Protocol):
    """A dialog on the stack."""

    id: str
    state: dict[str, Any]


class Before(NamedTuple):
    """What was known before a turn: whether a question waited that is ``sensitive``, whether the author had paused the
    recording, and the values of all variables."""

    sensitive: bool
    paused: bool
    values: dict[Named, Any]


class Places:
    """Of these dialogs, by name."""

    def __init__(self, dialogs: Mapping[str, DialogFile]) -> None:
        self._private = private_in(dialogs)
        self._variables = {
            name: [*dict.fromkeys([*dialog.inputs, *(own for step in dialog.steps for _, own in step.sets())])]
            for name, dialog in dialogs.items()
        }

    def before(self, stack: Sequence[Instance], call: Mapping[str, Any]) -> Before:
        """``stack``: the latest dialog first. ``call``: the state of the call."""
        return Before(bool(call.get("private")), call.get("recording") == "pause", self._values(stack))

    def after(
        self, stack: Sequence[Instance], call: dict[str, Any], notes: Notes, before: Before
    ) -> DialogPlace | None:
        """Where the call is after the turn; None: nothing has happened."""
        here = next((one for one in stack if one.id in self._variables), None)
        ran = notes.path[-1] if notes.path else notes.at
        step = f"{here.id}.{here.state.get('step')}" if here is not None else ran
        if not step or not (notes.path or notes.took):
            return None
        values = self._values(stack)
        unseen, secrets = self._unseen(call, before, values, notes.known)
        own = [(here.id, name) for name in self._variables[here.id]] if here is not None else []
        told = [named for named in own if named in values][:MOST_VARIABLES]
        secret_step = before.sensitive or before.paused or _named(notes.at) in self._private.steps
        return DialogPlace(
            step=_clean(step),
            path=tuple(map(_clean, notes.path)),
            took=notes.took,
            value=None if notes.value and (secret_step or _has(notes.value, secrets)) else _shown(notes.value),
            variables={named[1]: None if named in unseen else _shown(values[named]) for named in told},
        )

    def _unseen(
        self, call: dict[str, Any], before: Before, values: Mapping[Named, Any], paused: Mapping[Named, Any] | None
    ) -> tuple[set[Named], set[str]]:
        """The variables that are not told, and what must be in nothing that is told. Variables of which the files do
        not say so are remembered for the turns to come. ``paused``: what was known when the recording was paused in
        this turn."""
        kept = {_named(name) for name in call.get(_UNSEEN, ())}
        all_values = [*before.values.items(), *values.items()]
        known = kept | self._private.variables
        told = before.values if before.paused or paused is None else before.values | dict(paused)
        quiet = before.paused or paused is not None
        private = [islice(_leaves(value), MOST_LEAVES) for named, value in all_values if named in known]
        secrets = {text for leaves in private for text in leaves if len(text) >= LEAST_SECRET}
        new = {
            named
            for named, value in values.items()
            if named not in known and ((quiet and told.get(named) != value) or _has(value, secrets))
        }
        if new:
            call[_UNSEEN] = sorted(".".join(named) for named in kept | new)
        return known | new, secrets

    def _values(self, stack: Sequence[Instance]) -> dict[Named, Any]:
        return {
            (one.id, name): value
            for one in reversed(stack)
            if one.id in self._variables
            for name, value in one.state.get("vars", {}).items()
        }


def _named(text: str) -> Named:
    dialog, _, name = text.rpartition(".")
    return dialog, name


def _has(value: Any, secrets: Collection[str]) -> bool:
    """Whether a value that would be told has one of ``secrets`` in it."""
    return bool(secrets) and not isinstance(value, _SIZED) and any(secret in as_written(value) for secret in secrets)


def _leaves(value: Any) -> Iterator[str]:
    """The texts, numbers, ... of which ``value`` consists."""
    if isinstance(value, _SIZED):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(part)
    elif value is not None and not isinstance(value, bool):
        yield as_written(value)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a thing of {len(value)} parts"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    whole = as_written(value)
    return _clean(whole if len(whole) <= MOST_LETTERS else f"{whole[: MOST_LETTERS - 1]}…")


def _clean(text: str) -> str:
    """As it can travel: no control characters, and no half of a surrogate pair."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode())

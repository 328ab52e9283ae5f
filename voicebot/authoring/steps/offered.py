"""The options of a question that depend on data: those of a list, and those with a condition.

What is offered is decided when the question is asked, and kept in the dialog's state until it is answered::

    {"left": ["other"], "made": [{"say": ["single"], "value": {"type": "single", "price": 80}}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.authoring.as_written import as_written
from voicebot.authoring.model import Option, OptionsFrom
from voicebot.authoring.template import within
from voicebot.authoring.turn import Turn

MAX_OFFERED = 30
MAX_PHRASE = 200


def offered(turn: Turn, choice: Mapping[str, Option], source: OptionsFrom | None) -> dict[str, Any]:
    """What is offered now: the names of the options of ``choice`` whose condition holds, and those of the list."""
    scope = turn.scope()
    left = [name for name, option in choice.items()
            if option.condition is None or turn.script.holds(option.condition, scope)]  # fmt: skip
    things = turn.script.evaluated(source.things, scope) if source is not None else None
    made = []
    for place, thing in enumerate(things[:MAX_OFFERED] if isinstance(things, list) else [], 1):
        known = within(scope, thing, place)
        said = [phrase for text in source.say for phrase in _phrases(turn.script.value(text, known))] if source else []
        value = turn.script.value(source.value, known) if source is not None else None
        made.append({"say": said or _phrases(thing), "value": thing if value is None else value})
    return {"left": left, "made": made}


def options_offered(
    state: Mapping[str, Any], choice: Mapping[str, Option], source: OptionsFrom | None
) -> dict[str, Option]:
    """The options that were offered, by name."""
    kept = state.get("offered") or {}
    fixed = {name: option for name, option in choice.items() if name in kept.get("left", choice)}
    taken = {option.key for option in fixed.values()}
    made = {}
    for place, one in enumerate(kept.get("made", ()), 1):
        key = str(place)
        may = source is not None and source.keys and place <= 9 and key not in taken
        words = {"say": one["say"], "value": one["value"], "next": source.next if source is not None else None}
        made[f"option-{place}"] = Option(**words, key=key if may else None)
    return fixed | made


def _phrases(value: Any) -> list[str]:
    """The texts in ``value`` as phrases."""
    if isinstance(value, Mapping):
        found = [part for part in value.values() if isinstance(part, str)]
    elif isinstance(value, list):
        found = [phrase for item in value for phrase in _phrases(item)]
    else:
        found = [as_written(value)] if value is not None else []
    return [phrase[:MAX_PHRASE] for phrase in found if phrase.strip()]

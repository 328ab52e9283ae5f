"""Finds things in a part of a file, however deep: texts with gaps, conditions, targets, phrases, prompts.

The type of a field tells the role of its texts (:class:`~voicebot.authoring.model.TextRole`), so nothing here has to be
changed for a new part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from voicebot.authoring.document import YamlPath
from voicebot.authoring.model import Part, Prompt, TextRole


def texts_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each text of ``part`` that can have gaps, with its path."""
    return _texts(part, TextRole.GAPS, path)


def conditions_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each condition of ``part``, with its path."""
    return _texts(part, TextRole.CONDITION, path)


def targets_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each target in ``part`` (the id of a step, ``end``, ``fail``), with its path."""
    return _texts(part, TextRole.TARGET, path)


def phrases_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each phrase of callers in ``part``, with its path."""
    return _texts(part, TextRole.PHRASE, path)


def prompts_of(part: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, Prompt]]:
    """Every prompt in ``part``, with its path."""
    if isinstance(part, Prompt):
        yield path, part
    elif isinstance(part, Part):
        for name, word, _ in _leading(type(part), Prompt):
            yield from prompts_of(getattr(part, name), (*path, word))
        for name, other in (part.model_extra or {}).items():
            yield from prompts_of(other, (*path, name))
    else:
        for key, item in _items(part):
            yield from prompts_of(item, (*path, key))


def strings_in(value: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Each text in a value of plain JSON, with its path."""
    if isinstance(value, str):
        yield path, value
    else:
        for key, item in _items(value):
            yield from strings_in(item, (*path, key))


def parts_within(kind: type[Part]) -> Iterator[type[Part]]:
    """Each kind of part that can stand in a ``kind``, however deep; some may be repeated."""
    for info in kind.model_fields.values():
        part = part_in(info.annotation)
        if part is not None and part is not kind:
            yield part
            yield from parts_within(part)


def part_in(annotation: Any) -> type[Part] | None:
    """The kind of part in a field with this annotation: as its value, or as items of a list or mapping."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((part for one in get_args(annotation) if (part := part_in(one)) is not None), None)


def short_forms(kinds: Iterable[type[Part]]) -> dict[str, str]:
    """For each field in ``kinds``, however deep, whose part has a short form: the field that this stands for.

    Prompts are left out.
    """
    found: dict[str, str] = {}
    for kind in kinds:
        for owner in (kind, *parts_within(kind)):
            for name, info in owner.model_fields.items():
                part = part_in(info.annotation)
                if part is not None and part is not Prompt and part.SHORT:
                    found[info.alias or name] = part.SHORT
    return found


def _texts(part: Any, role: TextRole, path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    if isinstance(part, Part):
        for name, word, here in _leading(type(part), role):
            walk = strings_in(getattr(part, name), (*path, word)) if here else (
                _texts(getattr(part, name), role, (*path, word))
            )  # fmt: skip
            yield from walk
        for name, other in (part.model_extra or {}).items():
            yield from _texts(other, role, (*path, name))
    else:
        for key, item in _items(part):
            yield from _texts(item, role, (*path, key))


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    return enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()


@cache
def _leading(kind: type[Part], wanted: TextRole | type[Part]) -> tuple[tuple[str, str, bool], ...]:
    """The fields of ``kind`` that contain ``wanted``: name, word in the file, whether its own texts have that role."""
    found = []
    for name, info in kind.model_fields.items():
        role, part = _role(info.annotation, info.metadata), part_in(info.annotation)
        if role is wanted or (part is not None and (part is wanted or _leading(part, wanted))):
            found.append((name, info.alias or name, role is wanted))
    return tuple(found)


def _role(annotation: Any, metadata: Iterable[Any] = ()) -> TextRole | None:
    own = next((one for one in metadata if isinstance(one, TextRole)), None)
    if own is not None:
        return own
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _role(inner, metadata)
    arguments = get_args(annotation)
    values = arguments[1:] if get_origin(annotation) is dict else arguments
    return next((role for one in values if (role := _role(one)) is not None), None)

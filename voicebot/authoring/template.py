"""Texts with gaps: ``I have {account|digits}.``, and values that are one gap: ``"{attempts + 1}"``.

In a gap stands an expression, and behind a bar how its value is said (``digits``, ``money``, ``date``, ...). Doubled
braces are braces. A text that is a single gap keeps its value's type where a value is wanted, not a text.

What is said of each thing in a list is a text with gaps of its own: ``{rooms|list:"{type} for {price|money}"}``. It
knows the thing's parts by their names, the thing as :data:`ITEM`, and its place in the list as :data:`POSITION`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from voicebot.authoring.as_written import as_written
from voicebot.authoring.expressions import Compiled, ExpressionError, Scope, compile_expression
from voicebot.authoring.problems import did_you_mean

MAX_GAPS = 50
MAX_ITEMS = 100
MAX_LISTS = 3
"""How deep lists may be said within lists."""
ITEM, POSITION = "item", "position"
LISTS = ("list", "or")
"""The ways of saying a value that can have a text for each thing."""

Labels = Mapping[tuple[str, str], str]
"""What is said where a variable has a certain value: by the name of the variable, and the value as it is written."""
Formatter = Callable[[Any, str], str]
"""``(value, kind)``: a value in words, or in writing; ``kind`` is ``""`` when the gap names none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """``column``: of the first character behind the brace, from 0. ``each``: what is said of each thing of a list.
    ``of_item``: whether it is a gap of such a text, so that its names may be parts of the thing."""

    expression: Compiled
    kind: str
    column: int
    each: Template | None = None
    of_item: bool = False

    @property
    def names(self) -> set[str]:
        """The variables in it, and in what is said of each thing."""
        within = self.each.gaps if self.each is not None else []
        return {name for gap in (self, *within) for name, _ in gap.expression.names}

    def said(self, scope: Scope, say: Formatter, labels: Labels = MappingProxyType({})) -> str:
        """Its value in words."""
        value = self.expression(scope)
        label = labels.get((self.expression.text.strip(), as_written(value))) if labels and not self.kind else None
        if label is not None:
            return label
        if self.each is None or value is None:
            return say(value, self.kind)
        things = value if isinstance(value, list | tuple) else [value]
        filled = (self.each.fill(within(scope, thing, place), say) for place, thing in enumerate(things[:MAX_ITEMS], 1))
        return say([text for text in filled if text.strip()], self.kind)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with gaps that is ready to be filled."""

    parts: tuple[str | Gap, ...]

    @property
    def gaps(self) -> list[Gap]:
        """All gaps, with those in what is said of each thing of a list."""
        return list(_gaps(self.parts))

    def fill(self, scope: Scope, say: Formatter, labels: Labels = MappingProxyType({})) -> str:
        """The text, each gap filled with its label, or with what ``say`` makes of its value."""
        return "".join(part if isinstance(part, str) else part.said(scope, say, labels) for part in self.parts)

    def value(self, scope: Scope, say: Formatter) -> Any:
        """The value itself when the text is a single gap; otherwise the filled text."""
        only = self.parts[0] if len(self.parts) == 1 else None
        if isinstance(only, Gap) and not only.kind:
            return only.expression(scope)
        return self.fill(scope, say)


def only_expression(text: str) -> str | None:
    """The expression of a text that is a single gap, which keeps its value's type; None for any other text."""
    parts = compile_template(text).parts
    only = parts[0] if len(parts) == 1 else None
    return only.expression.text.strip() if isinstance(only, Gap) and not only.kind else None


def within(scope: Scope, thing: Any, place: int) -> Scope:
    """What is known while something is said of ``thing``, the ``place``-th (from 1) of its list."""
    parts = {key: part for key, part in thing.items() if isinstance(key, str)} if isinstance(thing, Mapping) else {}
    return {**scope, ITEM: thing, POSITION: place, **parts}


def _gaps(parts: tuple[str | Gap, ...]) -> Iterator[Gap]:
    for part in parts:
        if isinstance(part, Gap):
            yield part
            yield from _gaps(part.each.parts) if part.each is not None else ()


def compile_template(text: str, kinds: frozenset[str] | None = None) -> Template:
    """Read ``text``. ``kinds``: the ways of saying that there are (None: any). Raises :class:`ExpressionError`."""
    return Template(_parts(text, kinds, 0, 0))


def _parts(text: str, kinds: frozenset[str] | None, base: int, depth: int) -> tuple[str | Gap, ...]:
    """``base``: the column at which ``text`` stands in the whole; ``depth``: in how many lists it stands. The columns
    of errors are those in ``text``."""
    parts: list[str | Gap] = []
    fixed = ""
    index = 0
    while index < len(text):
        character = text[index]
        if character in "{}" and text[index : index + 2] == character * 2:
            fixed += character
            index += 2
        elif character == "{":
            end = _end(text, index)
            if fixed:
                parts.append(fixed)
                fixed = ""
            parts.append(_gap(text[index + 1 : end], index + 1, kinds, base, depth))
            if len(parts) > 2 * MAX_GAPS:
                raise ExpressionError("too many gaps", index)
            index = end + 1
        elif character == "}":
            raise ExpressionError("a } without its {; for a brace itself write }}", index)
        else:
            fixed += character
            index += 1
    if fixed:
        parts.append(fixed)
    return tuple(parts)


def _end(text: str, start: int) -> int:
    quote, opened = "", start
    for index in range(start + 1, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote, opened = character, index
        elif character == "{":
            break
        elif character == "}":
            return index
    if quote:
        raise ExpressionError("a quote is not closed", opened)
    raise ExpressionError("a { is not closed; for a brace itself write {{", start)


def _gap(inside: str, column: int, kinds: frozenset[str] | None, base: int, depth: int) -> Gap:
    """The gap with ``inside`` between its braces, which begins at ``column`` of a text that begins at ``base``."""
    expression, kind = _divided(inside)
    name, _, detail = (part.strip() for part in kind.partition(":"))
    if len(expression) < len(inside) and kinds is not None and name not in kinds:
        known = did_you_mean(name, kinds) or f"there are {', '.join(sorted(kinds))}"
        raise ExpressionError(f"{name!r} is not a format for a value", column + len(expression) + 1, known)
    try:
        compiled = compile_expression(expression)
    except ExpressionError as error:
        raise ExpressionError(str(error), column + error.column, error.mend) from error
    each = None
    if detail.startswith(("'", '"')):
        quote = column + inside.index(detail, len(expression))
        if name not in LISTS:
            raise ExpressionError(f"only list and or have a text for each thing, {name!r} has none", quote)
        if len(detail) < 2 or detail[-1] != detail[0] or detail[0] in detail[1:-1]:
            raise ExpressionError("the text for each thing ends with its quote, and nothing stands behind it", quote)
        if depth == MAX_LISTS:
            raise ExpressionError(f"more than {MAX_LISTS} lists within each other", quote)
        try:
            each = Template(_parts(detail[1:-1], kinds, base + quote + 1, depth + 1))
        except ExpressionError as error:
            raise ExpressionError(str(error), quote + 1 + error.column, error.mend) from error
        kind = name
    return Gap(compiled, kind, base + column, each, of_item=depth > 0)


def _divided(inside: str) -> tuple[str, str]:
    """What stands before the bar and behind it; a bar in quotes is none."""
    found = re.match(r"(?:[^|\"']|\"[^\"]*\"|'[^']*')*\|", inside)
    return (inside[: found.end() - 1], inside[found.end() :].strip()) if found else (inside, "")

"""Texts with gaps: ``I have {account|digits}.``, and values that are one gap: ``"{attempts + 1}"``.

In a gap stands an expression, and behind a bar how its value is said (``digits``, ``money``, ``date``, ...). Doubled
braces are braces. A text that is a single gap keeps its value's type where a value is wanted, not a text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voicebot.authoring.expressions import Compiled, ExpressionError, Scope, compile_expression

MAX_GAPS = 50

Formatter = Callable[[Any, str], str]
"""``(value, kind)``: a value in words, or in writing; ``kind`` is ``""`` when the gap names none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """``column``: of the first character behind the brace, from 0."""

    expression: Compiled
    kind: str
    column: int


@dataclass(frozen=True, slots=True)
class Template:
    """A text with gaps that is ready to be filled."""

    parts: tuple[str | Gap, ...]

    @property
    def gaps(self) -> list[Gap]:
        return [part for part in self.parts if isinstance(part, Gap)]

    def fill(self, scope: Scope, say: Formatter) -> str:
        """The text, each gap filled with what ``say`` makes of its value."""
        return "".join(part if isinstance(part, str) else say(part.expression(scope), part.kind) for part in self.parts)

    def value(self, scope: Scope, say: Formatter) -> Any:
        """The value itself when the text is a single gap; otherwise the filled text."""
        only = self.parts[0] if len(self.parts) == 1 else None
        if isinstance(only, Gap) and not only.kind:
            return only.expression(scope)
        return self.fill(scope, say)


def compile_template(text: str, kinds: frozenset[str] | None = None) -> Template:
    """Read ``text``. ``kinds``: the ways of saying that there are (None: any). Raises :class:`ExpressionError`."""
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
            parts.append(_gap(text[index + 1 : end], index + 1, kinds))
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
    return Template(tuple(parts))


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


def _gap(inside: str, column: int, kinds: frozenset[str] | None) -> Gap:
    expression, bar, kind = inside.partition("|")
    kind = kind.strip()
    if bar and kinds is not None and kind.partition(":")[0].strip() not in kinds:
        raise ExpressionError(
            f"{kind!r} is not a format for a value; there are {', '.join(sorted(kinds))}",
            column + len(expression) + 1,
        )
    try:
        compiled = compile_expression(expression)
    except ExpressionError as error:
        raise ExpressionError(str(error), column + error.column) from error
    return Gap(compiled, kind, column)

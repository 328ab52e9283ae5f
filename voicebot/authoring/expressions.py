"""The small language of conditions and values: ``bill.amount > 0 and not bill.paid``, ``attempts + 1``, ``len(name)``.

========================  =============================================================================================
``or``, ``and``, ``not``  as in English; what is empty, 0, false or not there counts as no
``== != < <= > >= in``    compare; a text and a number are compared as numbers when the text is one, else are not equal
``+ - * / // %``          arithmetic; ``+`` also joins texts and lists
``a.b``, ``a["b"]``       a part of a value; none when there is no such part
``if``: ``x if c else y`` one value or another
functions                 :data:`FUNCTIONS`
literals                  numbers, "text", 'text', true, false, none, [lists]
========================  =============================================================================================

Nothing else can be written, so nothing else can happen: an expression is parsed by hand into closures and never meets
Python's own parser. There are no loops; lengths of texts, lists and numbers are bounded, so an evaluation ends within
microseconds. What is wrong with the text of an expression is an :class:`ExpressionError` that names the column; what is
wrong with the values (a word times a number) evaluates to none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_LENGTH = 500
MAX_NODES = 200
MAX_NESTING = 30
MAX_TEXT = 4000
MAX_LIST = 1000
MAX_NUMBER = 1e15

Scope = Mapping[str, Any]
Evaluate = Callable[[Scope], Any]


class ExpressionError(ValueError):
    """An expression that cannot be read. ``column`` counts characters from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression that is ready. ``names``: the variables that it uses, each with its column."""

    text: str
    names: tuple[tuple[str, int], ...]
    run: Evaluate

    def __call__(self, scope: Scope) -> Any:
        """The value; None when it cannot be had. Never raises."""
        try:
            return _bounded(self.run(scope))
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError):
            return None


def compile_expression(text: str) -> Compiled:
    """Read ``text``. Raises :class:`ExpressionError`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    parser = _Parser(text)
    run = parser.whole()
    return Compiled(text, tuple(parser.names), run)


# --- values ---------------------------------------------------------------------------------------------------------


def number(value: Any) -> int | float | Decimal | None:
    """``value`` as a number: numbers and texts that are one. None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}(?:\.\d{1,9})?\s*", value):
        return float(value) if "." in value else int(value)
    return None


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return value[:MAX_LIST]
    if isinstance(value, float | int | Decimal) and not isinstance(value, bool):
        return value if math.isfinite(value) and -MAX_NUMBER <= value <= MAX_NUMBER else None
    return value


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        first, second = number(left), number(right)
        return first is not None and first == second
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _ordered(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared."""
    if isinstance(left, str) and isinstance(right, str) and (number(left) is None or number(right) is None):
        first: Any = _moment(left, right)
        second: Any = _moment(right, left)
    elif isinstance(left, date | time) or isinstance(right, date | time):
        first, second = _moment(left, right), _moment(right, left)
    else:
        first, second = number(left), number(right)
    if first is None or second is None:
        return None
    return int(first > second) - int(first < second)


def _moment(value: Any, beside: Any) -> Any:
    """A text beside a day or a time is taken for one."""
    if isinstance(value, str) and isinstance(beside, date | time):
        return type(beside).fromisoformat(value)
    if isinstance(value, datetime) and isinstance(beside, date) and not isinstance(beside, datetime):
        return value.date()
    return value


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    first, second = number(left), number(right)
    if first is not None and second is not None and not (isinstance(left, str) and isinstance(right, str)):
        return _exact(first) + _exact(second) if _mixed(first, second) else first + second  # type: ignore[operator]
    if isinstance(left, date) and second is not None:
        return left + timedelta(days=int(second))
    if isinstance(left, str) or isinstance(right, str):
        return (_text(left) + _text(right))[:MAX_TEXT]
    return None


def _arithmetic(work: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if isinstance(left, date) and work is _minus:
            other = _moment(right, left)
            if isinstance(other, date):
                return (left - other).days
            days = number(right)
            return left - timedelta(days=int(days)) if days is not None else None
        first, second = number(left), number(right)
        if first is None or second is None:
            return None
        if _mixed(first, second):
            return work(_exact(first), _exact(second))
        return work(first, second)

    return apply


def _mixed(first: Any, second: Any) -> bool:
    return isinstance(first, Decimal) != isinstance(second, Decimal)


def _exact(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _minus(left: Any, right: Any) -> Any:
    return left - right


def _times(left: Any, right: Any) -> Any:
    return left * right


def _over(left: Any, right: Any) -> Any:
    return left / right


def _whole(left: Any, right: Any) -> Any:
    return left // right


def _rest(left: Any, right: Any) -> Any:
    return left % right


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _part(whole: Any, key: Any) -> Any:
    if isinstance(whole, Mapping):
        return whole.get(key if isinstance(key, str) else _text(key))
    if isinstance(whole, list | str) and isinstance(key, int) and not isinstance(key, bool):
        return whole[key]
    if isinstance(whole, date) and key in ("year", "month", "day"):
        return getattr(whole, key)
    if isinstance(whole, datetime | time) and key in ("hour", "minute"):
        return getattr(whole, key)
    if isinstance(whole, date) and key == "weekday":
        return whole.isoweekday()
    return None


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str) and left.lower() in right.lower()
    if isinstance(right, list):
        return any(_equal(left, item) for item in right)
    return isinstance(right, Mapping) and left in right


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _as_number(value: Any) -> Any:
    return number(value)


def _round(value: Any, places: Any = 0) -> Any:
    amount = number(value)
    if amount is None:
        return None
    rounded = round(_exact(amount), max(0, min(int(places), 9)))
    return int(rounded) if not places else rounded if isinstance(amount, Decimal) else float(rounded)


def _date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def _time(value: Any) -> time | None:
    return (
        value.time() if isinstance(value, datetime) else value if isinstance(value, time) else time.fromisoformat(value)
    )


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int, str]] = {
    "len": (_length, 1, 1, "how many characters a text, or items a list has"),
    "number": (_as_number, 1, 1, "a text as a number"),
    "text": (_text, 1, 1, "a value as a text"),
    "round": (_round, 1, 2, "a number rounded (to so many places)"),
    "lower": (lambda value: _text(value).lower(), 1, 1, "a text in small letters"),
    "upper": (lambda value: _text(value).upper(), 1, 1, "a text in capital letters"),
    "last": (lambda value, count: _text(value)[-int(count) :] if int(count) > 0 else "", 2, 2,
             "the last so many characters of a text"),
    "first": (lambda value, count: _text(value)[: max(int(count), 0)], 2, 2, "the first so many characters of a text"),
    "starts": (lambda value, start: _text(value).startswith(_text(start)), 2, 2, "whether a text begins with another"),
    "min": (lambda left, right: left if (_ordered(left, right) or 0) <= 0 else right, 2, 2, "the smaller of two"),
    "max": (lambda left, right: left if (_ordered(left, right) or 0) >= 0 else right, 2, 2, "the larger of two"),
    "date": (_date, 1, 1, "a text such as 2026-12-24 as a day"),
    "time": (_time, 1, 1, "a text such as 18:30 as a time of day"),
}  # fmt: skip
"""Name: (what it does, fewest and most arguments, description)."""

# --- reading ----------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>==|!=|<=|>=|//|[<>+\-*/%().,\[\]]))"
)
_LITERALS = {"true": True, "false": False, "none": None}
_WORDS = ("and", "or", "not", "in", "if", "else")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": lambda left, right: _ordered(left, right) == -1,
    "<=": lambda left, right: _ordered(left, right) in (-1, 0),
    ">": lambda left, right: _ordered(left, right) == 1,
    ">=": lambda left, right: _ordered(left, right) in (1, 0),
    "in": _within,
}
_SUM: dict[str, Callable[[Any, Any], Any]] = {"+": _add, "-": _arithmetic(_minus)}
_PRODUCT: dict[str, Callable[[Any, Any], Any]] = {
    "*": _arithmetic(_times), "/": _arithmetic(_over), "//": _arithmetic(_whole), "%": _arithmetic(_rest),
}  # fmt: skip


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            character = text[position]
            hint = {"=": "; two of them compare: ==", "&": "; write and", "|": "; write or", "!": "; write not"}
            if character in "\"'":
                raise ExpressionError("a quote is not closed", position)
            raise ExpressionError(f"{character!r} has no meaning here{hint.get(character, '')}", position)
        yield found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)
        position = found.end()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._end = len(text)
        self._nodes = 0
        self._depth = 0
        self.names: list[tuple[str, int]] = []

    def whole(self) -> Evaluate:
        if not self._tokens:
            raise ExpressionError("nothing stands here", 0)
        run = self._choice()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return run

    def _choice(self) -> Evaluate:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ExpressionError("nested too deep", self._column())
        value = self._or()
        if self._take("if"):
            condition = self._or()
            if not self._take("else"):
                raise ExpressionError("'else' is missing", self._column())
            other = self._choice()
            then = value
            value = self._node(lambda scope: then(scope) if condition(scope) else other(scope))
        self._depth -= 1
        return value

    def _or(self) -> Evaluate:
        left = self._and()
        while self._take("or"):
            left = self._either(left, self._and())
        return left

    def _either(self, left: Evaluate, right: Evaluate) -> Evaluate:
        return self._node(lambda scope: left(scope) or right(scope))

    def _and(self) -> Evaluate:
        left = self._not()
        while self._take("and"):
            left = self._both(left, self._not())
        return left

    def _both(self, left: Evaluate, right: Evaluate) -> Evaluate:
        return self._node(lambda scope: left(scope) and right(scope))

    def _not(self) -> Evaluate:
        inverted = False
        while self._take("not"):
            inverted = not inverted
            self._node(lambda scope: None)
        value = self._comparison()
        return self._node(lambda scope: not value(scope)) if inverted else value

    def _comparison(self) -> Evaluate:
        left = self._sum()
        sign = self._peek()
        if sign == "not" and self._peek(1) == "in":
            self._at += 2
            return self._negated(self._binary(_within, left, self._sum()))
        if sign in _COMPARE:
            self._at += 1
            left = self._binary(_COMPARE[sign], left, self._sum())
            if self._peek() in _COMPARE:
                raise ExpressionError("only two values can be compared at once; join them with 'and'", self._column())
        return left

    def _negated(self, value: Evaluate) -> Evaluate:
        return self._node(lambda scope: not value(scope))

    def _sum(self) -> Evaluate:
        left = self._product()
        while (sign := self._peek()) in _SUM:
            self._at += 1
            left = self._binary(_SUM[sign], left, self._product())
        return left

    def _product(self) -> Evaluate:
        left = self._signed()
        while (sign := self._peek()) in _PRODUCT:
            self._at += 1
            left = self._binary(_PRODUCT[sign], left, self._signed())
        return left

    def _binary(self, work: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
        def run(scope: Scope) -> Any:
            try:
                return _bounded(work(left(scope), right(scope)))
            except (TypeError, ValueError, ArithmeticError, InvalidOperation):
                return None

        return self._node(run)

    def _signed(self) -> Evaluate:
        negative = False
        while self._take("-"):
            negative = not negative
            self._node(lambda scope: None)
        value = self._parts(self._value())
        return self._binary(_SUM["-"], lambda scope: 0, value) if negative else value

    def _parts(self, value: Evaluate) -> Evaluate:
        while True:
            if self._take("."):
                kind, name, column = self._next("a name after the dot")
                if kind != "name":
                    raise ExpressionError("a name is missing after the dot", column)
                value = self._part(value, lambda scope, name=name: name)  # type: ignore[misc]
            elif self._take("["):
                key = self._choice()
                self._close("]")
                value = self._part(value, key)
            else:
                return value

    def _part(self, value: Evaluate, key: Evaluate) -> Evaluate:
        def run(scope: Scope) -> Any:
            try:
                return _part(value(scope), key(scope))
            except (LookupError, TypeError):
                return None

        return self._node(run)

    def _value(self) -> Evaluate:
        kind, text, column = self._next("a value")
        if kind == "number":
            amount: Any = Decimal(text) if "." in text else int(text)
            if float(amount) > MAX_NUMBER:
                raise ExpressionError("the number is too large", column)
            return self._node(lambda scope: amount)
        if kind == "text":
            return self._node(lambda scope: text[1:-1])
        if kind == "name":
            return self._named(text, column)
        if text == "(":
            value = self._choice()
            self._close(")")
            return value
        if text == "[":
            items = [] if self._peek() == "]" else self._arguments()
            self._close("]")
            return self._node(lambda scope: [item(scope) for item in items])
        self._at -= 1
        raise self._unexpected()

    def _named(self, name: str, column: int) -> Evaluate:
        if name in _WORDS:
            raise ExpressionError(f"a value is missing before {name!r}", column)
        if name.lower() in _LITERALS and name in (name.lower(), name.title()):
            literal = _LITERALS[name.lower()]
            return self._node(lambda scope: literal)
        if self._take("("):
            return self._call(name, column)
        self.names.append((name, column))
        return self._node(lambda scope: scope.get(name))

    def _call(self, name: str, column: int) -> Evaluate:
        if name not in FUNCTIONS:
            raise ExpressionError(f"there is no function {name!r}; there are {', '.join(FUNCTIONS)}", column)
        work, fewest, most, _ = FUNCTIONS[name]
        arguments = [] if self._peek() == ")" else self._arguments()
        self._close(")")
        if not fewest <= len(arguments) <= most:
            count = str(fewest) if fewest == most else f"{fewest} or {most}"
            raise ExpressionError(f"{name} takes {count} value{'' if count == '1' else 's'} in brackets", column)

        def run(scope: Scope) -> Any:
            try:
                return _bounded(work(*(argument(scope) for argument in arguments)))
            except (TypeError, ValueError, ArithmeticError, LookupError):
                return None

        return self._node(run)

    def _arguments(self) -> list[Evaluate]:
        values = [self._choice()]
        while self._take(","):
            values.append(self._choice())
        return values

    def _node(self, run: Evaluate) -> Evaluate:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ExpressionError("too long a condition", self._column())
        return run

    def _peek(self, ahead: int = 0) -> str:
        index = self._at + ahead
        return self._tokens[index][1] if index < len(self._tokens) and self._tokens[index][0] != "text" else ""

    def _take(self, word: str) -> bool:
        if self._peek() == word:
            self._at += 1
            return True
        return False

    def _next(self, wanted: str) -> tuple[str, str, int]:
        if self._at >= len(self._tokens):
            raise ExpressionError(f"{wanted} is missing at the end", self._end)
        self._at += 1
        return self._tokens[self._at - 1]

    def _close(self, bracket: str) -> None:
        if not self._take(bracket):
            raise ExpressionError(f"{bracket!r} is missing", self._column())

    def _column(self) -> int:
        return self._tokens[self._at][2] if self._at < len(self._tokens) else self._end

    def _unexpected(self) -> ExpressionError:
        _, text, column = self._tokens[self._at]
        return ExpressionError(f"{text!r} is not expected here", column)

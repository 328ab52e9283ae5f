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

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from voicebot.authoring.operations import COMPARE, FUNCTIONS, MAX_NUMBER, NO_VALUE, PRODUCT, SUM, bounded, part
from voicebot.authoring.problems import did_you_mean

MAX_LENGTH = 500
MAX_NODES = 200
MAX_NESTING = 30

Scope = Mapping[str, Any]
Evaluate = Callable[[Scope], Any]


class ExpressionError(ValueError):
    """An expression that cannot be read. ``column`` counts characters from 0. ``mend``: what to write instead."""

    def __init__(self, message: str, column: int, mend: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression that is ready. ``names``: the variables that it uses, each with its column."""

    text: str
    names: tuple[tuple[str, int], ...]
    run: Evaluate

    def __call__(self, scope: Scope) -> Any:
        """The value; None when it cannot be had. Never raises."""
        try:
            return bounded(self.run(scope))
        except NO_VALUE:
            return None


def compile_expression(text: str) -> Compiled:
    """Read ``text``. Raises :class:`ExpressionError`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    parser = _Parser(text)
    run = parser.whole()
    return Compiled(text, tuple(parser.names), run)


def comparisons(text: str) -> Iterator[tuple[str, str, int]]:
    """Each variable that ``text``, an expression, compares with a text (``==``, ``!=``, in a list of texts): its name,
    that text, and the column of it. Raises :class:`ExpressionError`.
    """
    tokens = [("", "", 0), *_tokens(text), ("", "", 0), ("", "", 0)]
    for index in range(1, len(tokens) - 2):
        before, left, sign, right = tokens[index - 1], tokens[index], tokens[index + 1], tokens[index + 2]
        if sign[1] in ("==", "!=") and {left[0], right[0]} == {"name", "text"}:
            name, literal = (left, right) if left[0] == "name" else (right, left)
            after = tokens[index + 3][1] if index + 3 < len(tokens) else ""
            if not {before[1], after} & _PARTS and after not in ("[", "("):
                yield name[1], literal[1][1:-1], literal[2]
        elif left[0] == "name" and before[1] != "." and sign[1] == "in" and right[1] == "[":
            for kind, item, column in tokens[index + 3 :]:
                if kind == "text":
                    yield left[1], item[1:-1], column
                elif item != ",":
                    break


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>==|!=|<=|>=|//|[<>+\-*/%().,\[\]]))"
)
_PARTS = {".", *SUM, *PRODUCT}
"""What makes a name or a text a part of a longer value."""
_LITERALS = {"true": True, "false": False, "none": None}
_WORDS = ("and", "or", "not", "in", "if", "else")


def _always(value: Any) -> Evaluate:
    return lambda scope: value


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            character = text[position]
            hint = {
                "=": "; two of them compare: ==",
                "&": "; write and",
                "|": "; write or",
                "!": "; write not",
                "{": "; a condition stands without braces",
                "}": "; a condition stands without braces",
            }
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
            return self._negated(self._binary(COMPARE["in"], left, self._sum()))
        if sign in COMPARE:
            self._at += 1
            left = self._binary(COMPARE[sign], left, self._sum())
            if self._peek() in COMPARE:
                raise ExpressionError("only two values can be compared at once; join them with 'and'", self._column())
        return left

    def _negated(self, value: Evaluate) -> Evaluate:
        return self._node(lambda scope: not value(scope))

    def _sum(self) -> Evaluate:
        left = self._product()
        while (sign := self._peek()) in SUM:
            self._at += 1
            left = self._binary(SUM[sign], left, self._product())
        return left

    def _product(self) -> Evaluate:
        left = self._signed()
        while (sign := self._peek()) in PRODUCT:
            self._at += 1
            left = self._binary(PRODUCT[sign], left, self._signed())
        return left

    def _binary(self, work: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
        def run(scope: Scope) -> Any:
            try:
                return bounded(work(left(scope), right(scope)))
            except (TypeError, ValueError, ArithmeticError):
                return None

        return self._node(run)

    def _signed(self) -> Evaluate:
        negative = False
        while self._take("-"):
            negative = not negative
            self._node(lambda scope: None)
        value = self._parts(self._value())
        return self._binary(SUM["-"], lambda scope: 0, value) if negative else value

    def _parts(self, value: Evaluate) -> Evaluate:
        while True:
            if self._take("."):
                kind, name, column = self._next("a name after the dot")
                if kind != "name":
                    raise ExpressionError("a name is missing after the dot", column)
                value = self._part(value, _always(name))
            elif self._take("["):
                key = self._choice()
                self._close("]")
                value = self._part(value, key)
            else:
                return value

    def _part(self, value: Evaluate, key: Evaluate) -> Evaluate:
        def run(scope: Scope) -> Any:
            try:
                return part(value(scope), key(scope))
            except (LookupError, TypeError):
                return None

        return self._node(run)

    def _value(self) -> Evaluate:
        kind, text, column = self._next("a value")
        if kind == "number":
            amount: Any = Decimal(text) if "." in text else int(text)
            if amount > MAX_NUMBER:
                raise ExpressionError("the number is too large", column, 'put it in quotes if it is a text: "..."')
            return self._node(lambda scope: amount)
        if kind == "text":
            return self._node(_always(text[1:-1]))
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
            return self._node(_always(literal))
        if self._take("("):
            return self._call(name, column)
        self.names.append((name, column))
        return self._node(lambda scope: scope.get(name))

    def _call(self, name: str, column: int) -> Evaluate:
        if name not in FUNCTIONS:
            known = did_you_mean(name, FUNCTIONS) or f"there are {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"there is no function {name!r}", column, known)
        work, fewest, most, _ = FUNCTIONS[name]
        arguments = [] if self._peek() == ")" else self._arguments()
        self._close(")")
        if not fewest <= len(arguments) <= most:
            count = str(fewest) if fewest == most else f"{fewest} or {most}"
            raise ExpressionError(f"{name} takes {count} value{'' if count == '1' else 's'} in brackets", column)

        def run(scope: Scope) -> Any:
            try:
                return bounded(work(*(argument(scope) for argument in arguments)))
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

"""How much work a regular expression may make: proof, from its parse tree alone, that it is linear in the text.

Python's `re` tries one alternative after the other. It takes more than linear time if a text can be read in two ways
that both go on and on: two repeats that share characters and stand side by side, or within one another; or the search
itself, which begins anew at each character, with a repeat at the beginning of the pattern. In the words of automata:
there are two states p and q of the pattern, and a word w that leads from p to p, from p to q, and from q to q. Without
such a pair, the ways to read any text are bounded (Weber and Seidl, "On the degree of ambiguity of finite automata",
1991).

Followed exactly: character classes, flags, `^`, `$`, `\\b`, assertions about one character, possessive repeats of one
character, atomic groups. What is not is taken for the worse: a longer assertion holds, a back-reference is the group
over again, a repeat of more than :data:`EXPANDED` has no limit.
"""

from __future__ import annotations

import re
import string
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

EXPANDED = 64
OTHERS = "éÄßµ٣²€–—’‘•…。』漢\u00a0\u2028\u3000\u0301😀\ue041"
"""Stand for all that is not ASCII."""
END = -1
"""Among the characters that may come next: the end of the text."""

Chars = frozenset[int]
"""Codes of characters; or, where something may come next, :data:`END`."""


def superlinear(pattern: re.Pattern[Any], method: str) -> str:
    """A word that, repeated, makes ``pattern.method`` take more than linear time; ``""`` when there is none."""
    automaton = _Automaton(pattern, method)
    word = automaton.ambiguous()
    return "".join(map(chr, word)) if word else ""


@dataclass(slots=True)
class _State:
    """Reads one of ``chars`` and goes to ``then``; or, without ``chars``, goes where ``free`` leads."""

    atomic: frozenset[int]
    chars: Chars | None = None
    then: int = -1
    free: list[tuple[Callable[[int | None], Chars | None], int]] = field(default_factory=list)
    """Each with what the next character may be, given the last one; None: not this way."""


Node = tuple[int, Chars]
"""A state that reads, and which characters it may read there."""


class _Automaton:
    def __init__(self, pattern: re.Pattern[Any], method: str) -> None:
        self._tree = _parser.parse(pattern.pattern, pattern.flags)
        self._text = isinstance(pattern.pattern, str)
        self._states: list[_State] = []
        self._groups: dict[int, Any] = {}
        self._atoms = 0
        self._alphabet = self._characters(pattern)
        self._any: Chars = self._alphabet | {END}
        self._accept = self._new(frozenset())
        start = self._sequence(self._tree, pattern.flags, self._last_state(method), frozenset())
        self._nodes: dict[Node, dict[int, list[Node]]] = {}
        self._accepting: set[tuple[Node, int]] = set()
        self._again: Node | None = None
        if method not in ("match", "fullmatch"):
            again = self._new(frozenset())
            self._states[again].chars = self._alphabet
            self._states[again].then = start
            self._again = (again, self._alphabet)
        self._explore(start)

    # --- from the tree to states -------------------------------------------------------------------------------------

    def _characters(self, pattern: re.Pattern[Any]) -> Chars:
        """One character of each kind that the pattern tells apart."""
        found = {ord(c) for c in string.printable + (OTHERS if self._text else "")}
        found |= {code for code in _mentioned(self._tree) if 0 <= code < 0x110000 and (self._text or code < 256)}
        tells = [leaf(found) for leaf in self._leaves(self._tree, pattern.flags)]
        tells += [self._category(name, pattern.flags, frozenset(found)) for name in ("\\w", "\\s", "\\n")]
        kinds: dict[tuple[bool, ...], int] = {}
        for code in sorted(found):
            kinds.setdefault(tuple(code in one for one in tells), code)
        return frozenset(kinds.values())

    def _leaves(self, tree: Any, flags: int) -> Iterable[Callable[[set[int]], set[int]]]:
        for op, value in tree:
            if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
                yield lambda found, op=op, value=value, flags=flags: set(self._matched(op, value, flags, found))  # type: ignore[misc]
            elif op is sre.SUBPATTERN:
                _, add, remove, inside = value
                yield from self._leaves(inside, (flags | add) & ~remove)
            elif op is sre.BRANCH:
                for branch in value[1]:
                    yield from self._leaves(branch, flags)
            elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                yield from self._leaves(value[2], flags)
            elif op in (sre.ASSERT, sre.ASSERT_NOT):
                yield from self._leaves(value[1], flags)
            elif op is sre.ATOMIC_GROUP:
                yield from self._leaves(value, flags)

    def _matched(self, op: Any, value: Any, flags: int, among: Iterable[int]) -> Chars:
        if op is sre.ANY:
            return frozenset(c for c in among if c != 10 or flags & re.DOTALL)
        if op is sre.LITERAL:
            return frozenset(c for c in among if _same(c, value, flags))
        if op is sre.NOT_LITERAL:
            return frozenset(c for c in among if not _same(c, value, flags))
        negated = value[0][0] is sre.NEGATE
        inside: set[int] = set()
        for kind, what in value[negated:]:
            if kind is sre.LITERAL:
                inside |= {c for c in among if _same(c, what, flags)}
            elif kind is sre.RANGE:
                inside |= {c for c in among if any(what[0] <= v <= what[1] for v in _cases(c, flags))}
            else:
                assert kind is sre.CATEGORY, kind
                inside |= self._category(_CATEGORIES[what], flags, frozenset(among))
        return frozenset(set(among) - inside if negated else inside)

    def _category(self, name: str, flags: int, among: Chars | None = None) -> Chars:
        among = (
            frozenset({ord(c) for c in string.printable + (OTHERS if self._text else "")}) if among is None else among
        )
        tells = re.compile(name, re.ASCII if not self._text or flags & re.ASCII else 0)
        return frozenset(c for c in among if tells.match(chr(c)))

    def _new(self, atomic: frozenset[int]) -> int:
        self._states.append(_State(atomic))
        return len(self._states) - 1

    def _free(self, source: int, target: int, may: Callable[[int | None], Chars | None] | None = None) -> None:
        self._states[source].free.append((may or (lambda last: self._any), target))

    def _last_state(self, method: str) -> int:
        if method != "fullmatch":
            return self._accept
        end = self._new(frozenset())
        self._free(end, self._accept, lambda last: frozenset({END}))
        return end

    def _sequence(self, tree: Any, flags: int, then: int, atomic: frozenset[int]) -> int:
        """The state at which ``tree`` begins, from which its end leads to ``then``."""
        for op, value in reversed(list(tree)):
            then = self._part(op, value, flags, then, atomic)
        return then

    def _part(self, op: Any, value: Any, flags: int, then: int, atomic: frozenset[int]) -> int:
        if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            state = self._new(atomic)
            self._states[state].chars = self._matched(op, value, flags, self._alphabet)
            self._states[state].then = then
            return state
        if op is sre.SUBPATTERN:
            group, add, remove, inside = value
            flags = (flags | add) & ~remove
            if group is not None:
                self._groups[group] = (inside, flags)
            return self._sequence(inside, flags, then, atomic)
        if op is sre.GROUPREF:
            return self._sequence(*self._group(value), then, atomic)
        if op is sre.BRANCH:
            state = self._new(atomic)
            for branch in value[1]:
                self._free(state, self._sequence(branch, flags, then, atomic))
            return state
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self._repeat(*value, flags, then, atomic)
        if op is sre.POSSESSIVE_REPEAT:
            self._atoms += 1
            least, most, inside = value
            left = self._new(atomic)
            over = self._single(inside, flags)
            stop = self._any if over is None or most is not sre.MAXREPEAT else self._any - over
            self._free(left, then, lambda last: stop)
            return self._repeat(least, most, inside, flags, left, atomic | {self._atoms})
        if op is sre.ATOMIC_GROUP:
            self._atoms += 1
            return self._sequence(value, flags, then, atomic | {self._atoms})
        state = self._new(atomic)
        if op is sre.AT:
            self._free(state, then, self._position(value, flags))
            return state
        assert op in (sre.ASSERT, sre.ASSERT_NOT), op
        direction, inside = value
        over = self._single(inside, flags)
        if over is not None:
            allowed = over if op is sre.ASSERT else self._any - over
            if direction > 0:
                self._free(state, then, lambda last: allowed)
            else:
                self._free(state, then, lambda last: self._any if (END if last is None else last) in allowed else None)
            return state
        if direction > 0:
            self._free(
                state, self._sequence(inside, flags, self._new(atomic), atomic)
            )  # it is tried, and leads nowhere
        self._free(state, then)
        return state

    def _group(self, number: int) -> tuple[Any, int]:
        """What group ``number`` is: it stands before the reference, and the tree is read from its end."""
        if number not in self._groups:
            self._find_groups(self._tree, 0)
        inside, flags = self._groups[number]
        return inside, flags

    def _find_groups(self, tree: Any, flags: int) -> None:
        for op, value in tree:
            if op is sre.SUBPATTERN:
                if value[0] is not None:
                    self._groups[value[0]] = (value[3], flags)
                self._find_groups(value[3], flags)
            elif op is sre.BRANCH:
                for branch in value[1]:
                    self._find_groups(branch, flags)
            elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                self._find_groups(value[2], flags)

    def _repeat(self, least: Any, most: Any, inside: Any, flags: int, then: int, atomic: frozenset[int]) -> int:
        if most is sre.MAXREPEAT or most > EXPANDED:
            begun, again = self._new(atomic), self._new(atomic)  # a turn that reads nothing is not followed by another
            turn = self._sequence(inside, flags, again, atomic)
            for state in (begun, again):
                self._free(state, turn)
                self._free(state, then)
            state, least = again if least else begun, min(least, EXPANDED)
        else:
            state = then
            for _ in range(most - least):
                skip = self._new(atomic)
                self._free(skip, self._sequence(inside, flags, state, atomic))
                self._free(skip, then)
                state = skip
        for _ in range(least):
            state = self._sequence(inside, flags, state, atomic)
        return state

    def _single(self, tree: Any, flags: int) -> Chars | None:
        """The characters of a tree that is one of them; None when it is anything else."""
        if len(tree) != 1:
            return None
        op, value = tree[0]
        if op is sre.SUBPATTERN:
            return self._single(value[3], (flags | value[1]) & ~value[2])
        if op in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            return self._matched(op, value, flags, self._alphabet)
        return None

    def _position(self, at: Any, flags: int) -> Callable[[int | None], Chars | None]:
        word = self._category("\\w", flags, self._alphabet)
        if at is sre.AT_BEGINNING:
            return lambda last: self._any if last is None or (flags & re.MULTILINE and last == 10) else None
        if at is sre.AT_BEGINNING_STRING:
            return lambda last: self._any if last is None else None
        if at is sre.AT_END:
            return lambda last: frozenset({END, 10})
        if at is sre.AT_END_STRING:
            return lambda last: frozenset({END})
        inverted = at is not sre.AT_BOUNDARY
        return lambda last: self._any - word if (last is not None and last in word) != inverted else word

    # --- from states to nodes ----------------------------------------------------------------------------------------

    def _reached(self, state: int, last: int | None) -> list[tuple[int, Chars]]:
        """Each way from ``state``, ``last`` having been read, to one that reads, or accepts; what may come there."""
        found: list[tuple[int, Chars]] = []
        ways: list[tuple[int, Chars, frozenset[int]]] = [(state, self._any, frozenset())]
        while ways:
            at, may, passed = ways.pop()
            here = self._states[at]
            if here.chars is not None or at == self._accept:
                found.append((at, may if here.chars is None else may & here.chars))
                continue
            for condition, target in here.free:
                further = condition(last)
                if further is not None and may & further and target not in passed:
                    ways.append((target, may & further, passed | {at}))
        return [(at, may) for at, may in found if may]

    def _explore(self, start: int) -> None:
        todo = [node for node in self._reached(start, None) if node[0] != self._accept]
        todo += [self._again] if self._again is not None else []
        while todo:
            node = todo.pop()
            if node in self._nodes:
                continue
            steps = self._nodes[node] = {}
            for char in node[1]:
                reached = self._reached(self._states[node[0]].then, char)
                if any(at == self._accept and may == self._any for at, may in reached):
                    self._accepting.add((node, char))
                steps[char] = [(at, may) for at, may in reached if at != self._accept]
                if node == self._again:
                    steps[char].append(node)
                todo += steps[char]

    # --- the test ----------------------------------------------------------------------------------------------------

    def ambiguous(self) -> list[int]:
        after = {node: {n for nexts in steps.values() for n in nexts} for node, steps in self._nodes.items()}
        reach = {node: _closure(after, node) for node in after}
        cyclic = [node for node in after if node in reach[node]]
        for node in cyclic:  # the same step in two ways, as in (a+)+
            for char, nexts in self._nodes[node].items():
                for twice, same in groupby(sorted(nexts, key=repr)):
                    if node in reach[twice] and len(list(same)) > 1:
                        return [char]
        for p in cyclic:
            for q in cyclic:
                if p != q and q in reach[p] and self._states[p[0]].atomic <= self._states[q[0]].atomic:
                    word = self._pumped(p, q, reach)
                    if word:
                        return word
        return []

    def _pumped(self, p: Node, q: Node, reach: dict[Node, set[Node]]) -> list[int]:
        """A word from p to p, from p to q and from q to q. Reading it, q must not be able to end: it would have."""
        begin, goal = (p, p, q), (p, q, q)
        came: dict[tuple[Node, Node, Node], tuple[tuple[Node, Node, Node], int] | None] = {begin: None}
        todo = deque([begin])
        while todo:
            at = todo.popleft()
            one, two, three = at
            for char in one[1] & two[1] & three[1]:
                if (three, char) in self._accepting or (one, char) in self._accepting:
                    continue
                for x in set(self._nodes[one].get(char, ())):
                    if x != p and p not in reach[x]:
                        continue
                    for z in set(self._nodes[three].get(char, ())):
                        if z != q and q not in reach[z]:
                            continue
                        for y in set(self._nodes[two].get(char, ())):
                            there = (x, y, z)
                            if there in came or (y != q and q not in reach[y]):
                                continue
                            came[there] = (at, char)
                            if there == goal:
                                return _word(came, goal)
                            todo.append(there)
        return []


_CATEGORIES = {
    sre.CATEGORY_DIGIT: "\\d", sre.CATEGORY_NOT_DIGIT: "\\D", sre.CATEGORY_SPACE: "\\s",
    sre.CATEGORY_NOT_SPACE: "\\S", sre.CATEGORY_WORD: "\\w", sre.CATEGORY_NOT_WORD: "\\W",
}  # fmt: skip


@cache
def _cases(code: int, flags: int) -> frozenset[int]:
    if not flags & re.IGNORECASE:
        return frozenset({code})
    return frozenset({code, *(ord(v) for v in (chr(code).lower(), chr(code).upper()) if len(v) == 1)})


def _same(code: int, literal: int, flags: int) -> bool:
    return bool(_cases(code, flags & re.IGNORECASE) & _cases(literal, flags & re.IGNORECASE))


def _closure(after: dict[Node, set[Node]], node: Node) -> set[Node]:
    found: set[Node] = set()
    todo = list(after[node])
    while todo:
        at = todo.pop()
        if at not in found:
            found.add(at)
            todo += after[at]
    return found


def _word(came: dict[Any, Any], goal: Any) -> list[int]:
    word: list[int] = []
    while came[goal] is not None:
        goal, char = came[goal]
        word.append(char)
    return word[::-1]


def _mentioned(tree: Any) -> set[int]:
    """The characters that the pattern names, and their neighbours."""
    found: set[int] = set()
    if isinstance(tree, int):
        return {tree - 1, tree, tree + 1}
    for part in tree if isinstance(tree, tuple | list | _parser.SubPattern) else ():
        found |= _mentioned(part)
    return found

"""Forms that an author gives an answer: ``[A-Z]{2}-[0-9]{4}``, matched in time linear in the answer.

The forms are a part of regular expressions: characters, sets (``[A-Z0-9]``, ``\\d``), groups with alternatives
(``(AB|CD)``), and how often (``?``, ``*``, ``+``, ``{3}``, ``{2,4}``). A form is the whole answer. It is turned into a
nondeterministic automaton (Thompson), whose states are followed all at once; nothing is ever tried twice.

Letters match in either case, and come out as the form writes them. Signs of the form ("-") need not be said. A letter O
and a zero are taken for one another where only one of them fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MAX_FORM = 120
MAX_STATES = 1000
MAX_TIMES = 64
MAX_ANSWER = 64
"""Letters and digits of an answer; a longer one is of no form."""
_TWINS = {"O": "0", "0": "O"}
_SPECIAL = "[](){}|?*+\\.^$"


class PatternError(ValueError):
    """The form cannot be read; the message says what would be right."""


@dataclass(slots=True)
class _State:
    """``characters``: what leads to ``to``; ``""``: nothing is needed for that."""

    characters: str
    to: list[int]
    sign: str = ""
    """A sign of the form, which is added where it is not said."""


class Pattern:
    """One form. ``digits_only``: no letter is in it. Raises :class:`PatternError`."""

    def __init__(self, form: str) -> None:
        if len(form) > MAX_FORM:
            raise PatternError("a shorter form")
        self._form = form
        self._at = 0
        self._states: list[_State] = []
        start, end = self._alternatives()
        if self._at < len(form):
            raise PatternError(f"no {form[self._at]!r} there" if form[self._at] != ")" else "a ( for each )")
        self._end = self._state("", [])
        self._states[end].to.append(self._end)
        self._start = start
        self.digits_only = all(char.isdecimal() for state in self._states for char in state.characters)
        if not any(state.characters for state in self._states):
            raise PatternError("letters or digits that are said")

    def matched(self, said: str) -> str | None:
        """``said`` (letters, digits and signs) as the form writes it; None when it is not of the form."""
        return self._followed(said).get(self._end)

    def begins(self, said: str) -> bool:
        """Whether an answer may begin with ``said``."""
        return bool(self._followed(said))

    def goes_on(self, said: str) -> bool:
        """Whether an answer may be longer than ``said``."""
        return any(self._states[state].characters for state in self._followed(said))

    def lengths(self, said: str) -> tuple[int, int]:
        """The fewest and the most letters and digits that may follow ``said``."""
        here, found = set(self._followed(said)), list[int]()
        for length in range(MAX_ANSWER + 1):
            if self._end in here:
                found.append(length)
            there = {to for state in here if self._states[state].characters for to in self._states[state].to}
            here = set(self._closed(dict.fromkeys(there, "")))
        return (found[0], found[-1]) if found else (0, 0)

    def _followed(self, said: str) -> dict[int, str]:
        """The states in which ``said`` may end, and how the form writes it on the way there."""
        characters = [one for one in said if one.isalnum()]
        if len(characters) > MAX_ANSWER:
            return {}
        here = self._closed({self._start: ""})
        for character in characters:
            there: dict[int, str] = {}
            for state, written in here.items():
                found = self._taken(self._states[state].characters, character)
                if found:
                    for to in self._states[state].to:
                        there.setdefault(to, written + found)
            here = self._closed(there)
        return here

    def _taken(self, characters: str, said: str) -> str:
        for one in (said, said.upper(), said.lower(), _TWINS.get(said.upper(), "")):
            if one and one in characters:
                return one
        return ""

    def _closed(self, states: dict[int, str]) -> dict[int, str]:
        """``states`` and those that are reached without a character."""
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if self._states[state].characters:
                continue
            for to in self._states[state].to:
                if to not in states:
                    states[to] = states[state] + self._states[state].sign
                    waiting.append(to)
        return states

    # --- the form is read ---------------------------------------------------------------------------------------------

    def _state(self, characters: str, to: list[int], sign: str = "") -> int:
        if len(self._states) >= MAX_STATES:
            raise PatternError("a shorter form")
        self._states.append(_State(characters, to, sign))
        return len(self._states) - 1

    def _alternatives(self) -> tuple[int, int]:
        """ "a|b": the first and the last state; the last one leads nowhere yet."""
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        start, end = self._state("", [first for first, _ in branches]), self._state("", [])
        for _, last in branches:
            self._states[last].to.append(end)
        return start, end

    def _sequence(self) -> tuple[int, int]:
        start = end = self._state("", [])
        while self._peek() not in ("", "|", ")"):
            first, last = self._repeated()
            self._states[end].to.append(first)
            end = last
        return start, end

    def _repeated(self) -> tuple[int, int]:
        begun = self._at
        piece = self._piece()
        low, high = self._times()
        if (low, high) == (1, 1):
            return piece
        ended = self._at
        start = end = self._state("", [])
        skips: list[int] = []
        for turn in range(high if high is not None else max(low, 1)):
            if turn:
                self._at = begun
                piece = self._piece()
            if turn >= low:
                skips.append(end)
            self._states[end].to.append(piece[0])
            if high is None and turn == max(low, 1) - 1:
                again = self._state("", [piece[0]])
                self._states[piece[1]].to.append(again)
                end = self._state("", [])
                self._states[again].to.append(end)
            else:
                end = piece[1]
        last = self._state("", [])
        for skip in [*skips, end]:
            self._states[skip].to.append(last)
        self._at = ended
        return start, last

    def _times(self) -> tuple[int, int | None]:
        sign = self._peek()
        if sign in ("?", "*", "+"):
            self._at += 1
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        if sign != "{":
            return 1, 1
        end = self._form.find("}", self._at)
        low, comma, high = self._form[self._at + 1 : end].partition(",")
        if end < 0 or not low.isdecimal() or (comma and not high.isdecimal()):
            raise PatternError("a number of times as {3} or {2,4}")
        self._at = end + 1
        times = int(low), int(high or low)
        if not 1 <= times[1] <= MAX_TIMES or times[0] > times[1]:
            raise PatternError(f"at most {MAX_TIMES} times, the smaller number first")
        return times

    def _piece(self) -> tuple[int, int]:
        sign = self._peek()
        self._at += 1
        if sign == "(":
            inner = self._alternatives()
            if self._peek() != ")":
                raise PatternError("a ) for each (")
            self._at += 1
            return inner
        if sign == "[":
            return self._one(self._set())
        if sign == "\\":
            sign = self._peek()
            self._at += 1
            if sign == "d":
                return self._one("0123456789")
            if not sign or sign.isalnum():
                raise PatternError("[A-Z], [0-9] or \\d for letters and digits")
        elif sign in _SPECIAL:
            raise PatternError(f"no {sign!r} there; a sign itself is written \\{sign}")
        if sign.isalnum():
            return self._one(sign)
        end = self._state("", [])
        return self._state("", [end], sign), end

    def _one(self, characters: str) -> tuple[int, int]:
        end = self._state("", [])
        return self._state(characters, [end]), end

    def _set(self) -> str:
        end = self._form.find("]", self._at)
        inside = self._form[self._at : end]
        if end < 0 or not inside or inside.startswith("^"):
            raise PatternError("the characters of a set, such as [A-Z0-9]")
        self._at = end + 1
        found, at = "", 0
        inside = inside.replace("\\d", "0-9")
        while at < len(inside):
            first, last = inside[at], inside[at + 2] if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside) else ""
            if not first.isalnum() or (last and not (first <= last and last.isalnum() and ord(last) - ord(first) < 64)):
                raise PatternError("letters and digits in a set, such as [A-Z0-9]")
            found += "".join(filter(str.isalnum, map(chr, range(ord(first), ord(last) + 1)))) if last else first
            at += 3 if last else 1
        return found

    def _peek(self) -> str:
        return self._form[self._at] if self._at < len(self._form) else ""


@lru_cache(maxsize=256)
def pattern_of(form: str) -> Pattern:
    """The pattern of a form, made once. Raises :class:`PatternError`."""
    return Pattern(form)

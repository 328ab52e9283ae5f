"""The search for expected phrases: a beam over the tokens of their grammar.

Rows are walked as far as is known what the model says of them (:mod:`~voicebot.localspeech.prefixes`): the text that it
wrote by itself, and what was guessed, need no run. Rows that are not known are set aside, and the walk goes on with the
others; then some of those set aside are read in one run, with a guess behind each, and the walk begins again. The
result is that of the walk which sets none aside. What an earlier one has found is a measure for all others, which are
dropped, before they are read, when they are much less likely. So are those that only write what has been said so far in
another way ("8, 3", "eight. three"), of which there are many where digits are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from voicebot.localspeech.decoding import Steps
from voicebot.localspeech.expected import Scored, said_so_far
from voicebot.localspeech.phrase_grammar import PhraseGrammar, Places, ends
from voicebot.localspeech.prefixes import Prefixes, Tokens

_LEADS = 2.5
"""Rows that are no more behind (natural log) the best of as many tokens will hardly be dropped. They are read before
others: what they come to is what drops these."""
_AHEAD, _MOST_AHEAD = 3, 6
"""How many tokens are guessed behind each at first and at most: twice as many when most were of use, else half."""
_MOST_OTHERS, _AHEAD_OF_OTHERS = 6, 2
_AS_WELL, _SHORT = 1.0, 2
"""By how much likelier (natural log) another way to write the same must be for a row to be dropped, if what it says is
longer than this. What is written in several ways is as likely as all of them together: where those count that are
nearly as likely, and each way to write a single digit, as many answers are right as where all do."""
_MOST_RUNS = 12
"""Few searches take more. Of 13 recorded answers of several digits, each in eleven ways, as many are right as with 40
runs, and one fewer is wrong; the longest takes 0.3 s less on a slow core."""


@dataclass(frozen=True, slots=True)
class Beam:
    """``width``: rows that are followed; no text less likely than ``floor``, nor by more than ``spread`` less likely
    than the best, or of more than ``limit`` tokens is found; ``end`` ends a text. ``runs``: of the decoder, at most."""

    width: int
    spread: float
    floor: float
    limit: int
    end: int
    runs: int = _MOST_RUNS


@dataclass(frozen=True, slots=True)
class _Row:
    """The beginning of a text, and where it stands in the grammar. ``behind``: the best of as many tokens."""

    log_probability: float
    behind: float
    tokens: Tokens
    places: Places


@dataclass(frozen=True, slots=True)
class _Next:
    """What comes after a row: its log probability if it ends, and its likeliest ``tokens`` with what each adds."""

    end: float
    tokens: Sequence[tuple[float, int]]


class PhraseSearch:
    """Use it once. ``guess``: how a text that begins with these tokens may go on; ``text``: of tokens."""

    def __init__(
        self,
        known: Prefixes,
        grammar: PhraseGrammar,
        beam: Beam,
        guess: Callable[[Tokens], Sequence[int]],
        text: Callable[[Tokens], str],
    ) -> None:
        self._known = known
        self._grammar = grammar
        self._beam = beam
        self._guess = guess
        self._text = text
        self._floor = beam.floor
        self._ahead = _AHEAD
        self._found: list[tuple[Tokens, float]] = []
        self._next: dict[Tokens, _Next] = {}
        self._said: dict[Tokens, str] = {}
        self._best: dict[str, _Row] = {}  # the likeliest row that says so

    def steps(self) -> Steps[list[Scored]]:
        """The likeliest texts."""
        for _ in range(self._beam.runs):
            if not (unknown := self._walk()):
                break
            leading = [row for row in unknown if row.behind <= _LEADS][: self._beam.width]
            rows = leading or sorted(unknown, key=lambda row: row.behind)[:_MOST_OTHERS]
            wanted = [(row.tokens, self._guessed(row, self._ahead if leading else _AHEAD_OF_OTHERS)) for row in rows]
            yield from self._known.read(wanted)
            if leading:
                self._adapt(wanted)
        else:
            self._walk()
        return [Scored(self._text(tokens), whole, len(tokens) + 1) for tokens, whole in self._found]

    def _adapt(self, read: Sequence[tuple[Tokens, Sequence[int]]]) -> None:
        """Guess more or fewer tokens, by how many of those that were ``read`` are likely."""
        guessed = sum(len(guess) for _, guess in read)
        right = 0
        for tokens, guess in read:
            for at, token in enumerate(guess):
                before = (*tokens, *guess[:at])
                if float(self._known.logits(before)[token]) - self._known.log_sum(before) < -_LEADS:
                    break
                right += 1
        if guessed:
            self._ahead = min(2 * self._ahead, _MOST_AHEAD) if 2 * right > guessed else max(1, self._ahead // 2)

    def _walk(self) -> list[_Row]:
        """Follow the rows that are known. Returns the others, the shortest first."""
        beam, floor = self._beam, self._beam.floor
        rows = [_Row(0.0, 0.0, (), self._grammar.start)]
        unknown: list[_Row] = []
        self._found = []
        for _ in range(beam.limit):
            longer: list[tuple[float, int, int]] = []
            for number, row in enumerate(rows):
                if row.tokens not in self._known:
                    unknown.append(row)
                    continue
                after = self._after(row)
                whole = row.log_probability + after.end
                if whole >= floor:
                    self._found.append((row.tokens, whole))
                    floor = max(floor, whole - beam.spread)
                longer += [(row.log_probability + each, number, token) for each, token in after.tokens]
            if not longer:
                break
            rows = self._likeliest(rows, sorted(longer, reverse=True), max(floor, self._floor))
        self._floor = max(self._floor, floor)
        self._found = [(tokens, whole) for tokens, whole in self._found if whole >= floor]
        return [row for row in unknown if row.log_probability >= self._floor and not self._is_said_better(row)]

    def _likeliest(self, rows: Sequence[_Row], longer: Sequence[tuple[float, int, int]], least: float) -> list[_Row]:
        """Those of ``rows`` that are one token ``longer``: score, number and token, the likeliest first."""
        best = longer[0][0]
        found: list[_Row] = []
        for score, number, token in longer:
            if score < least or len(found) == self._beam.width:
                break
            row = _Row(score, best - score, (*rows[number].tokens, token), self._places(rows[number], token))
            if not self._is_said_better(row):
                found.append(row)
        return found

    def _is_said_better(self, row: _Row) -> bool:
        """Whether what ``row`` says is written in a likelier way. In the middle of a phrase nothing is said yet."""
        if not ends(row.places):
            return False
        says = self._said.get(row.tokens)
        if says is None:
            says = self._said[row.tokens] = said_so_far(self._text(row.tokens))
        best = self._best.get(says)
        if best is None or best.log_probability <= row.log_probability:
            self._best[says] = row
            return False
        goes_on = best.tokens == row.tokens[: len(best.tokens)]  # and says no more: "8," and "8, "
        return not goes_on and len(says) > _SHORT and best.log_probability > row.log_probability + _AS_WELL

    def _places(self, row: _Row, token: int) -> Places:
        return self._grammar.after(row.places)[token]

    def _after(self, row: _Row) -> _Next:
        known = self._next.get(row.tokens)
        if known is None:
            logits, whole = self._known.logits(row.tokens), self._known.log_sum(row.tokens)
            tokens = np.fromiter(self._grammar.after(row.places), np.int64)
            scores = logits[tokens].astype(np.float64) - whole
            likely = [(float(scores[at]), int(tokens[at])) for at in np.argsort(-scores)[: self._beam.width]]
            end = float(logits[self._beam.end]) - whole if ends(row.places) else -np.inf
            known = self._next[row.tokens] = _Next(end, likely)
        return known

    def _guessed(self, row: _Row, ahead: int) -> list[int]:
        """The guess, as far as the grammar has it; without one, what alone goes on a phrase."""
        places = row.places
        tokens: list[int] = []
        for token in self._guess(row.tokens)[:ahead]:
            following = self._grammar.after(places)
            if token not in following:
                break
            places = following[token]
            tokens.append(token)
        while len(tokens) < ahead and not ends(places) and len(following := self._grammar.after(places)) == 1:
            ((token, places),) = following.items()
            tokens.append(token)
        return tokens

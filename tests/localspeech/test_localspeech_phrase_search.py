"""The search finds what is likely whatever is known and guessed before it; that only saves runs. The model here says
arbitrary things of each text, the same ones each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from voicebot.localspeech.decoder import Memory, Row, Written
from voicebot.localspeech.expected import Scored
from voicebot.localspeech.phrase_grammar import PhraseGrammar, Places, ends
from voicebot.localspeech.phrase_search import Beam, PhraseSearch
from voicebot.localspeech.prefixes import Prefixes, Tokens
from voicebot.localspeech.vocabulary import SPACE, Vocabulary

PIECES = [SPACE, *"0123456789,.", *(SPACE + letter for letter in "aAbB")]
VOCABULARY = Vocabulary(bytes(259) + b"".join(bytes([len(piece.encode())]) + piece.encode() for piece in PIECES))
END, SIZE = 2, 259 + len(PIECES)
NOTHING = Memory({}, np.zeros((1, 1, 1, 0), np.float32))
WIDE = Beam(width=1000, spread=3.0, floor=-60.0, limit=4, end=END, runs=1000)
NARROW = replace(WIDE, width=3, limit=9)


@dataclass
class Model:
    """``clear``: the text that it is sure of. ``runs``: of each the prefixes that were asked for, without what was
    guessed behind them."""

    seed: int
    sharpness: float = 1.5
    clear: Tokens = ()

    def __post_init__(self) -> None:
        self.runs: list[list[Tokens]] = []

    def logits(self, prefix: Tokens) -> Any:
        logits = np.random.default_rng((self.seed, *prefix)).normal(0, self.sharpness, SIZE).astype(np.float32)
        logits[[END, *range(259, SIZE)]] += 8  # nothing else is likely
        if self.clear and prefix == self.clear[: len(prefix)]:
            logits[(*self.clear, END)[len(prefix)]] += 20
        return logits

    def written(self, past: Tokens, tokens: Sequence[int]) -> Written:
        """The past of a text are its tokens."""
        whole = (*past, *tokens)
        logits = np.stack([self.logits(whole[1 : len(past) + at + 1]) for at in range(len(tokens))])
        return Written(NOTHING, logits, np.array(whole, np.float32)[None, :, None], len(past))

    def known(self, guessed: Sequence[int] = ()) -> Prefixes:
        return Prefixes(self.written((), [1, *guessed]), guessed)

    def step(self, rows: list[Row]) -> list[Written]:
        pasts = [tuple(map(int, row.past[0, :, 0])) for row in rows]
        self.runs.append([(*past[1:], row.tokens[0]) for past, row in zip(pasts, rows, strict=True)])
        return [self.written(past, row.tokens) for past, row in zip(pasts, rows, strict=True)]

    def found(
        self,
        beam: Beam,
        guess: Callable[[Tokens], Sequence[int]] = lambda _: (),
        known: Prefixes | None = None,
        text: Callable[[Tokens], str] = str,
    ) -> dict[str, float]:
        search = PhraseSearch(known or self.known(), grammar(), beam, guess, text).steps()
        try:
            rows = next(search)
            while True:
                rows = search.send(self.step(rows))
        except StopIteration as end:
            found: list[Scored] = end.value
            return {one.text: one.log_probability for one in found}

    def likely(self, beam: Beam) -> dict[str, float]:
        """All texts of the grammar that the beam should find, by trying each."""
        texts = {tokens: whole for tokens, whole in self._texts((), grammar().start, 0.0, beam.limit)}
        best = max(texts.values())
        return {str(tokens): whole for tokens, whole in texts.items() if whole >= best - beam.spread}

    def _texts(self, tokens: Tokens, places: Places, so_far: float, limit: int) -> Iterator[tuple[Tokens, float]]:
        if not limit:
            return
        logits = self.logits(tokens).astype(np.float64)
        each = so_far + logits - np.logaddexp.reduce(logits)
        if ends(places):
            yield tokens, float(each[END])
        for token, following in grammar().after(places).items():
            yield from self._texts((*tokens, token), following, float(each[token]), limit - 1)


@cache
def grammar() -> PhraseGrammar:
    return PhraseGrammar(("a", "b"), VOCABULARY, numerals=False)


@pytest.mark.parametrize("seed", range(4))
def test_all_likely_texts_are_found_and_nothing_else(seed: int) -> None:
    model = Model(seed)
    assert model.found(WIDE) == pytest.approx(model.likely(WIDE), abs=1e-4)


def greedy(model: Model) -> list[int]:
    tokens: list[int] = []
    while len(tokens) < 8 and (token := int(model.logits(tuple(tokens)).argmax())) != END:
        tokens.append(token)
    return tokens


def likeliest(model: Model, beam: Beam) -> Callable[[Tokens], list[int]]:
    """Guesses what the grammar's likeliest text goes on with."""
    best = max((found := model.found(beam)), key=lambda text: found[text])
    model.runs.clear()
    return lambda prefix: list(tokens(best)[len(prefix) :]) if tokens(best)[: len(prefix)] == prefix else []


def tokens(text: str) -> Tokens:
    """Of which ``text`` is the ``str``."""
    return tuple(int(each) for each in text.strip("()").split(",") if each.strip())


@pytest.mark.parametrize("seed", range(8))
def test_what_is_guessed_and_known_changes_nothing_of_what_is_found(seed: int) -> None:
    model, beam = Model(seed), replace(WIDE, limit=5)
    wanted, guess = model.found(beam), likeliest(model, beam)
    wrong = list(np.random.default_rng(seed).choice([*grammar().after(grammar().start)], 4))
    assert model.found(beam, guess) == wanted
    assert model.found(beam, lambda _: wrong) == wanted
    assert model.found(beam, known=model.known(greedy(model))) == wanted


def test_right_guesses_and_what_is_known_save_most_runs() -> None:
    model = Model(1, clear=tuple(VOCABULARY.tokenize("a a b b a b b")))
    found = model.found(NARROW)
    assert str(model.clear) in found and len(model.runs) == len(model.clear)
    model.runs.clear()
    assert model.found(NARROW, lambda prefix: model.clear[len(prefix) :]) == found
    assert len(model.runs) < len(model.clear) / 2
    model.runs.clear()
    assert model.found(NARROW, known=model.known(model.clear)) == found
    assert not model.runs


def test_no_text_is_read_twice() -> None:
    model = Model(5)
    model.found(NARROW)
    read = [prefix for run in model.runs for prefix in run]
    assert len(read) == len(set(read))


def test_what_was_found_saves_reading_what_is_much_less_likely() -> None:
    model = Model(3, sharpness=3.0)
    model.found(replace(NARROW, spread=30.0))
    all_rows = sum(map(len, model.runs))
    model.runs.clear()
    found = model.found(NARROW)
    assert sum(map(len, model.runs)) < all_rows
    assert min(found.values()) >= max(found.values()) - NARROW.spread


@pytest.mark.parametrize("seed", range(4))
def test_ways_to_write_the_same_that_are_less_likely_are_not_read(seed: int) -> None:
    model, beam = Model(seed), replace(WIDE, spread=30.0)
    each_way = model.found(beam)
    all_rows = sum(map(len, model.runs))
    model.runs.clear()
    found = model.found(beam, text=VOCABULARY.text)
    assert max(found, key=found.__getitem__) == VOCABULARY.text(tokens(max(each_way, key=each_way.__getitem__)))
    assert 1 < len(found) < len(each_way) / 2
    assert sum(map(len, model.runs)) < all_rows / 2


@pytest.mark.parametrize("seed", range(4))
def test_there_are_no_more_runs_than_are_allowed(seed: int) -> None:
    model = Model(seed)
    assert model.found(replace(WIDE, runs=3))
    assert len(model.runs) == 3

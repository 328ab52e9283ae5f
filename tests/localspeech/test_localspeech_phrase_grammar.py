"""The grammar of what is expected, over a vocabulary in which each letter is a token."""

from __future__ import annotations

import pytest

from voicebot.localspeech.phrase_grammar import PhraseGrammar, ends


def tokenize(text: str) -> list[int]:
    return list(("\u2581" + text.replace(" ", "\u2581")).encode())


IDS = {bytes([byte]): byte for byte in range(256)} | {"\u2581".encode(): 300}


def allows(grammar: PhraseGrammar, text: str) -> bool:
    """Whether ``text`` may be written, to its end; a space before a numeral is written as ``_``."""
    places = grammar.start
    for token in [300 if byte == ord("_") else byte for byte in text.replace(" ", "\u2581").encode()]:
        if token not in grammar.after(places):
            return False
        places = grammar.after(places)[token]
    return ends(places)


@pytest.mark.parametrize("text", [" yes", " Yes", " yes.", " yes no", " No, thanks", " That's right!", " no, no."])
def test_phrases_follow_one_another_with_punctuation_between_them(text: str) -> None:
    assert allows(PhraseGrammar(["yes", "no", "thanks", "That's right."], tokenize, IDS, numerals=False), text)


@pytest.mark.parametrize("text", ["", " ye", " yes ", " yesno", ".", ", yes", " maybe", "_1", " That's"])
def test_nothing_else_may_be_written(text: str) -> None:
    assert not allows(PhraseGrammar(["yes", "no", "That's right"], tokenize, IDS, numerals=False), text)


@pytest.mark.parametrize("text", ["_1", "_603-927.", " one_23", "_1, 2".replace(" 2", "_2"), " one, two"])
def test_where_digits_are_asked_for_numerals_may_be_written(text: str) -> None:
    assert allows(PhraseGrammar(["one", "two"], tokenize, IDS, numerals=True), text)


def test_a_phrase_may_be_the_beginning_of_another() -> None:
    grammar = PhraseGrammar(["account", "account balance"], tokenize, IDS, numerals=False)
    assert all(allows(grammar, text) for text in (" account", " account balance", " account account"))


def test_empty_phrases_change_nothing() -> None:
    grammar = PhraseGrammar(["", " .", "?"], tokenize, IDS, numerals=False)
    assert not grammar.after(grammar.start)

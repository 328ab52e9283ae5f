"""The grammar of what is expected, over a vocabulary in which each letter is a token."""

from __future__ import annotations

import pytest

from voicebot.localspeech.phrase_grammar import PhraseGrammar, ends
from voicebot.localspeech.vocabulary import SPACE, Vocabulary

LETTERS = Vocabulary(
    bytes(259) + b"".join(bytes([len(piece)]) + piece for piece in [SPACE.encode(), *(bytes([n]) for n in range(128))])
)


def allows(grammar: PhraseGrammar, text: str) -> bool:
    """Whether ``text`` may be written, to its end."""
    places = grammar.start
    for character in text.replace(" ", SPACE):
        token = LETTERS.ids[character.encode()]
        if token not in grammar.after(places):
            return False
        places = grammar.after(places)[token]
    return ends(places)


@pytest.mark.parametrize("text", [" yes", " Yes", " yes.", " yes no", " No, thanks", " That's right!", " no, no."])
def test_phrases_follow_one_another_with_punctuation_between_them(text: str) -> None:
    assert allows(PhraseGrammar(["yes", "no", "thanks", "That's right."], LETTERS, numerals=False), text)


@pytest.mark.parametrize("text", ["", " ye", " yes ", " yesno", ".", ", yes", " maybe", " 1", " That's"])
def test_nothing_else_may_be_written(text: str) -> None:
    assert not allows(PhraseGrammar(["yes", "no", "That's right"], LETTERS, numerals=False), text)


@pytest.mark.parametrize("text", [" 1", " 603-927.", " one 23", " 1, 2", " one, two"])
def test_where_digits_are_asked_for_numerals_may_be_written(text: str) -> None:
    assert allows(PhraseGrammar(["one", "two"], LETTERS, numerals=True), text)


def test_a_phrase_may_be_the_beginning_of_another() -> None:
    grammar = PhraseGrammar(["account", "account balance"], LETTERS, numerals=False)
    assert all(allows(grammar, text) for text in (" account", " account balance", " account account"))


def test_empty_phrases_and_endless_words_change_nothing() -> None:
    grammar = PhraseGrammar(["", " .", "?", "a " + 41 * "b"], LETTERS, numerals=False)
    assert not grammar.after(grammar.start)

from __future__ import annotations

import pytest

from voicebot.localspeech import prepare_models
from voicebot.localspeech.vocabulary import Vocabulary, read_tokenizer


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(prepare_models().tokenizer.read_bytes())


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("billing", ["b", "illing"]),  # not "bill" and "ing", which are longer
        ("Invoice", ["In", "voice"]),
        ("a technician", ["a", "techn", "ician"]),
        ("0", ["", "0"]),  # a numeral has a piece of its own, and so has the space before it
    ],
)
def test_words_are_cut_as_the_model_cuts_them(vocabulary: Vocabulary, text: str, pieces: list[str]) -> None:
    tokens = vocabulary.tokenize(text)
    assert [vocabulary.text([token]) for token in tokens] == pieces
    assert vocabulary.text(tokens) == text


def test_what_has_no_piece_is_written_in_bytes(vocabulary: Vocabulary) -> None:
    tokens = vocabulary.tokenize("\U0001f600")
    assert vocabulary.text(tokens) == "\U0001f600"
    assert all(token < 259 for token in tokens[1:])


def test_pieces_of_one_letter_are_not_taken_for_bytes(vocabulary: Vocabulary) -> None:
    """The model writes bytes only where it has no piece."""
    assert all(token >= 259 for token in vocabulary.tokenize("nights, 23."))


def test_the_vocabulary_has_lengths_of_one_or_two_bytes() -> None:
    long = b"x" * 200
    assert read_tokenizer(b"\x00\x02ab" + bytes([200 - 128 + 128, 1]) + long + b"\x01c") == [b"", b"ab", long, b"c"]

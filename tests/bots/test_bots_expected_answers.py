"""What a bot says of the answer that it expects."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.bots.expected_answers import MAX_PHRASE, MAX_PHRASES, expected_answer
from voicebot.events import AnswerKind


def test_a_bot_says_it_outright() -> None:
    told = {
        "kind": "choice", "answers": ["Billing", "account", "Account  balance!"], "beside": ["Please"],
        "commands": ["an Agent"], "min": 2, "max": 900, "words": ["One"], "others": ["ten"],
    }  # fmt: skip
    found = expected_answer(told)
    assert found is not None
    assert (found.kind, found.least, found.most) == (AnswerKind.CHOICE, 2, 100)
    assert found.answers == {"billing", "account", "account balance"}
    assert (found.beside, found.commands) == ({"please"}, {"an agent"})
    assert (found.words, found.others) == ({"one"}, {"ten"})


def test_answers_that_another_begins_with_are_open_unless_the_bot_says_which() -> None:
    answers = ["account", "account balance", "no", "no problem"]
    for said, open_answers in (({}, {"account", "no"}), ({"openAnswers": ["Account", "else"]}, {"account"})):
        found = expected_answer({"kind": "choice", "answers": answers} | said)
        assert found is not None and found.open_answers == open_answers


@pytest.mark.parametrize(
    "wrong",
    [None, 1, "digits", [], {}, {"kind": 3}, {"kind": []}, {"kind": "any"}, {"min": 4, "max": 4}, {"kind": None}],
)
def test_what_has_no_kind_is_none(wrong: Any) -> None:
    assert expected_answer(wrong) is None


@pytest.mark.parametrize(
    "wrong", [None, 1, "yes", {"yes": 1}, [1, None, ["yes"], {}, "", "...", "x" * (MAX_PHRASE + 1)]]
)
def test_of_wrong_lists_and_numbers_nothing_is_taken(wrong: Any) -> None:
    lists = ("answers", "openAnswers", "beside", "commands", "words", "others")
    found = expected_answer({"kind": "open", "min": wrong, "max": wrong} | dict.fromkeys(lists, wrong))
    bare = expected_answer({"kind": "open"})
    assert found is not None and found.answers == frozenset() and found == (
        bare if wrong != 1 else expected_answer({"kind": "open", "min": 1, "max": 1})
    )  # fmt: skip


def test_long_lists_are_cut() -> None:
    found = expected_answer({"kind": "choice", "answers": [f"answer {n}" for n in range(9 * MAX_PHRASES)]})
    assert found is not None and len(found.answers) == MAX_PHRASES

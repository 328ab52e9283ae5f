"""What a bot says of the answer that it expects."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.bots.cards import MAX_CHOICES
from voicebot.bots.expected_answers import MAX_PHRASE, MAX_PHRASES, expected_answer
from voicebot.bots.interpretation import Interpreter
from voicebot.events import AnswerKind, CallConfigured, ExpectedAnswer
from voicebot.turns.expected_answer import Judgement, judge


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


def suggested(*titles: Any, **more: Any) -> dict[str, Any]:
    actions = [
        title if isinstance(title, dict) else {"type": "imBack", "title": title, "value": title} for title in titles
    ]
    return {"type": "message", "text": "Which one?", "suggestedActions": {"actions": actions}} | more


def answers(interpreter: Interpreter, activity: dict[str, Any], request: int = 1) -> list[ExpectedAnswer | None]:
    events = interpreter.events(activity, request, 0.0)
    return [event.answer for event in events if isinstance(event, CallConfigured)]


def hero(*buttons: dict[str, Any]) -> dict[str, Any]:
    card = {"contentType": "application/vnd.microsoft.card.hero", "content": {"title": "Which?", "buttons": [*buttons]}}
    return {"type": "message", "attachments": [card]}


def adaptive(body: list[Any], actions: list[Any]) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "body": body, "actions": actions}
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }


OFFERS = {
    "suggested actions": suggested("Billing", "Account balance"),
    "with speech": suggested("Billing", "Account balance", speak="Billing, or balance?", inputHint="expectingInput"),
    "numbered": suggested("1. Billing", "(2) Account balance"),
    "buttons of a card": hero(
        {"type": "imBack", "title": "Billing"}, {"type": "postBack", "title": "Account balance", "value": {"id": 3}},
        {"type": "openUrl", "title": "Our page", "value": "https://example.com"},
    ),
    "actions of an Adaptive Card": adaptive(
        [{"type": "ActionSet", "actions": [{"type": "Action.Submit", "title": "Billing"}]}],
        [{"type": "Action.Submit", "title": "Account balance"}, {"type": "Action.OpenUrl", "title": "Our page"}],
    ),
    "a set of choices": adaptive(
        [{"type": "Input.ChoiceSet", "choices": [{"title": "Billing", "value": "1"}, {"title": "Account balance"}]}], []
    ),
}  # fmt: skip


@pytest.mark.parametrize("offer", OFFERS)
def test_what_another_bot_offers_is_what_it_expects(offer: str) -> None:
    (found,) = answers(Interpreter(), OFFERS[offer])
    assert found is not None and found.kind is AnswerKind.CHOICE
    assert {"billing", "account balance", "account"} <= found.answers and "our page" not in found.answers
    assert found.open_answers == {"account"}
    judged = [judge(text, found) for text in ("Billing, please.", "um account balance", "account", "what", "um")]
    assert judged == [Judgement.COMPLETE, Judgement.COMPLETE, Judgement.ENOUGH, Judgement.OTHER, Judgement.NOTHING]


def test_the_first_word_is_the_beginning_of_what_it_may_become() -> None:
    (found,) = answers(Interpreter(), suggested("Account balance", "Account number", "Yes, call me", "No"))
    texts = ("account", "yes", "Yes, call me.", "no")
    assert [judge(text, found) for text in texts] == [
        Judgement.BEGINNING, Judgement.ENOUGH, Judgement.COMPLETE, Judgement.COMPLETE,
    ]  # fmt: skip


def test_titles_and_values_are_answers() -> None:
    said = {"title": "About a bill", "value": "billing", "text": "my bill", "displayText": "Bill"}
    (found,) = answers(Interpreter(), suggested(said | {"type": "messageBack"}, {"title": "Room 12", "value": 12}))
    assert found is not None
    assert {"about a bill", "billing", "my bill", "bill", "room 12", "12"} <= found.answers


def test_what_was_offered_holds_until_the_next_turn_of_the_bot() -> None:
    interpreter = Interpreter()
    plain = {"type": "message", "text": "And your name?"}
    assert answers(interpreter, plain) == []
    assert len(answers(interpreter, suggested("Yes", "No"))) == 1
    assert answers(interpreter, plain) == []  # in the same turn
    assert answers(interpreter, {"type": "typing"}, 2) == []
    assert answers(interpreter, plain, 2) == [ExpectedAnswer(AnswerKind.OPEN)]
    assert answers(interpreter, plain, 3) == []


@pytest.mark.parametrize("kind", ["message", "event"])
def test_a_bot_that_says_what_it_expects_is_believed(kind: str) -> None:
    told = {"channelData": {"sessionParams": {"expectedAnswer": {"kind": "digits", "min": 4, "max": 4}}}}
    interpreter = Interpreter()
    answers(interpreter, suggested("Yes", "No"))
    (found,) = answers(interpreter, suggested("Yes", "No", type=kind) | told, 2)
    assert found is not None and found.kind is AnswerKind.DIGITS
    assert answers(interpreter, {"type": "message", "text": "Four digits, please."}, 2) == []
    assert answers(interpreter, {"type": "message", "text": "Four digits, please."}, 3) == []


@pytest.mark.parametrize("hint", ["ignoringInput", "ignoringSpeechInput"])
def test_nothing_is_expected_where_nothing_can_be_said(hint: str) -> None:
    assert answers(Interpreter(), suggested("Yes", "No", inputHint=hint)) == []


def test_our_own_dialogs_say_it_themselves() -> None:
    assert answers(Interpreter(files=True), suggested("Yes", "No")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"suggestedActions": None}, {"suggestedActions": []}, {"suggestedActions": {"actions": "x"}},
        {"suggestedActions": {"actions": [None, 1, [], {"title": {}}, {"title": "…"}, {"title": "x" * 101}]}},
        {"attachments": {}}, {"attachments": [None, {"content": []}]},
        {"attachments": [{"content": {"buttons": 7, "body": [1, {"actions": 2}]}}]},
        {"inputHint": ["ignoringInput"]}, {"inputHint": {}},
    ],
)  # fmt: skip
def test_what_is_wrong_offers_nothing(wrong: dict[str, Any]) -> None:
    assert answers(Interpreter(), {"type": "message", "text": "Hello."} | wrong) == []


def test_many_offers_are_cut() -> None:
    (found,) = answers(Interpreter(), suggested(*(f"thing{n} here" for n in range(1000))))
    assert found is not None and len(found.answers) == 2 * MAX_CHOICES


@pytest.mark.parametrize(
    ("told", "likely"),
    [
        (["yes", "no"], ("yes", "no")),
        (["one", 2, None, "", "x" * 200, "three"], ("one",)),
        (["a", "b", "c", "d", "e"], ("a", "b", "c", "d")),
        ("yes", ()),
        (None, ()),
    ],
)
def test_likely_answers_are_a_few_phrases_as_they_are_said(told: object, likely: tuple[str, ...]) -> None:
    found = expected_answer({"kind": "choice", "likely": told})
    assert found is not None and found.likely == likely

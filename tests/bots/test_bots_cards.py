"""Cards, for somebody who cannot see them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots import events_from_activity
from voicebot.events import BotMessage

ADAPTIVE = {
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {
        "type": "AdaptiveCard",
        "body": [
            {"type": "TextBlock", "text": "**Your bill**"},
            {"type": "TextBlock", "text": "never shown", "isVisible": False},
            {"type": "ColumnSet", "columns": [{"type": "Column", "items": [{"type": "TextBlock", "text": "March"}]}]},
            {"type": "FactSet", "facts": [{"title": "Due:", "value": "$84"}]},
            {"type": "Input.ChoiceSet", "choices": [{"title": "Pay now", "value": "1"}]},
        ],
        "actions": [
            {"type": "Action.Submit", "title": "Pay later"},
            {"type": "Action.OpenUrl", "title": "Terms", "url": "https://x"},
        ],
    },
}
HERO = {
    "contentType": "application/vnd.microsoft.card.hero",
    "content": {
        "title": "Size",
        "text": "Which one?",
        "buttons": [
            {"type": "imBack", "title": "Small", "value": "s"},
            {"type": "openUrl", "title": "Our page", "value": "https://x"},
        ],
    },
}


def said(**message: Any) -> str:
    (event,) = events_from_activity({"type": "message", **message}, 1, 0.0)
    assert isinstance(event, BotMessage)
    return event.speak


def test_an_adaptive_card_is_read_in_order_with_its_choices_behind() -> None:
    assert said(attachments=[ADAPTIVE]) == "Your bill. March. Due: $84. Pay later, or Pay now?"


def test_what_opens_a_page_is_no_choice() -> None:
    assert said(attachments=[HERO]) == "Size. Which one? Small?"


def test_beside_a_text_the_card_is_said_as_well_and_its_choices_last() -> None:
    assert said(text="We have two sizes.", attachments=[HERO]) == "We have two sizes. Size. Which one? Small?"


def test_a_cards_own_speech_wins() -> None:
    own = {"content": {**ADAPTIVE["content"], "speak": "You owe $84."}}  # type: ignore[dict-item]
    assert said(attachments=[own]) == "You owe $84. Pay later, or Pay now?"


def test_a_choice_is_named_by_the_whole_of_it_only() -> None:
    long = "I would like to change my address"
    actions = {"actions": [{"title": long}, {"title": f"{long} and my name"}, {"title": "no"}]}
    assert said(text=f"Say: {long}, or No", suggestedActions=actions).endswith(f", or No {long} and my name?")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab<*", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["content", "body", "items", "type", "facts", "title"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_json_makes_it_fail(value: Any) -> None:
    for attachment in (value, {"content": value}, {"content": {"body": value, "actions": value}}):
        assert isinstance(said(attachments=[attachment, attachment]), str)
        said(text=value, attachments=attachment, suggestedActions=value, textFormat=value, locale=value, entities=value)

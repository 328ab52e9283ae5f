"""Cards, for somebody who cannot see them."""

from __future__ import annotations

from typing import Any

import pytest
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


def card(*body: Any) -> dict[str, Any]:
    return {"contentType": ADAPTIVE["contentType"], "content": {"type": "AdaptiveCard", "body": list(body)}}


def block(text: Any, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, **more}


def classic(kind: str = "hero", **content: Any) -> dict[str, Any]:
    return {"contentType": f"application/vnd.microsoft.card.{kind}", "content": content}


BODIES: list[tuple[str, list[Any], str]] = [
    ("rich text", [{"type": "RichTextBlock", "inlines": ["Room ", {"type": "TextRun", "text": "204"}]}], "Room 204."),
    (
        "a citation in it",
        [{"type": "RichTextBlock", "inlines": ["At 7.", {"type": "CitationRun", "text": "1"}]}],
        "At 7.",
    ),
    (
        "a table",
        [
            {
                "type": "Table",
                "rows": [
                    {"type": "TableRow", "cells": [{"items": [block("Single")]}, {"items": [block("$99")]}]},
                    {
                        "type": "TableRow",
                        "cells": [{"items": [block("Double"), block("with bath")]}, {"items": [block("$129")]}],
                    },
                ],
            }
        ],
        "Single, $99. Double with bath, $129.",
    ),
    (
        "facts",
        [{"type": "FactSet", "facts": [{"title": "Due:", "value": "Friday"}, {"value": 41}]}],
        "Due: Friday. 41.",
    ),
    ("a fact without a value", [{"type": "FactSet", "facts": [{"title": "Due"}, "x", None]}], ""),
    (
        "columns",
        [{"type": "ColumnSet", "columns": [{"items": [block("From")]}, {"items": [block("Ulm")]}]}],
        "From. Ulm.",
    ),
    (
        "a container",
        [{"type": "Container", "items": [block("a"), {"type": "Container", "items": [block("b")]}]}],
        "a. b.",
    ),
    ("what is not visible", [block("Shown"), block("hidden", isVisible=False)], "Shown."),
    ("in what is not visible", [{"type": "Container", "isVisible": False, "items": [block("x")]}, block("y")], "y."),
    ("a picture", [{"type": "Image", "url": "https://x", "altText": "A room with a view"}], "A room with a view."),
    ("pictures", [{"type": "ImageSet", "images": [{"type": "Image", "altText": "One"}, {"type": "Image"}]}], "One."),
    ("a film", [{"type": "Media", "altText": "How to get here", "sources": []}], "How to get here."),
    ("a question", [{"type": "Input.Text", "id": "a", "label": "Your name"}], "Your name?"),
    ("a question with a mark", [{"type": "Input.Date", "label": "When do you arrive?"}], "When do you arrive?"),
    ("a question that stands inside", [{"type": "Input.Number", "placeholder": "How many nights"}], "How many nights?"),
    ("a question to be ticked", [{"type": "Input.Toggle", "title": "I agree", "valueOn": "yes"}], "I agree?"),
    (
        "a choice",
        [{"type": "Input.ChoiceSet", "label": "Which bed?", "choices": [{"title": "Single"}, {"title": "Double"}]}],
        "Which bed? Single, or Double?",
    ),
    (
        "actions",
        [
            block("Done."),
            {
                "type": "ActionSet",
                "actions": [
                    {"type": "Action.Submit", "title": "Again"},
                    {"type": "Action.OpenUrl", "title": "Site"},
                    {"type": "Action.ShowCard", "title": "More"},
                    {"type": "Action.ToggleVisibility", "title": "Hide"},
                    {"type": "Action.Execute", "title": "Stop", "isEnabled": False},
                ],
            },
        ],
        "Done. Again?",
    ),
    (
        "the pages of a carousel",
        [{"type": "Carousel", "pages": [{"items": [block("One")]}, {"items": [block("Two")]}]}],
        "One. Two.",
    ),
    ("an element that we do not know", [{"type": "Chart.Pie", "fallback": block("Half of it")}], "Half of it."),
    ("one without a fallback", [{"type": "Chart.Pie", "fallback": "drop"}, block("x")], "x."),
    ("numbers", [block(42), block(1.5)], "42. 1.5."),
    ("Markdown", [block("**Bold** [here](https://x.example)"), block("- a\n- b")], "Bold here. a. b."),
    ("what makes no sense", [None, 3, "x", [], {}, {"type": []}, {"type": "Table", "rows": 3}, block(None)], ""),
]


@pytest.mark.parametrize(("body", "heard"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_an_adaptive_card_is_heard_as_it_is_seen(body: list[Any], heard: str) -> None:
    assert said(attachments=[card(*body)]) == heard


CLASSIC: list[tuple[str, dict[str, Any], str]] = [
    (
        "hero",
        classic(title="Room 12", subtitle="Free from 3 p.m.", text="With a view."),
        "Room 12. Free from 3 p.m. With a view.",
    ),
    ("its pictures", classic(title="Room", images=[{"url": "x", "alt": "A bed"}, {"url": "y"}]), "Room. A bed."),
    ("thumbnail", classic("thumbnail", title="T", text="x"), "T. x."),
    (
        "audio",
        classic("audio", title="Our song", media=[{"url": "https://x/a.mp3"}], image={"alt": "A band"}),
        "Our song. A band.",
    ),
    (
        "sign in",
        classic("signin", text="Please sign in", buttons=[{"type": "signin", "title": "Sign in", "value": "u"}]),
        "Please sign in.",
    ),
    (
        "OAuth",
        classic("oauth", text="Sign in first", connectionName="c", buttons=[{"type": "signin", "title": "Go"}]),
        "Sign in first.",
    ),
    (
        "links",
        classic(
            text="Which?",
            buttons=[
                {"type": "openUrl", "title": "Site", "value": "https://x"},
                {"type": "downloadFile", "title": "PDF", "value": "u"},
                {"type": "call", "title": "Call", "value": "tel:1"},
                {"type": "imBack", "title": "Small", "value": "s"},
                {"type": "postBack", "title": "Large", "value": "l"},
                {"type": 7, "title": "Odd"},
                "x",
            ],
        ),
        "Which? Small, or Large?",
    ),
    (
        "receipt",
        classic(
            "receipt",
            title="Order 7",
            facts=[{"key": "Paid by", "value": "card"}],
            items=[
                {"title": "Coffee", "price": "$3", "quantity": "2"},
                {"title": "Cake", "subtitle": "apple", "price": "$4"},
            ],
            tax="$1",
            total="$11",
        ),
        "Order 7. Paid by: card. 2 Coffee, $3. Cake, apple, $4. Tax: $1. Total: $11.",
    ),
]


@pytest.mark.parametrize(("attachment", "heard"), [case[1:] for case in CLASSIC], ids=[case[0] for case in CLASSIC])
def test_a_classic_card_is_heard(attachment: dict[str, Any], heard: str) -> None:
    assert said(attachments=[attachment]) == heard


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

"""What is told of a played call, what of its script is missing, and how it is printed."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from voicebot.caller.forking import ForkReport
from voicebot.caller.two_people import TwoPeople, parse_two_people
from voicebot.commands.assist_told import ToldEvents, missing, shows
from voicebot.commands.assist_transcript import AssistPrinter

SCRIPT = """
caller: {name: Ada, number: "+15550101"}
agent: {name: Ben, number: "7001"}
expect: [sentiment, suggestion, checklist]
steps:
  - agent: "Good morning, how can I help you?"
  - caller: "My card is four one one one, one one one one, one one one one, one one one one."
    secret: "4111111111111111"
  - caller: "It is seven eight nine."
    secret: "789"
    unheard: true
"""
CARD = "four one one one one one one one one one one one one one one one"


def line(key: str, role: str, text: str, at_ms: int, *, partial: bool = False) -> dict[str, Any]:
    begin = text.find("[card number]")
    marks = [{"BeginOffsetChar": begin, "EndOffsetChar": begin + 13, "Category": "card number"}] if begin >= 0 else []
    return {
        "EventType": "Utterance",
        "UtteranceId": key,
        "ParticipantRole": role,
        "IsPartial": partial,
        "BeginOffsetMillis": at_ms,
        "Content": text,
        "Redaction": {"CharacterOffsets": marks},
    }


def events() -> dict[str, dict[str, Any]]:
    """All that is to come, by names."""
    return {
        "greeting": line("u1", "AGENT", "Good morning, how can I help?", 0),
        "card": line("u2", "CUSTOMER", "My card is [card number].", 4_000),
        "mood": {
            "EventType": "Sentiment", "UtteranceId": "u1", "Sentiment": "POSITIVE", "Score": 0.5, "Trend": 0.25,
        },
        "suggestion": {
            "EventType": "Suggestion", "SuggestionId": "s", "Title": "Cards", "Content": "Pause [it].",
            "Source": "a.md",
        },
        "item": {"EventType": "ChecklistItem", "ItemId": "i", "Content": "Greets", "DoneBy": "u1"},
        "pause": {"EventType": "Listening", "IsListening": False, "Why": "rule", "AtSource": True},
        "summary": {"EventType": "Summary", "Reason": "To pay", "Promised": ["A [letter]"], "OpenPoints": []},
        "end": {"EventType": "Ended", "OffsetMillis": 9_000, "Reason": "client"},
    }  # fmt: skip


def lacking(told: dict[str, dict[str, Any]], report: ForkReport | None = None, **kept: str) -> list[str]:
    taken = ToldEvents()
    for event in told.values():
        taken.take(event)
    return missing(script(), taken, report or ForkReport(pauses=1), kept)


def script() -> TwoPeople:
    return parse_two_people(SCRIPT)


def test_nothing_is_missing_when_all_has_come() -> None:
    assert lacking(events(), log="port 41111") == []


@pytest.mark.parametrize(
    ("without", "told"),
    [
        ("greeting", "script:6: of what the agent says, only 0% is in the transcript"),
        ("card", "nothing was withheld"),
        ("mood", "no sentiment"),
        ("suggestion", "no suggestion (they come from the folder assist/, where the demo is started)"),
        ("item", "no item of the checklist was ticked (it is in assist/rules.yaml, where the demo is started)"),
        ("pause", "no pause at the source was told"),
        ("summary", "no summary"),
        ("end", "no end of the call"),
    ],
)
def test_what_has_not_come_is_named(without: str, told: str) -> None:
    came = events()
    del came[without]
    assert told in lacking(came)


def test_what_the_script_does_not_expect_may_be_missing() -> None:
    came = {name: event for name, event in events().items() if name not in ("mood", "suggestion", "item")}
    taken = ToldEvents()
    for event in came.values():
        taken.take(event)
    assert missing(replace(script(), expect=()), taken, ForkReport(pauses=1), {}) == []


def test_what_the_recording_client_has_met_is_told() -> None:
    found = lacking(events(), ForkReport(missed=["script:9: until paused"], cut_off=True))
    assert found == [
        "waited in vain: script:9: until paused",
        "the service has ended the call before the script was over",
        "the recording client was not asked to send nothing",
    ]


def test_a_line_under_the_wrong_role_is_missing() -> None:
    came = events()
    came["greeting"]["ParticipantRole"] = "CUSTOMER"
    assert any("of what the agent says" in one for one in lacking(came))


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("said", ["It is 4111 1111.", f"It is {CARD}", "it is 4111-1111-1111-1111", "789"])
def test_a_secret_that_was_told_even_for_a_moment_is_a_failure(said: str, partial: bool) -> None:
    came = events() | {"more": line("u9", "CUSTOMER", said, 1_000, partial=partial)}
    assert any("the secret is in the transcript" in one for one in lacking(came))


def test_a_secret_in_a_file_is_a_failure() -> None:
    assert lacking(events(), log=f"heard {CARD}") == ["script:7: the secret is in the log"]


@pytest.mark.parametrize("text", ["four one one one one one", "411111", "nine of 41 and 1111", "[card number] 2026"])
def test_six_digits_and_other_numbers_are_no_secret(text: str) -> None:
    assert not shows(text, "4111111111111111")


def printed(*told: dict[str, Any]) -> list[str]:
    out = io.StringIO()
    printer = AssistPrinter(Console(file=out, highlight=False, width=200))
    for event in told:
        printer.show(event)
    return [" ".join(line.split()) for line in out.getvalue().splitlines() if line.strip()]


def test_each_event_is_a_line_and_marks_are_shown_as_they_are() -> None:
    assert printed(*events().values()) == [
        "0.0 s agent Good morning, how can I help?",
        "4.0 s caller My card is [card number].",
        'sentiment positive +0.50, trend +0.25 "Good morning, how can I ..."',
        "suggestion Cards: Pause [it]. (a.md)",
        "checklist done: Greets",
        "listening the recording client sends nothing any more",
        "summary reason To pay",
        "summary promised A [letter]",
        "9.0 s the call has ended",
    ]


def test_a_line_that_is_told_again_says_so_and_partial_ones_are_not_printed() -> None:
    first, again = line("u", "CUSTOMER", "It is 41", 0), line("u", "CUSTOMER", "It is [card number]", 0)
    assert printed(line("u", "CUSTOMER", "It", 0, partial=True), first, first, again) == [
        "0.0 s caller It is 41",
        "0.0 s caller (again) It is [card number]",
    ]

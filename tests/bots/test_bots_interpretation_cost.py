"""The largest activities that are let in are interpreted on the loop of the calls: in 2 ms at most.

Work is counted, in lines of Python executed, so that the limit is the same on every machine. The inputs are the dearest
that were found by measuring.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from lines_run import lines_run

from voicebot.bots.interpretation import Interpreter
from voicebot.json_body import MAX_BYTES, MAX_FRACTIONS, MAX_VALUES, parse_json

MOST = 25_000
"""Lines: 1 to 2 ms of a processor of 2020."""
ROOM = MAX_BYTES - 1000


def full(piece: str) -> str:
    """``piece`` over and over, in as many bytes as an activity may have."""
    return piece * (ROOM // len(piece.encode()))


def lined(piece: str) -> str:
    """The same in lines, each of which may hold its share of mark-up."""
    return "\n".join([(piece * 40)[:39]] * (ROOM // 40 // 4))


def message(**content: Any) -> dict[str, Any]:
    return {"type": "message", **content}


def cards(body: list[Any]) -> dict[str, Any]:
    return message(attachments=[{"content": {"body": body}}] * 12)


def streamed(kind: str, text: str, identity: str = "s") -> dict[str, Any]:
    entity = {"type": "streaminfo", "streamType": kind, "streamId": identity}
    return {"type": "message" if kind == "final" else "typing", "text": text, "entities": [entity]}


PIECES = [
    "a ", "*a ", "*a* ", "**a", "*a\n*b\n", "_a ", "`a", "\\*", "\\\\", "&#1", "&a", "&amp;", "?.", "[a](b)", "![a](b)",
    "www.a ", "(1) ", "|a", "# a\n", "- a\n", "<a>", "<br>", "...", "a. ", "a.\n", "Mr. ", "1. ", "。", "é", "🎉",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_costs_more_than_a_moment(piece: str) -> None:
    texts = [message(text=make(piece)) for make in (full, lined)]
    texts.append(streamed("streaming", full(piece)))
    for activity in texts:
        assert (n := lines_run(partial(Interpreter().events, activity, 1, 0.0))) < MOST, n


@pytest.mark.parametrize("piece", PIECES)
def test_no_end_of_a_streamed_text_costs_more_than_a_moment(piece: str) -> None:
    interpreter = Interpreter()
    interpreter.events(streamed("streaming", "Yes. No. Or"), 1, 0.0)
    assert (n := lines_run(partial(interpreter.events, streamed("final", full(piece)), 1, 0.0))) < MOST, n
    for number in range(40):
        interpreter.events(streamed("streaming", full(piece), str(number)), 2, 0.0)
    assert (n := lines_run(partial(interpreter.finished, 2, 0.0))) < MOST, n


def distinct(first: int) -> str:
    return "".join(map(chr, range(first, first + 4000)))


DEAREST: dict[str, dict[str, Any]] = {
    "characters that are nothing": message(text=distinct(0x50000)),
    "private characters": message(text=distinct(0xE000)),
    "facts": cards([{"type": "FactSet", "facts": [{"title": 1, "value": 2}] * 100}]),
    "empty facts": cards([{"type": "FactSet", "facts": [{"title": [1], "value": [1]}] * 80}]),
    "blocks": cards([{"type": "TextBlock", "text": "*"}] * 100),
    "empty blocks": cards([{"type": "TextBlock", "text": ""}] * 100),
    "empty elements": cards([{}] * 200),
    "elements that are not seen": cards([{"isVisible": False}] * 200),
    "choices": cards([{"type": "Input.ChoiceSet", "choices": [{"title": "*a* &a;" * 10}] * 16}] * 8),
    "phrases": message(channelData={"sessionParams": {"sttContextPhrases": [" "] * 3900}}),
    "headers": {"type": "handoff", "value": {"headers": {f"a{number}": 1 for number in range(3900)}}},
    "other headers": {"type": "handoff", "value": {"headers": [{}] * 3900}},
    "rich text": cards([{"type": "RichTextBlock", "inlines": ["a"] * 100}] * 3),
    "tables": cards([{"type": "Table", "rows": [{"cells": [{"items": [{"type": "TextBlock", "text": "a"}]}]}] * 40}]),
    "empty tables": cards([{"type": "Table", "rows": [{"cells": [{}] * 40}] * 8}]),
    "questions": cards([{"type": "Input.Text", "label": "a b"}] * 100),
    "containers": cards([{"type": "Container", "items": [{"items": [{"items": []}]}]}] * 60),
    "a receipt": message(attachments=[{"content": {"items": [{"title": "a", "price": "1"}] * 130}}] * 12),
    "what was said before": message(
        text="a b " * 1000, attachments=cards([{"type": "TextBlock", "text": "a b"}] * 80)["attachments"]
    ),
    "marks": message(text="a.[1]" * 800),
    "marks by their place": message(text="a [1]" * 800),
    "raised marks": message(text="ab.¹" * 1000),
    "references": message(text="a[1]\n" + "[1] http://a\n" * 300),
    "definitions": message(text="[1]: http://a\n" * 280),
    "labels": message(text="[a][b]" * 600 + "\n[b]: http://a"),
    "entities": message(text="a [1]", entities=[{"citation": []}] * 1000),
    "a fragment": message(speak=full("a. <break/>")),
    "a fragment that is broken": message(speak=full("a. <s>")),
    "a fragment with what is no XML": message(speak="<s>" + full("&a; ")),
    "a document that is cut": message(speak="<speak>" + full("a. " * 10 + "<break/>")),
    "speech of cards": message(attachments=[{"content": {"speak": "<s>" + "a. <break/>" * 1500 + "</s>"}}] * 12),
    "speech": message(speak="<speak>" + full("<a/>")),
}


@pytest.mark.parametrize("name", DEAREST)
def test_no_content_costs_more_than_a_moment(name: str) -> None:
    assert (n := lines_run(partial(Interpreter().events, DEAREST[name], 1, 0.0))) < MOST, n


@pytest.mark.parametrize("value", ["1", "1.5", "-1e9", '"a"', "[]", "{}", "null"])
def test_reading_the_largest_activity_costs_no_more_than_a_moment(value: str) -> None:
    many = MAX_VALUES // MAX_FRACTIONS if value in ("1.5", "-1e9") else MAX_VALUES // 2 - 2
    body = f"[{','.join([value] * many)}]"
    assert (n := lines_run(partial(parse_json, body))) < MOST, n

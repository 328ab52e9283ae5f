"""The wire between call process and dialog host: every message there and back, and lines that are not messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voicebot.host_wire import (
    MAX_ACTIVITY,
    MAX_ACTIVITY_VALUES,
    MAX_DONE,
    MAX_LINE,
    ActivitySent,
    ConversationClosed,
    DialogPlace,
    FixedPrompt,
    FromHost,
    PictureAsked,
    PictureTold,
    Ping,
    Pong,
    PromptsAsked,
    PromptsTold,
    TextsAsked,
    TextsTold,
    ToHost,
    TrialAsked,
    TrialTold,
    TurnAsked,
    TurnDone,
    TurnFailed,
    WireError,
    WrittenJson,
    decode_from_host,
    decode_to_host,
    encode,
)


@pytest.mark.parametrize(
    "message",
    [
        TurnAsked(1, {"type": "message", "text": "grüß Gott"}, 10.0),
        TurnAsked(2, None, traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        TrialAsked(3, {"type": "message", "text": "yes"}, 0.5),
        ConversationClosed("call-1"),
        Ping(7),
        PromptsAsked(8),
        TextsAsked(9, accept=False),
        PictureAsked(10),
    ],
)
def test_what_the_call_process_says_is_understood_by_the_host(message: ToHost) -> None:
    assert decode_to_host(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        ActivitySent("call-1", 0, {"type": "typing"}),
        TurnDone("call-1", 3),
        TurnDone(
            "call-1",
            4,
            DialogPlace("main.when", ("main.hi", "main.when"), "date", None, {"day": "2026-11-30", "pin": None}),
        ),
        TurnFailed("call-1", 3, "ValueError: no"),
        TrialTold(6, ({"type": "message", "text": "Good."}, {"type": "typing"})),
        Pong(7, texts=2, trouble="redis://127.0.0.1:6379 is away"),
        PromptsTold(8, (FixedPrompt("Hello."), FixedPrompt("<speak/>", "de-DE", "file:///a.wav"))),
        TextsTold(9),
        PictureTold(10, '<svg id="a"/>'),
    ],
)
def test_what_the_host_says_is_understood_by_the_call_process(message: FromHost) -> None:
    assert decode_from_host(encode(message)) == message


DATA = {"sessionParams": {"sttContextPhrases": ["où", "so\n"], "turnPace": None, "more": [1, 2.5, {"a": "}"}]}}


@pytest.mark.parametrize(
    "activity",
    [
        {"type": "event", "name": "config", "channelData": DATA},
        {"channelData": DATA, "type": "event", "value": {"channelData": {}}},
        {"channelData": DATA},
        {"type": "event", "channelData": {}},
        {"type": "event", "value": DATA},
    ],
)
def test_what_is_written_already_is_sent_as_it_is(activity: dict[str, Any]) -> None:
    ready = {name: WrittenJson(value) if isinstance(value, dict) else value for name, value in activity.items()}
    for message in (ActivitySent("call-1", 3, ready), TrialTold(6, (ready,)), TurnAsked(1, ready)):
        line = encode(message)
        assert line.endswith(b"\n") and line.count(b"\n") == 1
        told = decode_to_host(line) if isinstance(message, TurnAsked) else decode_from_host(line)
        assert told == message
    assert json.loads(WrittenJson(DATA).text) == DATA and WrittenJson(DATA) == DATA


def test_a_message_is_one_line_and_a_prompt_without_a_file_names_none() -> None:
    line = encode(PromptsTold(1, (FixedPrompt("a\nb"),)))
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line) == {"op": "prompts", "id": 1, "prompts": [{"text": "a\nb", "locale": ""}]}


@pytest.mark.parametrize("activity", [{"value": {1, 2}}, {"text": "\ud800"}, {"text": "x" * MAX_LINE}])
def test_what_does_not_fit_into_a_line_is_not_sent(activity: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        encode(TurnAsked(1, activity))


@pytest.mark.parametrize("value", ["x" * MAX_ACTIVITY, [0] * MAX_ACTIVITY_VALUES, [{}] * (MAX_ACTIVITY_VALUES // 2)])
def test_an_activity_that_takes_long_to_read_is_neither_sent_nor_read(value: object) -> None:
    """By the call process, in which it would keep the media of all calls waiting."""
    with pytest.raises(WireError, match="an activity of more than"):
        encode(ActivitySent("c", 1, {"value": value}))
    line = encode(TurnAsked(1, {"value": value})).replace(b'"op":"turn","request":1', b'"op":"activity","request":1')
    with pytest.raises(WireError, match="an activity of more than"):
        decode_from_host(line)


@pytest.mark.parametrize(
    "place",
    [None, [], {}, {"step": 7}, {"step": "a.b", "path": [1], "took": "", "value": "", "variables": {}}, "main.when"],
)
def test_a_turn_is_over_also_where_its_place_makes_no_sense(place: object) -> None:
    line = json.dumps({"op": "done", "conversation": "c", "request": 1, "place": place})
    assert decode_from_host(line.encode()) == TurnDone("c", 1)


def test_a_place_that_takes_long_to_read_is_not_read() -> None:
    line = encode(TurnDone("c", 1, DialogPlace("main.when", variables={"x": "y" * MAX_DONE})))
    with pytest.raises(WireError, match="the end of a turn in more than"):
        decode_from_host(line)


def test_the_longest_line_fits() -> None:
    room = MAX_LINE - len(encode(TurnAsked(1, "")))
    assert len(encode(TurnAsked(1, "x" * room))) == MAX_LINE
    with pytest.raises(WireError, match="longer than"):
        encode(TurnAsked(1, "x" * (room + 1)))


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"op":"turn","activity":{}}',
        b'{"op":"turn","request":"1"}',
        b'{"op":"close","conversation":7}',
        b'{"op":"texts","id":1,"accept":"yes"}',
        b'{"op":"done","conversation":"c","request":1}',
    ],
)
def test_a_line_that_is_not_a_message_to_a_host_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        decode_to_host(line)


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b'{"op":"activity","conversation":"c","request":1}',
        b'{"op":"done","request":1}',
        b'{"op":"failed","conversation":"c","request":1}',
        b'{"op":"pong","id":1}',
        b'{"op":"prompts","id":1,"prompts":{}}',
        b'{"op":"turn","request":1,"activity":{}}',
    ],
)
def test_a_line_that_is_not_a_message_from_a_host_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        decode_from_host(line)


def test_malformed_prompts_are_left_out() -> None:
    line = b'{"op":"prompts","id":1,"prompts":[{"text":3},"x",{"text":"Hi","locale":null}]}'
    assert decode_from_host(line) == PromptsTold(1, (FixedPrompt("Hi"),))

"""Streamed text is said sentence by sentence, all of it, and never twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots.interpretation import Interpreter
from voicebot.bots.streamed_text import MAX_SENTENCES, StreamedText, StreamInfo, stream_info
from voicebot.events import BotMessage, CallConfigured, InputHint


def part(text: str, sequence: int | None = None, delta: bool = False) -> tuple[StreamInfo, str]:
    return StreamInfo("s", "streaming", sequence, delta), text


FINAL = StreamInfo("s", "final", None, False)


def test_a_sentence_is_given_out_when_the_next_begins() -> None:
    stream = StreamedText()
    assert stream.part(*part("Your bill is 3."), 1) == []
    assert stream.part(*part("Your bill is 3.50 dollars."), 1) == []
    assert stream.part(*part("Your bill is 3.50 dollars. It is"), 1) == ["Your bill is 3.50 dollars."]
    assert stream.final(FINAL, "Your bill is 3.50 dollars. It is due.") == "It is due."


def test_deltas_are_put_together() -> None:
    stream = StreamedText()
    said = [sentence for text in ("One. T", "wo. ", "Three") for sentence in stream.part(*part(text, delta=True), 1)]
    assert said == ["One.", "Two."]
    assert stream.final(StreamInfo("s", "final", None, True), "!") == "Three!"


def test_repeated_and_late_parts_change_nothing() -> None:
    stream = StreamedText()
    assert stream.part(*part("One. Two. Th", 3), 1) == ["One.", "Two."]
    assert stream.part(*part("One. Two. Th", 3), 1) == []
    assert stream.part(*part("One.", 1), 1) == []
    assert stream.part(*part("One. Two. Three. F", 4), 1) == ["Three."]


def test_a_rewritten_final_says_what_was_not_said() -> None:
    stream = StreamedText()
    stream.part(*part("Let me see. You owe 5 dollars. A"), 1)
    assert stream.final(FINAL, "Certainly! Let me see. You owe 6 dollars.") == "Certainly! You owe 6 dollars."


def test_a_rewritten_text_of_very_many_sentences_is_said_to_its_end() -> None:
    stream = StreamedText()
    stream.part(*part("Let me see. Yes"), 1)
    sentences = [f"{number} apples." for number in range(2 * MAX_SENTENCES)]
    assert stream.final(FINAL, " ".join(["Sure.", "Let me see.", *sentences])) == " ".join(["Sure.", *sentences])


def test_a_stream_without_a_final_is_not_cut_off() -> None:
    stream = StreamedText()
    stream.part(*part("One. And the r"), 4)
    assert stream.left(3) == []
    assert stream.left(4) == ["And the r"]
    assert stream.left(4) == []


@pytest.mark.parametrize("text", ["Ask Dr. Who about it", "1. First", "See **this. And that", "[a. b", "```x. y"])
def test_no_cut_where_no_sentence_ends(text: str) -> None:
    assert StreamedText().part(*part(text), 1) == []


@given(st.text("ab.!?\n *[]`。 1", max_size=80), st.lists(st.integers(0, 80), max_size=10), st.booleans())
def test_whatever_the_parts_all_is_said_once_in_order(text: str, cuts: list[int], delta: bool) -> None:
    edges = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    stream, said = StreamedText(), []
    for number, (a, b) in enumerate(pairwise(edges)):
        said += stream.part(*part(text[a:b] if delta else text[:b], number, delta), 1)
    rest = stream.final(FINAL, text)
    whole = text if rest is None else " ".join([*said, rest])
    assert "".join(whole.split()) == "".join(text.split())


def stream(kind: str, text: str, **more: Any) -> dict[str, Any]:
    entity = {"type": "streaminfo", "streamType": kind, "streamId": "s"}
    return {"type": "message" if kind == "final" else "typing", "text": text, "entities": [entity], **more}


def test_an_interpreter_speaks_a_stream_and_keeps_what_the_final_brings() -> None:
    interpreter = Interpreter()
    assert interpreter.events(stream("informative", "Thinking…"), 2, 0.0) == []
    (first,) = interpreter.events(stream("streaming", "It is **5** dollars. Any"), 2, 0.1)
    assert first == BotMessage(0.1, 2, "It is **5** dollars.", "It is 5 dollars.")
    final = stream("final", "It is **5** dollars. Anything else?", inputHint="expectingInput", speak="all of it again")
    final["suggestedActions"] = {"actions": [{"title": "Pay"}, {"title": "Wait"}]}
    offered, last = interpreter.events(final, 2, 0.2)
    assert isinstance(offered, CallConfigured) and isinstance(last, BotMessage)
    assert last.speak == "Anything else? Pay, or Wait?"
    assert last.hint is InputHint.EXPECTING


def test_a_final_without_parts_is_an_ordinary_message() -> None:
    (message,) = Interpreter().events(stream("final", "Hello.", speak="<speak>Hello</speak>"), 1, 0.0)
    assert message.speak == "<speak>Hello</speak>"


def test_channel_data_tells_the_stream_too() -> None:
    data = {"streamType": "streaming", "streamId": "x", "streamSequence": 2, "chunkType": "delta"}
    assert stream_info({"type": "typing", "channelData": data}) == StreamInfo("x", "streaming", 2, True)
    assert stream_info({"type": "typing"}) is None

"""Server-sent events, however they are cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots.server_sent_events import MAX_EVENT, EventStream

STREAM = b": hello\r\nevent: activity\r\ndata: {\r\ndata: }\r\n\r\ndata:x\n\nevent: end\rdata: end\r\r"
EVENTS = [("activity", "{\n}"), ("message", "x"), ("end", "end")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = sorted({0, len(STREAM), *cuts})
    stream = EventStream()
    found = [event for a, b in itertools.pairwise(edges) for event in stream.feed(STREAM[a:b])]
    assert found == EVENTS


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    EventStream().feed(data)


def test_an_event_without_end_takes_no_more_than_its_bound() -> None:
    stream = EventStream()
    for _ in range(20):
        assert stream.feed(b"data: " + b"x" * 100_000) == []
    assert len(stream._line) <= MAX_EVENT
    assert stream.feed(b"\n\ndata: fine\n\n") == [("message", "fine")]
    assert stream.dropped == 1

"""The trace of a real call, at a collector that reads the official messages; and calls whose collector is away."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from served import Service, SpeechDouble
from telephone import calling
from trace_collector import TraceCollector, values

from voicebot.traces import spans_of

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed")

SLACK_NS = 100_000
"""A record has tenths of a millisecond."""


async def call(service: Service) -> dict[str, Any]:
    """A call in which something is asked and answered; its record."""
    async with calling(service.uri) as telephone:
        await telephone.answer(telephone.answered)
        await telephone.ask()
    assert telephone.call is not None
    return service.record(telephone.call.call_id)


def lines(service: Service, record: dict[str, Any]) -> list[dict[str, Any]]:
    """What the log has on the call."""
    told = [json.loads(line) for line in service.log().splitlines() if line.startswith("{")]
    return [line for line in told if line.get("call") == record["id"]]


def length_ms(span: Span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6


@pytest.mark.long
async def test_a_call_can_be_followed_at_the_collector_and_goes_on_without_one(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    double = speak(texts=["opening hours please"], cycle=True)
    with TraceCollector() as collector:
        service = serve(
            speech__service="url", speech__url=double.url, traces__endpoint=collector.url, log__json_lines=True
        )
        record = await call(service)
        expected = [(span.id, span.start_ns, span.end_ns) for span in spans_of(record)]
        spans = collector.until(len(expected))
        sent = [(span.span_id.hex(), span.start_time_unix_nano, span.end_time_unix_nano) for span in spans]
        assert sent == expected
        check_tree(spans, record)
        check_times(collector, record)
        assert {line.get("trace_id") for line in lines(service, record)} == {record["id"]}
        assert {headers["content-type"] for headers in collector.requests} == {"application/x-protobuf"}
    again = await call(service)
    assert {"start", "speech"} <= {turn["kind"] for turn in again["turns"]}
    assert not again["failures"], "a collector that is away costs a call nothing"


def check_tree(spans: list[Span], record: dict[str, Any]) -> None:
    assert {span.trace_id.hex() for span in spans} == {record["id"]}
    known = {span.span_id: span for span in spans}
    assert len(known) == len(spans)
    (root,) = (span for span in spans if not span.parent_span_id)
    assert (root.name, values(root)["sip.call_id"]) == ("call", record["call_id"])
    for span in spans:
        if span is not root:
            parent = known[span.parent_span_id]
            assert parent.name == ("call" if span.name in ("INVITE", "turn") else "turn"), span.name
            assert span.start_time_unix_nano >= parent.start_time_unix_nano - SLACK_NS
            assert span.end_time_unix_nano <= parent.end_time_unix_nano + SLACK_NS


def check_times(collector: TraceCollector, record: dict[str, Any]) -> None:
    (root,), (invite,) = collector.named("call"), collector.named("INVITE")
    assert length_ms(root) == pytest.approx(record["duration_ms"], abs=0.2)
    assert length_ms(invite) == pytest.approx(record["answered_ms"], abs=0.2)
    assert len(collector.named("turn")) == len(record["turns"])
    heard = [turn for turn in record["turns"] if turn["caller"]["final_ms"] is not None]
    assert heard, record["turns"]
    for recognition, turn in zip(collector.named("recognition"), heard, strict=True):
        late = turn["caller"]["final_ms"] - turn["caller"]["speech_end_ms"]
        assert length_ms(recognition) == pytest.approx(max(0.0, late), abs=0.2)
    for bot, turn in zip(collector.named("bot"), record["turns"], strict=True):
        waited = turn["bot"]["first_message_ms"] - turn["bot"]["asked_ms"]
        assert length_ms(bot) == pytest.approx(waited, abs=0.2)
    prompts = list(itertools.chain.from_iterable(turn["bot"]["utterances"] for turn in record["turns"]))
    ready = [prompt for prompt in prompts if prompt["first_audio_ms"] is not None]
    for synthesis, prompt in zip(collector.named("synthesis"), ready, strict=True):
        assert length_ms(synthesis) == pytest.approx(prompt["first_audio_ms"] - prompt["said_ms"], abs=0.2)
    sent = [prompt for prompt in prompts if prompt["first_packet_ms"] is not None]
    assert sent
    for playout, prompt in zip(collector.named("playout"), sent, strict=True):
        end_ms = prompt["playback_end_ms"] or record["duration_ms"]
        assert length_ms(playout) == pytest.approx(end_ms - prompt["first_packet_ms"], abs=0.2)

"""The official exporter, against a collector that reads the official messages."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest
from free_port import free_port
from test_traces_spans import CALL, answered, over
from trace_collector import TraceCollector, values
from waiting import until

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed")

from voicebot.traces import export as module
from voicebot.traces import spans_of
from voicebot.traces.export import TraceExport, probe

RECORD = over(answered())
SPANS = list(spans_of(RECORD))
RESOURCE = {"service.name": "voicebot", "service.version": "1.2", "service.instance.id": "node1"}


async def test_a_collector_gets_every_span_as_it_is() -> None:
    with TraceCollector() as collector:
        export = TraceExport(collector.url, RESOURCE)
        export.start()
        export.call_ended(RECORD)
        await export.close()
        assert [span.name for span in collector.spans] == [span.name for span in SPANS]
        for sent, span in zip(collector.spans, SPANS, strict=True):
            assert sent.trace_id.hex() == CALL and sent.span_id.hex() == span.id
            assert sent.parent_span_id.hex() == span.parent
            assert (sent.start_time_unix_nano, sent.end_time_unix_nano) == (span.start_ns, span.end_ns)
            assert values(sent) == span.attributes and not sent.status.message
            assert [(event.name, event.time_unix_nano) for event in sent.events] == [
                (moment.name, moment.ns) for moment in span.moments
            ]
        assert RESOURCE.items() <= collector.resources[0].items()
        assert export.counts == {"exported": len(SPANS), "refused": 0, "dropped": 0}


async def test_failures_are_errors_at_the_collector() -> None:
    with TraceCollector() as collector:
        export = TraceExport(collector.url, RESOURCE)
        export.start()
        export.call_ended(over(answered(), "media-timeout"))
        await export.close()
        (call,) = collector.named("call")
        assert (call.status.code, call.status.message) == (2, "the call ended: media-timeout")
        assert {span.status.code for span in collector.spans if span is not call} == {0}


async def test_a_long_call_is_sent_in_portions() -> None:
    record = RECORD | {"turns": [turn | {"index": index} for index, turn in enumerate(RECORD["turns"] * 20, 1)]}
    with TraceCollector() as collector:
        export = TraceExport(collector.url, RESOURCE)
        export.start()
        export.call_ended(record)
        await export.close()
        assert len(collector.spans) == len(list(spans_of(record))) > 150
        assert len(collector.requests) == -(-len(collector.spans) // module.PORTION)


async def test_the_collectors_headers_come_from_the_exporters_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    with TraceCollector() as collector:
        export = TraceExport(f"{collector.url}/", RESOURCE)
        export.start()
        export.call_ended(RECORD)
        await export.close()
        (headers,) = collector.requests
        assert headers["authorization"] == "Basic secret" and headers["content-encoding"] == "gzip"
        assert len(collector.spans) == len(SPANS)


async def test_a_collector_that_hangs_costs_the_traces_that_find_no_place_and_the_end_a_moment(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.1)
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    with TraceCollector() as collector:
        collector.hangs = True
        export = TraceExport(collector.url, RESOURCE)
        export.start()
        export.call_ended(RECORD)
        await until(lambda: collector.requests)
        began = time.perf_counter()
        for _ in range(10):
            export.call_ended(RECORD)
        assert time.perf_counter() - began < 1.0, "calls do not wait for it"
        assert export.counts["dropped"] == 7
        await export.close()
        assert "the traces of 3 calls are lost" in caplog.text
    await until(lambda: "traces" not in [thread.name for thread in threading.enumerate()])


async def test_a_collector_that_is_away_is_told_once_and_its_return_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    caplog.set_level(logging.INFO)
    port = free_port()
    export = TraceExport(f"http://127.0.0.1:{port}", RESOURCE)
    export.start()
    for _ in range(3):
        export.call_ended(RECORD)
    await until(lambda: export.counts["refused"] == 3 * len(SPANS))
    assert export.away and caplog.text.count("takes no traces") == 1
    assert len([record for record in caplog.records if record.name.startswith("opentelemetry")]) == 1
    with TraceCollector(port) as collector:
        export.call_ended(RECORD)
        await export.close()
        assert len(collector.spans) == len(SPANS)
    assert not export.away and "takes traces again" in caplog.text


async def test_a_record_that_cannot_be_traced_harms_no_other() -> None:
    with TraceCollector() as collector:
        export = TraceExport(collector.url, RESOURCE)
        export.start()
        export.call_ended({"id": CALL})
        export.call_ended(RECORD)
        await export.close()
        assert len(collector.spans) == len(SPANS)


async def test_what_was_not_started_ends_at_once_and_leaves_no_thread() -> None:
    await TraceExport("http://127.0.0.1:9", RESOURCE).close()
    with TraceCollector() as collector:
        export = TraceExport(collector.url, RESOURCE)
        export.start()
        await export.close()
    assert "traces" not in [thread.name for thread in threading.enumerate()]


def test_a_probe_tells_whether_a_collector_is_there_and_sends_it_no_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_S", 1.5)
    with TraceCollector() as collector:
        assert probe(collector.url) == "" and not collector.spans
        collector.status = 404
        assert "404" in probe(collector.url)
    refused: Any = probe(f"http://127.0.0.1:{free_port()}")
    assert "refused" in refused

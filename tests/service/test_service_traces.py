"""Which calls are traced, what is told of it, and what is said where the extra is missing."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from voicebot.app import Application
from voicebot.service.supervisor import NotReady
from voicebot.service.traces import Traces
from voicebot.settings import Settings

CALL = "4bf92f3577b34da6a3ce929d0e0e4736"


def settings(**traces: Any) -> Settings:
    return Settings.model_validate({"traces": {"endpoint": "http://127.0.0.1:9"} | traces})


def record(reason: str = "caller", failures: int = 0) -> dict[str, Any]:
    return {"id": CALL, "end": {"reason": reason}, "failure_count": failures}


async def test_the_missing_extra_is_named_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "voicebot.traces.export", raising=False)
    missing = r"traces.endpoint: opentelemetry.exporter.* is not installed: pip install 'voicebot\[otel\]'"
    with pytest.raises(NotReady, match=missing):
        async with Application(settings()):
            pass


@pytest.mark.parametrize(
    ("share", "failed", "ended", "traced"),
    [
        (1.0, True, record(), True),
        (0.0, True, record(), False),
        (0.0, True, record(failures=1), True),
        (0.0, True, record("media-timeout"), True),
        (0.0, False, record(failures=1), False),
    ],
)
def test_calls_that_failed_are_traced_whatever_the_share(
    monkeypatch: pytest.MonkeyPatch, share: float, failed: bool, ended: dict[str, Any], traced: bool
) -> None:
    export = pytest.importorskip("voicebot.traces.export", reason="the extra otel is not installed")
    exported: list[Any] = []
    monkeypatch.setattr(export.TraceExport, "call_ended", lambda _, record: exported.append(record))
    traces = Traces(settings(share=share, failed=failed))
    traces.call_ended(ended)
    assert bool(exported) is traced
    trace = traces.of_call(CALL, 0)
    assert trace.sampled is (share > 0), "what bots are told does not know the end"


def test_the_page_and_the_metrics_tell_what_the_collector_took() -> None:
    pytest.importorskip("voicebot.traces.export", reason="the extra otel is not installed")
    traces = Traces(settings())
    assert [(figure.name, figure.values) for figure in traces.figures()] == [
        ("trace_spans", {"exported": 0, "refused": 0}),
        ("traces_dropped", {"": 0}),
    ]
    assert ("collector", "http://127.0.0.1:9: none so far") in traces.panel().facts

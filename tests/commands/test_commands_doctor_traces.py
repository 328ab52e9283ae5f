"""What ``voicebot doctor`` finds out about the collector of traces."""

from __future__ import annotations

import sys

import pytest
from free_port import free_port
from trace_collector import TraceCollector

from voicebot.commands.doctor_traces import collector
from voicebot.settings import Settings


def settings(endpoint: str) -> Settings:
    return Settings.model_validate({"traces": {"endpoint": endpoint}})


def test_a_collector_that_takes_traces_is_good() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed")
    with TraceCollector() as there:
        found = collector(settings(there.url))
        assert found.good and "takes traces" in found.detail and not there.spans


def test_a_collector_that_is_away_or_refuses_us_is_a_warning_with_the_reason() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed")
    away = collector(settings(f"http://127.0.0.1:{free_port()}"))
    assert not away.good and away.warning and "refused" in away.detail
    with TraceCollector() as there:
        there.status = 401
        refused = collector(settings(there.url))
    assert not refused.good and "401" in refused.detail and "OTEL_EXPORTER_OTLP_HEADERS" in refused.mend


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "voicebot.traces.export", raising=False)
    found = collector(settings("http://127.0.0.1:9"))
    assert not found.good and not found.warning and "voicebot[otel]" in found.detail

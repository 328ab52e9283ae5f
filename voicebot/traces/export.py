"""Sends the traces of calls to a collector: OTLP over HTTP, by OpenTelemetry's exporter. Needs the extra ``otel``.

Everything happens on one thread: making spans, encoding them, and waiting for the collector. It works in small
portions, because while Python computes on it the calls wait. Before it, records wait in a queue of bounded length. A
collector that is away, slow or hangs costs the traces that find no place there, and no call anything.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.trace import SpanKind as OtlpKind

from voicebot.traces.spans import Span, SpanKind, spans_of

logger = logging.getLogger(__name__)
exporter_logger = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")

PATH: Final = "/v1/traces"
THREAD: Final = "traces"
MAX_WAITING: Final = 100
"""Calls whose traces may wait for the collector; those of further ones are dropped."""
PORTION: Final = 32
"""Spans that are encoded and sent at once: some 3 ms of computing."""
PROBE_S: Final = 3.0
CLOSE_S: Final = 5.0
"""How long the traces that still wait at the end may take."""
_KINDS: Final = {kind: OtlpKind[kind.name] for kind in SpanKind}


class TraceExport:
    """To the collector at ``endpoint`` (a base URL, to which :data:`PATH` is added), from :meth:`start` on.

    ``resource``: attributes of this process. ``counts``: how many spans were ``exported`` or ``refused`` (by the
    collector, or as it is away), and the spans of how many calls were ``dropped`` because too many waited.

    Headers, certificates, compression and the timeout of a request are set by the exporter's own environment variables
    (``OTEL_EXPORTER_OTLP_HEADERS``, ...).
    """

    def __init__(self, endpoint: str, resource: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self.counts: Counter[str] = Counter({"exported": 0, "refused": 0, "dropped": 0})
        self.away = False
        """Whether the collector did not take what it was sent last."""
        self._resource = Resource.create(dict(resource))
        self._scope = InstrumentationScope("voicebot", resource.get("service.version"))
        self._exporter: SpanExporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH)
        self._waiting: queue.Queue[Mapping[str, Any] | None] = queue.Queue(MAX_WAITING)
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._work, name=THREAD, daemon=True)

    def start(self) -> None:
        exporter_logger.addFilter(self._worth_a_line)
        self._thread.start()

    def call_ended(self, record: Mapping[str, Any]) -> None:
        """Export the trace of the call that ``record`` is of. Returns at once."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self.counts["dropped"] += 1

    async def close(self) -> None:
        """Let what waits be exported, for :data:`CLOSE_S`. Harmless without :meth:`start`."""
        if self._thread.is_alive():
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        give_up = time.monotonic() + CLOSE_S
        try:
            self._waiting.put(None, timeout=CLOSE_S)
        except queue.Full:
            logger.warning("the traces of %d calls are lost: the collector does not take them", self._waiting.qsize())
        self._thread.join(max(0.0, give_up - time.monotonic()))
        self._given_up.set()
        self._exporter.shutdown()  # ends the pause before a repetition
        exporter_logger.removeFilter(self._worth_a_line)

    def _work(self) -> None:
        while not self._given_up.is_set() and (record := self._waiting.get()) is not None:
            try:
                self._export(record)
            except Exception:
                logger.exception("a call could not be traced", extra={"call": record.get("id", "")})

    def _export(self, record: Mapping[str, Any]) -> None:
        trace = int(record["id"], 16)
        spans = spans_of(record)
        while portion := [self._readable(trace, span) for span in itertools.islice(spans, PORTION)]:
            taken = self._exporter.export(portion) is SpanExportResult.SUCCESS
            self._told(away=not taken)
            if not taken:  # after all repetitions; the rest of the call would fare no better
                self.counts["refused"] += len(portion) + sum(1 for _ in spans)
                return
            self.counts["exported"] += len(portion)

    def _told(self, *, away: bool) -> None:
        """Log that the collector is away, and that it is back; not each portion that it does not take."""
        if away != self.away:
            self.away = away
            if away:
                logger.warning("%s takes no traces: calls go on without", self.endpoint)
            else:
                logger.info("%s takes traces again", self.endpoint)

    def _worth_a_line(self, line: logging.LogRecord) -> bool:
        """Of what the exporter logs, that is why the collector went away: not the same for every portion."""
        del line
        return not self.away

    def _readable(self, trace: int, span: Span) -> ReadableSpan:
        """``span`` as the exporter wants it. It is made whole: a tracer makes spans of what is beginning."""
        return ReadableSpan(
            span.name,
            _context(trace, span.id),
            _context(trace, span.parent) if span.parent else None,
            self._resource,
            span.attributes,
            tuple(Event(moment.name, timestamp=moment.ns) for moment in span.moments),
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.failed) if span.failed else Status(),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=self._scope,
        )


def _context(trace: int, span: str) -> SpanContext:
    return SpanContext(trace, int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def probe(endpoint: str) -> str:
    """Why the collector at ``endpoint`` does not take traces; ``""``: it does. It is sent none. Blocks for at most
    :data:`PROBE_S` and a little."""
    said = _FirstWords()
    exporter_logger.addHandler(said)
    propagated, exporter_logger.propagate = exporter_logger.propagate, False
    exporter: SpanExporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH, timeout=PROBE_S)
    try:
        taken = exporter.export(()) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()
        exporter_logger.removeHandler(said)
        exporter_logger.propagate = propagated
    return "" if taken else said.why or "it does not take traces"


class _FirstWords(logging.Handler):
    """Why an export failed. The exporter only logs that, and later on only that it gives up."""

    def __init__(self) -> None:
        super().__init__()
        self.why = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.why = self.why or record.getMessage()[:300]

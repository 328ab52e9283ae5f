"""Traces of calls, for OpenTelemetry: what became of a call and of each turn, and how long each step took.

``spans.py`` makes the spans of a call that is over out of its record, and needs nothing; ``export.py`` sends them to a
collector by the official exporter, which is an extra (``otel``) and is imported only where traces are wanted.
"""

from voicebot.traces.spans import Moment, Span, SpanKind, something_failed, spans_of

__all__ = ["Moment", "Span", "SpanKind", "something_failed", "spans_of"]

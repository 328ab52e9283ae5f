"""The traces of calls, made from the settings, and what is told of them (docs/operations.md).

OpenTelemetry is an extra, so it is imported only if the settings need it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from voicebot import __version__
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import Settings
from voicebot.trace_context import CallTrace, is_sampled
from voicebot.traces import something_failed
from voicebot.web import Figure, Panel


def require_traces() -> None:
    """Raise :class:`NotReady` if the extra is not installed."""
    try:
        import_module("voicebot.traces.export")
    except ModuleNotFoundError as missing:
        raise NotReady(f"traces.endpoint: {missing.name} is not installed: pip install 'voicebot[otel]'") from missing


def make_traces(settings: Settings) -> Traces | None:
    """None if calls are not traced. Raises :class:`NotReady`."""
    if not settings.traces.endpoint:
        return None
    require_traces()
    return Traces(settings)


class Traces:
    """Of all calls. Needs the extra: :func:`require_traces`."""

    def __init__(self, settings: Settings) -> None:
        from voicebot.traces.export import TraceExport

        self._settings = settings.traces
        resource = {"service.name": self._settings.service, "service.version": __version__}
        if settings.fleet.node:
            resource["service.instance.id"] = settings.fleet.node
        self._export = TraceExport(self._settings.endpoint, resource)

    def of_call(self, call: str, part: int) -> CallTrace:
        """The trace of a call that begins, or goes on here (:class:`~voicebot.trace_context.CallTrace`)."""
        return CallTrace(call, is_sampled(call, self._settings.share), part)

    def call_ended(self, record: Mapping[str, Any]) -> None:
        """Export the trace of an ended call, if it is wanted. ``record``: as
        :meth:`voicebot.calls.RecordBuilder.build` makes it."""
        if is_sampled(record["id"], self._settings.share) or (self._settings.failed and something_failed(record)):
            self._export.call_ended(record)

    def start(self) -> None:
        self._export.start()

    async def close(self) -> None:
        await self._export.close()

    # --- for the console

    @property
    def processes(self) -> Sequence[ChildProcess]:
        return ()

    def figures(self) -> list[Figure]:
        counts = self._export.counts
        spans = {name: counts[name] for name in ("exported", "refused")}
        return [
            Figure("trace_spans", "Spans that the collector took, and that it did not", spans, "outcome"),
            Figure("traces_dropped", "Calls without a trace, because too many waited", {"": counts["dropped"]}),
        ]

    def panel(self) -> Panel:
        counts = self._export.counts
        state = "takes none" if self._export.away else "takes them" if counts["exported"] else "none so far"
        facts = [
            ("collector", f"{self._settings.endpoint}: {state}"),
            ("spans", f"{counts['exported']} exported, {counts['refused']} not taken"),
            ("calls without a trace", str(counts["dropped"])),
        ]
        return Panel("Traces", facts, wrong=self._export.away)

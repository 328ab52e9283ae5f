"""The metrics for Prometheus at `/metrics`. docs/operations.md explains each.

Those of calls are counted from a call's record when it has ended (`voicebot.calls.record`); those of other parts of the
service are read at each request. All labels have few values: never a number, a name or the id of a call. Their series
are there from the start, with 0: of one that begins with its first event, Prometheus sees no increase.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from voicebot import __version__
from voicebot.calls import CallSession
from voicebot.calls.preparing import PreparedCounts
from voicebot.records import KILLED
from voicebot.turns import Outcome, TurnEnd

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SETUP_S = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80)
_DURATION_S = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 3600)
_GAP_S = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.3, 2, 3, 5, 10)
_LOSS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_JITTER_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
_ROUND_TRIP_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1)
_MOS = (1, 1.5, 2, 2.5, 3, 3.2, 3.4, 3.6, 3.8, 4, 4.2, 4.4)

_DIRECTIONS = ("inbound", "outbound")
_FAILURES = ("bot", "playback", "recognition")
_CALLS_UP = {("inbound", "ringing"): 0, ("inbound", "up"): 0} | dict.fromkeys(
    (("outbound", state) for state in ("calling", "ringing", "early-media", "up")), 0
)
_PACKETS = {
    "sent": "packets_sent",
    "received": "packets_received",
    "lost": "lost",
    "late": "late",
    "duplicate": "duplicate",
    "reordered": "reordered",
    "foreign": "foreign_packets",
    "malformed": "malformed",
    "not-authentic": "not_authentic",
    "remote-lost": "remote_lost",
}
_ENDS = frozenset(
    {"caller", "bot", "transfer", "media-timeout", "cancelled", "rejected", "no-ack", "no-answer", "expired", "error"}
    | {"busy", "declined", "unreachable", "refused", KILLED}
)
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric that another part of the service counts. ``values``: by the value of ``label``; without a label there is
    one, under ``""``. ``text``: its help text."""

    name: str
    text: str
    values: Mapping[str, float]
    label: str = ""
    kind: Literal["counter", "gauge"] = "counter"


class Metrics:
    """``running`` returns the running calls, ``figures`` the metrics of other parts; both are called at each request.

    :meth:`call_ended` must get the record of each call.
    """

    def __init__(
        self,
        running: Callable[[], Iterable[CallSession]] = tuple,
        figures: Callable[[], Iterable[Figure]] = tuple,
    ) -> None:
        self._running = running
        self._figures = figures
        registry = self._registry = CollectorRegistry(auto_describe=False)
        self._ends = Counter("voicebot_calls", "Calls that have ended", ["direction", "outcome"], registry=registry)
        for direction, outcome in product(_DIRECTIONS, (*_ENDS, _OTHER)):
            self._ends.labels(direction, outcome)
        self._setup = _histogram("call_setup_seconds", "INVITE to answer", _SETUP_S, registry, directions=True)
        self._duration = _histogram("call_duration_seconds", "Answer to end", _DURATION_S, registry, directions=True)
        self._gap = _histogram("response_gap_seconds", "Silence before each answer of the bot", _GAP_S, registry)
        self._turn_ends = _counter("turn_ends", "Why turns of callers were over", "why", TurnEnd, registry)
        self._overlaps = _counter(
            "sounds_over_prompts", "Sounds over prompts, by what became of them", "outcome", Outcome, registry
        )
        self._failures = _counter(
            "failures", "Failures in calls: bot, recognition or playback", "what", _FAILURES, registry
        )
        self._prepared = _counter(
            "prepared",
            "Trial turns of the bot, and what became of the prompts",
            "what",
            map(_hyphenated, PreparedCounts().as_dict()),
            registry,
        )
        self._packets = _counter("rtp_packets", "RTP packets of ended calls", "kind", _PACKETS, registry)
        self._loss = _histogram("rtp_loss_ratio", "Packets lost or too late, as a share, per call", _LOSS, registry)
        self._jitter = _histogram("rtp_jitter_seconds", "Interarrival jitter per call (RFC 3550)", _JITTER_S, registry)
        self._remote_jitter = _histogram(
            "rtp_remote_jitter_seconds", "Jitter that the other side reports (RTCP), per call", _JITTER_S, registry
        )
        self._round_trip = _histogram(
            "rtp_round_trip_seconds", "Round-trip time per call (RTCP)", _ROUND_TRIP_S, registry
        )
        self._mos = _histogram(
            "rtp_mos", "Estimated quality of received audio per call, MOS 1 to 4.4 (E-model)", _MOS, registry
        )
        self._remote_mos = _histogram(
            "rtp_remote_mos", "Quality of our audio per call, as the other side reports it (RTCP XR)", _MOS, registry
        )
        self._lines = _histogram(
            "assist_line_seconds", "From the end of what a party said to its line, partial or final", _GAP_S, registry
        )
        registry.register(_Read(self))

    def call_ended(self, record: Mapping[str, Any]) -> None:
        """Count an ended call. ``record``: as :meth:`voicebot.calls.RecordBuilder.build` makes it."""
        direction = record["direction"]
        reason = record["end"]["reason"]
        self._ends.labels(direction, reason if reason in _ENDS else _OTHER).inc()
        if record["answered_ms"] is not None:
            self._setup.labels(direction).observe(record["answered_ms"] / 1000)
        if record["talk_ms"] is not None:
            self._duration.labels(direction).observe(record["talk_ms"] / 1000)
        for turn in record["turns"]:
            if turn["gap_ms"] is not None and turn["gap_ms"] >= 0:
                self._gap.observe(turn["gap_ms"] / 1000)
            if turn["ended"] is not None:
                self._turn_ends.labels(turn["ended"]).inc()
        for overlap in record["overlaps"]:
            self._overlaps.labels(overlap["outcome"]).inc()
        for failure in record["failures"]:
            self._failures.labels(failure["what"]).inc()
        for what, count in record["prepared"].items():
            self._prepared.labels(_hyphenated(what)).inc(count)
        self._quality(record["quality"])

    def line_told(self, late_s: float) -> None:
        """A line of a call between people was told so long after the end of what was said."""
        self._lines.observe(max(0.0, late_s))

    def _quality(self, quality: Mapping[str, Any]) -> None:
        for kind, name in _PACKETS.items():
            self._packets.labels(kind).inc(quality.get(name) or 0)
        received = quality.get("packets_received") or 0
        if not received:
            return
        missed = quality["lost"] + quality["late"]
        self._loss.observe(missed / (received + quality["lost"]))
        for histogram, name, unit in (
            (self._jitter, "jitter_ms", 1000),
            (self._remote_jitter, "remote_jitter_ms", 1000),
            (self._round_trip, "round_trip_ms", 1000),
            (self._mos, "mos", 1),
            (self._remote_mos, "remote_mos", 1),
        ):
            if (value := quality.get(name)) is not None:
                histogram.observe(value / unit)

    def render(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The metrics that are read at each request."""
        yield _build_info()
        up = GaugeMetricFamily("voicebot_calls_up", "Running calls", labels=["direction", "state"])
        tally = Tally(_CALLS_UP)  # a series that is only there at times makes alerts and autoscalers blind
        tally.update((call.info.direction, call.phase) for call in self._running())
        for (direction, phase), count in sorted(tally.items()):
            up.add_metric([direction, phase], count)
        yield up
        for figure in self._figures():
            family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
            metric = family(f"voicebot_{figure.name}", figure.text, labels=[figure.label] if figure.label else None)
            for value, amount in sorted(figure.values.items()):
                metric.add_metric([value] if figure.label else [], amount)
            yield metric


class _Read(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return self._metrics.collect()


def _counter(name: str, text: str, label: str, values: Iterable[str], registry: CollectorRegistry) -> Counter:
    counter = Counter(f"voicebot_{name}", text, [label], registry=registry)
    for value in values:
        counter.labels(value)
    return counter


def _histogram(
    name: str, text: str, buckets: tuple[float, ...], registry: CollectorRegistry, *, directions: bool = False
) -> Histogram:
    labels = ["direction"] if directions else []
    histogram = Histogram(f"voicebot_{name}", text, labels, buckets=buckets, registry=registry)
    for direction in _DIRECTIONS if directions else ():
        histogram.labels(direction)
    return histogram


def _hyphenated(name: str) -> str:
    return name.replace("_", "-")


def _build_info() -> GaugeMetricFamily:
    info = GaugeMetricFamily("voicebot_build_info", "The running version of voicebot", labels=["version"])
    info.add_metric([__version__], 1)
    return info

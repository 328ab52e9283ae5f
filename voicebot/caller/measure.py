"""The figures of a call, from what left and what arrived: all on the wire, at the receiving end.

Every definition is the pessimistic one where there is a choice:

response gap
    Departure of the packet with our last voiced sample, to the arrival of the first packet of the bot's answer that is
    not silence. The answer is the first run of speech that begins after our first voiced sample (after our last one,
    when we talked over a prompt). An answer that begins while we still speak has a negative gap: the bot cut in.
audible gap
    The same up to the first packet that a person hears (-48 dBFS): a synthesiser's soft start counts as silence.
barge-in
    Departure of the packet with our first voiced sample, to the arrival of the last packet of the prompt that is not
    silence. A prompt that pauses under our voice and goes on before we have finished has not stopped.
key to silence
    The press handed to the leg (its first event packet leaves within one frame) to the prompt's last packet that is
    not silence; 0 when nothing was being said. Here the prompt has stopped after ``KEY_HOLE_S`` already, because the
    answer to a key may follow at once; an answer that comes sooner still counts as the prompt.
answer / greeting
    INVITE sent to 200 received; 200 received to the arrival of the first packet that is not silence.
deviation
    How far the time between the arrivals of two successive packets is from 20 ms.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voicebot.caller.ear import Track

PTIME_S: Final = 0.02
HOLE_S: Final = 0.2
"""Silence that separates two runs of the bot's speech in the measurements."""
KEY_HOLE_S: Final = 0.06
"""The same where a key was pressed: two silent packets."""


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """What came back after one utterance or key: times of arrival, None where nothing came."""

    first_packet: float | None
    first_audible: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles by the nearest rank, in milliseconds; ``count`` values went in."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Spread:
        ordered = np.sort(np.asarray(values_ms, dtype=np.float64))
        p50, p95, p99, largest = (percentile(ordered, share) for share in (0.5, 0.95, 0.99, 1.0))
        return cls(len(ordered), p50, p95, p99, largest)


def percentile(ordered: Sequence[float] | NDArray[np.float64], share: float) -> float | None:
    """The smallest of the ascending values that at least ``share`` (0 to 1) of them do not exceed; None without any."""
    if not len(ordered):
        return None
    return round(float(ordered[max(0, math.ceil(share * len(ordered)) - 1)]), 1)


def answer_after(track: Track, after: float, *, until: float = math.inf, hole_s: float = HOLE_S) -> AnswerTimes:
    """The first run of speech that begins after ``after`` (and before ``until``), ``hole_s`` from the run before."""
    for run in track.runs(hole_s):
        if after < run.start < until:
            return AnswerTimes(run.start, run.audible)
    return AnswerTimes(None, None)


def prompt_stop(track: Track, onset: float, offset: float) -> float | None:
    """When the prompt that sounds at ``onset`` last sounded, given that we spoke from ``onset`` to ``offset``.

    None when nothing sounded at ``onset`` (within ``HOLE_S`` before it): then nothing was interrupted.
    What begins after ``offset`` is the answer; what begins earlier is still the prompt.
    """
    runs = track.runs(HOLE_S)
    under = [run for run in runs if run.start <= onset and run.end >= onset - HOLE_S]
    if not under:
        return None
    stop = max(under[-1].end, onset)
    for run in runs:
        if under[-1].end < run.start < offset:
            stop = run.end
    return stop


def silence_after_key(track: Track, pressed: float) -> float:
    """Seconds from the key to the last packet of the prompt that sounded when it was pressed; 0 when none did."""
    for run in track.runs(KEY_HOLE_S):
        if run.start <= pressed <= run.end:
            return run.end - pressed
    return 0.0


def deviations_ms(times: Sequence[float]) -> array[float]:
    """|time between two arrivals - 20 ms|, in milliseconds, for every two successive packets.

    A stall of the caller's own process is in it as well; and what the leg filled in for missing packets counts as
    packets.
    """
    # four bytes each, for a load test keeps them by the million
    return array("f", np.abs(np.diff(np.array(times, dtype=np.float64)) - PTIME_S).astype(np.float32) * 1000)


@dataclass(slots=True)
class CallFigures:
    """One call's figures in milliseconds; lists have a value for each turn in which there was something to measure."""

    answer_ms: float | None = None
    greeting_ms: float | None = None
    gaps_ms: list[float] = field(default_factory=list)
    audible_gaps_ms: list[float] = field(default_factory=list)
    key_gaps_ms: list[float] = field(default_factory=list)
    """From a turn's last key to its answer: not among ``gaps_ms``."""
    cut_ins: int = 0
    """Answers that began while we were still speaking."""
    barge_ins_ms: list[float] = field(default_factory=list)
    keys_to_silence_ms: list[float] = field(default_factory=list)
    deviations_ms: array[float] = field(default_factory=lambda: array("f"))
    packets: int = 0

    def add_gap(self, since: float, answer: AnswerTimes, *, keys: bool = False) -> float | None:
        """Take the gap of one turn in; returns it in milliseconds, None without an answer."""
        if answer.first_packet is None or answer.first_audible is None:
            return None
        gap_ms = (answer.first_packet - since) * 1000
        if gap_ms < 0:
            self.cut_ins += 1
        elif keys:
            self.key_gaps_ms.append(gap_ms)
        else:
            self.gaps_ms.append(gap_ms)
            self.audible_gaps_ms.append((answer.first_audible - since) * 1000)
        return gap_ms


def summary(figures: Iterable[CallFigures]) -> dict[str, Any]:
    """The spread of every figure over the turns of all calls, JSON-ready (milliseconds)."""
    calls = list(figures)

    def over(values: Iterable[float | None]) -> dict[str, float | int | None]:
        return asdict(Spread.of([value for value in values if value is not None]))

    deviations = array("f")
    for call in calls:
        deviations.extend(call.deviations_ms)
    return {
        "calls": len(calls),
        "answer_ms": over(call.answer_ms for call in calls),
        "greeting_ms": over(call.greeting_ms for call in calls),
        "gap_ms": over(gap for call in calls for gap in call.gaps_ms),
        "audible_gap_ms": over(gap for call in calls for gap in call.audible_gaps_ms),
        "key_gap_ms": over(gap for call in calls for gap in call.key_gaps_ms),
        "barge_in_ms": over(value for call in calls for value in call.barge_ins_ms),
        "key_to_silence_ms": over(value for call in calls for value in call.keys_to_silence_ms),
        "deviation_ms": asdict(Spread.of(deviations)),
        "cut_ins": sum(call.cut_ins for call in calls),
        "packets": sum(call.packets for call in calls),
    }

"""The figures of a call, measured on the wire at the caller's end, from the packets that left and arrived.

Where there is a choice, each definition is the pessimistic one:

response gap
    From the departure of the packet with our last voiced sample to the arrival of the first packet of the bot's answer
    that is not silence. The answer is the first run of speech that begins after our first voiced sample; if we spoke
    during a prompt, after our last one. An answer that begins while we still speak has a negative gap.
audible gap
    The same, to the first packet that a person hears (-48 dBFS): a synthesiser's soft start counts as silence.
barge-in
    From the departure of the packet with our first voiced sample to the arrival of the last packet of the prompt that
    is not silence. A prompt that pauses and continues before we have finished has not stopped.
false interruption
    A prompt that stopped for what was no interruption, and was not sounding again ``GOES_ON_S`` after it. Whether it is
    the prompt that sounds again is not seen on the wire.
key to silence
    From the key press given to the leg (its first packet leaves within one frame) to the prompt's last packet that is
    not silence; 0 if nothing was being said. Here, a silence of ``KEY_HOLE_S`` ends the prompt, because the answer to a
    key may follow at once; an answer that comes sooner counts as part of the prompt.
answer / greeting
    From INVITE sent to 200 received; from 200 received to the arrival of the first packet that is not silence.
deviation
    The difference between 20 ms and the time between the arrivals of two successive packets.
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
"""The silence that separates two runs of the bot's speech in the measurements."""
GOES_ON_S: Final = 2.0
"""By then a prompt that was paused goes on."""
KEY_HOLE_S: Final = 0.06
"""The same after a key: two silent packets."""
OVERTAKES_S: Final = 0.2
"""By how much a greeting may seem to come before the answer. What began earlier is a tone of the line."""


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """The arrival times of the answer to one utterance or key; None if there was none."""

    first_packet: float | None
    first_audible: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of ``count`` values by the nearest rank, in milliseconds."""

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
    """The nearest-rank percentile of ascending values, rounded to 0.1; ``share``: 0 to 1. None without values."""
    if not len(ordered):
        return None
    return round(float(ordered[max(0, math.ceil(share * len(ordered)) - 1)]), 1)


def answer_after(track: Track, after: float, *, until: float = math.inf, hole_s: float = HOLE_S) -> AnswerTimes:
    """The first run of speech that begins between ``after`` and ``until``. ``hole_s``: the silence between runs."""
    for run in track.runs(hole_s):
        if after < run.start < until:
            return AnswerTimes(run.start, run.audible)
    return AnswerTimes(None, None)


def greeting_ms(track: Track, answered: float) -> float | None:
    """From ``answered`` to the first packet of the greeting. The packet may overtake the 200, on its way or in a caller
    that is busy with its first call: the figure is then a little below 0."""
    first = answer_after(track, answered - OVERTAKES_S).first_packet
    return None if first is None else (first - answered) * 1000


def prompt_stop(track: Track, onset: float, offset: float) -> float | None:
    """The last time at which the prompt that we interrupted was sounding. We spoke from ``onset`` to ``offset``.

    None if nothing was sounding at ``onset`` or within ``HOLE_S`` before it. A run that begins after ``offset`` is the
    answer; one that begins earlier belongs to the prompt.
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


def goes_on(track: Track, offset: float) -> bool:
    """Whether the prompt over which we spoke until ``offset`` was not dropped."""
    return any(run.start < offset + GOES_ON_S and run.end > offset for run in track.runs(HOLE_S))


def silence_after_key(track: Track, pressed: float) -> float:
    """Seconds from the key to the last packet of the prompt that was sounding then; 0 if none was."""
    for run in track.runs(KEY_HOLE_S):
        if run.start <= pressed <= run.end:
            return run.end - pressed
    return 0.0


def deviations_ms(times: Sequence[float]) -> array[float]:
    """|time between two arrivals - 20 ms|, in milliseconds, for every two successive packets.

    It includes stalls of the caller's own process. Frames that the leg has inserted for missing packets count, too.
    """
    # four bytes each, because a load test collects millions
    return array("f", np.abs(np.diff(np.array(times, dtype=np.float64)) - PTIME_S).astype(np.float32) * 1000)


@dataclass(slots=True)
class CallFigures:
    """The figures of one call in milliseconds. Lists have a value for each turn in which it could be measured."""

    answer_ms: float | None = None
    greeting_ms: float | None = None
    gaps_ms: list[float] = field(default_factory=list)
    audible_gaps_ms: list[float] = field(default_factory=list)
    key_gaps_ms: list[float] = field(default_factory=list)
    """From the last key of a turn to the answer; these are not in ``gaps_ms``."""
    cut_ins: int = 0
    """How many answers began while we were still speaking."""
    barge_ins_ms: list[float] = field(default_factory=list)
    missed_barge_ins: int = 0
    """How many of these had not stopped the prompt when we had finished."""
    false_barge_ins: int = 0
    """How many prompts were dropped for what was no interruption."""
    keys_to_silence_ms: list[float] = field(default_factory=list)
    deviations_ms: array[float] = field(default_factory=lambda: array("f"))
    packets: int = 0

    def add_gap(self, since: float, answer: AnswerTimes, *, keys: bool = False) -> float | None:
        """Add the gap of one turn. Returns it in milliseconds, or None without an answer."""
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

    def add_barge_in(self, onset: float, offset: float, stop: float) -> float:
        """Add the barge-in of one turn: we spoke from ``onset`` to ``offset``, and the prompt sounded until ``stop``.
        Returns it in milliseconds."""
        self.barge_ins_ms.append((stop - onset) * 1000)
        self.missed_barge_ins += stop >= offset
        return self.barge_ins_ms[-1]


def summary(figures: Iterable[CallFigures]) -> dict[str, Any]:
    """The percentiles of every figure over the turns of all calls, in milliseconds, for JSON."""
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
        "missed_barge_ins": sum(call.missed_barge_ins for call in calls),
        "false_barge_ins": sum(call.false_barge_ins for call in calls),
        "packets": sum(call.packets for call in calls),
    }

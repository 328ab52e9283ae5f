"""The turns of a scripted conversation, and what is measured of them when it is over: by the times at which we spoke or
pressed keys, and what was heard of the bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from voicebot.caller.ear import Track
from voicebot.caller.measure import (
    HOLE_S,
    KEY_HOLE_S,
    CallFigures,
    answer_after,
    goes_on,
    prompt_stop,
    silence_after_key,
)
from voicebot.caller.report import TurnReport
from voicebot.caller.script import Action, ScriptStep

SILENT: Final = (Action.LISTEN, Action.SILENCE)
"""Actions without sound, from which no gap is measured."""


@dataclass(slots=True)
class ScriptedTurn:
    """One step that sends or listens, with the times on the loop's clock that are needed to measure it."""

    report: TurnReport
    step: ScriptStep
    since: float
    """Of our first voiced sample or the first key; when listening, the end of the step before."""
    until: float
    """Of our last voiced sample or the last key."""
    over_prompt: bool = False
    """Whether the bot was speaking at ``since``."""
    phrases: list[str] = field(default_factory=list)
    """What the caller's own recogniser has heard of the answer."""


def measure_turns(turns: Sequence[ScriptedTurn], track: Track, answered: float, figures: CallFigures) -> None:
    """Fill in ``figures`` and the reports of ``turns``. ``track``: what was heard; ``answered``: when the call was."""
    following = float("inf")
    for turn in reversed(turns):
        _measure(turn, following, track, answered, figures)
        if turn.step.action is not Action.LISTEN:  # a `listen` continues the turn before
            following = turn.since


def _measure(turn: ScriptedTurn, following: float, track: Track, answered: float, figures: CallFigures) -> None:
    report = turn.report
    report.heard = " ".join(turn.phrases)
    if turn.step.action is not Action.LISTEN:
        report.onset_s, report.offset_s = round(turn.since - answered, 3), round(turn.until - answered, 3)
    keys = turn.step.action is Action.KEYS
    hole_s = KEY_HOLE_S if keys else HOLE_S
    after = turn.until if turn.over_prompt and not keys else turn.since
    answer = answer_after(track, after, until=following, hole_s=hole_s)
    if answer.first_packet is not None:
        report.answer_s = round(answer.first_packet - answered, 3)
        ends = [run.end for run in track.runs(hole_s) if answer.first_packet <= run.start < following]
        report.answer_end_s = round(max(ends) - answered, 3)
    if turn.step.action in SILENT:
        return
    if not turn.step.interrupts:
        if turn.over_prompt:
            report.went_on = goes_on(track, turn.until)
            figures.false_barge_ins += not report.went_on
        return
    report.gap_ms = rounded(figures.add_gap(turn.until, answer, keys=keys))
    if answer.first_audible is not None:
        report.audible_gap_ms = rounded((answer.first_audible - turn.until) * 1000)
    if not turn.over_prompt:
        return
    if keys:
        silence_ms = silence_after_key(track, turn.since) * 1000
        figures.keys_to_silence_ms.append(silence_ms)
        report.key_to_silence_ms = rounded(silence_ms)
    elif turn.step.action is Action.BARGE_IN:
        stop = prompt_stop(track, turn.since, turn.until)
        if stop is not None:
            report.barge_in_ms = rounded(figures.add_barge_in(turn.since, turn.until, stop))


def rounded(value: float | None) -> float | None:
    """Of milliseconds, to a tenth."""
    return None if value is None else round(value, 1)

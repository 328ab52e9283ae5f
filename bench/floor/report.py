"""Counts the outcomes of one or two sides, as tables and for JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.floor.cases import Condition, Purpose
from bench.floor.scoring import Outcome, SideResult, Verdict
from voicebot.caller.measure import Spread

CLOSED: Final = ("yes/no", "menu")
CALLS_OF_OURS: Final = ("calls", "speech client")
"""The processes whose time is told as that of the call process: it once did the work of the speech client, too."""


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Of some answers. ``count``: those that could be tried."""

    count: int
    gap_ms: Spread
    cut_offs: int
    verdicts: dict[Verdict, int]

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> AnswerFigures:
        tried = [o for o in outcomes if o.verdict is not None]
        verdicts = {verdict: sum(o.verdict is verdict for o in tried) for verdict in Verdict}
        gaps = [o.gap_ms for o in tried if o.gap_ms is not None]
        return cls(len(tried), Spread.of(gaps), sum(o.cut_off for o in tried), verdicts)

    def share(self, verdict: Verdict) -> float:
        return 100 * self.verdicts[verdict] / self.count if self.count else 0.0

    def cells(self) -> list[str]:
        missed = self.verdicts[Verdict.NO_MATCH] + self.verdicts[Verdict.NOTHING]
        return [
            str(self.count),
            f"{_pair(self.gap_ms)}",
            str(self.cut_offs),
            f"{self.share(Verdict.RIGHT):.1f} %",
            str(self.verdicts[Verdict.ASKED]),
            str(missed),
            str(self.verdicts[Verdict.WRONG]),
        ]


@dataclass(frozen=True, slots=True)
class PromptFigures:
    """Of sounds over a prompt."""

    count: int
    false: int
    missed: int
    resumed: int
    stop_ms: Spread

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> PromptFigures:
        tried = [o for o in outcomes if not o.problem]
        stops = [o.stop_ms for o in tried if o.stop_ms is not None]
        return cls(
            len(tried),
            sum(o.false_interruption for o in tried),
            sum(o.missed for o in tried),
            sum(o.resumed for o in tried),
            Spread.of(stops),
        )

    def cells(self) -> list[str]:
        return [str(self.count), str(self.false), str(self.missed), str(self.resumed), _pair(self.stop_ms)]


def _pair(spread: Spread) -> str:
    return f"{spread.p50:.0f} / {spread.p95:.0f}" if spread.p50 is not None and spread.p95 is not None else "-"


Rows = list[tuple[str, Callable[[Outcome], bool]]]


def answer_rows(outcomes: Sequence[Outcome]) -> Rows:
    """The rows of the table of answers: closed questions, each family, all but open ones, all; conditions."""
    families = list(dict.fromkeys(o.case.family for o in outcomes if o.case.purpose is Purpose.ANSWER))
    rows: Rows = [(family, _is_family(family)) for family in families]
    rows.append(("closed questions", lambda o: o.case.family in CLOSED))
    rows.append(("digits with pauses", lambda o: o.case.pauses))
    rows += [(f"all, {condition}", _is_condition(condition)) for condition in Condition]
    rows.append(("all but open", lambda o: o.case.family != "open"))
    rows.append(("all", lambda _: True))
    return rows


def prompt_rows(outcomes: Sequence[Outcome]) -> Rows:
    families = list(dict.fromkeys(o.case.family for o in outcomes if o.case.purpose is Purpose.NO_INTERRUPTION))
    rows: Rows = [(family, _is_family(family)) for family in families]
    rows.append(("all of these sounds", lambda o: o.case.purpose is Purpose.NO_INTERRUPTION))
    rows.append(("interruptions", lambda o: o.case.purpose is Purpose.INTERRUPTION))
    return rows


def _is_family(family: str) -> Callable[[Outcome], bool]:
    return lambda o: o.case.family == family


def _is_condition(condition: Condition) -> Callable[[Outcome], bool]:
    return lambda o: o.case.condition is condition


def tables(results: Sequence[SideResult]) -> str:
    """Both tables and the processor's time, the sides below each other in each row."""
    answers = [[o for o in r.outcomes if o.case.purpose is Purpose.ANSWER] for r in results]
    over = [[o for o in r.outcomes if o.case.purpose is not Purpose.ANSWER] for r in results]
    lines: list[str] = []
    if any(answers):
        heads = ["answers to", "", "n", "gap p50 / p95 ms", "cut-offs", "right", "asked", "no match", "wrong"]
        lines += [_line(heads)]
        for title, belongs in answer_rows(answers[0]):
            for result, outcomes in zip(results, answers, strict=True):
                figures = AnswerFigures.of(filter(belongs, outcomes))
                if figures.count:
                    lines.append(_line([title, result.name, *figures.cells()]))
    if any(over):
        lines += ["", _line(["over a prompt", "", "n", "false", "missed", "resumed", "stop p50 / p95 ms"])]
        for title, belongs in prompt_rows(over[0]):
            for result, outcomes in zip(results, over, strict=True):
                prompt = PromptFigures.of(filter(belongs, outcomes))
                if prompt.count:
                    lines.append(_line([title, result.name, *prompt.cells()]))
    lines.append("")
    lines += [_spent(result) for result in results]
    lines += [_ended(result) for result in results if any(o.ended for o in result.outcomes)]
    lines += problems(results)
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    widths = (20, 9, 5, 18, 10, 10, 8, 10, 6)
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()


def cpu_percent_a_call(result: SideResult) -> dict[str, float]:
    """Of one core, while a call lasts, by process; the call process with the speech client as ``calls``."""
    shares: dict[str, float] = {}
    for name, seconds in result.cpu_s.items():
        shown = "calls" if name in CALLS_OF_OURS else name
        shares[shown] = shares.get(shown, 0.0) + 100 * seconds / max(result.talked_s, 1e-9)
    return {name: round(share, 2) for name, share in shares.items()}


def bars(result: SideResult, other: SideResult | None = None) -> list[str]:
    """What is wanted, and what was measured: a line for each. ``other``: of which some may not be exceeded."""
    answers = [o for o in result.outcomes if o.case.purpose is Purpose.ANSWER]
    closed = AnswerFigures.of(o for o in answers if o.case.family in CLOSED)
    every = AnswerFigures.of(answers)
    valued = AnswerFigures.of(o for o in answers if o.case.family != "open")
    no = PromptFigures.of(o for o in result.outcomes if o.case.purpose is Purpose.NO_INTERRUPTION)
    meant = PromptFigures.of(o for o in result.outcomes if o.case.purpose is Purpose.INTERRUPTION)
    wanted: list[tuple[str, float | None, float, bool]] = [
        ("closed questions, gap p50 ms", closed.gap_ms.p50, 300, False),
        ("closed questions, gap p95 ms", closed.gap_ms.p95, 450, False),
        ("all, gap p50 ms", every.gap_ms.p50, 350, False),
        ("all, gap p95 ms", every.gap_ms.p95, 700, False),
        ("right but for open questions, %", valued.share(Verdict.RIGHT) if valued.count else None, 95, True),
        ("wrong value, %", valued.share(Verdict.WRONG) if valued.count else None, 0.5, False),
        ("false interruptions, %", 100 * no.false / no.count if no.count else None, 3, False),
        ("missed interruptions, %", 100 * meant.missed / meant.count if meant.count else None, 2, False),
        ("prompt stops, p95 ms", meant.stop_ms.p95, 180, False),
    ]
    if other is not None:
        theirs = AnswerFigures.of(o for o in other.outcomes if o.case.purpose is Purpose.ANSWER)
        wanted.append(("cut-offs", every.cut_offs, theirs.cut_offs, False))
        cpu, their_cpu = cpu_percent_a_call(result)["calls"], cpu_percent_a_call(other)["calls"]
        wanted.append(("CPU of the call process, % a call", cpu, their_cpu, False))
    lines = []
    for what, value, bar, at_least in wanted:
        if value is not None:
            met = value >= bar if at_least else value <= bar
            limit = f"{'at least' if at_least else 'at most'} {bar:g}"
            lines.append(f"{'met    ' if met else 'not met'}  {what}: {value:.1f} (wanted: {limit})")
    return lines


def _spent(result: SideResult) -> str:
    shares = ", ".join(f"{name} {share:.1f}" for name, share in cpu_percent_a_call(result).items())
    others = 100 * result.others_s / max(result.took_s, 1e-9)
    return f"{result.name}: CPU % of a core a call: {shares}; other processes on the machine {others:.0f} %"


def _ended(result: SideResult) -> str:
    counts = Counter(o.ended for o in result.outcomes if o.ended)
    return f"{result.name}: turns were over by " + ", ".join(f"{why} {count}" for why, count in counts.most_common())


def problems(results: Sequence[SideResult]) -> list[str]:
    """A line for each case that could not be tried."""
    return [f"{r.name}: not tried: {o.case.name}: {o.problem}" for r in results for o in r.outcomes if o.problem]


def misses(results: Sequence[SideResult]) -> list[str]:
    """A line for each case that is not as it should be."""
    found = []
    for result in results:
        for o in result.outcomes:
            faults = [o.verdict.value] if o.verdict not in (None, Verdict.RIGHT) else []
            faults += ["cut off"] * o.cut_off + ["false interruption"] * o.false_interruption + ["missed"] * o.missed
            if faults:
                took = f"heard {' | '.join(o.texts)!r}, took {o.taken!r} {o.ended}".rstrip()
                found.append(f"{result.name}: {o.case.name}: {', '.join(faults)}; {took}")
    return found


def worst(result: SideResult, count: int) -> list[str]:
    """A line for each of the ``count`` latest answers: where its time went, in milliseconds after the last sound."""
    late = sorted((o for o in result.outcomes if o.gap_ms is not None), key=lambda o: o.gap_ms or 0.0, reverse=True)
    lines = []
    for o in late[:count]:
        parts = " ".join(f"{name} {ms:.0f}" for name, ms in asdict(o.moments).items() if ms is not None)
        lines.append(f"{result.name}: {o.gap_ms:.0f} ms: {o.case.name}: {parts}; {' | '.join(o.texts)!r} {o.ended}")
    return lines


def as_dict(result: SideResult) -> dict[str, Any]:
    """For JSON: every outcome, and the figures of the tables."""
    answers = [o for o in result.outcomes if o.case.purpose is Purpose.ANSWER]
    over = [o for o in result.outcomes if o.case.purpose is not Purpose.ANSWER]
    return {
        "side": result.name,
        "answers": {t: _answer_json(AnswerFigures.of(filter(b, answers))) for t, b in answer_rows(answers)},
        "over_prompts": {t: _prompt_json(PromptFigures.of(filter(b, over))) for t, b in prompt_rows(over)},
        "cpu_percent_a_call": cpu_percent_a_call(result),
        "others_percent": round(100 * result.others_s / max(result.took_s, 1e-9), 1),
        "outcomes": [o.as_dict() for o in result.outcomes],
    }


def _answer_json(figures: AnswerFigures) -> dict[str, Any]:
    gap = {"p50": figures.gap_ms.p50, "p95": figures.gap_ms.p95}
    return {"n": figures.count, "gap_ms": gap, "cut_offs": figures.cut_offs, **_by_name(figures)}


def _by_name(figures: AnswerFigures) -> dict[str, int]:
    return {verdict.value: count for verdict, count in figures.verdicts.items()}


def _prompt_json(figures: PromptFigures) -> dict[str, Any]:
    stop = {"p50": figures.stop_ms.p50, "p95": figures.stop_ms.p95}
    return {
        "n": figures.count,
        "false": figures.false,
        "missed": figures.missed,
        "resumed": figures.resumed,
        "stop_ms": stop,
    }

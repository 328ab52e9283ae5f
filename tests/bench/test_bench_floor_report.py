from __future__ import annotations

import json

from bench.floor.cases import Case, Condition, Purpose
from bench.floor.report import AnswerFigures, PromptFigures, as_dict, bars, cpu_percent_a_call, misses, tables
from bench.floor.scoring import Outcome, SideResult, Verdict
from bench.floor.sources import Made


def answer(family: str, gap_ms: float, verdict: Verdict, *, cut_off: bool = False, pauses: bool = False) -> Outcome:
    case = Case(f"{family} {gap_ms}", family, family, Purpose.ANSWER, Made("x"), Condition.CLEAN, "1", pauses=pauses)
    return Outcome(case, verdict=verdict, gap_ms=None if cut_off else gap_ms, cut_off=cut_off, reached=True)


def over(purpose: Purpose, **facts: bool) -> Outcome:
    outcome = Outcome(Case(f"{purpose}", "story", f"{purpose}", purpose, Made("x")))
    for name, fact in facts.items():
        setattr(outcome, name, fact)
    return outcome


def result(name: str, *outcomes: Outcome) -> SideResult:
    return SideResult(
        name, list(outcomes), 100.0, {"calls": 1.0, "speech client": 0.5, "speech service": 20.0}, 5.0, 50.0
    )


THIS = result(
    "this",
    answer("yes/no", 200, Verdict.RIGHT),
    answer("yes/no", 400, Verdict.NO_MATCH),
    answer("digits", 300, Verdict.WRONG, pauses=True),
    answer("digits", 0, Verdict.NOTHING, cut_off=True),
    answer("open", 600, Verdict.RIGHT),
    over(Purpose.NO_INTERRUPTION, resumed=True),
    over(Purpose.NO_INTERRUPTION, dropped=True),
    over(Purpose.INTERRUPTION, reached=True, dropped=True),
    over(Purpose.INTERRUPTION),
)


def test_answers_are_counted() -> None:
    figures = AnswerFigures.of(o for o in THIS.outcomes if o.case.purpose is Purpose.ANSWER)
    assert (figures.count, figures.cut_offs, figures.gap_ms.count, figures.gap_ms.p50) == (5, 1, 4, 300)
    assert figures.verdicts == {
        Verdict.RIGHT: 2, Verdict.ASKED: 0, Verdict.WRONG: 1, Verdict.NO_MATCH: 1, Verdict.NOTHING: 1,
    }  # fmt: skip
    assert figures.share(Verdict.RIGHT) == 40


def test_what_could_not_be_tried_is_told_and_not_counted() -> None:
    failed = Outcome(THIS.outcomes[0].case, problem="the bot says nothing")
    assert AnswerFigures.of([failed]).count == PromptFigures.of([failed]).count == 0
    assert "not tried: yes/no 200: the bot says nothing" in tables([result("this", failed)])


def test_sounds_over_a_prompt_are_counted() -> None:
    figures = PromptFigures.of(o for o in THIS.outcomes if o.case.purpose is not Purpose.ANSWER)
    assert (figures.count, figures.false, figures.missed, figures.resumed) == (4, 1, 1, 1)


def test_both_sides_are_in_each_row() -> None:
    text = tables([THIS, result("old", answer("yes/no", 518, Verdict.RIGHT))])
    rows = [line.split() for line in text.splitlines() if line.startswith("yes/no")]
    assert [row[:6] for row in rows] == [
        ["yes/no", "this", "2", "200", "/", "400"],
        ["yes/no", "old", "1", "518", "/", "518"],
    ]
    assert any(line.startswith("digits with pauses") for line in text.splitlines())


def test_it_is_told_why_turns_were_over_where_the_record_tells() -> None:
    one, other = answer("menu", 200, Verdict.RIGHT), answer("menu", 300, Verdict.RIGHT)
    one.ended = other.ended = "complete"
    assert "this: turns were over by complete 2" in tables([result("this", one, other)])
    assert "turns were over" not in tables([THIS])


def test_the_call_process_and_the_speech_client_are_one_figure() -> None:
    assert cpu_percent_a_call(THIS) == {"calls": 1.5, "speech service": 20.0}


def test_each_bar_is_met_or_not() -> None:
    lines = bars(THIS)
    assert "met      closed questions, gap p50 ms: 200.0 (wanted: at most 300)" in lines
    assert "not met  false interruptions, %: 50.0 (wanted: at most 3)" in lines
    assert "not met  right but for open questions, %: 25.0 (wanted: at least 95)" in lines
    assert bars(result("none")) == []


def test_cut_offs_and_the_processors_time_may_not_exceed_those_of_the_other_side() -> None:
    lines = bars(THIS, result("old", answer("yes/no", 518, Verdict.RIGHT)))
    assert "not met  cut-offs: 1.0 (wanted: at most 0)" in lines
    assert "met      CPU of the call process, % a call: 1.5 (wanted: at most 1.5)" in lines


def test_every_miss_is_named() -> None:
    assert len(misses([THIS])) == 5


def test_all_of_it_can_be_written_as_json() -> None:
    written = json.loads(json.dumps(as_dict(THIS)))
    assert written["answers"]["all"]["right"] == 2
    assert written["over_prompts"]["all of these sounds"]["false"] == 1
    assert len(written["outcomes"]) == len(THIS.outcomes)

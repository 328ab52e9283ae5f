"""Real calls of the bench, to a bot in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from answering_bot import HummedLibrary, answering
from free_port import free_port

from bench.floor.calls import Placed, Records, Telephone
from bench.floor.cases import STORY, Case, Plan, Purpose
from bench.floor.scoring import Outcome, Verdict
from bench.floor.sources import Library, Made, Prompt, SourceMissing

YES = Case("yes", "yesno", "yes/no", Purpose.ANSWER, Made("hum-uh-huh"), value="yes")
STOP = Case("stop", STORY, "interruption", Purpose.INTERRUPTION, Made("laugh"))
NOTHING = Case("nothing", STORY, "kitchen", Purpose.NO_INTERRUPTION, Made("hum-mm"), db=-60.0)
COUGH = Case("cough", STORY, "cough", Purpose.NO_INTERRUPTION, Made("music-0"))


def named(outcomes: list[Outcome]) -> dict[str, Outcome]:
    assert [outcome.problem for outcome in outcomes if outcome.problem] == []
    return {outcome.case.name: outcome for outcome in outcomes}


async def placed(plan: Plan, folder: Path) -> Placed:
    async with (
        asyncio.timeout(60),
        answering(folder) as uri,
        Telephone(HummedLibrary(folder)) as telephone,
    ):
        return await telephone.place(plan, uri, Records(folder))


async def test_an_answer_is_said_when_the_question_is_over_and_judged_by_record_and_wire(tmp_path: Path) -> None:
    call = await placed(Plan("yesno", False, (YES,)), tmp_path)
    yes = named(call.outcomes)["yes"]
    assert (yes.verdict, yes.cut_off, yes.texts, yes.taken) == (Verdict.RIGHT, False, ["words"], "yes")
    assert yes.gap_ms is not None and 200 < yes.gap_ms < 1500
    assert call.talked_s > 1


async def test_sounds_are_heard_over_one_prompt_after_the_other(tmp_path: Path) -> None:
    outcomes = named((await placed(Plan(STORY, False, (NOTHING, COUGH, STOP)), tmp_path)).outcomes)
    assert not outcomes["nothing"].false_interruption
    assert outcomes["cough"].false_interruption and outcomes["cough"].dropped
    stop = outcomes["stop"]
    assert stop.reached and stop.dropped and not stop.missed
    assert stop.stop_ms is not None and 100 < stop.stop_ms < 1000


async def test_a_call_that_nobody_answers_is_told(tmp_path: Path) -> None:
    async with asyncio.timeout(30), Telephone(HummedLibrary(tmp_path)) as telephone:
        uri = f"sip:bot@127.0.0.1:{free_port()}"
        (outcome,) = (await telephone.place(Plan("yesno", False, (YES,)), uri, Records(tmp_path))).outcomes
    assert outcome.problem
    assert outcome.verdict is None


async def test_a_recording_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.floor.sources.has_asterisk", lambda: False)
    library = Library(tmp_path)
    (line,) = await library.prepare([Prompt("hours"), Prompt("digits/1"), Made("laugh")])
    assert line.startswith("no recordings of human voices") and line.endswith("(2 sayings are left out)")
    with pytest.raises(SourceMissing):
        library.sound(Prompt("hours"))

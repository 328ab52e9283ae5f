"""Calls of the bench to the service as a user starts it, with the embedded engines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.floor.calls import Telephone
from bench.floor.cases import STORY, Case, Plan, Purpose
from bench.floor.running import run, side
from bench.floor.sayings import BILLING
from bench.floor.scoring import Verdict
from bench.floor.sources import Library, Rendered

pytestmark = [pytest.mark.slow, pytest.mark.alone]

YES = Case("yes", "yesno", "yes/no", Purpose.ANSWER, Rendered(("Yes.",)), value="yes")
OKAY = Case("okay", STORY, "back-channel", Purpose.NO_INTERRUPTION, Rendered(("Okay.",)))
STOP = Case("stop", STORY, "interruption", Purpose.INTERRUPTION, Rendered(("Wait, stop.",)))


async def test_the_service_answers_goes_on_over_back_channel_and_is_interrupted(tmp_path: Path) -> None:
    library = Library(tmp_path)
    told: list[str] = []
    async with asyncio.timeout(180), side("this", None, {}, tmp_path) as this:
        assert await library.prepare([BILLING, *(case.source for case in (YES, OKAY, STOP) if case.source)]) == []
        async with Telephone(library) as telephone:
            calls = [Plan("yesno", False, (YES,)), Plan(STORY, False, (OKAY, STOP))]
            (result,) = await run([this], telephone, calls, 1, told.append)
    outcomes = {outcome.case.name: outcome for outcome in result.outcomes}
    assert [outcome.problem for outcome in result.outcomes] == [""] * 3
    yes, okay, stop = (outcomes[case.name] for case in (YES, OKAY, STOP))
    assert (yes.verdict, yes.cut_off, yes.taken) == (Verdict.RIGHT, False, "yes")
    assert yes.ended, "the record tells why the turn was over"
    assert not okay.false_interruption
    assert stop.reached and stop.dropped and stop.stop_ms is not None
    assert result.talked_s > 0 and result.cpu_s["speech service"] > 0
    assert told == ["2 of 2 calls, 1 at once"]

"""Real calls of the bench to a service whose recogniser follows a script."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from free_port import free_port

from bench.floor.calls import Records, Telephone
from bench.floor.cases import STORY, Case, Plan, Purpose
from bench.floor.running import run, side
from bench.floor.scoring import Verdict
from bench.floor.sources import Library, Made, Prompt, Rendered, SourceMissing
from bench.service import speaking

HEARD = ["yes", "stop"]
YES = Case("yes", "yesno", "yes/no", Purpose.ANSWER, Made("hum-uh-huh"), value="yes")
STOP = Case("stop", STORY, "interruption", Purpose.INTERRUPTION, Made("laugh"))
NOTHING = Case("nothing", STORY, "kitchen", Purpose.NO_INTERRUPTION, Made("hum-mm"), db=-60.0)


class HummedLibrary(Library):
    """Hums what should be rendered, so that no model is needed."""

    def sound(self, source: object) -> object:  # type: ignore[override]
        return super().sound(Made("hum-uh-huh") if isinstance(source, Rendered) else source)  # type: ignore[arg-type]


async def test_calls_are_placed_to_two_services_in_turns_and_judged(tmp_path: Path) -> None:
    script = {"texts": HEARD, "segmentation_ms": 100, "hypothesis_after_ms": None, "ms_per_word": 120}
    plans = [Plan("yesno", False, (YES,)), Plan(STORY, False, (NOTHING, STOP))]
    told: list[str] = []
    async with (
        asyncio.timeout(120),
        speaking(script) as one_url,
        side("one", None, {"VOICEBOT_SPEECH__SERVICE": "url", "VOICEBOT_SPEECH__URL": one_url}) as one,
        Telephone(HummedLibrary(tmp_path)) as telephone,
    ):
        (result,) = await run([one], telephone, plans, 2, told.append)
    assert [o.problem for o in result.outcomes] == ["", "", ""], result.outcomes
    yes, nothing, stop = sorted(result.outcomes, key=lambda o: ["yes", "nothing", "stop"].index(o.case.name))
    assert (yes.verdict, yes.cut_off) == (Verdict.RIGHT, False)
    assert yes.gap_ms is not None and 0 < yes.gap_ms < 5000
    assert not nothing.false_interruption
    assert stop.reached and stop.dropped and not stop.missed
    assert stop.stop_ms is not None and stop.stop_ms >= 0
    assert result.talked_s > 0 and result.cpu_s["calls"] > 0
    assert told == ["2 of 2 calls, 2 at once"]


async def test_a_call_that_nobody_answers_is_told(tmp_path: Path) -> None:
    async with asyncio.timeout(30), Telephone(HummedLibrary(tmp_path)) as telephone:
        uri = f"sip:bot@127.0.0.1:{free_port()}"
        placed = await telephone.place(Plan("yesno", False, (YES,)), uri, Records(tmp_path))
    (outcome,) = placed.outcomes
    assert outcome.problem
    assert outcome.verdict is None


async def test_a_recording_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.floor.sources.has_asterisk", lambda: False)
    library = Library(tmp_path)
    (line,) = await library.prepare([Prompt("hours"), Prompt("digits/1"), Made("laugh")])
    assert line.startswith("no recordings of human voices") and line.endswith("(2 sayings are left out)")
    with pytest.raises(SourceMissing):
        library.sound(Prompt("hours"))

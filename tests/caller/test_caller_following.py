"""A script is followed on a leg that somebody else has made: here by the double of Azure Communication Services."""

from __future__ import annotations

import asyncio
import sys

import pytest
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.phone import AcsPhone
from acs.world import World, acs_world

from voicebot.audio import LINEAR_16K
from voicebot.caller import CallNotTried, CallOptions, CallReport, follow, parse_script
from voicebot.commands import acs_demo

SCRIPT = """
quiet_s: 0.3
deadline_s: 20
steps:
  - listen:
  - keys: "12"
  - expect_end: hangup
"""


async def called(world: World, url: str) -> CallReport:
    return await follow(
        "the double",
        parse_script(SCRIPT),
        {},
        lambda sink: AcsPhone.dial(world.acs, url, sink),
        CallOptions(transcribe=False, keep_audio=True),
        form=LINEAR_16K,
        codec=LINEAR_16K.name,
    )


async def test_the_script_is_followed_to_the_end_of_the_call() -> None:
    async with acs_world() as world:
        call = asyncio.create_task(called(world, world.grid))
        await until(lambda: world.lines and world.lines[0].up)
        line = world.lines[0]
        line.say(0.5)
        await until(lambda: line.keys == "12")
        line.say(0.5, 2)
        await until(lambda: line.events and line.events[-1].utterance == 2 and hasattr(line.events[-1], "complete"))
        await line.leg.hang_up()
        report = await call
    assert report.ok, report.reason
    assert (report.ended_by, report.call_id, report.codec) == ("bot", line.leg.info.call_id, "L16-16K")
    assert [turn.action for turn in report.turns] == ["listen", "keys"]
    assert report.turns[0].answer_s is not None and report.turns[1].gap_ms is not None
    assert report.audio is not None and len(report.audio.bot) > 16_000


async def test_a_call_that_is_not_taken_is_refused_and_says_why() -> None:
    async with acs_world() as world:
        report = await called(world, f"{world.grid}x")
    assert (report.outcome, report.reason, report.turns) == ("refused", "the event was answered with 404", [])


async def test_the_demonstration_names_what_it_needs(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acs_demo, "DOUBLES", tmp_path_factory.mktemp("installed") / "tests" / "doubles")
    monkeypatch.setitem(sys.modules, "acs", None)
    with pytest.raises(CallNotTried, match="run this in the source tree, after `make install-dev`"):
        await acs_demo.call_by_acs(tmp_path_factory.mktemp("log") / "log", {}, parse_script(SCRIPT), print)

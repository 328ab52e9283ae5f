"""The analysis of a call: in the background, and never waited for."""

from __future__ import annotations

import asyncio

import pytest
from assist_world import AssistWorld

from voicebot.assist.analysing import DRAIN_S, SUMMARY_S, WAITING
from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.entries import ChecklistItem, Ended, Mood, Suggestion, Summary, Trouble, Utterance
from voicebot.assist.hearing import LAST_WORDS_S
from voicebot.events.parties import Role

pytestmark = pytest.mark.virtual_time


async def test_what_is_found_in_a_line_follows_it() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.says("I want a refund.")
    await asyncio.sleep(0.1)
    (line,) = world.entries(Utterance)
    assert [one.utterance_id for one in world.entries(Mood)] == [line.utterance_id]
    assert [one.utterance_id for one in world.entries(Suggestion)] == [line.utterance_id]
    (analysed,) = world.analyst.analysed
    assert (analysed.role, analysed.text, analysed.language) == (Role.CALLER, "I want a refund.", "en-US")
    await world.over()


async def test_rules_see_hypotheses_and_are_told_before_the_final_line() -> None:
    world = AssistWorld()
    world.analyst.rules = {"cancel": Suggestion("keep", "Offer", "Half price.", "rules.yaml: cancel")}
    caller, _ = await world.both_speak()
    caller.seems("I want to cancel")
    assert [one.title for one in world.entries(Suggestion)] == ["Offer"]
    assert [partial for _, partial in world.analyst.heard_lines] == [True]
    await world.over()


async def test_slow_suggestions_delay_neither_mood_nor_lines() -> None:
    world = AssistWorld()
    world.analyst.slow_s = 30.0
    caller, _ = await world.both_speak()
    for number in range(5):
        caller.says(f"That is {number}.")
    await asyncio.sleep(0.1)
    assert len(world.entries(Mood)) == 5 and len(world.lines) == 5
    assert world.entries(Suggestion) == []
    await world.over()


async def test_if_too_many_lines_wait_the_oldest_are_left_out() -> None:
    world = AssistWorld()
    world.analyst.slow_s = 1.0
    caller, _ = await world.both_speak()
    for number in range(2 * WAITING):
        caller.says(f"line {number}")
    await asyncio.sleep(3.0 * WAITING)
    asked = [line.text for line in world.analyst.suggested]
    assert asked == [f"line {number}" for number in range(WAITING, 2 * WAITING)]
    await world.over()


async def test_an_analysis_that_is_away_is_told_once_and_when_it_is_back() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    world.analyst.away = {"analysis"}
    for number in range(3):
        caller.says(f"That is {number}.")
    await asyncio.sleep(0.1)
    assert [(one.what, one.over) for one in world.entries(Trouble)] == [("analysis", False)]
    assert len(world.entries(Suggestion)) == 3, "another part goes on"
    world.analyst.away = set()
    caller.says("And that.")
    await asyncio.sleep(0.1)
    assert [(one.what, one.over) for one in world.entries(Trouble)] == [("analysis", False), ("analysis", True)]
    await world.over()


async def test_the_summary_comes_when_the_call_has_ended_and_is_in_the_record() -> None:
    world = AssistWorld()
    caller, agent = await world.both_speak()
    caller.says("My parcel is late.")
    agent.says("I am sorry.")
    record = await world.over()
    kinds = [type(entry) for entry in world.entries(Ended, Summary)]
    assert kinds == [Ended, Summary]
    assert record["summary"]["Reason"] == "My parcel is late."
    assert world.analyst.closed
    assert await world.call.summary() == Summary("My parcel is late.", (), ())
    assert len(world.analyst.summed_up) == 1, "it is not made a second time"


async def test_a_summary_may_be_had_at_any_time() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.says("My parcel is late.")
    assert (await world.call.summary()).reason == "My parcel is late."
    assert len(world.entries(Summary)) == 1
    await world.over()


async def test_however_many_ask_for_a_summary_each_line_is_summed_up_once() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.says("My parcel is late.")
    asked = await asyncio.gather(*(world.call.summary() for _ in range(50)))
    assert len(set(asked)) == 1 and len(world.analyst.summed_up) == 1
    assert len(world.entries(Summary)) == 1
    caller.says("Where is it?")
    await world.call.summary()
    assert len(world.analyst.summed_up) == 2
    await world.over()
    assert len(world.analyst.summed_up) == 2


async def test_without_a_word_there_is_no_summary() -> None:
    world = AssistWorld()
    assert (await world.over())["summary"] is None
    assert world.analyst.summed_up == []


async def test_a_call_whose_analysis_is_dead_ends_in_time_and_keeps_its_lines() -> None:
    world = AssistWorld()
    world.analyst.slow_s = 1e6
    world.analyst.away = {"summary"}
    caller, _ = await world.both_speak()
    caller.says("Hello.")
    began = world.now
    record = await world.over()
    assert world.now - began < DRAIN_S + SUMMARY_S + LAST_WORDS_S
    assert [line["Content"] for line in record["transcript"]] == ["Hello."] and record["summary"] is None


async def test_without_analysis_there_is_a_transcript() -> None:
    world = AssistWorld(analysis=False)
    caller, _ = await world.both_speak()
    caller.says("Hello.")
    with pytest.raises(AnalysisUnavailable, match="switched off"):
        await world.call.summary()
    assert not world.call.tick("identity")
    record = await world.over()
    assert [line["Content"] for line in record["transcript"]] == ["Hello."]


async def test_the_checklist_is_told_at_the_beginning_and_ticked_by_the_agent() -> None:
    world = AssistWorld()
    await asyncio.sleep(0.1)
    assert [(one.item_id, one.done_by) for one in world.entries(ChecklistItem)] == [("identity", "")]
    assert world.call.tick("identity") and not world.call.tick("nothing")
    assert [one.done_by for one in world.entries(ChecklistItem)] == ["agent"]
    record = await world.over()
    assert [(one["ItemId"], one["DoneBy"]) for one in record["checklist"]] == [("identity", "agent")]


async def test_what_a_bot_suggests_on_its_own_initiative_is_told() -> None:
    world = AssistWorld()
    world.analyst.on_suggestion(Suggestion("b1", "Ask for the order", "", "bot"))
    assert [one.source for one in world.entries(Suggestion)] == ["bot"]
    await world.over()


async def test_a_line_that_is_corrected_is_heard_by_the_rules_as_it_is_now() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.says("it is 4111 1111")
    caller.says("and that is the order.")
    texts = [line.text for line, partial in world.analyst.heard_lines if not partial]
    assert texts == ["it is [held]", "it is 4111 1111", "and that is the order."]
    await asyncio.sleep(0.1)
    assert len(world.entries(Mood)) == 2, "and analysed once"
    await world.over()

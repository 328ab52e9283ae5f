"""A call of several parties: who is heard, what is told of it, and when its parts fail."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from assist_world import AGENT, CALLER, AssistWorld

from voicebot.address import Address
from voicebot.assist.call import SETTLE_S
from voicebot.assist.entries import Ended, PartiesChanged, Trouble, Utterance
from voicebot.assist.hearing import BEFORE_S, IDLE_S, LAST_WORDS_S
from voicebot.assist.languages import CallLanguages
from voicebot.audio import LINEAR_16K, PCMU
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import RecordedInfo, RecordedStream

pytestmark = pytest.mark.virtual_time


async def test_each_party_has_a_recogniser_and_lines_of_its_own_on_one_clock() -> None:
    world = AssistWorld()
    caller, agent = await world.both_speak()
    caller.seems("good")
    agent.says("Hello, this is Sam.", lasting_s=0.5)
    caller.says("Good morning.", lasting_s=0.8)
    said = world.entries(Utterance)
    assert world.lines == [("p2", "Hello, this is Sam."), ("p1", "Good morning.")]
    now = round((world.now - world.began) * 1000)
    assert [(one.begin_ms, one.end_ms) for one in said] == [(now - 500, now), (now - 800, now)]
    record = await world.over()
    assert [line["Content"] for line in record["transcript"]] == ["Good morning.", "Hello, this is Sam."]
    assert [line["ParticipantRole"] for line in record["transcript"]] == ["CUSTOMER", "AGENT"]
    assert record["end"] == {"reason": "client"}


async def test_partial_lines_come_first_and_have_the_id_of_the_final_one() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.seems("my")
    caller.seems("my bill is")
    (partial,) = world.entries(Utterance)
    assert (partial.text, partial.partial) == ("my bill is", True)
    caller.says("My bill is wrong.")
    (final,) = world.entries(Utterance)
    assert (final.text, final.partial, final.utterance_id) == ("My bill is wrong.", False, partial.utterance_id)
    caller.seems("and")
    assert world.entries(Utterance)[-1].utterance_id != final.utterance_id
    await world.over()


async def test_what_seemed_to_be_said_and_was_nothing_is_told_to_be_nothing() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.seems("hm")
    caller.says_nothing()
    (line,) = world.entries(Utterance)
    assert (line.text, line.partial) == ("", False)
    assert (await world.over())["transcript"] == []


async def test_a_silent_stream_has_no_recogniser_until_somebody_speaks_who_is_heard_from_the_first_sound() -> None:
    world = AssistWorld()
    await world.hears(0, 300.0, silence=True)
    assert world.recognisers == []
    voice_begins = world.now
    recogniser = await world.hears(0, 0.5)
    assert recogniser is not None and recogniser.started
    first = recogniser.written[0][1]
    assert voice_begins - BEFORE_S <= first < voice_begins
    assert len(recogniser.written) == round((world.now - first) / 0.02) + 1
    await world.over()


async def test_who_is_silent_again_for_long_has_no_recogniser_until_the_next_word() -> None:
    world = AssistWorld()
    first = await world.hears(0, 1.0)
    assert first is not None
    first.says("Hello.")
    await world.hears(0, IDLE_S - 5.0, silence=True)
    assert not first.stopped and world.call.recognising == 1
    await world.hears(0, 10.0, silence=True)
    assert first.stopped and world.call.recognising == 0
    second = await world.hears(0, 1.0)
    assert second is not first and second is not None and second.started
    await world.over()


async def test_nobody_waits_for_the_frames_of_who_is_silent() -> None:
    world = AssistWorld()
    recogniser = await world.hears(0, 1.0)
    assert recogniser is not None
    assert recogniser.urgent[-1], "somebody speaks"
    await world.hears(0, 2.0, silence=True)
    assert not any(recogniser.urgent[-25:])
    await world.hears(0, 1.0)
    assert recogniser.urgent[-1]
    await world.over()


async def test_where_no_frames_come_any_more_the_phrase_is_ended_by_silence() -> None:
    world = AssistWorld()
    recogniser = await world.hears(0, 1.0)
    assert recogniser is not None
    last_frame = world.now
    await asyncio.sleep(2.0)
    silence = [payload for payload, at in recogniser.written if at > last_frame]
    assert len(silence) == 50 and set(silence) == {PCMU.frame_of_silence}
    assert recogniser.commits == 1
    await asyncio.sleep(10.0)
    assert recogniser.commits == 1
    await world.over()


async def test_a_stream_that_is_put_on_hold_ends_what_was_being_said_at_once() -> None:
    world = AssistWorld()
    recogniser = await world.hears(0, 1.0)
    assert recogniser is not None
    streams = world.client.info.streams
    world.client.change(streams=(replace(streams[0], active=False), streams[1]))
    assert recogniser.commits == 1
    await world.over()


async def test_recognition_that_cannot_be_had_is_told_and_sought_until_it_is_there() -> None:
    world = AssistWorld(refuses=3)
    recogniser = await world.hears(0, 1.0)
    assert recogniser is not None
    await asyncio.sleep(30.0)
    assert recogniser.started
    assert [(one.what, one.over, one.party) for one in world.entries(Trouble)] == [
        ("recognition", False, "p1"),
        ("recognition", True, "p1"),
    ]
    await world.over()


async def test_recognition_lost_and_restored_is_told_of_the_party_and_the_other_goes_on() -> None:
    world = AssistWorld()
    caller, agent = await world.both_speak()
    caller.seems("I would")
    caller.is_lost()
    agent.says("Yes?")
    caller.is_back()
    caller.says("I would like to know.")
    assert [(one.over, one.party) for one in world.entries(Trouble)] == [(False, "p1"), (True, "p1")]
    assert world.lines == [("p2", "Yes?"), ("p1", "I would like to know.")]
    assert len(world.entries(Utterance)) == 2, "the line that was begun goes on"
    await world.over()


async def test_the_last_words_are_waited_for_and_a_line_that_is_never_final_is_kept() -> None:
    world = AssistWorld()
    caller, agent = await world.both_speak()
    caller.last_words = "Goodbye then."
    agent.seems("good")
    began = world.now
    record = await world.over()
    assert {line["Content"] for line in record["transcript"]} == {"Goodbye then.", "good"}
    assert not any(line["IsPartial"] for line in record["transcript"])
    assert world.now - began < LAST_WORDS_S + 1.0
    assert caller.stopped and agent.stopped
    assert world.entries(Ended)[0].reason == "client"


async def test_parties_speak_the_languages_of_their_roles() -> None:
    world = AssistWorld(languages={Role.CALLER: "de-DE", Role.AGENT: "en-GB"})
    caller, agent = await world.both_speak()
    assert (caller.language, agent.language) == ("de-DE", "en-GB")
    caller.says("Guten Tag.")
    assert world.entries(Utterance)[0].language == "de-DE"
    await world.over()


async def test_in_some_calls_other_languages_are_spoken() -> None:
    french = CallLanguages({Role.CALLER: "fr-FR"}, trunk="sbc")
    world = AssistWorld(languages={Role.CALLER: "de-DE", Role.AGENT: "en-GB"}, of_calls=[french])
    caller, agent = await world.both_speak()
    assert (caller.language, agent.language) == ("fr-FR", "en-GB")
    await world.over()


async def test_who_turns_out_to_have_another_role_is_heard_in_its_language_without_a_gap() -> None:
    unknown = replace(AGENT, role=Role.OTHER)
    streams = (RecordedStream(0, PCMU, "1", "p1"), RecordedStream(1, PCMU, "2", "p2"))
    info = RecordedInfo("call-1", "sbc", (CALLER, unknown), streams)
    world = AssistWorld(info=info, languages={Role.AGENT: "es-ES"})
    first = await world.hears(1, 1.0)
    assert first is not None and first.language == "en-US"
    world.client.change(parties=(CALLER, AGENT))
    await world.hears(1, 0.5)
    second = world.recognisers[-1]
    assert second.language == "es-ES" and second.started and first.stopped
    second.says("Hola.")
    assert world.lines == [("p2", "Hola.")]
    await world.over()


async def test_a_line_of_nobody_known_becomes_that_of_who_it_was() -> None:
    streams = (RecordedStream(0, PCMU), RecordedStream(1, PCMU))
    world = AssistWorld(info=RecordedInfo("call-1", "sbc", (), streams))
    caller, agent = await world.both_speak()
    caller.says("Hello?")
    agent.says("Hello!")
    assert [party for party, _ in world.lines] == ["stream 0", "stream 1"]
    streams = (replace(streams[0], party="p1"), replace(streams[1], party="p2"))
    world.client.change(parties=(CALLER, AGENT), streams=streams)
    assert world.lines == [("p1", "Hello?"), ("p2", "Hello!")]
    record = await world.over()
    assert [line["ParticipantId"] for line in record["transcript"]] == ["p1", "p2"]


async def test_another_agent_in_the_same_stream_is_another_party() -> None:
    world = AssistWorld()
    _, agent = await world.both_speak()
    agent.says("I put you through.")
    agent.seems("bye")
    other = Party("p3", Role.AGENT, "Kim", Address.parse("sip:7002@pbx.example"))
    streams = world.client.info.streams
    world.client.change(parties=(CALLER, other), streams=(streams[0], replace(streams[1], party="p3")))
    agent.says("Bye.")
    await world.hears(1, 1.5)
    agent.says("Kim here.")
    assert world.lines == [("p2", "I put you through."), ("p2", "Bye."), ("p3", "Kim here.")]
    assert [one.key for one in world.entries(PartiesChanged)[-1].parties] == ["p1", "p3"]
    record = await world.over()
    assert [one["DisplayName"] for one in record["parties"]] == ["Ada Miller", "Sam", "Kim"]


async def test_streams_come_and_go_and_may_change_their_format() -> None:
    world = AssistWorld()
    caller, agent = await world.both_speak()
    agent.last_words = "Bye."
    streams = world.client.info.streams
    world.client.change(streams=(replace(streams[0], audio=LINEAR_16K),))
    await asyncio.sleep(LAST_WORDS_S + 1.0)
    assert agent.stopped and caller.stopped
    assert world.lines == [("p2", "Bye.")]
    assert world.client.sink is not None
    world.client.sink.frame(1, PCMU.frame_of_silence, world.now)
    world.client.sink.frame(7, PCMU.frame_of_silence, world.now)
    await world.over()


async def test_digits_are_held_until_nothing_more_has_come() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.says("it is 4111 1111")
    assert world.lines == [("p1", "it is [held]")]
    await asyncio.sleep(SETTLE_S - 1.0)
    caller.seems("11")
    await asyncio.sleep(2.0)
    assert world.lines == [("p1", "it is [held]")], "more is being said"
    caller.says_nothing()
    await asyncio.sleep(SETTLE_S)
    assert ("p1", "it is 4111 1111") in world.lines
    await world.over()


async def test_a_card_number_in_two_lines_is_in_neither_nor_anywhere_else() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.seems("4111 1111")
    caller.says("4111 1111")
    caller.seems("1111 11")
    caller.says("1111 1111")
    record = await world.over()
    assert [line["Content"] for line in record["transcript"]] == ["[card number]", "[card number]"]
    assert record["withheld"] == {"card number": 2}
    assert "1111" not in str([entry for entry in world.entries()]) and "1111" not in str(record["transcript"])
    assert "1111" not in str(world.analyst.heard_lines) + str(world.analyst.analysed) + str(world.analyst.summed_up)


async def test_what_is_held_when_the_call_ends_is_shown_then() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    caller.says("it is 4111 1111")
    assert [line["Content"] for line in (await world.over())["transcript"]] == ["it is 4111 1111"]


async def test_lines_are_counted_and_timed() -> None:
    world, late = AssistWorld(), list[float]()
    world.calls.on_line = late.append
    caller, agent = await world.both_speak()
    caller.seems("my")
    caller.says("My card is 4111 1111 1111 1111.")
    agent.says("Thank you.")
    assert late == [0.0, 0.0, 0.0]
    assert (len(world.calls), world.calls.parties, world.calls.recognisers) == (1, 2, 2)
    await world.over()
    assert world.calls.utterances == {"caller": 1, "agent": 1, "bot": 0, "other": 0}
    assert world.calls.withheld == {"card number": 1}
    assert world.calls.ended == {"client": 1}


async def test_a_call_that_ends_leaves_nothing_and_can_still_be_read() -> None:
    world = AssistWorld()
    await world.both_speak()
    await world.over()
    await world.calls.drain(0)
    assert world.calls.running() == [] and world.calls.roster.running() == []
    assert world.calls.roster.find(world.call.id) is world.call
    assert world.call.feed.closed
    assert world.client.sink is not None
    world.client.sink.frame(0, PCMU.frame_of_silence, world.now)
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr]


async def test_draining_ends_the_recording_sessions() -> None:
    world = AssistWorld()
    await world.calls.drain(5.0)
    assert world.client.asked[0] == "hang up"
    assert world.call.record is not None and world.call.record["end"] == {"reason": "agent"}


async def test_recognition_that_was_away_when_nobody_spoke_any_more_is_told_to_be_back_at_the_next_word() -> None:
    world = AssistWorld(refuses=10**6)
    first = await world.hears(0, 1.0)
    assert first is not None
    await world.hears(0, IDLE_S + 5.0, silence=True)
    assert first.stopped and world.call.recognising == 0
    refused = first.refuses
    await asyncio.sleep(60.0)
    assert first.refuses == refused, "nobody asks any more"
    second = await world.hears(0, 0.2)
    assert second is not None and second is not first
    second.refuses = 0
    await asyncio.sleep(10.0)
    assert [one.over for one in world.entries(Trouble)] == [False, True]
    await world.over()

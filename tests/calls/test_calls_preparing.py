"""Replies that are made ready while the caller's turn may still go on: no effect, and nothing is played twice."""

from __future__ import annotations

import asyncio

import pytest
from call_world import SECOND, World

from voicebot.calls.preparing import MOST_PROMPTS
from voicebot.events import (
    AnswerKind,
    BotDone,
    BotFailed,
    CallConfigured,
    ExpectedAnswer,
    Final,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.speech import Urgency
from voicebot.turns import Prepare, TurnPolicy

pytestmark = pytest.mark.virtual_time

PERHAPS = "Your balance is 42."


async def asking(**answers: tuple[str, ...]) -> World:
    """A call whose bot waits for an answer; ``answers``: what the bot would say, by what the caller says."""
    world = await World().greeted()
    world.line.pull(60)
    world.bot.answers = dict(answers)
    return world


async def perhaps(world: World, text: str, heard: float = 1.0) -> None:
    world.session._commands.carry_out(Prepare(text, heard))
    await world.settle()


async def begins_to_say(world: World, text: str) -> None:
    """The caller has said ``text``, which is not sure yet."""
    world.session.dispatch(SpeechStarted(world.now, world.now - 2.0))
    world.session.dispatch(SpeechStopped(world.now, world.now - 1.0))
    await perhaps(world, text)


async def has_said(world: World, text: str) -> None:
    world.ears.on_event(Final(world.now, text, world.now - 2.0, world.now - 1.0, 0.8))
    await world.settle()


def held(world: World) -> list[str]:
    return [speech.text for speech in world.mouth.held]


async def counts(world: World) -> dict[str, int]:
    await world.line.hang_up()
    record = await world.over()
    assert world.mouth.held == []
    return dict(record["prepared"])


async def test_the_reply_is_made_ready_and_nothing_else_happens() -> None:
    world = await asking(yes=(PERHAPS, "Anything else?"))
    told, timeline = len(world.bot.told), len(world.session._builder.build()["timeline"])
    await perhaps(world, "yes", 0.4)
    assert held(world) == [PERHAPS, "Anything else?"]
    assert world.bot.tried[0]["text"] == "yes"
    assert world.bot.tried[0]["channelData"]["promptHeard"] == 0.4
    assert world.line.pull(60) == b"" and world.mouth.streamed == []
    assert (len(world.bot.told), len(world.session._builder.build()["timeline"])) == (told, timeline)
    assert await counts(world) == {"trials": 1, "ahead": 0, "prompts": 2, "used": 0, "thrown_away": 2}


async def test_what_was_made_ready_is_held_until_it_is_said_and_said_once() -> None:
    world = await asking(yes=(PERHAPS, "Anything else?"))
    await begins_to_say(world, "yes")
    await has_said(world, "yes")
    assert [told["text"] for told in world.bot.told[1:]] == ["yes"]
    assert held(world) == [PERHAPS, "Anything else?"]
    world.says(PERHAPS)
    await world.settle()
    assert held(world) == [PERHAPS], "the playback may not have begun; the other one is not said"
    assert world.line.pull(120) == SECOND
    record = world.session._builder.build()
    assert [said["prepared"] for turn in record["turns"] for said in turn["bot"]["utterances"]] == [False, True]
    await asyncio.sleep(5.0)
    await world.caller_says("thanks")
    assert held(world) == []
    assert await counts(world) == {"trials": 1, "ahead": 0, "prompts": 2, "used": 1, "thrown_away": 1}


async def test_another_text_throws_the_reply_away_and_the_same_one_does_not() -> None:
    world = await asking(yes=("Good.",), no=("Bad.",))
    for _ in range(3):
        await perhaps(world, "yes")
    assert (held(world), len(world.bot.tried)) == (["Good."], 1)
    await perhaps(world, "no")
    assert held(world) == ["Bad."]
    assert await counts(world) == {"trials": 2, "ahead": 0, "prompts": 2, "used": 0, "thrown_away": 2}


async def test_a_caller_who_goes_on_ends_it() -> None:
    world = await asking(yes=("Good.",))
    await perhaps(world, "yes")
    world.session.dispatch(SpeechStarted(world.now, world.now))
    await world.settle()
    assert held(world) == []
    await perhaps(world, "yes")
    assert held(world) == ["Good."], "it may be over again"
    await world.line.hang_up()
    await world.over()


async def test_a_trial_that_is_too_late_is_not_waited_for() -> None:
    world = await asking(yes=("Good.",))
    world.bot.trial_takes_s = 1.0
    await begins_to_say(world, "yes")
    await has_said(world, "yes")
    await asyncio.sleep(2.0)
    assert world.mouth.prepared == []
    world.says("Good.")
    await world.settle()
    assert world.line.pull(60) == SECOND
    assert await counts(world) == {"trials": 1, "ahead": 0, "prompts": 0, "used": 0, "thrown_away": 0}


@pytest.mark.parametrize("failed", [False, True])
async def test_a_bot_that_says_something_else_throws_it_away(failed: bool) -> None:
    world = await asking(yes=("Good.",))
    await begins_to_say(world, "yes")
    await has_said(world, "yes")
    request = len(world.bot.told)
    world.bot.on_event(BotDone(world.now, request - 1))
    assert held(world) == ["Good."], "that was another request"
    world.bot.on_event(BotFailed(world.now, request, "away") if failed else BotDone(world.now, request))
    await world.settle()
    assert held(world) == []
    await world.line.hang_up()
    await world.over()


async def test_a_failure_of_the_bots_own_does_not_throw_it_away() -> None:
    world = await asking(yes=("Good.",))
    await perhaps(world, "yes")
    world.bot.on_event(BotFailed(world.now, 0, "something of its own"))
    assert held(world) == ["Good."]
    await world.line.hang_up()
    await world.over()


async def test_the_first_prompts_are_rendered_that_are_not_there_yet() -> None:
    texts = ("a cached one", *(f"Number {number}." for number in range(MOST_PROMPTS + 3)))
    world = await asking(yes=texts)
    await perhaps(world, "yes")
    assert held(world) == list(texts[1 : MOST_PROMPTS + 1])
    await world.line.hang_up()
    await world.over()


async def test_they_are_in_the_voice_and_the_language_in_which_they_will_be_said() -> None:
    world = await asking(yes=("Guten Tag.",))
    world.session._commands._use_voice("de-DE-KatjaNeural", "de-DE")
    await perhaps(world, "yes")
    (speech,) = world.mouth.held
    assert (speech.voice, speech.language) == ("de-DE-KatjaNeural", "de-DE")
    await world.line.hang_up()
    await world.over()


async def test_before_there_is_a_bot_nothing_is_made_ready() -> None:
    world = World()
    world.session._commands.carry_out(Prepare("yes"))
    await world.greeted()
    assert await counts(world) == {"trials": 0, "ahead": 0, "prompts": 0, "used": 0, "thrown_away": 0}


LIKELY = CallConfigured(0.0, phrases=(), answer=ExpectedAnswer(AnswerKind.CHOICE, likely=("yes", "no")))


async def asks(world: World, question: str = "Are you sure?", configured: CallConfigured = LIKELY) -> None:
    """The bot answers what it was asked last with a question."""
    world.bot.on_event(configured)
    world.says(question)
    await world.settle()


async def asked_again(**answers: tuple[str, ...]) -> World:
    world = await asking(**answers)
    await world.caller_says("billing")
    await asks(world)
    await asyncio.sleep(5.0)
    return world


async def test_where_there_are_few_answers_the_reply_to_each_is_made_ready() -> None:
    world = await asked_again(yes=("Number 1.", "Thanks.", "Bye."), no=("a cached one", "Number 2."))
    assert [tried["text"] for tried in world.bot.tried] == ["yes", "no"]
    assert held(world) == ["Number 1.", "Thanks.", "Number 2."]
    assert {urgency for _, urgency in world.mouth.prepared} == {Urgency.PERHAPS}
    await begins_to_say(world, "no")
    assert held(world).count("Number 2.") == 1
    assert world.mouth.prepared[-1][1] is Urgency.SOON
    await has_said(world, "no")
    world.says("Number 2.", done=False)
    await world.settle()
    world.bot.on_event(BotDone(world.now, len(world.bot.told)))
    await world.settle()
    assert held(world) == ["Number 2."]
    assert await counts(world) == {"trials": 1, "ahead": 2, "prompts": 3, "used": 1, "thrown_away": 2}


async def test_a_caller_who_begins_to_speak_ends_the_looking_ahead_and_not_what_was_found() -> None:
    world = await asking(yes=("Number 1.",), no=("Number 2.",))
    await world.caller_says("billing")
    world.bot.trial_takes_s = 0.4
    await asks(world)
    await asyncio.sleep(0.7)
    world.session.dispatch(SpeechStarted(world.now, world.now))
    await asyncio.sleep(5.0)
    assert held(world) == ["Number 1."]
    await world.line.hang_up()
    await world.over()


async def test_a_question_of_which_nothing_is_known_is_not_looked_beyond() -> None:
    world = await asked_again(yes=("Number 1.",))
    await world.caller_says("yes")
    await asks(world, "And what is your name?", CallConfigured(0.0, phrases=("Ann",)))
    tried = len(world.bot.tried)
    await asyncio.sleep(5.0)
    assert (len(world.bot.tried), held(world)) == (tried, [])
    await world.line.hang_up()
    await world.over()


async def test_nothing_is_looked_for_where_the_settings_make_nothing_ready() -> None:
    world = await World(policy=TurnPolicy(prepare=False)).greeted()
    await world.caller_says("billing")
    await asks(world)
    await asyncio.sleep(5.0)
    assert world.bot.tried == []
    await world.line.hang_up()
    await world.over()

"""Calls whose prompts and questions the service carries out itself, over the double and by the official client."""

from __future__ import annotations

from typing import Any

import pytest
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.call import AcsCall
from acs.world import World, acs_world

from voicebot.address import Address
from voicebot.legs.acs_operations import AcsOperations
from voicebot.legs.operations import (
    Begun,
    Heard,
    KeyRules,
    NotCarriedOut,
    NotUnderstood,
    Operation,
    Operations,
    Outcome,
    Played,
    Pressed,
    Prompt,
    PromptFailed,
    Recognition,
    Silent,
)

HELLO = Prompt("Hello", "en-US-JennyNeural", "en-US")
ANYTHING = Recognition("en-US", True, KeyRules(4, "#", 5.0), silence_s=4.0, end_silence_s=0.5)
PLATFORM: dict[str, Any] = {"mode": "platform", "speech_endpoint": "https://speech.example"}


class Talk:
    """The operations of a call that is up, and what came of them."""

    def __init__(self, operations: Operations, call: AcsCall) -> None:
        self.call = call
        self.caller = call.talk
        self.outcomes: list[Outcome] = []
        self.operations = operations
        operations.on_outcome = self.outcomes.append
        self._count = 0

    def begin(self, *prompts: Prompt, question: Recognition | None = None) -> None:
        self._count += 1
        self.operations.begin(Operation(self._count, prompts, question))

    async def last(self) -> Outcome:
        """What came of the latest operation."""
        await until(lambda: any(one.number == self._count and not isinstance(one, Begun) for one in self.outcomes))
        return self.outcomes[-1]


async def talk(world: World, **more: Any) -> Talk:
    line, call = await world.talk(**more)
    return Talk(line.leg.operations, call)  # type: ignore[attr-defined]


async def test_no_media_are_asked_for_and_none_are_let_in() -> None:
    async with acs_world(**PLATFORM) as world:
        line, call = await world.talk()
        (answer,) = world.acs.asked("answer")
        assert "mediaStreamingOptions" not in answer
        assert answer["callIntelligenceOptions"] == {"cognitiveServicesEndpoint": "https://speech.example"}
        assert await world.connect_media(call, world.acs.sending.token(), call.callback) == 409
        assert line.leg.quality().packets_sent == 0


async def test_prompts_are_played_one_after_the_other() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        there = await talk(world)
        marked = "<speak version='1.0' xml:lang='en-US'><voice name='en-US-JennyNeural'>marked <break/></voice></speak>"
        there.begin(HELLO, Prompt(marked), Prompt("", samples=b"\x01\x02" * 16_000), Prompt("Hallo", "hedwig", "de-DE"))
        assert await there.last() == Played(1)
        assert there.outcomes[:-1] == [Begun(1)] * 2, "the request is accepted, and playing has begun"
        assert there.caller.texts == ["Hello", "marked", "", "Hallo"]
        assert there.caller.said[2].samples == b"\x01\x02" * 16_000
        (wish,) = world.acs.asked("play")
        kinds = [source["kind"] for source in wish["playSources"]]
        assert (kinds, wish["interruptCallMediaOperation"]) == (["text", "ssml", "file", "text"], True)
        german = wish["playSources"][3]["text"]
        assert (german["sourceLocale"], german.get("voiceName")) == ("de-DE", None), "no voice of the service's"


async def test_what_is_said_and_keyed_in_is_told() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        there = await talk(world)
        there.begin(HELLO, question=ANYTHING)
        await there.caller.say("my bill please")
        assert await there.last() == Heard(1, "my bill please", 0.9)
        wish = there.caller.questions[0]
        options = wish["recognizeOptions"]
        assert wish["recognizeInputType"] == "speechOrDtmf" and wish["playPrompts"][0]["text"]["text"] == "Hello"
        assert options["targetParticipant"]["rawId"] == f"4:{there.call.caller}"
        assert (options["initialSilenceTimeoutInSeconds"], options["interruptPrompt"]) == (4, True)
        assert options["speechOptions"] == {"endSilenceTimeoutInMs": 500}
        assert options["dtmfOptions"] == {
            "interToneTimeoutInSeconds": 5,
            "maxTonesToCollect": 4,
            "stopTones": ["pound"],
        }
        for keys, told in (("1234", "1234"), ("12#", "12#"), ("7", "7")):
            there.begin(question=ANYTHING)
            await there.caller.press(keys)
            assert await there.last() == Pressed(there.outcomes[-1].number, told)
        there.begin(question=ANYTHING)
        await there.caller.noise()
        assert isinstance(await there.last(), NotUnderstood)
        there.begin(HELLO, question=ANYTHING)
        assert isinstance(await there.last(), Silent)


async def test_of_choices_the_phrase_is_told_or_the_key_or_that_it_was_none() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        there = await talk(world)
        question = Recognition("en-US", True, KeyRules(1, "", 5.0), ("bill", "power outage", "power"))
        for said, told in (("is it a Power Outage?", "power outage"), ("power", "power")):
            there.begin(question=question)
            await there.caller.say(said)
            assert await there.last() == Heard(there.outcomes[-1].number, told, 0.9)
        there.begin(question=question)
        await there.caller.press("2")
        assert await there.last() == Pressed(3, "2")
        there.begin(question=question)
        await there.caller.say("nothing of it")
        assert await there.last() == NotUnderstood(4)


async def test_the_caller_interrupts_a_prompt_if_that_is_allowed() -> None:
    async with acs_world(**PLATFORM) as world:
        there = await talk(world)
        long = Prompt("A prompt that goes on and on, " * 10, "", "en-US")
        there.begin(long, question=ANYTHING)
        await there.caller.say("stop", over=True)
        assert await there.last() == Heard(1, "stop", 0.9)
        assert not there.caller.said[0].complete


async def test_the_next_operation_interrupts_and_the_latest_one_counts() -> None:
    async with acs_world(**PLATFORM) as world:
        there = await talk(world)
        long = Prompt("A prompt that goes on and on, " * 10, "", "en-US")
        there.begin(long)
        await until(lambda: there.caller.said)
        there.begin(long)
        there.begin(Prompt("short", "", "en-US"))
        assert await there.last() == Played(3)
        assert there.call.got("PlayCanceled")()
        there.begin(long)
        await until(lambda: there.caller.texts[-1].startswith("A prompt"))
        there.operations.cancel()
        await until(lambda: there.caller.cancelled)
        assert len(world.acs.asked("play")) <= 4


async def test_prompts_and_questions_that_fail_say_which_and_why() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        there = await talk(world)
        world.acs.faults.cannot_speak = True
        there.begin(Prompt("", samples=bytes(320)), HELLO)
        failed = await there.last()
        assert isinstance(failed, PromptFailed) and failed.index == 1 and "8565" in failed.reason
        there.begin(HELLO, question=ANYTHING)
        failed = await there.last()
        assert isinstance(failed, PromptFailed) and failed.index == 0 and "8511" in failed.reason
        world.acs.faults.cannot_recognise = True
        there.begin(question=ANYTHING)
        assert isinstance(await there.last(), NotCarriedOut)


async def test_a_busy_service_is_asked_again_and_one_that_stays_busy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        there = await talk(world)
        world.acs.faults.refuse = [429, 503]
        there.begin(HELLO)
        assert await there.last() == Played(1)
        monkeypatch.setattr("voicebot.legs.acs_client.OPERATION_S", 0.3)
        world.acs.faults.refuse = [503] * 50
        there.begin(HELLO)
        failed = await there.last()
        assert isinstance(failed, NotCarriedOut) and "no answer within 0.3 s" in failed.reason
        world.acs.faults.refuse.clear()


async def test_files_are_for_who_knows_the_calls_secret_and_while_it_lasts() -> None:
    async with acs_world(**PLATFORM) as world:
        there = await talk(world)
        there.begin(Prompt("", samples=bytes(64_000)))
        await until(lambda: world.acs.asked("play"))
        url = world.acs.asked("play")[0]["playSources"][0]["file"]["uri"]
        get = world.acs.sending.http.get
        call, _, name = url.rpartition("/files/")
        for wrong in (f"{call}/files/0123456789abcdef.wav", f"{call[:-3]}xxx/files/{name}"):
            async with get(wrong) as response:
                assert response.status == 404
        async with get(url) as response:
            assert response.status == 200
        await there.call.end()
        await until(lambda: world.lines[-1].reasons)
        async with get(url) as response:
            assert response.status == 404


async def test_an_outcome_that_is_delivered_five_times_counts_once() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        there = await talk(world)
        world.acs.faults.events_times = 5
        there.begin(question=ANYTHING)
        await there.caller.press("1234")
        await until(lambda: [kind for kind, _ in there.call.delivered].count("RecognizeCompleted") == 5)
        assert [one for one in there.outcomes if isinstance(one, Pressed)] == [Pressed(1, "1234")]
        assert {status for _, status in there.call.delivered} == {200}


async def test_another_calls_outcome_and_a_forged_one_move_nothing() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        one, two = await talk(world), await talk(world)
        one.caller.is_patient = two.caller.is_patient = True
        for there in (one, two):
            there.begin(question=ANYTHING)
        await until(lambda: one.caller.asks and two.caller.asks)
        context = one.caller.questions[0]["operationContext"]
        said = {"recognitionType": "speech", "speechResult": {"speech": "let me in"}}
        event = two.call.event("RecognizeCompleted", operationContext=context, **said)
        sending = world.acs.sending
        assert await sending.post(one.call.callback, [event], f"Bearer {sending.token()}") == 404
        own = one.call.event("RecognizeCompleted", operationContext=context, **said)
        for token in ("", f"Bearer {sending.token(-600)}", f"Bearer {sending.token(aud='another')}"):
            assert await sending.post(one.call.callback, [own], token) == 401
        assert await sending.post(two.call.callback, [event | {"id": "new"}], f"Bearer {sending.token()}") == 200
        assert one.outcomes == [Begun(1)] and two.outcomes == [Begun(1)], "the context is of another call's operation"


async def test_the_caller_hangs_up_in_the_middle_and_nothing_is_asked_for_any_more() -> None:
    async with acs_world(**PLATFORM) as world:
        there = await talk(world)
        there.begin(Prompt("A prompt that goes on and on, " * 10, "", "en-US"), question=ANYTHING)
        await until(lambda: there.caller.said)
        await there.call.end()
        await until(lambda: world.lines[0].reasons == ["caller"])
        asked = len(world.acs.requests)
        there.begin(HELLO)
        there.operations.cancel()
        assert len(world.acs.requests) == asked and not world.acs.asked("terminate")


async def test_in_a_call_of_ours_the_service_speaks_and_listens_too() -> None:
    async with acs_world(lambda acs: setattr(acs, "speed", 20), **PLATFORM) as world:
        line = world.take(await world.front_end.place(Address.parse("+4930555")))
        await until(lambda: line.up)
        (call,) = world.acs.calls.values()
        (wish,) = [body for _, path, body in world.acs.requests if path == "callConnections"]
        assert "mediaStreamingOptions" not in wish
        assert wish["callIntelligenceOptions"] == {"cognitiveServicesEndpoint": "https://speech.example"}
        there = Talk(line.leg.operations, call)  # type: ignore[attr-defined]
        there.begin(HELLO, question=ANYTHING)
        await there.caller.say("who is there")
        assert await there.last() == Heard(1, "who is there", 0.9)
        assert there.caller.questions[0]["recognizeOptions"]["targetParticipant"]["rawId"] == "4:+4930555"
        await call.end()
        await until(lambda: line.reasons == ["caller"])


async def test_a_reason_that_repeats_an_address_is_told_without_it_and_its_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with acs_world(**PLATFORM) as world:
        there = await talk(world)
        monkeypatch.setattr(AcsOperations, "file", lambda *_: None)
        there.begin(Prompt("", samples=bytes(640)))
        failed = await there.last()
        assert isinstance(failed, PromptFailed) and "Not Found" in failed.reason and "(address)" in failed.reason
        assert "/acs/calls" not in failed.reason


async def test_a_call_is_up_in_whatever_order_its_answer_is_told_without_media() -> None:
    async with acs_world(lambda acs: setattr(acs.faults, "event_before_response", True), **PLATFORM) as world:
        there = await talk(world)
        there.begin(HELLO)
        assert await there.last() == Played(1)

"""The Direct Line client over real sockets, on virtual time, against the double of Microsoft's own client's tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from callers import Numbered
from direct_line_double import Activity, Bot, BotError, DirectLineDouble, Say, echo_bot, line_to
from waiting import until

from voicebot.bots import CallFacts, activities, direct_line_order, direct_line_stream, direct_line_token
from voicebot.bots.direct_line import DirectLineChannel
from voicebot.bots.direct_line_feed import DirectLineFeed
from voicebot.events import BotDone, BotFailed, BotMessage, Event, HangUpAsked, TransferAsked

pytestmark = pytest.mark.virtual_time

CALL = CallFacts("call-1", "+15550100", "+15550199", "Ada", "en-US", {"X-Customer": "7"})


class Line:
    """One call's end of a conversation."""

    def __init__(self, service: DirectLineDouble) -> None:
        self.service = service
        self.events: list[Event] = []
        self.conversation: Numbered

    @property
    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, BotMessage)]

    @property
    def done(self) -> list[int]:
        return [event.request for event in self.events if isinstance(event, BotDone)]

    @property
    def failed(self) -> list[int]:
        return [event.request for event in self.events if isinstance(event, BotFailed)]

    async def ask(self, text: str) -> int:
        request = self.conversation.send(activities.user_message(text))
        await until(lambda: request in self.done + self.failed)
        return request


@asynccontextmanager
async def line(
    bot: Bot = echo_bot, *, timeout_s: float = 5.0, token_life_s: float = 1800.0, streams: bool = True, **options: Any
) -> AsyncIterator[Line]:
    async with DirectLineDouble(bot, token_life_s=token_life_s) as service:
        service.streams = streams
        channel = DirectLineChannel(line_to(service, turn_timeout_s=timeout_s, **options))
        await channel.start()
        here = Line(service)
        here.conversation = Numbered(channel.conversation(CALL, here.events.append))
        here.conversation.begin()
        await until(lambda: bool(here.done or here.failed))
        try:
            yield here
        finally:
            await channel.close()
            assert channel.conversations == 0


async def test_the_bot_greets_and_answers_and_our_own_words_are_not_taken_for_its() -> None:
    async with line() as call:
        await call.ask("my bill")
        assert call.said == ["Welcome.", "You said my bill."]
        assert (call.done, call.failed) == ([1, 2], [])
        told = call.service.told[-1]
        assert (told["type"], told["from"]["id"], told["text"]) == ("message", "dl_+15550100", "my bill")
    assert call.service.told[-1]["type"] == "endOfConversation"


async def test_a_start_event_tells_the_bot_what_is_known_of_the_call() -> None:
    async with line(start_event="startConversation") as call:
        start = call.service.told[1]
        assert (start["type"], start["name"]) == ("event", "startConversation")
        assert start["channelData"]["sipHeaders"] == {"X-Customer": "7"}


async def test_all_that_a_bot_says_for_a_request_comes_in_order_before_its_end() -> None:
    async def bot(activity: Activity, say: Say) -> None:
        if activity["type"] == "message":
            for text in ("One.", "Two.", "Three."):
                await say({"type": "message", "text": text})
            await say({"type": "event", "name": "handoff.initiate", "value": {"TargetPhoneNumber": "+14255550123"}})

    async with line(bot) as call:
        await call.ask("go")
        kinds = [type(event) for event in call.events if event.at and getattr(event, "request", 2) == 2]
        assert kinds == [BotMessage] * 3 + [TransferAsked, BotDone]


async def test_what_comes_in_another_order_is_said_in_the_order_of_the_ids() -> None:
    async def bot(activity: Activity, say: Say) -> None:
        for text in ("One.", "Two.", "Three.", "Four.") if activity["type"] == "message" else ():
            await say({"type": "message", "text": text})

    async with line(bot) as call:
        call.service.overtake = True
        for turn in (1, 2):
            await call.ask("go")
            assert call.said == ["One.", "Two.", "Three.", "Four."] * turn


async def test_a_message_whose_predecessor_never_comes_is_said_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_line_order, "WAIT_S", 0.05)

    async with line() as call:
        for talk in call.service.talks.values():
            talk.log.append({"type": "message", "text": "lost", "id": "x", "from": {"id": "bot"}})
        await call.service.say({"type": "message", "text": "By the way."})
        await until(lambda: "By the way." in call.said)


async def test_a_stream_that_breaks_in_mid_turn_loses_nothing_and_repeats_nothing() -> None:
    release = asyncio.Event()

    async def bot(activity: Activity, say: Say) -> None:
        if activity["type"] == "message":
            await say({"type": "message", "text": "Before."})
            await release.wait()
            await say({"type": "message", "text": "While nobody listened."})

    async with line(bot) as call:
        request = call.conversation.send(activities.user_message("go"))
        await until(lambda: call.said == ["Before."])
        await call.service.break_streams()
        release.set()
        await until(lambda: request in call.done and len(call.said) == 2)
        await until(lambda: call.service.open_streams == 1)
        assert call.said == ["Before.", "While nobody listened."]
        await call.service.say({"type": "message", "text": "And after."})
        await until(lambda: len(call.said) == 3)


async def test_where_no_websocket_can_be_had_the_bot_is_polled_and_nothing_is_lost_or_repeated() -> None:
    async with line(streams=False, poll_s=0.02) as call:
        await call.ask("one")
        await call.service.say({"type": "message", "text": "By the way."})
        await until(lambda: "By the way." in call.said)
        call.service.expire_tokens()  # what polls has the token renewed, too
        await call.ask("two")
        polls = call.service.count("GET", "/activities")
        await until(lambda: call.service.count("GET", "/activities") > polls + 1)
        assert call.said == ["Welcome.", "You said one.", "By the way.", "You said two."]
        assert call.failed == []


async def test_a_stream_that_is_refused_in_mid_turn_is_replaced_by_polling_until_it_can_be_had_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct_line_stream, "POLL_FOR_S", 0.1)
    release = asyncio.Event()

    async def bot(activity: Activity, say: Say) -> None:
        if activity.get("text") == "go":
            await say({"type": "message", "text": "Before."})
            await release.wait()
        await say({"type": "message", "text": "After."})

    async with line(bot, poll_s=0.02) as call:
        said = len(call.said)
        request = call.conversation.send(activities.user_message("go"))
        await until(lambda: "Before." in call.said)
        call.service.streams = False
        await call.service.break_streams()
        await until(lambda: call.service.count("GET", "/activities") > 0)
        release.set()
        await until(lambda: request in call.done)
        call.service.streams = True
        await until(lambda: call.service.open_streams == 1)
        await call.service.say({"type": "message", "text": "By stream."})
        await until(lambda: "By stream." in call.said)
        assert call.said[said:] == ["Before.", "After.", "By stream."]


async def test_a_websocket_that_nobody_answers_costs_one_call_its_wait_and_not_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct_line_stream, "CONNECT_S", 0.05)

    class Deaf(DirectLineDouble):
        async def _stream(self, request: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise web.HTTPGatewayTimeout

    async with Deaf() as service:
        channel = DirectLineChannel(line_to(service, poll_s=0.02))
        await channel.start()
        for _ in range(2):
            call = Line(service)
            call.conversation = Numbered(channel.conversation(CALL, call.events.append))
            await call.ask("hello")
            assert "You said hello." in call.said
        assert [path for path in service.calls if path.endswith("/stream")] == service.calls[2:3]
        await channel.close()


async def test_what_comes_twice_is_said_once() -> None:
    async with line() as call:
        call.service.repeat = True
        await call.ask("hello")
        await call.service.say({"type": "message", "text": "By the way."})
        await call.service.say({"type": "message", "text": "And then."})
        await until(lambda: "And then." in call.said)  # all that came before has come
        assert call.said == ["Welcome.", "You said hello.", "By the way.", "And then."]


async def test_the_token_is_renewed_at_half_its_life_and_an_expired_one_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct_line_token, "LIFE_S", (0.1, 60.0))
    async with line(token_life_s=0.4) as call:
        await until(lambda: call.service.count("POST", "/tokens/refresh") >= 1)
        call.service.expire_tokens()
        await call.ask("still there?")
        assert call.said[-1] == "You said still there?."


async def test_a_busy_service_is_asked_again_and_a_bot_error_is_not() -> None:
    async with line() as call:
        call.service.refuse.extend([429, 503])
        await call.ask("hello")
        assert call.said[-1] == "You said hello."
        call.service.refuse.append(500)
        failed = await call.ask("unsure whether it arrived")
        assert failed in call.failed
        assert not [told for told in call.service.told if told.get("text") == "unsure whether it arrived"]


async def test_a_bot_that_fails_fails_the_request_and_the_next_one_works() -> None:
    async def bot(activity: Activity, say: Say) -> None:
        if activity.get("text") == "crash":
            raise BotError
        await echo_bot(activity, say)

    async with line(bot) as call:
        crashed = await call.ask("crash")
        fine = await call.ask("hello")
        assert (call.failed, fine in call.done) == ([crashed], True)


async def test_a_bot_that_never_answers_words_has_failed_but_keys_need_no_answer() -> None:
    async def bot(activity: Activity, say: Say) -> None:
        return

    async with line(bot, timeout_s=0.4) as call:
        key = call.conversation.send(activities.key_message("5"))
        await until(lambda: key in call.done)
        words = await call.ask("anyone?")
        assert words in call.failed


async def test_a_conversation_that_the_service_has_lost_is_begun_anew() -> None:
    async with line() as call:
        call.service.forget()
        assert await call.ask("one") in call.failed
        assert await call.ask("two") in call.done
        assert call.said[-1] == "You said two."


async def test_the_rest_of_what_was_interrupted_is_not_said() -> None:
    release = asyncio.Event()

    async def bot(activity: Activity, say: Say) -> None:
        if activity.get("text") == "long":
            await say({"type": "message", "text": "A", "inputHint": "expectingInput"})
            asyncio.get_running_loop().create_task(later(say))

    async def later(say: Say) -> None:
        await release.wait()
        await say({"type": "message", "text": "B"})
        await say({"type": "endOfConversation"})

    async with line(bot) as call:
        await call.ask("long")
        call.conversation.send(activities.interrupted("A", 0.2))
        release.set()
        await until(lambda: any(isinstance(event, HangUpAsked) for event in call.events))
        assert call.said == ["A"]


async def test_requests_before_the_service_can_be_reached_fail_without_an_exception() -> None:
    events: list[Event] = []
    channel = DirectLineChannel(line_to("http://127.0.0.1:9/v3/directline", turn_timeout_s=0.3))
    await channel.start()
    conversation = channel.conversation(CALL, events.append)
    conversation.send(1, activities.conversation_update())
    await until(lambda: events)
    assert [type(event) for event in events] == [BotFailed]
    await channel.close()


def test_a_feed_survives_what_makes_no_sense() -> None:
    feed = DirectLineFeed("dl_me")
    for frame in ("", " ", "{", "[]", "[" * 100_000, '{"activities": 5, "watermark": null}', '{"activities": [5, {}]}'):
        assert feed.frame(frame) == []
    assert feed.watermark == ""
    message = {"type": "message", "id": "1", "from": {"id": "bot"}}
    mine = {"type": "message", "id": "2", "from": {"id": "dl_me"}}
    frame = json.dumps({"activities": [message, mine, message], "watermark": "3"})
    assert feed.frame(frame) == [message]
    assert (feed.watermark, feed.duplicates) == ("3", 1)


async def test_what_cannot_be_read_fails_the_request_and_the_next_one_works() -> None:
    async def muddled(activity: Activity, say: Say) -> None:
        if activity.get("text") == "evil":
            await say({"type": "message", "text": "Lost.", "value": [0] * 20_000})
        elif activity.get("text"):
            await say({"type": "message", "text": "Good."})

    async with line(muddled) as call:
        assert await call.ask("evil") in call.failed
        await call.ask("good")
        assert call.said == ["Good."]


async def test_who_interrupts_a_long_turn_does_not_wait_for_its_end_but_words_keep_their_order() -> None:
    release = asyncio.Event()
    heard: list[str] = []

    async def bot(activity: Activity, say: Say) -> None:
        text = activity.get("text", "")
        heard.append(text)
        if text == "silent":
            for _ in range(100):  # time enough to overtake it
                await asyncio.sleep(0)
        if text == "long":
            await say({"type": "message", "text": "Let me check that."})
            await release.wait()
            await say({"type": "message", "text": "It is three."})
        elif text:
            await say({"type": "message", "text": f"Done: {text}.", "inputHint": "expectingInput"})

    async with line(bot) as call:
        heard.clear()
        first = call.conversation.send(activities.user_message("silent"))
        second = call.conversation.send(activities.user_message("long"))
        await until(lambda: "Let me check that." in call.said)
        assert heard == ["silent", "long"]
        call.conversation.send(activities.interrupted("Let me", 0.3))
        third = await call.ask("stop")
        assert third in call.done
        release.set()
        await until(lambda: {first, second, third} <= set(call.done))
        await call.service.say({"type": "message", "text": "And then."})
        await until(lambda: "And then." in call.said)
        said = [(event.request, event.text) for event in call.events if isinstance(event, BotMessage)]
        rest = (second, "It is three.")  # named so, it is dropped by the turn machine
        assert said[:-1] == [(first, "Done: silent."), (second, "Let me check that."), (third, "Done: stop."), rest]
        assert call.failed == []

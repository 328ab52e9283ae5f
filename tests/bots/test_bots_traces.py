"""Bots are told the trace of the call, and the span of the turn: over HTTP in each request, our dialogs on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from bot_double import BotDouble
from callers import Numbered
from copilot_studio_double import TOKEN, CopilotStudioDouble, Tokens
from direct_line_double import DirectLineDouble, line_to
from waiting import until

from voicebot.bots import CallFacts, activities
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import AgentChannel
from voicebot.bots.direct_line import DirectLineChannel
from voicebot.bots.host_client import HostConversation
from voicebot.bots.streaming import StreamingBot
from voicebot.events import BotDone, Event
from voicebot.host_wire import ToHost, TurnAsked
from voicebot.trace_context import ROOT, CallTrace

CALL = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = CallTrace(CALL)
TRACED = CallFacts(CALL, "+15550100", "+15550199", trace=TRACE)
UNTRACED = CallFacts(CALL, "+15550100", "+15550199")
KINDS = ("bot-framework", "direct-line", "connection-string")


@asynccontextmanager
async def bot_behind(kind: str) -> AsyncIterator[tuple[BotChannel, list[str]]]:
    """A channel, and the ``traceparent`` of what came to its bot."""
    async with AsyncExitStack() as stack:
        if kind == "bot-framework":
            bot, connector = BotDouble(), ConnectorServer()
            await bot.start()
            stack.push_async_callback(bot.close)
            stack.push_async_callback(connector.close)
            channel: BotChannel = BotFrameworkBot(name="x", url=bot.url).channel(connector)
            traces = bot.traces
        elif kind == "direct-line":
            line = await stack.enter_async_context(DirectLineDouble())
            channel, traces = DirectLineChannel(line_to(line)), line.traces
        else:
            studio = await stack.enter_async_context(CopilotStudioDouble())
            channel, traces = AgentChannel(studio.connection_url, Tokens(TOKEN), 5.0), studio.traces
        await channel.start()
        stack.push_async_callback(channel.close)
        yield channel, traces


async def tell(channel: BotChannel, call: CallFacts, *told: dict[str, Any]) -> None:
    """A call that begins with request 1."""
    events: list[Event] = []
    conversation = Numbered(channel.conversation(call, events.append))
    for request, activity in enumerate([activities.conversation_update(), *told], 1):
        conversation.send(activity)
        await until(lambda wanted=request: any(isinstance(e, BotDone) and e.request == wanted for e in events))
    await conversation.close("caller")


@pytest.mark.parametrize("kind", KINDS)
async def test_each_request_brings_the_span_of_its_turn(kind: str) -> None:
    async with bot_behind(kind) as (channel, traces):
        await tell(channel, TRACED, activities.user_message("a"), activities.user_message("b"))
    first = [] if kind == "direct-line" else [TRACE.traceparent(1)]  # the service itself tells the bot of the beginning
    assert traces[: len(first) + 2] == [*first, TRACE.traceparent(2), TRACE.traceparent(3)]
    assert set(traces[len(first) + 2 :]) <= {TRACE.traceparent(ROOT)}, "the goodbye is of the call"


@pytest.mark.parametrize("kind", KINDS)
async def test_without_traces_nothing_is_told(kind: str) -> None:
    async with bot_behind(kind) as (channel, traces):
        await tell(channel, UNTRACED, activities.user_message("a"))
    assert traces and set(traces) == {""}


@pytest.mark.parametrize("call", [TRACED, UNTRACED], ids=["traced", "untraced"])
@pytest.mark.parametrize("kind", ["direct-line", "streaming"])
async def test_a_bot_that_no_header_reaches_has_it_in_each_activity(kind: str, call: CallFacts) -> None:
    async with AsyncExitStack() as stack:
        if kind == "streaming":
            bot, connector = BotDouble(), ConnectorServer()
            await bot.start()
            stack.push_async_callback(bot.close)
            stack.push_async_callback(connector.close)
            channel: BotChannel = StreamingBot(name="x", url=bot.url).channel(connector)
        else:
            line = await stack.enter_async_context(DirectLineDouble())
            channel = DirectLineChannel(line_to(line))
        await channel.start()
        stack.push_async_callback(channel.close)
        await tell(channel, call, activities.user_message("a"), activities.user_message("b"))
        came = bot.received if kind == "streaming" else [one for talk in line.talks.values() for one in talk.log]
        told = {
            one["text"]: one.get("channelData", {}).get("traceparent") for one in came if one.get("text") in ("a", "b")
        }
    wanted = {"a": TRACE.traceparent(2), "b": TRACE.traceparent(3)}
    assert told == (wanted if call is TRACED else dict.fromkeys(wanted))


@pytest.mark.parametrize("aside", [activities.interrupted("Your", 0.4), activities.speech_hypothesis("my bill")])
async def test_what_is_no_question_belongs_to_the_call_as_it_begins_no_turn(aside: dict[str, Any]) -> None:
    async with bot_behind("direct-line") as (channel, traces):
        await tell(channel, TRACED, aside, activities.user_message("b"))
    assert traces[:2] == [TRACE.traceparent(ROOT), TRACE.traceparent(3)]


async def test_our_own_dialogs_are_told_on_the_wire() -> None:
    lines: list[ToHost] = []

    def write(message: ToHost) -> str:
        lines.append(message)
        return ""

    async def attempt(_: dict[str, Any]) -> tuple[Any, ...]:
        return ()

    conversation = HostConversation(TRACED, lambda _: None, 5.0, write, attempt, lambda *_: None, "")
    conversation.send(1, activities.conversation_update())
    await conversation.close("caller")
    told = [line.traceparent for line in lines if isinstance(line, TurnAsked)]
    assert told == [TRACE.traceparent(1), TRACE.traceparent(ROOT)]

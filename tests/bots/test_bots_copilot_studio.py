"""Both protocols of Copilot Studio over real sockets, on virtual time, against the double that Microsoft's client is
tested with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from callers import Numbered
from copilot_studio_double import TOKEN, CopilotStudioDouble, Tokens, agent
from direct_line_double import Activity, Bot, BotError, Say
from waiting import until

from voicebot.address import Address
from voicebot.bots import CallFacts, activities
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import AgentChannel, CopilotStudioBot, conversation_url, regional_settings_url
from voicebot.events import BotDone, BotFailed, BotMessage, Event, TransferAsked

pytestmark = pytest.mark.virtual_time
CALL = CallFacts("call-1", "+15550100", "+15550199")


class Line:
    def __init__(self, service: CopilotStudioDouble) -> None:
        self.service = service
        self.events: list[Event] = []
        self.conversation: Numbered

    def of(self, kind: type[BotDone] | type[BotFailed]) -> list[int]:
        return [event.request for event in self.events if isinstance(event, kind)]

    @property
    def said(self) -> str:
        return " ".join(event.speak for event in self.events if isinstance(event, BotMessage))

    async def ask(self, text: str) -> int:
        request = self.conversation.send(activities.user_message(text))
        await until(lambda: request in self.of(BotDone) + self.of(BotFailed))
        return request


@asynccontextmanager
async def line(bot: Bot = agent, *, streaming: bool = True, timeout_s: float = 5.0) -> AsyncIterator[Line]:
    async with CopilotStudioDouble(bot) as service:
        by_token = CopilotStudioBot(
            name="agent", url=service.token_endpoint, turn_timeout_s=timeout_s, quiet_s=0.05, typing_s=0.5, silent_s=0.1
        )
        channel = (
            AgentChannel(service.connection_url, Tokens(TOKEN), timeout_s)
            if streaming
            else by_token.channel(ConnectorServer())
        )
        await channel.start()
        here = Line(service)
        here.conversation = Numbered(channel.conversation(CALL, here.events.append))
        here.conversation.begin()
        await until(lambda: bool(here.of(BotDone) or here.of(BotFailed)))
        yield here
        await channel.close()
        assert channel.conversations == 0


async def test_the_token_endpoint_leads_to_the_regions_direct_line_and_the_agent_greets() -> None:
    async with line(streaming=False) as call:
        assert call.said == "Hello, this is Contoso."
        await call.ask("my bill")
        assert call.said.endswith("You said my bill.")
        assert "GET /powervirtualagents/regionalchannelsettings" in call.service.calls


async def test_the_streaming_protocol_greets_answers_and_hands_off() -> None:
    async with line() as call:
        assert call.said == "Hello, this is Contoso."
        await call.ask("my bill")
        assert call.said.endswith("You said my bill.")
        await call.ask("human")
        assert isinstance(call.events[-2], TransferAsked)
        assert call.events[-2].target == Address.parse("+14255550123")
        assert (call.of(BotDone), call.of(BotFailed)) == ([1, 2, 3], [])
        assert set(call.service.accepts) == {"text/event-stream"}


async def test_an_answer_is_spoken_while_it_streams_and_never_twice() -> None:
    async with line() as call:
        call.service.stops_behind = 2
        request = call.conversation.send(activities.user_message("my bill"))
        await until(lambda: "Let me see." in call.said)
        assert request not in call.of(BotDone)
        call.service.goes_on.set()
        await until(lambda: request in call.of(BotDone))
        spoken = [event.speak for event in call.events if isinstance(event, BotMessage)]
        assert spoken == ["Hello, this is Contoso.", "Let me see.", "You said my bill."]
        assert [event.request for event in call.events if isinstance(event, BotMessage)] == [1, request, request]


async def test_a_stream_that_breaks_fails_the_request_and_the_next_one_works() -> None:
    async def breaking(activity: Activity, say: Say) -> None:
        if activity.get("text") == "crash":
            raise BotError
        await agent(activity, say)

    async with line(breaking) as call:
        assert await call.ask("crash") in call.of(BotFailed)
        assert await call.ask("hello") in call.of(BotDone)


async def test_what_cannot_be_read_fails_the_request_and_the_rest_is_said() -> None:
    async def muddled(activity: Activity, say: Say) -> None:
        await say({"type": "message", "text": "Before.", "id": "1"})
        await say({"type": "message", "text": "Lost.", "id": "2", "value": [0] * 20_000})
        await say({"type": "message", "text": "Behind.", "id": "3"})

    async with line() as call:
        call.service.bot = muddled
        request = await call.ask("my bill")
        assert call.said.endswith("Before. Behind.")
        assert request in call.of(BotFailed)


async def test_a_busy_agent_is_asked_again_and_an_error_is_not() -> None:
    async with line() as call:
        call.service.refuse.extend([429, 503])
        assert await call.ask("hello") in call.of(BotDone)
        call.service.refuse.append(500)
        assert await call.ask("again") in call.of(BotFailed)
        assert not call.service.refuse


async def test_a_conversation_that_the_agent_has_forgotten_is_begun_anew() -> None:
    async with line() as call:
        call.service.conversations.clear()
        assert await call.ask("one") in call.of(BotFailed)
        assert await call.ask("two") in call.of(BotDone)
        assert call.said.endswith("You said two.")


async def test_events_of_ours_are_not_made_turns_of_the_agent() -> None:
    async with line() as call:
        told = len(call.service.told)
        request = call.conversation.send(activities.interrupted("Hel", 0.3))
        await until(lambda: request in call.of(BotDone))
        assert len(call.service.told) == told


def test_addresses() -> None:
    assert (
        regional_settings_url("https://e.environment.api.powerplatform.com/powervirtualagents/botsbyschema/c/t?v=1")
        == "https://e.environment.api.powerplatform.com/powervirtualagents/regionalchannelsettings?v=1"
    )
    assert conversation_url("https://e/conversations/?v=1", "a/b") == "https://e/conversations/a%2Fb?v=1"

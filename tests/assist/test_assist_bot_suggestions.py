"""A bot that makes suggestions, as every bot is reached: over HTTP, with replies through our Connector API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bot_double import Activity, BotDouble, Reply
from waiting import until

from voicebot.address import Address
from voicebot.assist import bot_suggestions
from voicebot.assist.analysis import AnalysisUnavailable, SpokenLine
from voicebot.assist.bot_suggestions import BotSuggestions
from voicebot.assist.entries import Suggestion
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.connector_server import ConnectorServer
from voicebot.events.parties import Party, Role

CALLER = Party("p1", Role.CALLER, "Peter", Address.parse("sip:+15550199@pbx.example.com"))
AGENT = Party("p2", Role.AGENT, "Ann", Address.parse("201"))


class Helped:
    """A call with its bot. ``late``: what the bot has suggested on its own initiative."""

    def __init__(self, bot: BotDouble, suggestions: BotSuggestions, late: list[Suggestion]) -> None:
        self.bot, self.suggestions, self.late = bot, suggestions, late

    def messages(self) -> list[Activity]:
        return [activity for activity in self.bot.received if activity["type"] == "message"]


async def behave(bot: BotDouble, activity: Activity, reply: Reply) -> int | None:
    match activity.get("text"):
        case "refund":
            await reply("Refunds\nThree to five days.")
            await reply("Ask for the card.")
        case "late":
            bot_task = asyncio.create_task(_later(reply))
            bot._tasks.add(bot_task)
        case "boom":
            return 500
        case "hang":
            await asyncio.sleep(30)
        case "leave":
            await reply("", type="endOfConversation")
    return None


async def _later(reply: Reply) -> None:
    await asyncio.sleep(0.05)
    await reply("By the way.")


@pytest.fixture
async def helped() -> AsyncIterator[Helped]:
    double = BotDouble(behave)
    await double.start()
    connector = ConnectorServer("127.0.0.1", 0, "")
    channel = BotFrameworkBot(name="helper", url=double.url).channel(connector)
    await channel.start()
    late: list[Suggestion] = []
    suggestions = BotSuggestions(channel.conversation, "helper", "call-1", late.append)
    yield Helped(double, suggestions, late)
    await suggestions.close()
    await channel.close()
    await connector.close()
    await double.close()


def line(text: str, party: Party = CALLER, utterance: str = "u1") -> SpokenLine:
    return SpokenLine(utterance, party.key, party.role, text, "en-US")


async def test_the_bot_is_told_who_takes_part_and_who_says_what(helped: Helped) -> None:
    helped.suggestions.begin([CALLER])
    await helped.suggestions.suggest(line("Hello."))
    helped.suggestions.begin([CALLER, AGENT])
    await helped.suggestions.suggest(line("Good morning.", AGENT))
    begun, first, changed, second = helped.bot.received
    assert begun["type"] == "conversationUpdate"
    caller = {"participant": "caller", "uriUser": "+15550199", "uriHost": "pbx.example.com", "displayName": "Peter"}
    agent = {"participant": "agent", "uriUser": "201", "uriHost": "", "displayName": "Ann"}
    assert begun["channelData"]["participants"] == [caller]
    assert begun["channelData"]["agentConnected"] is False
    assert begun["channelData"]["caller"] == "+15550199"
    assert (changed["type"], changed["name"]) == ("event", "voicebot.participants")
    assert changed["value"] == {"participants": [caller, agent], "agentConnected": True}
    assert (first["text"], first["locale"]) == ("Hello.", "en-US")
    assert [one["channelData"]["participant"] for one in (first, second)] == ["caller", "agent"]
    assert [one["channelData"]["participantUriUser"] for one in (first, second)] == ["+15550199", "201"]


async def test_what_the_bot_answers_are_suggestions_for_that_utterance(helped: Helped) -> None:
    helped.suggestions.begin([CALLER, AGENT])
    assert await helped.suggestions.suggest(line("Hello.")) == []
    assert await helped.suggestions.suggest(line("refund", utterance="u2")) == [
        Suggestion("bot-1", "Refunds", "Three to five days.", "bot helper", "u2"),
        Suggestion("bot-2", "", "Ask for the card.", "bot helper", "u2"),
    ]
    assert helped.late == []


async def test_what_the_bot_says_later_comes_by_itself(helped: Helped) -> None:
    helped.suggestions.begin([CALLER])
    assert await helped.suggestions.suggest(line("late")) == []
    await until(lambda: helped.late)
    assert [(one.text, one.utterance_id) for one in helped.late] == [("By the way.", "")]


async def test_what_else_the_bot_asks_of_the_call_is_left_alone(helped: Helped) -> None:
    helped.suggestions.begin([CALLER])
    assert await helped.suggestions.suggest(line("leave")) == []
    assert len(await helped.suggestions.suggest(line("refund"))) == 2


async def test_a_bot_that_fails_or_hangs_is_said_and_asked_again(
    helped: Helped, monkeypatch: pytest.MonkeyPatch
) -> None:
    helped.suggestions.begin([CALLER])
    with pytest.raises(AnalysisUnavailable, match="bot helper"):
        await helped.suggestions.suggest(line("boom"))
    assert len(await helped.suggestions.suggest(line("refund"))) == 2
    monkeypatch.setattr(bot_suggestions, "DEADLINE_S", 0.1)
    with pytest.raises(AnalysisUnavailable, match="no answer within"):
        await helped.suggestions.suggest(line("hang"))


async def test_a_bot_whose_call_is_over_before_it_began_is_not_bothered(helped: Helped) -> None:
    await helped.suggestions.close()
    helped.suggestions.begin([CALLER])
    assert await helped.suggestions.suggest(line("Hello.")) == []
    assert helped.bot.received == []


async def test_an_utterance_before_the_parties_are_known_begins_the_conversation(helped: Helped) -> None:
    assert len(await helped.suggestions.suggest(line("refund"))) == 2
    assert helped.bot.received[0]["channelData"]["participants"] == []
    assert helped.bot.received[1]["channelData"]["participant"] == "caller"


async def test_the_bot_is_told_of_the_end_once(helped: Helped) -> None:
    helped.suggestions.begin([CALLER])
    await helped.suggestions.suggest(line("Hello."))
    await helped.suggestions.close()
    await helped.suggestions.close()
    await until(lambda: helped.bot.received[-1]["type"] == "endOfConversation")
    told: list[Any] = [one for one in helped.bot.received if one["type"] == "endOfConversation"]
    assert len(told) == 1

"""The same bot behind each of the five ways, on the phone: greeting, question, key, barge-in, transfer, hang-up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bot_double import BotDouble
from copilot_studio_double import CopilotStudioDouble
from direct_line_double import SECRET, DirectLineDouble
from identity_double import TENANT, IdentityDouble
from served import Service, SpeechDouble
from telephone import calling

from voicebot.audio import PCMU
from voicebot.speech import apology

pytestmark = pytest.mark.slow

DIALOGS = Path(__file__).parent / "dialogs_plain"
STORY = " ".join(["once"] * 60)
CALLER_SAYS = ["what is my balance", "tell me a story", "stop it"]
KINDS = [
    "dialogs",
    "bot-framework",
    "bot-framework-streaming",
    "direct-line",
    "copilot-studio",
    "copilot-studio stream",
]

Say = Callable[[dict[str, Any]], Awaitable[Any]]


async def mind(activity: dict[str, Any], say: Say) -> None:
    """The bot of ``dialogs_plain``, as a plain function."""
    kind, text = activity["type"], activity.get("text")
    joined = kind == "conversationUpdate" and any(m.get("role") != "bot" for m in activity.get("membersAdded", ()))
    if activity.get("name") == "startConversation" or (joined and activity.get("channelId") == "telephony"):
        await say({"type": "message", "text": "Welcome."})
    elif text == "8":
        value = {"TargetPhoneNumber": "sip:agent@127.0.0.1"}
        await say({"type": "event", "name": "handoff.initiate", "value": value})
    elif text == "9":
        await say({"type": "endOfConversation", "code": "completedSuccessfully"})
    elif kind == "message":
        await say({"type": "message", "text": STORY if text == "tell me a story" else f"You said {text}."})


async def mind_of_double(_: BotDouble, activity: dict[str, Any], reply: Callable[..., Awaitable[int]]) -> None:
    async def say(answer: dict[str, Any]) -> None:
        await reply(**answer)

    await mind(activity, say)


@asynccontextmanager
async def behind(kind: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The bot behind a way of this kind; its ``[[bots]]``."""
    if kind == "dialogs":
        yield ""
    elif kind == "direct-line":
        monkeypatch.setenv("LINE_SECRET", SECRET)
        async with DirectLineDouble(mind) as line:
            yield f'url = "{line.endpoint}"\nsecret_env = "LINE_SECRET"\nstart_event = "startConversation"\n'
    elif kind == "copilot-studio":
        async with CopilotStudioDouble(mind) as studio:
            yield f'url = "{studio.token_endpoint}"\n'
    elif kind == "copilot-studio stream":
        monkeypatch.setenv("AGENT_SECRET", "hush")
        identity = IdentityDouble({"app": "hush"})
        await identity.start()
        async with CopilotStudioDouble(mind) as studio:
            studio.welcome = lambda token: bool(token) and identity.tokens_given == 1
            yield (
                f'url = "{studio.connection_url}"\nauthority = "{identity.url}"\ntenant = "{TENANT}"\n'
                'app_id = "app"\nsecret_env = "AGENT_SECRET"\n'
            )
        await identity.close()
    else:
        bot = BotDouble(mind_of_double)
        await bot.start()
        yield f'url = "{bot.url}"\n'
        await bot.close()


def configure(folder: Path, kind: str, bot: str) -> None:
    text = "[connector]\nport = 0\n"
    if kind != "dialogs":
        text += (
            f'[routes]\nnumbers = {{"bot" = "peer"}}\n[[bots]]\nname = "peer"\nkind = "{kind.partition(" ")[0]}"\n{bot}'
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "voicebot.toml").write_text(text)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_with_the_bot_behind_each_way(
    kind: str,
    serve: Callable[..., Service],
    speak: Callable[..., SpeechDouble],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speech = speak(texts=CALLER_SAYS, hypothesis_after_ms=200, segmentation_ms=500)
    voice = apology("bot", PCMU)[:6400]
    async with behind(kind, monkeypatch) as bot:
        configure(tmp_path / "service-0", kind, bot)
        service = await asyncio.to_thread(
            lambda: serve(
                speech__service="url",
                speech__url=speech.url,
                bot__dialogs=DIALOGS,
                calls__transfer_allow='["agent@127.0.0.1"]',
            )
        )
        async with calling(service.uri) as phone:
            await phone.answer(0)
            phone.say(voice)
            await phone.until(lambda: "asked the bot: speech" in service.log(), "the question")
            await phone.answer(time.monotonic())
            phone.press("5")
            await phone.answer(time.monotonic())
            asked = time.monotonic()
            phone.say(voice)
            await phone.until(lambda: phone.last_audible > asked + 2.0, "the story")
            phone.say(voice)
            await phone.until(lambda: service.log().count("asked the bot: speech") == 3, "the interruption")
            await phone.answer(time.monotonic())
            phone.press("8")
            await phone.until(lambda: bool(phone.transfers), "the transfer")
            assert phone.transfers == ["sip:agent@127.0.0.1"]
            assert phone.call is not None
            call_id = phone.call.call_id
        record = await asyncio.to_thread(service.record, call_id)
        async with calling(service.uri) as phone:
            await phone.answer(0)
            phone.press("9")
            await phone.until_ended()
    said = [utterance["text"] for turn in record["turns"] for utterance in turn["bot"]["utterances"]]
    assert said == ["Welcome.", "You said what is my balance.", "You said 5.", STORY, "You said stop it."]
    assert record["end"]["reason"] == "transfer"

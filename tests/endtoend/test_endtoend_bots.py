"""The same bot behind each of the five ways, on the phone: greeting, question, key, barge-in, transfer, hang-up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
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
    """The bot behind a way of this kind; the rest of its ``[[bots]]``."""
    if kind == "direct-line":
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


def number(kind: str) -> str:
    """Who is called to reach the bot behind this way."""
    return kind.replace(" ", "-")


def configuration(bots: dict[str, str]) -> str:
    """The file of a service with these bots, each behind a number of its own."""
    numbers = ", ".join(f'"{number(kind)}" = "{number(kind)}"' for kind in bots)
    tables = (
        f'[[bots]]\nname = "{number(kind)}"\nkind = "{kind.partition(" ")[0]}"\n{bot}' for kind, bot in bots.items()
    )
    return f"[connector]\nport = 0\n[routes]\nnumbers = {{{numbers}}}\n" + "".join(tables)


async def talk(kind: str, service: Service) -> dict[str, Any]:
    """Two calls with the bot behind this way; the record of the first."""
    uri = service.uri.replace("sip:bot@", f"sip:{number(kind)}@")
    voice = apology("bot", PCMU)[:6400]
    async with calling(uri) as phone:
        assert phone.call is not None
        call_id = phone.call.call_id

        def asked_by_voice() -> int:
            """How often the bot was asked something that was said in this call."""
            lines = service.log().splitlines()
            return sum("asked the bot: speech" in line and call_id in line for line in lines)

        await phone.answer(0)
        phone.say(voice)
        await phone.until(lambda: asked_by_voice() == 1, "the question")
        await phone.answer(time.monotonic())
        phone.press("5")
        await phone.answer(time.monotonic())
        asked = time.monotonic()
        phone.say(voice)
        await phone.until(lambda: phone.last_audible > asked + 2.0, "the story")
        phone.say(voice)
        await phone.until(lambda: asked_by_voice() == 3, "the interruption")
        await phone.answer(time.monotonic())
        phone.press("8")
        await phone.until(lambda: bool(phone.transfers), "the transfer")
        assert phone.transfers == ["sip:agent@127.0.0.1"]
    record = await asyncio.to_thread(service.record, call_id)
    async with calling(uri) as phone:
        await phone.answer(0)
        phone.press("9")
        await phone.until_ended()
    return record


async def talk_with_all(start: Callable[[str], Service], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What came of the calls with each of ``KINDS``, placed together: a record, or why there is none."""
    async with AsyncExitStack() as stack:
        bots = {kind: await stack.enter_async_context(behind(kind, monkeypatch)) for kind in KINDS if kind != "dialogs"}
        service = await asyncio.to_thread(start, configuration(bots))
        try:
            return await asyncio.gather(*(talk(kind, service) for kind in KINDS), return_exceptions=True)
        finally:  # while the bots are there
            await asyncio.to_thread(service.end_well)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """By kind, what came of the calls: one service has all the bots, since a start takes longer than a call."""
    folder = tmp_path_factory.mktemp("bots")
    speech = SpeechDouble(
        folder / "speech",
        {"ms_per_word": 60, "texts": CALLER_SAYS, "hypothesis_after_ms": 200, "segmentation_ms": 500, "commits": False},
    )

    def start(settings: str) -> Service:
        (folder / "service").mkdir()
        (folder / "service" / "voicebot.toml").write_text(settings)
        return Service(
            folder / "service",
            {
                "speech__service": "url",
                "speech__url": speech.url,
                "bot__dialogs": DIALOGS,
                "calls__transfer_allow": '["agent@127.0.0.1"]',
                "log__json_lines": True,
            },
        )

    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            came = asyncio.run(talk_with_all(start, monkeypatch))
        yield dict(zip(KINDS, came, strict=True))
    finally:
        speech.end()


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_with_the_bot_behind_each_way(kind: str, calls: dict[str, Any]) -> None:
    record = calls[kind]
    if isinstance(record, BaseException):
        raise record
    said = [utterance["text"] for turn in record["turns"] for utterance in turn["bot"]["utterances"]]
    assert said == ["Welcome.", "You said what is my balance.", "You said 5.", STORY, "You said stop it."]
    assert record["end"]["reason"] == "transfer"

"""A console that shows running calls, with real calls over the session's doubles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
from assist_desk import EventReader
from call_world import Line, World
from let_in import let_in

from voicebot.calls import Calls, CallSession
from voicebot.events import BotDone, BotMessage, Final, Hypothesis, SpeechStarted, SpeechStopped
from voicebot.web import Access, CallsApi, ConsoleServer, FlowPicture, LiveApi, Metrics


class DeskFlows:
    """``pictures``: as :class:`LiveDesk` has them."""

    def __init__(self, pictures: dict[str, str]) -> None:
        self._pictures = pictures

    async def of_call(self, call: str) -> FlowPicture:
        told = self._pictures.get(call, "")
        return FlowPicture("", told[5:]) if told.startswith("why: ") else FlowPicture(told)

    async def of_version(self, version: str) -> FlowPicture:
        return await self.of_call(version) if version in self._pictures else FlowPicture("", f"{version} does not run")


class LiveDesk:
    """``words``: whether records keep what is said. ``access``: who is let in beside who has ``token``."""

    def __init__(self, token: str, *, words: bool, access: Access | None) -> None:
        self.token = token
        self.world = World()
        self.calls = Calls(replace(self.world.services, bot_for=lambda _facts: "billing"))
        self.lines = list[Line]()
        self.access = access or let_in(token)
        self.pictures = dict[str, str]()
        """By the id of a call, or the version of dialogs, their flow; or, after "why: ", why there is none."""
        self.elsewhere = list[dict[str, Any]]()
        """The calls of other nodes."""
        self.api = LiveApi(self.calls, words=words, flows=DeskFlows(self.pictures), elsewhere=lambda: self.elsewhere)
        self.console = ConsoleServer(
            "127.0.0.1",
            0,
            api=CallsApi(self.calls, None),  # type: ignore[arg-type]
            metrics=Metrics(),
            unready=list,
            access=self.access,
            live=self.api,
        )
        self.http: aiohttp.ClientSession

    async def call(
        self, call_id: str = "call-1", says: str = "Hello, how can I help?", caller: str = "+15550100"
    ) -> CallSession:
        """A call that the bot has greeted; the prompt is being played."""
        self.lines.append(line := Line(call_id=call_id, caller=caller))
        call = self.calls.accept(line)
        await self.world.settle()
        await self.bot_says(says)
        return call

    async def bot_says(self, text: str) -> None:
        """In the latest call; one frame of it is sent."""
        bot, now = self.world.bot, self.world.now
        bot.on_event(BotMessage(now, len(bot.told), text, text))
        bot.on_event(BotDone(now, len(bot.told)))
        await self.world.settle()
        self.lines[-1].pull(1)
        await self.world.settle()

    async def caller_says(self, call: CallSession, text: str, *, hypothesis: str = "") -> None:
        now = self.world.now
        call.dispatch(SpeechStarted(now, now - 2.0))
        if hypothesis:
            call.dispatch(Hypothesis(now, hypothesis, now - 2.0, now - 1.5))
        call.dispatch(SpeechStopped(now, now - 1.0))
        self.world.ears.on_event(Final(now, text, now - 2.0, now - 1.0, 0.8))
        await self.world.settle()

    @asynccontextmanager
    async def stream(self, path: str, last: str = "", status: int = 200) -> AsyncIterator[EventReader]:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Last-Event-ID": last} if last else {})
        async with self.http.get(f"{self.console.url}v1/live/{path}", headers=headers) as response:
            assert response.status == status, await response.text()
            yield EventReader(response)

    async def ask(self, method: str, path: str, **headers: str) -> tuple[int, Any]:
        async with self.http.request(method, f"{self.console.url}v1/live/{path}", headers=headers) as response:
            return response.status, await response.text()


@asynccontextmanager
async def live_desk(token: str = "", *, words: bool = True, access: Access | None = None) -> AsyncIterator[LiveDesk]:
    desk = LiveDesk(token, words=words, access=access)
    await desk.console.start()
    try:
        async with aiohttp.ClientSession() as desk.http:
            yield desk
    finally:
        await desk.console.close()
        await desk.calls.drain(0)
        await desk.world.line.hang_up()
        async with asyncio.timeout(20):
            await desk.world.task

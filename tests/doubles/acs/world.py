"""The front end for Azure Communication Services over the double, by the official client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import numpy as np
from free_port import free_port
from waiting import until

from acs.call import AcsCall
from acs.sending import RESOURCE
from acs.service import ACCESS_KEY, AcsService
from voicebot.events import Event
from voicebot.legs import Leg, LegClosed
from voicebot.legs.acs import AcsLeg
from voicebot.legs.acs_client import AcsClient
from voicebot.legs.acs_front_end import AcsFrontEnd, Share
from voicebot.legs.acs_options import AcsOptions
from voicebot.legs.operations import Operation, Prompt
from voicebot.rtp import Clip, MediaClock

EVENTS_KEY = "known-to-event-grid-only"


class Line:
    """What the session of a call sees of its leg: it answers at once, and keeps what comes."""

    def __init__(self, leg: Leg, *, answers: bool = True) -> None:
        self.leg = leg
        self.frames: list[tuple[float, bytes]] = []
        self.sent_frames: list[bytes] = []
        self.keys = ""
        self.facts: list[Event] = []
        self.reasons: list[str] = []
        self.closed = ""
        """Why :meth:`Leg.answer` did not succeed."""
        self.up = False
        self.events: list[Any] = []
        leg.playout.on_event = self.events.append
        leg.connect(self)
        self.answering = asyncio.create_task(self._answer()) if answers else None

    async def _answer(self) -> None:
        try:
            await self.leg.answer()
            self.up = True
        except LegClosed as closed:
            self.closed = str(closed)

    def say(self, seconds: float, utterance: int = 1) -> None:
        """A tone."""
        clip = Clip(utterance, self.leg.info.audio)
        clip.feed(tone(seconds))
        clip.finish()
        self.leg.playout.append(clip)

    def frame(self, payload: bytes, at: float) -> None:
        self.frames.append((at, payload))

    def sent(self, payload: bytes, at: float) -> None:
        self.sent_frames.append(payload)

    def key(self, key: str, at: float) -> None:
        self.keys += key

    def fact(self, event: Event) -> None:
        self.facts.append(event)

    def ended(self, reason: str, at: float) -> None:
        self.reasons.append(reason)


class World:
    """``acs``: the platform. ``lines``: the calls that came, in order."""

    def __init__(self, acs: AcsService, options: AcsOptions, clock: MediaClock, share: Share | None = None) -> None:
        self.acs = acs
        self.lines: list[Line] = []
        self.answers = True
        self.front_end = AcsFrontEnd(
            options,
            AcsClient(acs.url, ACCESS_KEY, options.speech_endpoint, options.recording_container),
            self.take,
            clock=clock,
            share=share,
        )
        self._options = options

    def take(self, leg: Leg) -> Line:
        """A call that came, or one of ours."""
        self.lines.append(Line(leg, answers=self.answers))
        return self.lines[-1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.front_end.port}"

    @property
    def grid(self) -> str:
        """Where Event Grid delivers."""
        return f"{self.url}/acs/events/{EVENTS_KEY}"

    async def connect_media(self, call: AcsCall, token: str, url: str = "") -> int:
        """Open the media connection of a call; returns the status of the refusal, or 101."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        at = f"{url}/media" if url else call.media_url
        try:
            async with self.acs.sending.http.ws_connect(at, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status

    async def post_raw(self, url: str, body: bytes, **headers: str) -> int:
        """``headers``: by default that of JSON."""
        shown = {"Content-Type": "application/json"} | headers
        async with self.acs.sending.http.post(url, data=body, headers=shown) as response:
            return response.status

    async def ring(self, **more: Any) -> Line:
        """Somebody calls. Returns the call, which may not be answered yet."""
        before = len(self.lines)
        assert set(await self.acs.ring(self.grid, **more)) == {200}
        assert len(self.lines) == before + 1
        return self.lines[-1]

    async def talk(self, **more: Any) -> tuple[Line, AcsCall]:
        """A call that is up, at both ends."""
        line = await self.ring(**more)
        await until(lambda: line.up or line.closed)
        assert line.up, line.closed
        return line, list(self.acs.calls.values())[-1]


async def still_there(line: Line, call: AcsCall) -> None:
    """The caller hears what is said now."""
    assert isinstance(line.leg, AcsLeg)
    if line.leg.operations is None:
        before = len(call.media.played)
        line.say(0.1)
        await until(lambda: len(call.media.played) == before + 5)
    else:
        line.leg.operations.begin(Operation(99, (Prompt("", samples=bytes(640)),), None))
        await until(lambda: call.talk.said and call.talk.said[-1].complete)
    assert not line.reasons


@asynccontextmanager
async def acs_world(
    prepare: Callable[[AcsService], None] = lambda _: None, *, share: Share | None = None, **options: Any
) -> AsyncIterator[World]:
    """``prepare``: what to change of the double before; ``options``: of the front end; ``share``: with other nodes."""
    clock = MediaClock()
    clock.start()
    async with AcsService() as acs:
        prepare(acs)
        port = free_port()
        wanted = AcsOptions(
            endpoint=acs.url,
            resource_id=RESOURCE,
            public_url=f"http://127.0.0.1:{port}",
            events_key=EVENTS_KEY,
            port=port,
            number="+4930999",
            metadata_url=acs.sending.metadata_url,
        )
        world = World(acs, replace(wanted, **options), clock, share)
        try:
            await world.front_end.start()
            yield world
        finally:
            await world.front_end.close()
            await clock.close()
    if share is None:  # else there is another node
        left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, left


def tone(seconds: float, hz: float = 440.0) -> bytes:
    """A tone that rises, so that no two frames of it are the same."""
    at = np.arange(round(seconds * 16_000)) / 16_000
    return (np.sin(2 * np.pi * (hz * at + 50 * at**2)) * 8000).astype("<i2").tobytes()

"""The phone page with what is behind it (the console, SIP over WebSocket, media), and a bot's place in the calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from call_world import World
from free_port import free_ports
from let_in import let_in

from voicebot.calls import Calls
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint, Trunk
from voicebot.web import CallsApi, ConsoleServer, LiveApi, Metrics, PhoneApi

HOST = "127.0.0.1"


class Bot:
    """What comes in one call."""

    def __init__(self, leg: SipLeg) -> None:
        self.leg = leg
        self.keys = ""
        self.loud = 0
        """Frames with a voice in them."""
        self.facts = list[str]()
        self.over = ""

    def frame(self, payload: bytes, at: float) -> None:
        self.loud += len(set(payload)) > 8

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None:
        self.keys += key

    def fact(self, event: object) -> None:
        self.facts.append(type(event).__name__)

    def ended(self, reason: str, at: float) -> None:
        self.over = reason


class PhoneDesk:
    """``token``: the console's. ``media_host``: where media is said to be taken. ``refuses``: the status that calls
    get; 0: they are answered. ``away``: how many of the next websockets are not opened. ``step``: seconds that pass
    between two looks at tickets."""

    def __init__(self, clock: MediaClock, token: str, media_host: str) -> None:
        self.refuses = 0
        self.away = 0
        self.step = 0.0
        self._now = 0.0
        self.connections = list[asyncio.Transport]()
        self.calls = list[Bot]()
        self._answers = set[asyncio.Task[None]]()
        ports = PortRange(*free_ports(), HOST, rest_s=0.0)
        media = MediaOptions(clock, ports, host=media_host, preferences=MediaPreferences(srtp="required"))
        self.endpoint = SipEndpoint(ListenAt(port=0), trunks=[Trunk("page", max_calls=2)])
        self.front_end = SipFrontEnd(self.endpoint, self._take, media)
        calls, access = Calls(World().services), let_in(token)
        self.console = ConsoleServer(
            HOST,
            0,
            api=CallsApi(calls, None),  # type: ignore[arg-type]
            metrics=Metrics(),
            unready=list,
            access=access,
            live=LiveApi(calls, words=True),
            phone=PhoneApi(self._carry, access, calls=2, clock=self._clock),
        )

    def cut(self) -> None:
        """The connections of all pages break."""
        for connection in self.connections:
            connection.abort()

    def _clock(self) -> float:
        self._now += self.step
        return self._now

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        assert request.transport is not None
        self.connections.append(request.transport)
        return await self.endpoint.websocket(request, trunk="page")

    def _take(self, leg: IncomingSipLeg) -> None:
        leg.connect(bot := Bot(leg))
        self.calls.append(bot)
        if self.refuses:
            leg.reject(self.refuses, "not now")
            return
        task = asyncio.get_running_loop().create_task(leg.answer())
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)


@asynccontextmanager
async def phone_desk(token: str = "", media_host: str = HOST) -> AsyncIterator[PhoneDesk]:
    clock = MediaClock()
    clock.start()
    desk = PhoneDesk(clock, token, media_host)
    await desk.front_end.start()
    await desk.console.start()
    try:
        yield desk
    finally:
        await desk.front_end.close()
        await desk.console.close()
        await clock.close()

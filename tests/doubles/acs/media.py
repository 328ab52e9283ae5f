"""The media of one call at the platform: the websocket that it opens, and the telephone at the other end.

Every 20 ms one frame that came is played to the caller, and one of the caller's is sent: what :attr:`playout` has, else
silence. So a telephone is a leg for :class:`voicebot.caller.conversation.ScriptedCall`. What comes too early waits, as
at the platform; ``StopAudio`` drops what waits.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from collections import deque
from typing import Any

import aiohttp

from voicebot.audio import FRAME_S, LINEAR_16K
from voicebot.legs import LegSink
from voicebot.rtp import Clip, Playout

SILENCE = LINEAR_16K.frame_of_silence


class AcsMedia:
    """``participant``: the caller's raw id. Times are ``loop.time()``."""

    def __init__(self, participant: str) -> None:
        self.participant = participant
        self.playout = Playout(LINEAR_16K)
        """What the caller says."""
        self.sink: LegSink | None = None
        """Who listens at the caller's end, if anybody."""
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.connections = 0
        self.played: list[tuple[float, bytes]] = []
        """Each frame that the caller heard from the application, and when."""
        self.arrivals: list[float] = []
        self.stops: list[tuple[float, int]] = []
        """When ``StopAudio`` came, and how many frames it dropped."""
        self.unknown: list[str] = []
        """Messages that the platform would not understand."""
        self.rate = 16_000
        """What it says that its audio has."""
        self.suppresses_silence = False
        """Send nothing while the caller is silent."""
        self._waiting: deque[bytes] = deque()
        self._clock: asyncio.Task[None] | None = None

    @property
    def streaming(self) -> bool:
        return self.socket is not None and not self.socket.closed

    async def connect(self, http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
        """Open the websocket, and say what will be sent. Raises ``aiohttp.ClientError``."""
        self.socket = await http.ws_connect(url, headers=headers)
        self.connections += 1
        about = {"subscriptionId": str(uuid.uuid4()), "encoding": "PCM", "sampleRate": self.rate, "channels": 1,
                 "length": len(SILENCE)}  # fmt: skip
        await self.send({"kind": "AudioMetadata", "audioMetadata": about})
        self._waiting.clear()
        self._clock = asyncio.create_task(self._tick())

    async def run(self) -> None:
        """Take what comes, until the connection ends."""
        assert self.socket is not None
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._receive(message.data)
        await self.close()

    async def close(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if self.socket is not None:
            await self.socket.close()

    async def cut(self) -> None:
        """The connection breaks, without a word."""
        assert self.socket is not None
        connection = self.socket._response.connection
        assert connection is not None and connection.transport is not None
        connection.transport.abort()
        await asyncio.sleep(0)

    async def send(self, message: dict[str, Any] | str | bytes) -> None:
        """A message as it is: a dictionary as JSON, text, or bytes."""
        if not self.streaming:
            return
        assert self.socket is not None
        try:
            if isinstance(message, bytes):
                await self.socket.send_bytes(message)
            else:
                await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))
        except ConnectionError:
            pass  # it is being closed

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.send({"kind": "DtmfData", "dtmfData": {"data": key}})

    def say(self, samples: bytes) -> None:
        """The caller says this, after what is being said."""
        clip = Clip(0, LINEAR_16K)
        clip.feed(samples)
        clip.finish()
        self.playout.append(clip)

    async def said(self) -> None:
        """Wait until the caller has said everything."""
        while self.playout.active:
            await asyncio.sleep(FRAME_S)

    def heard(self, since: float = 0.0) -> bytes:
        """The audio that the caller heard."""
        return b"".join(frame for at, frame in self.played if at >= since)

    def _receive(self, text: str) -> None:
        message = _lower(json.loads(text))
        kind, now = str(message.get("kind")).lower(), asyncio.get_running_loop().time()
        if kind == "audiodata":
            self.arrivals.append(now)
            audio = base64.b64decode(message["audiodata"]["data"], validate=True)
            self._waiting.extend(audio[at : at + len(SILENCE)] for at in range(0, len(audio), len(SILENCE)))
        elif kind == "stopaudio":
            self.stops.append((now, len(self._waiting)))
            self._waiting.clear()
        else:
            self.unknown.append(text)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self.streaming:
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            at = loop.time()
            heard = self._waiting.popleft() if self._waiting else None
            if heard is not None:
                self.played.append((at, heard))
            if self.sink is not None:
                self.sink.frame(heard or SILENCE, at)
            said = self.playout.next_frame(at)
            if said != SILENCE or not self.suppresses_silence:
                audio = {"timestamp": _timestamp(), "participantRawID": self.participant,
                         "data": base64.b64encode(said).decode(), "silent": said == SILENCE}  # fmt: skip
                await self.send({"kind": "AudioData", "audioData": audio})
            if self.sink is not None:
                self.sink.sent(said, at)


def _lower(value: Any) -> Any:
    """Names in any case are taken, as by the platform."""
    if isinstance(value, dict):
        return {name.lower(): _lower(item) for name, item in value.items()}
    return value


def _timestamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"

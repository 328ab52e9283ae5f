"""Calls between people for a bench: recording clients that fork them to the service, and who watches them there."""

from __future__ import annotations

import asyncio
import json
import random
import struct
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from voicebot.audio import FRAME_S, PCMU
from voicebot.sip.body import session_in
from voicebot.speech import apology

DOUBLES = Path(__file__).resolve().parents[1] / "tests" / "doubles"
SAMPLE = "as_the_rfc_says"
AGENT = "+15550123"
"""In the sample."""
TOKEN = "of this bench"
SETTINGS = {"VOICEBOT_SIPREC__NUMBERS": '["desk"]', "VOICEBOT_CONSOLE__TOKEN": TOKEN}
PAYLOAD = 160
SILENCE = PCMU.frame_of_silence


def agent(number: int) -> str:
    """The agent's number in the call ``number``."""
    return f"+1555{number:07d}"


class Conversation:
    """Two people who take turns for as long as they are let. ``speech``: what each says at a time, in PCMU; then there
    is a ``pause_s``."""

    def __init__(self, client: Any, speech: bytes, pause_s: float) -> None:
        self.client = client
        """A ``RecordingClient`` of `tests/doubles`."""
        self._frames = [speech[at : at + PAYLOAD].ljust(PAYLOAD, SILENCE[:1]) for at in range(0, len(speech), PAYLOAD)]
        self._frames += [SILENCE] * round(pause_s / FRAME_S)
        self._ports: list[int] = []
        self.late: list[float] = []
        """How late each packet was sent, in seconds: what the machine, busy with other things, adds to every figure."""

    async def begin(self, number: int, *changes: tuple[str, str]) -> None:
        """Fork the call ``number``. ``changes``: of the INVITE's text. Raises RuntimeError if it is refused."""
        response = await self.client.send(SAMPLE, (AGENT, agent(number)), *changes)
        session = session_in(response) if response.status == 200 else None
        if session is None:
            raise RuntimeError(f"a recording client was refused: {response.status}")
        self._ports = [media.port for media in session.media]

    async def talk(self, seconds: float) -> None:
        began, length = time.monotonic(), len(self._frames)
        first = random.randrange(length)  # not everybody begins at once
        for sent in range(round(seconds / FRAME_S)):
            self.late.append(max(0.0, time.monotonic() - began - sent * FRAME_S))
            turn, at = divmod(first + sent, length)
            for stream, port in enumerate(self._ports):
                payload = self._frames[at] if stream == turn % 2 else SILENCE
                head = struct.pack("!BBHII", 0x80, 0, sent & 0xFFFF, sent * PAYLOAD, 0x1000 + stream)
                self.client.voices[stream].sendto(head + payload, ("127.0.0.1", port))
            await asyncio.sleep(max(0.0, began + (sent + 1) * FRAME_S - time.monotonic()))

    async def end(self) -> None:
        await self.client.bye()


@asynccontextmanager
async def conversation(uri: str, speech: bytes = b"", pause_s: float = 1.0) -> AsyncIterator[Conversation]:
    """With the service at ``uri``."""
    if str(DOUBLES) not in sys.path:
        sys.path.insert(0, str(DOUBLES))
    from recording_client import RecordingClient

    host, _, port = uri.partition("@")[2].rpartition(":")
    async with RecordingClient((host, int(port))) as client:
        yield Conversation(client, speech or apology("wait", PCMU), pause_s)


class Viewer:
    """The page of one agent, as far as the service can tell. ``take`` gets each event when it has come."""

    def __init__(self, http: aiohttp.ClientSession, console: str, agent: str) -> None:
        self._http = http
        self._url = f"{console}/v1/assist/agents/{quote(agent, safe='')}/events"
        self.events: list[tuple[float, Mapping[str, Any]]] = []
        """With their times, as ``time.monotonic()`` has them."""
        self.watching = asyncio.Event()

    async def watch(self) -> None:
        """Until it is cancelled."""
        async with self._http.get(self._url, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            response.raise_for_status()
            self.watching.set()
            async for line in response.content:
                if line.startswith(b"data: "):
                    self.events.append((time.monotonic(), json.loads(line[6:])))

"""A bot that answers calls in the test's own process: it hums, listens by level, and writes records as the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from free_port import LOOPBACK, free_ports

from bench.floor.sounds import RATE, Samples, Sound, as_int16
from bench.floor.sources import Library, Made, Rendered, Source
from voicebot.audio import PCMU
from voicebot.events import Event
from voicebot.legs import Leg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

VOICE_S, END_S = 0.2, 0.3
"""So much voice is an interruption; so much quiet after it ends the caller's turn."""
STORY = "Your statement shows nothing."


def hum(seconds: float) -> Samples:
    return (0.2 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


class HummedLibrary(Library):
    """Hums what should be rendered, so that no model is needed."""

    async def prepare(self, sources: Iterable[Source]) -> list[str]:
        return await super().prepare(source for source in sources if not isinstance(source, Rendered))

    def sound(self, source: Source) -> Sound:
        return super().sound(Made("hum-uh-huh") if isinstance(source, Rendered) else source)


class Bot:
    """Greets, answers what is said with ``[yes]``, and tells a story after each key and after the first answer where
    ``story`` is set. Voice over a prompt stops it."""

    def __init__(self, leg: Leg, folder: Path, *, story: bool) -> None:
        self._leg, self._folder, self._story = leg, folder, story
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._voiced = self._quiet = 0.0
        self._clips: list[tuple[Clip, dict[str, Any]]] = []
        self.turns: list[dict[str, Any]] = []

    def begin(self) -> None:
        self._turn("start", "", "Hello.", 0.6)

    def _turn(self, kind: str, said: str, text: str, seconds: float) -> None:
        now = self._ms()
        clip = Clip(len(self._clips), PCMU)
        clip.feed(PCMU.encode(as_int16(hum(seconds))))
        clip.finish()
        utterance = {"text": text, "first_packet_ms": now, "playback_end_ms": now + 1000 * seconds, "heard_s": seconds}
        utterance |= {"complete": True, "failed": None}
        self._clips.append((clip, utterance))
        self._leg.playout.append(clip)
        bot = {"asked_ms": now, "text": text, "utterances": [utterance]}
        self.turns.append({"kind": kind, "caller": {"text": said}, "bot": bot})

    def _ms(self) -> float:
        return (self._loop.time() - self._began) * 1000

    def frame(self, payload: bytes, at: float) -> None:
        if np.abs(PCMU.floats(payload)).max() > 0.02:
            self._voiced, self._quiet = self._voiced + 0.02, 0.0
            if self._voiced >= VOICE_S and self._leg.playout.active:
                self._interrupt()
            return
        self._quiet += 0.02
        if self._voiced and self._quiet >= END_S:
            heard, self._voiced = self._voiced >= VOICE_S, 0.0
            first = not any(turn["kind"] == "speech" for turn in self.turns)
            if heard and self._story and first:
                self._turn("speech", "words", STORY, 4.0)
            elif heard:
                self._turn("speech", "words", "Okay. [yes] Is that right?", 1.0)

    def _interrupt(self) -> None:
        clip, utterance = self._clips[-1]
        utterance |= {"playback_end_ms": self._ms(), "heard_s": clip.heard_s, "complete": False}
        self._leg.playout.clear()

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        self._turn("key", "", STORY, 4.0)

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        record = {"call_id": self._leg.info.call_id, "turns": self.turns}
        file = self._folder / f"{len(list(self._folder.iterdir()))}.part"
        file.write_text(json.dumps(record))
        file.rename(file.with_suffix(".json"))


@asynccontextmanager
async def answering(folder: Path) -> AsyncIterator[str]:
    """Calls to the address that is given are answered by a :class:`Bot`; its records are in ``folder``."""
    clock = MediaClock()
    tasks: set[asyncio.Task[None]] = set()

    async def answer(leg: Leg, bot: Bot) -> None:
        await leg.answer()
        bot.begin()

    def take(leg: Leg) -> None:
        bot = Bot(leg, folder, story=leg.info.callee == "story")
        leg.connect(bot)
        task = asyncio.ensure_future(answer(leg, bot))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    media = MediaOptions(clock, PortRange(*free_ports(), LOOPBACK))
    front = SipFrontEnd(SipEndpoint(ListenAt(port=0)), take, media, limit=10)
    await front.start()
    clock.start()
    try:
        yield f"sip:bot@{LOOPBACK}:{front.endpoint.port}"
    finally:
        await front.close()
        await clock.close()

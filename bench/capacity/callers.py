"""Lines that call again and again until they are told to stop: signalling by our own user agent, phones in C."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.capacity.talk import Failed, Talk
from bench.far_end import FarEnd
from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.caller import CallFigures, CallScript
from voicebot.caller.mouth import voiced_span
from voicebot.caller.wav import read_wav
from voicebot.sip import CallClosed, SipEndpoint, offer_answer

ANSWER_S: Final = 20.0
AGAIN_S: Final = 5.0
"""A line that was refused calls again after this time, as Retry-After says."""


@dataclass(slots=True)
class Called:
    """What came of the calls of a window. ``talked_s``: seconds that calls were up in it, of all lines together."""

    figures: list[CallFigures] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    talked_s: float = 0.0


def clips_of(far_end: FarEnd, script: CallScript, folder: Path) -> dict[int, int]:
    """Give the far end what ``script`` says, as files in ``folder``. Returns the clips by the lines of the steps."""
    clips = {}
    for number, step in enumerate(step for step in script.steps if step.wav is not None):
        assert step.wav is not None
        audio = read_wav(step.wav, PCMU)
        span = voiced_span(audio, PCMU)
        assert span is not None, step.wav
        file = folder / f"{number}.ulaw"
        file.write_bytes(audio[: (span[1] + 1) * PCMU.width])  # and silence follows, whatever the voice fades into
        far_end.clip(number, span[0] // PCMU.frame_samples, span[1] // PCMU.frame_samples, file)
        clips[step.line] = number
    return clips


class Lines:
    """``open`` lets lines call ``uri``, one phone each, and ``close`` ends their calls."""

    def __init__(
        self, endpoint: SipEndpoint, far_end: FarEnd, uri: str, script: CallScript, clips: dict[int, int]
    ) -> None:
        self.called = Called()
        self._endpoint, self._far_end, self._uri = endpoint, far_end, uri
        self._script, self._clips = script, clips
        self._tasks: list[asyncio.Task[None]] = []
        self._window = (float("inf"), float("inf"))
        self._calls = 0

    def open(self, count: int, ramp_s: float) -> None:
        """Let ``count`` lines call, the first calls spread over ``ramp_s`` seconds."""
        self._tasks = [asyncio.ensure_future(self._line(n, ramp_s * n / count)) for n in range(count)]

    def measure(self, begin: float, end: float) -> None:
        """Count what happens between the two times, which lie in the future."""
        self._window = (begin, end)

    async def close(self) -> None:
        """Hang up, and take what was measured of the calls that are up."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _line(self, phone: int, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while True:
            if not await self._call(phone):
                await asyncio.sleep(AGAIN_S * random.uniform(1.0, 1.5))

    async def _call(self, phone: int) -> bool:
        """One call; False if it was refused."""
        self._calls += 1
        port = self._far_end.ports[phone]
        offer = offer_answer.offer("127.0.0.1", port, codecs=[CODECS["PCMU"]], session_id=self._calls)
        invited = time.time()
        call = self._endpoint.invite(Address.parse(self._uri), offer)
        try:
            answer = await call.established(timeout_s=ANSWER_S)
        except CallClosed as closed:
            self._count(str(closed), invited)
            return False
        answered = time.time()
        talk = Talk(self._far_end, phone, self._script, self._clips)
        call.on_end = lambda ended: talk.ended(ended.reason)
        try:
            await talk.run(answer.media[0].port, answered)
            outcome = "completed"
        except Failed as failure:
            outcome = str(failure)
        except asyncio.CancelledError:
            await self._hang_up(phone, talk, invited)
            call.bye()
            raise
        await self._hang_up(phone, talk, invited)
        call.bye()
        self._count(outcome, time.time())
        return True

    async def _hang_up(self, phone: int, talk: Talk, invited: float) -> None:
        begin, end = self._window
        figures = CallFigures()
        if begin <= talk.answered <= end:
            figures.answer_ms = (talk.answered - invited) * 1000
        await talk.measure(figures, begin, end)
        self._far_end.quiet(phone)
        self.called.figures.append(figures)
        self.called.talked_s += max(0.0, min(end, time.time()) - max(begin, talk.answered))

    def _count(self, outcome: str, at: float) -> None:
        begin, end = self._window
        if begin <= at <= end:
            self.called.outcomes[outcome] += 1

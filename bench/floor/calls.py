"""Places the calls: dials, says what is planned when the bot listens or speaks, hangs up, and reads the record."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from bench.floor.caller import Line
from bench.floor.cases import NOISE_DB, QUIET_DB, STORY, Case, Plan
from bench.floor.sayings import BILLING
from bench.floor.scoring import Outcome, Times, score, turns_of
from bench.floor.sounds import USUAL_DBFS
from bench.floor.sources import Library, background
from voicebot.address import Address
from voicebot.audio.codecs import CODECS, prepare
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, OutgoingSipLeg, dial
from voicebot.rtp import MediaClock, PortRange, PortsExhausted
from voicebot.sip import AgentOptions, ListenAt, SipEndpoint

HOST: Final = "127.0.0.1"
CALLER: Final = Address("caller")
PORTS: Final = (42_000, 49_998)
PLAN_S: Final = 240.0
"""A call that takes longer is given up."""
BEGINS_S: Final = 8.0
"""How long the bot may take to begin to speak."""
SPEAKS_S: Final = 30.0
ANSWERS_S: Final = 5.0
BREATH_S: Final = 0.3
"""From the end of the question to the answer, beside what the ear waits for."""
OVER_S: Final = 1.5
"""How long the prompt has been heard before something is heard over it."""
ECHO_S: Final = 0.1
"""How long the prompt has been heard before its echo can be."""
ECHO_LASTS_S: Final = 5.0
REPLY_S: Final = 0.8
INTERRUPTED_S: Final = 3.0
"""How long after an interruption it is at last known what became of it."""
HANG_UP_S: Final = 5.0
RECORD_S: Final = 10.0


class Records:
    """The records that a service writes into ``folder``, by Call-ID."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[Path] = set()
        self._records: dict[str, dict[str, Any]] = {}

    async def of(self, call_id: str) -> dict[str, Any]:
        """The record of a call that has ended; waits until it is written. Raises TimeoutError."""
        async with asyncio.timeout(RECORD_S):
            while call_id not in self._records:
                await asyncio.to_thread(self._look)
                if call_id not in self._records:
                    await asyncio.sleep(0.05)
        return self._records.pop(call_id)

    def _look(self) -> None:
        for file in set(self._folder.glob("*.json")) - self._read:
            record = json.loads(file.read_text())  # it appears whole
            self._read.add(file)
            self._records[record["call_id"]] = record


@dataclass(slots=True)
class Placed:
    """The outcomes of one call, and how long it lasted."""

    outcomes: list[Outcome]
    talked_s: float = 0.0


class Telephone:
    """An ``async with`` block in which calls are placed; their sounds are those of ``library``."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._endpoint = SipEndpoint(ListenAt("UDP", HOST, 0), options=AgentOptions(name="voicebot-bench"))
        self._clock = MediaClock()
        self._ports = PortRange(*PORTS, host=HOST)
        self._noise = background(library.noise(), USUAL_DBFS + NOISE_DB)

    async def __aenter__(self) -> Telephone:
        prepare([CODECS["PCMU"]])
        await self._endpoint.start()
        self._clock.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._endpoint.close()
        await self._clock.close()

    async def place(self, plan: Plan, uri: str, records: Records) -> Placed:
        """One call to the service at ``uri``. What goes wrong is in the outcomes."""
        call = _Call(plan, Line(self._noise if plan.noisy else None), self._library)
        try:
            async with asyncio.timeout(PLAN_S):
                await self._follow(call, uri)
                turns = turns_of(await records.of(call.call_id), call.invited)
        except TimeoutError:
            return call.failed("it took too long, or there is no record of it")
        except (LegClosed, PortsExhausted, OSError) as error:
            return call.failed(str(error) or type(error).__name__)
        track = call.line.ear.track
        outcomes = [score(case, times, track, turns) for case, times in call.heard]
        outcomes += [Outcome(case, problem=call.problem) for case in plan.cases[len(call.heard) :]]
        return Placed(outcomes, call.talked_s)

    async def _follow(self, call: _Call, uri: str) -> None:
        media = MediaOptions(
            self._clock, self._ports, self._endpoint.advertised_host, MediaPreferences(codecs=(CODECS["PCMU"],))
        )
        to = Address.parse(f"sip:{call.plan.question}@{uri.rpartition('@')[2]}")
        loop = asyncio.get_running_loop()
        call.invited = loop.time()
        options = OutgoingOptions(sender=CALLER, ring_timeout_s=10, response_timeout_s=5)
        leg = await dial(self._endpoint, media, to, options, sink=call.line)
        call.call_id, answered = leg.info.call_id, loop.time()
        try:
            call.line.open(leg)
            await call.talk(leg, answered)
        finally:
            call.talked_s = loop.time() - answered
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leg.hang_up(), HANG_UP_S)


class _Call:
    """One call that follows its plan. ``heard``: the cases so far; ``problem``: why there are no more."""

    def __init__(self, plan: Plan, line: Line, library: Library) -> None:
        self.plan = plan
        self.line = line
        self.heard: list[tuple[Case, Times]] = []
        self.problem = ""
        self.call_id = ""
        self.invited = 0.0
        self.talked_s = 0.0
        self._library = library
        self._loop = asyncio.get_running_loop()

    def failed(self, problem: str) -> Placed:
        return Placed([Outcome(case, problem=problem) for case in self.plan.cases], self.talked_s)

    async def talk(self, leg: OutgoingSipLeg, answered: float) -> None:
        if self.plan.question == STORY:
            await self._over_stories(leg, answered)
            return
        (case,) = self.plan.cases
        if not await self._hear_out(answered):
            return
        await self.line.pause(BREATH_S)
        if (times := await self._say(case)) is None:
            return
        ear, (onset, offset) = self.line.ear, times
        if await self.line.wait(lambda: ear.audible_until > offset, ANSWERS_S):
            await self.line.pause(REPLY_S)
        self.heard.append((case, Times(onset, offset, self._loop.time())))

    async def _over_stories(self, leg: OutgoingSipLeg, answered: float) -> None:
        """First the caller says something, so that the bot can know how loud this caller speaks."""
        if not await self._hear_out(answered):
            return
        await self.line.pause(BREATH_S)
        since = self._loop.time()
        billing = self._library.sound(BILLING)
        if await self.line.say(billing.scaled(QUIET_DB) if self.plan.quiet else billing) is None:
            return
        for case in self.plan.cases:
            if not await self._over_story(case, since):
                return
            since = self._loop.time()
            leg.send_keys("1")

    async def _over_story(self, case: Case, since: float) -> bool:
        """Let ``case`` be heard over the prompt that begins after ``since``."""
        line, ear = self.line, self.line.ear
        begun = await self._begun(since)
        if begun is None:
            return False
        line.mixer.echo = case.echo
        await line.pause(max(0.0, begun + OVER_S - self._loop.time()))
        if case.source is not None:
            if (times := await self._say(case)) is None:
                return False
        else:
            await line.pause(ECHO_LASTS_S)
            times = begun + ECHO_S, self._loop.time()
        line.mixer.echo = None  # or a bot that answers its echo would never stop
        onset, offset = times
        known = offset + INTERRUPTED_S
        over = await line.wait(lambda: not ear.speaking and self._loop.time() > known, SPEAKS_S)
        if not over:
            self.problem = self._why("the bot goes on speaking")
            return False
        self.heard.append((case, Times(onset, offset, self._loop.time())))
        return True

    async def _say(self, case: Case) -> tuple[float, float] | None:
        assert case.source is not None
        times = await self.line.say(self._library.sound(case.source).scaled(case.db))
        if times is None:
            self.problem = self._why("it could not be said")
        return times

    async def _begun(self, since: float) -> float | None:
        """Wait until the bot speaks; when it was first audible after ``since``."""
        ear = self.line.ear
        if not await self.line.wait(lambda: ear.current is not None and ear.audible_until > since, BEGINS_S):
            self.problem = self._why("the bot says nothing")
            return None
        assert ear.current is not None
        return max(ear.current.audible, since)

    async def _hear_out(self, since: float) -> bool:
        """Wait until the bot has spoken and has finished."""
        if await self._begun(since) is None:
            return False
        if await self.line.wait(lambda: not self.line.ear.speaking, SPEAKS_S):
            return True
        self.problem = self._why("the bot goes on speaking")
        return False

    def _why(self, problem: str) -> str:
        return "the bot ended the call" if self.line.ended_at is not None else problem

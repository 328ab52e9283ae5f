"""A node is killed (kill -9) in the middle of its calls, and others go on with them; ``--pause``: it is only paused.

Four callers answer questions by keys. Their node is killed while two of them are silent at the second one; the third
presses a key every now and then, so that it may be at any place; the fourth is talking. The bot has to ask again what
it waits for, and to go on from there; who was talking is asked first whether they are still there, and who was silent
is not. One caller hangs up, the others go on to the bot's goodbye: each call ends at both sides, and leaves one record.
Told is after how long each of them hears the bot again.

``--times 10``: the nodes are killed one after the other, each is started again, and the 95th percentile of the silences
is told, too. ``--pause``: the node gets SIGSTOP for some seconds instead; no caller may get a packet of it when it is
back. ``--alone``: there is no other node; it is started again at once, as systemd does, and goes on with its own calls.
``--media``: audio goes through rtpengine at the edge.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import re
import signal
import sys
import wave
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local_fleet import LocalFleet, Node, caller_options, local_fleet, script_of
from program import END_S, POLL_S
from trial import tried

from voicebot.address import Address
from voicebot.audio import FRAME_S, LINEAR_8K
from voicebot.caller import CallReport, CallScript, Phone
from voicebot.caller.ear import AUDIBLE_DBFS, level_dbfs
from voicebot.caller.measure import percentile
from voicebot.speech import apology

PATIENTLY = "silence:\n    deadline_s: 150"
HEARD_OUT = "pause_s: 2"
"""A hole in the question, on a busy machine, is not its end."""
FINISHES = script_of("listen:", 'keys: "1"', HEARD_OUT, PATIENTLY, 'keys: "2"', 'keys: "3"', "expect_end: hangup")
HANGS_UP = script_of("listen:", 'keys: "1"', HEARD_OUT, PATIENTLY)
PRESS_EVERY_S = 10.0
"""So slowly that its call is there when the node is killed: before the third key, though on a busy machine the call
that begins after it takes some seconds."""
PRESSES = script_of("listen:", *['keys: "1"\n    wait: false', f"pause_s: {PRESS_EVERY_S}"] * 20)
TALKS = (
    "listen:",
    'keys: "1"',
    "wav: {talk}\n    wait: false",
    "pause_s: 6",  # a node that is started again may take longer than the talk
    'keys: "2"',
    'keys: "3"',
    "expect_end: hangup",
)
TALK_S = 13.0
"""Longer than it takes until the node is killed and the call is at another one; not so long that the bot, which gets no
word of it, gives up."""
STILL_THERE = "Are you still there?"
ANSWERED = re.compile(r"(\[\w+\]): asked the bot: key")
"""Each call in the log of its node, at the first answer."""
PAUSE_S = 4.0
SAID_S = 5.0
"""By then what was said is in what is kept of the record, two seconds and a beat later."""
WITHIN_S = 4.0
"""So long after that the node is killed, at any time."""
SETTLE_S = 1.0
"""For records that must not come."""
UNDER_WAY_S = 0.2
"""What has left the node that is killed is heard within this time."""
SILENCE_S = 2.0


@dataclass
class Trial:
    """What has been found. ``silences``: seconds from each kill until each caller heard the bot again; ``calls``: the
    Call-IDs of the calls that were struck."""

    fleet: LocalFleet
    phone: Phone
    wrong: list[str] = field(default_factory=list)
    silences: list[float] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    _callers: set[str] = field(default_factory=set)
    """Those of the node that is struck."""
    _scripts: dict[str, CallScript] = field(init=False)

    def __post_init__(self) -> None:
        talk = self.fleet.nodes[0].records.parent / "talk.wav"
        write_talk(talk)
        talks = script_of(*(step.replace("{talk}", str(talk)) for step in TALKS))
        self._scripts = {"finishes": FINISHES, "hangs up": HANGS_UP, "presses keys": PRESSES, "talks": talks}

    async def strike(self, node: Node, *, pause: bool = False, alone: bool = False) -> None:
        """Kill ``node`` while it has calls, or pause it, and see what becomes of them. ``alone``: there is no other,
        and it is started again at once."""
        before = set(ANSWERED.findall(node.program.log()))
        calls = await self._calls_on(node)
        while len(set(ANSWERED.findall(node.program.log())) - before) < len(calls):
            await asyncio.sleep(POLL_S)
        await asyncio.sleep(SAID_S + random.random() * WITHIN_S)
        media = self.fleet.media
        if media is not None and not await asyncio.to_thread(media.calls):
            self.wrong.append("audio does not go through rtpengine")
        process = node.program.process
        assert process is not None
        process.send_signal(signal.SIGSTOP if pause else signal.SIGKILL)
        struck, at = datetime.now(UTC), asyncio.get_running_loop().time()
        if pause:
            await asyncio.sleep(PAUSE_S)
            process.send_signal(signal.SIGCONT)
        elif alone:
            await process.wait()
            await node.start()
        listed = await self._listed_elsewhere(node, list(calls.values()))
        reports = {name: await call for name, call in calls.items()}
        if not pause and listed < len(calls):
            self.wrong.append(f"{listed} of {len(calls)} calls were listed with the nodes that have them now")
        silences = {name: self._look_at(name, report, at) for name, report in reports.items()}
        done = "paused" if pause else "killed"
        told = ", ".join(f"who {name} {silence:.2f} s" for name, silence in silences.items())
        print(f"  {node.name} was {done} with {len(calls)} calls; silence: {told}", flush=True)
        self.silences += silences.values()
        await self.fleet.served({report.call_id for report in reports.values()})
        await asyncio.sleep(SETTLE_S)
        for name, report in reports.items():
            self._look_at_records(name, report, struck)

    def look_at_all_records(self) -> None:
        """Each call has left one record in all, also when the nodes that were killed are there again."""
        found = [record["call_id"] for node in self.fleet.nodes for record in node.calls()]
        for call in self.calls:
            if (count := found.count(call)) != 1:
                self.wrong.append(f"{count} records of call {call}")

    def _look_at(self, name: str, report: CallReport, struck: float) -> float:
        """How long this caller heard nothing."""
        self.calls.add(report.call_id)
        well = report.ended_by == "bot" if name == "presses keys" else report.ok
        self.wrong += [] if well else [f"who {name}: {report.reason} ({report.ended_by})"]
        if report.quality is None:  # it was never up
            return float("inf")
        if strays := report.quality.foreign_packets:
            self.wrong.append(f"who {name} heard two nodes at once: {strays} packets")
        return heard_after(report, struck)

    def _look_at_records(self, name: str, report: CallReport, struck: datetime) -> None:
        every = [record for node in self.fleet.nodes for record in node.calls()]
        records = [record for record in every if record["call_id"] == report.call_id]
        if len(records) != 1:
            self.wrong.append(f"who {name} has left {len(records)} records")
        self.wrong += [f"who {name}: {why}" for record in records for why in wrong_with(record, name, struck)]

    async def _listed_elsewhere(self, node: Node, calls: list[asyncio.Task[CallReport]]) -> int:
        """How many of the callers another node lists as its own before their calls are over."""
        seen = set[str]()
        others = [one for one in self.fleet.nodes if one is not node and one.runs] or [node]
        while not all(call.done() for call in calls):
            for other in others:
                seen |= {call["from"] for call in await self.fleet.running(other) if call["from"] in self._callers}
            await asyncio.sleep(POLL_S)
        return len(seen)

    async def _calls_on(self, node: Node) -> dict[str, asyncio.Task[CallReport]]:
        """A call by each script that ``node`` has; others are ended."""
        kept = dict[str, asyncio.Task[CallReport]]()
        self._callers.clear()
        numbers = itertools.count(len(self.calls) * 100)
        for name, script in self._scripts.items():
            while name not in kept:
                caller = f"caller-{next(numbers)}"
                call = asyncio.create_task(self._call(caller, script))
                if await self.fleet.serving(caller, call) is node:
                    kept[name] = call
                    self._callers.add(caller)
                else:
                    call.cancel()
                    await asyncio.gather(call, return_exceptions=True)
        return kept

    async def _call(self, caller: str, script: CallScript) -> CallReport:
        options = replace(caller_options(), sender=Address(caller), keep_audio=True)
        return await self.phone.call(self.fleet.edge, script, options=options)


def write_talk(path: Path) -> None:
    """Somebody talks for :data:`TALK_S`, as a WAV file: in a voice, which voice activity detection has to hear."""
    spoken = apology("speech-service", LINEAR_8K)
    size = round(TALK_S * LINEAR_8K.byte_rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(LINEAR_8K.rate)
        file.writeframes((spoken * (size // len(spoken) + 1))[:size])


def heard_after(report: CallReport, struck: float) -> float:
    """Seconds from ``struck``, on the loop's clock, to the first packet of the bot that a person hears."""
    sound = report.audio
    if sound is None or sound.bot_from is None:
        return float("inf")
    size = sound.audio.frame_bytes
    first = round((struck + UNDER_WAY_S - sound.bot_from) / FRAME_S)
    for number in range(max(0, first), len(sound.bot) // size):
        frame = bytes(sound.bot[number * size : (number + 1) * size])
        if level_dbfs(frame, sound.audio) > AUDIBLE_DBFS:
            return sound.bot_from + number * FRAME_S - struck
    return float("inf")


def wrong_with(record: dict[str, Any], name: str, struck: datetime) -> list[str]:
    """What must not be in the record of a call that was struck then."""
    wrong = [] if record.get("taken_over") else ["the call stayed where it was"]
    ended_by = "caller" if name == "hangs up" else "bot"
    wrong += [] if record["end"]["reason"] == ended_by else [f"it was ended by {record['end']['reason']}"]
    before = datetime.fromisoformat(record["started"])
    wrong += [] if before < struck < before + timedelta(milliseconds=record["duration_ms"]) else ["its times are wrong"]
    said = " ".join(utterance["text"] for turn in record["turns"] for utterance in turn["bot"]["utterances"])
    asked = [said.count(f"Question {number}.") for number in ("one", "two", "three")]
    keys = [key["key"] for key in record["keys"]]
    wrong += wrong_about_lost_words(said, name)
    if name == "presses keys":
        return wrong + ([] if "You pressed 1, 1 and 1. Goodbye." in said else [f"the bot said: {said}"])
    if name == "talks":  # and when nothing more is said, the bot says that it did not get it
        wrong += [] if asked[0] == asked[2] == 1 and asked[1] >= 2 else [f"the questions were asked {asked} times"]
        return wrong + ([] if keys == ["1", "2", "3"] else [f"the keys in the record are {keys}"])
    due, pressed = ([1, 2, 1], ["1", "2", "3"]) if name == "finishes" else ([1, 2, 0], ["1"])
    wrong += [] if asked == due else [f"the three questions were asked {asked} times"]
    return wrong + ([] if keys == pressed else [f"the keys in the record are {keys}"])


def wrong_about_lost_words(said: str, name: str) -> list[str]:
    """Who was talking is asked whether they are still there, and then the question; who was silent is asked that only;
    who presses keys may have been at any place."""
    before, asked, after = said.partition(STILL_THERE)
    if name == "talks":
        well = asked and "Question two." in before and "Question two." in after and STILL_THERE not in after
    else:
        well = not asked or name == "presses keys"
    return [] if well else [f"the bot said: {said}"]


async def run(folder: Path, times: int, *, pause: bool, alone: bool, media: bool) -> bool:
    """Whether all went well."""
    nodes = 1 if alone else 3
    async with local_fleet(folder, nodes, media=media) as fleet, Phone(fleet.edge, caller_options()) as phone:
        trial = Trial(fleet, phone)
        for node in itertools.islice(itertools.cycle(fleet.nodes), times):
            await trial.strike(node, pause=pause, alone=alone)
            if not node.runs:
                await node.start()
            await fleet.until(lambda takes: all(takes.values()), END_S)
        trial.look_at_all_records()
    silences = sorted(trial.silences)
    p50, p95 = (percentile(silences, share) or 0.0 for share in (0.5, 0.95))
    lost = len(trial.silences) - sum(silence < float("inf") for silence in silences)
    print(f"{len(silences)} calls, {lost} lost; silence p50 {p50:.1f} s, p95 {p95:.1f} s, longest {silences[-1]:.2f} s")
    if p95 > SILENCE_S and not alone:
        trial.wrong.append(f"the silence was longer than {SILENCE_S:g} s")
    for why in trial.wrong:
        print(f"WRONG: {why}")
    return not trial.wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="how often (default: %(default)s)")
    parser.add_argument("--pause", action="store_true", help="pause the node instead")
    parser.add_argument("--alone", action="store_true", help="there is no other node; it is started again at once")
    parser.add_argument("--media", action="store_true", help="audio goes through rtpengine")
    options = parser.parse_args()
    how = {"pause": options.pause, "alone": options.alone, "media": options.media}
    sys.exit(tried(lambda folder: run(folder, options.times, **how)))

"""How long a search among many calls takes: ``python -m bench.search [--calls 100000]``.

Records are made, the index is made of them as `voicebot records index` does, and every kind of search is asked of the
archive's process, over its socket: as often as it takes, the first time included.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from voicebot.archive.client import ArchiveClient
from voicebot.archive.index import FILE
from voicebot.archive.upkeep import Upkeep
from voicebot.audio import PCMU
from voicebot.calls import RecordBuilder
from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    PlaybackEnded,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.events import (
    Final as FinalResult,
)
from voicebot.legs import LegInfo
from voicebot.turns import AskKind, TurnEnd

TURNS: Final = 8
WORDS: Final = 3_000
REPEATS: Final = 7
SWEPT_S: Final = 10.0
"""After which time the archive has seen that nothing is new."""
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
COMMON, RARE = "please", "xylophone"
SEARCHES: Final[dict[str, dict[str, str]]] = {
    "the latest": {},
    "a word of every call": {"words": COMMON},
    "a word of one call": {"words": RARE},
    "two words and a beginning": {"words": "please ba help"},
    "a phrase": {"words": '"can i help"'},
    "a word that nobody said": {"words": "zzzz"},
    "a number": {"number": "0054321"},
    "a number that nobody has": {"number": "99999999999"},
    "a bot": {"bot": "sales"},
    "a rare outcome": {"outcome": "media-timeout"},
    "a rare outcome and a word of every call": {"outcome": "media-timeout", "words": COMMON},
    "a bot that nobody called, and a word of every call": {"bot": "nobody", "words": COMMON},
    "a step": {"step": "step-3"},
    "a step where nobody was": {"step": "nowhere"},
    "a day": {"since": "2026-02-01", "until": "2026-02-02"},
    "a day and a word of every call": {"since": "2026-02-01", "until": "2026-02-02", "words": COMMON},
    "the end of the list": {"before": str(int(BEGAN.timestamp() * 1e6) + 10**9)},
}


def records(calls: int) -> Iterator[dict[str, Any]]:
    """Calls of a year, with words drawn as people use them: few are frequent. One call is recorded as calls are; the
    others are copies of it with other words, numbers and times."""
    chance = random.Random(7)
    syllables = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
    vocabulary = ["".join(chance.choices(syllables, k=2 + rank % 3)) for rank in range(WORDS)]
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(WORDS)))
    text = json.dumps(one_call())
    for number in range(calls):
        record: dict[str, Any] = json.loads(text)
        began = BEGAN + timedelta(seconds=number * 300)
        record |= {"id": f"{number:032x}", "call_id": f"{number}@phone.example", "caller": f"+1555{number:07d}"}
        record |= {"bot": chance.choice(("sales", "service", "billing")), "started": began.isoformat()}
        record["end"]["reason"] = "media-timeout" if number % 10_000 == 0 else "caller"
        words = chance.choices(vocabulary, cum_weights=weights, k=TURNS * 20)
        for index, turn in enumerate(record["turns"]):
            some = words[index * 20 : index * 20 + 20]
            turn["caller"]["final_text"] = " ".join([*some[:8], COMMON, *([RARE] if number == calls // 2 else [])])
            turn["bot"]["utterances"][0]["text"] = " ".join(["How can I help with", *some[8:]])
        record["timeline"].append({"at_ms": 1.0, "event": "at_step", "step": f"step-{number % 50}"})
        yield record


def one_call() -> dict[str, Any]:
    """The record of a call with as many turns."""
    info = LegInfo("0@phone.example", "+15550100", "+15550199", PCMU, trunk="sbc")
    builder = RecordBuilder("0" * 32, info, started_at_wall=BEGAN, started_at=0.0)
    builder.note(CallAnswered(0.1))
    for turn in range(1, TURNS + 1):
        at = turn * 8.0
        builder.note(SpeechStarted(at, at))
        builder.note(SpeechStopped(at + 2, at + 2))
        builder.note(FinalResult(at + 2.2, COMMON, at, at + 2, 0.9))
        builder.asked(turn, COMMON, AskKind.SPEECH, at + 2.2, ended=TurnEnd.COMPLETE)
        builder.note(BotMessage(at + 2.3, turn, COMMON, COMMON))
        builder.note(BotDone(at + 2.3, turn))
        builder.spoken(turn, COMMON, turn, at + 2.3)
        builder.note(PlaybackStarted(at + 2.4, turn))
        builder.note(PlaybackEnded(at + 6, turn, 3.6, True, 3.6))
    builder.ended("caller", TURNS * 8.0 + 9, {})
    return builder.build()


async def measure(folder: Path) -> dict[str, float]:
    """The median time of each search, in milliseconds, and the longest of all as ``longest``."""
    socket = folder.parent / "archive.sock"
    argv = [sys.executable, "-m", "voicebot.archive", "--records", str(folder), "--socket", str(socket)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    client = ArchiveClient(socket)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(SWEPT_S)
        took: dict[str, float] = {}
        longest = 0.0
        for name, query in SEARCHES.items():
            times = []
            for _ in range(REPEATS):
                began = time.perf_counter()
                answer = await client.get("/search", query)
                times.append((time.perf_counter() - began) * 1000)
                assert answer.status == 200, answer.body
            found = len(json.loads(answer.body)["calls"])
            took[name] = statistics.median(times)
            longest = max(longest, *times)
            print(f"{name:52} {found:4} calls  first {times[0]:6.1f} ms, median {took[name]:6.1f} ms")
        took["longest"] = longest
        print(f"the archive's memory: {memory_mb(process.pid):.0f} MB")
        return took
    finally:
        await client.close()
        process.terminate()
        await process.wait()


def memory_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "records"
        folder.mkdir()
        size = 0
        for record in records(calls):
            size += (folder / f"{record['id']}.json").write_text(json.dumps(record))
        print(f"{calls} records of {size / calls / 1000:.1f} kB")
        began = time.perf_counter()
        upkeep = Upkeep(folder)
        upkeep.sweep()
        upkeep.close()
        index_mb = (folder / FILE).stat().st_size / 1e6
        print(f"the index is made in {time.perf_counter() - began:.1f} s, and has {index_mb:.0f} MB")
        longest = asyncio.run(measure(folder))["longest"]
        print(f"the longest of all: {longest:.1f} ms")


if __name__ == "__main__":
    main()

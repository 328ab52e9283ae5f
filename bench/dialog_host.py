"""A turn in the dialog host, with a hundred conversations beside it: how long, and what it costs.

    python -m bench.dialog_host                           100 conversations, 20 turns a second, half a minute
    python -m bench.dialog_host --rate 300                hardly a pause between turns: caches and cores stay awake
    python -m bench.dialog_host --unheard 0.3             callers say in 0.3 of the turns what none has said before
    python -m bench.dialog_host --dialogs my/dialogs

The host runs the sample dialogs in a process of its own, as ``voicebot serve`` starts it, and is asked over its socket.
Conversations are asked in turns, at moments that do not depend on when it answers. Each asks for the opening hours, has
them read, and goes on; after some turns it ends, and another begins. Three times are told of a turn:

* *a turn*: from the request to its end, as the call process has both, so with the way there and back;
* *its words*: to the last message, which is when the call has all that it says (nothing waits for the end);
* *in the host*: from when the host has read the request to when it has written the end, by a watch in it
  (``bench/stamped_host.py``). What it lacks of the whole turn is the waking of both processes, and their event loops.

Turns in which the dialogs look something up are told apart: they last as long as the look-up, in the sample 0.3 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import uvloop

from voicebot.authoring.folder import Dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.bots import CallFacts, DialogHostClient, activities
from voicebot.events import BotDone, BotFailed, BotMessage, Event, StepReached
from voicebot.log import configure_logging
from voicebot.service.supervisor import ChildProcess

SAID: Final = ("Opening hours, please.", "Billing, please.", "123456", "Yes, that's right.", "Outage.", "12345", "Yes.")
WORDS: Final = (
    "i would like to hear about my last bill and the power in our street since monday because somebody told me that "
    "there is something wrong with the meter of my neighbours"
)
"""Of which is made what is no answer."""
MOST_TURNS: Final = 40
"""A conversation of so many turns ends."""
PATIENCE_S: Final = 10.0
STAMPS: Final = "stamps.json"


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """``key``: the conversation and the number of its request. ``words_s``: to the last message; 0 if there was none.
    ``whole_s``: to the end."""

    key: tuple[str, int]
    words_s: float
    whole_s: float


class Conversation:
    """One call's, with one turn at a time."""

    def __init__(self, client: DialogHostClient, number: int) -> None:
        self._over = asyncio.Event()
        self._failure = ""
        self._told_at = self._over_at = 0.0
        self.steps: tuple[str, ...] = ()
        """Those that ran in the last turn, ``dialog.step`` each."""
        self._id = f"call-{number}"
        facts = CallFacts(self._id, f"+1555{number:06d}", "+1")
        self._conversation = client.conversation(facts, self._take)
        self._asked = 0

    @property
    def turns(self) -> int:
        return self._asked

    async def ask(self, activity: dict[str, Any]) -> TurnTimes:
        """Have one turn. Raises RuntimeError if the bot failed, or took too long."""
        self._over.clear()
        self.steps = ()
        self._asked += 1
        began = self._told_at = time.perf_counter()
        self._conversation.send(self._asked, activity)
        async with asyncio.timeout(PATIENCE_S):
            await self._over.wait()
        if self._failure:
            raise RuntimeError(self._failure)
        return TurnTimes((self._id, self._asked), self._told_at - began, self._over_at - began)

    async def close(self) -> None:
        await self._conversation.close("caller")

    def _take(self, event: Event) -> None:
        if isinstance(event, BotFailed):
            self._failure = event.reason
        if isinstance(event, BotMessage):
            self._told_at = time.perf_counter()
        if isinstance(event, StepReached):
            self.steps = event.path
        if isinstance(event, BotDone | BotFailed):
            self._over_at = time.perf_counter()
            self._over.set()


class Load:
    """``count`` conversations, which are asked one after the other. ``waiting``: the steps that wait for others.
    ``unheard``: the share of turns in which callers say what is no answer, and was not said before."""

    def __init__(
        self, client: DialogHostClient, count: int, waiting: Collection[str] = (), unheard: float = 0.0
    ) -> None:
        self.turns: list[TurnTimes] = []
        self.lookups: list[TurnTimes] = []
        """Turns in which one of ``waiting`` ran."""
        self.greetings: list[TurnTimes] = []
        self.left_out = 0
        """Turns for which no conversation was free: the host was that late."""
        self._client = client
        self._count = count
        self._waiting = frozenset(waiting)
        self._unheard = unheard
        self._free: list[Conversation] = []
        self._begun = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        for _ in range(self._count):
            await self._greet()
        self.greetings.clear()

    async def run(self, rate: float, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            if not self._free:
                self.left_out += 1
                continue
            task = asyncio.ensure_future(self._turn(self._free.pop(random.randrange(len(self._free)))))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.gather(*self._tasks)

    async def _greet(self) -> None:
        self._begun += 1
        conversation = Conversation(self._client, self._begun)
        self.greetings.append(await conversation.ask(activities.conversation_update()))
        self._free.append(conversation)

    async def _turn(self, conversation: Conversation) -> None:
        if conversation.turns > MOST_TURNS:
            await conversation.close()
            await self._greet()
            return
        text = SAID[conversation.turns % len(SAID)]
        if random.random() < self._unheard:
            text = " ".join(random.choices(WORDS.split(), k=random.randint(2, 6)))
        times = await conversation.ask(activities.user_message(text))
        (self.turns if self._waiting.isdisjoint(conversation.steps) else self.lookups).append(times)
        self._free.append(conversation)


@asynccontextmanager
async def host(dialogs: Path, folder: Path) -> AsyncIterator[tuple[DialogHostClient, psutil.Process]]:
    """A dialog host, and who asks it. When it has ended, what its watch has noted is in ``folder``."""
    socket = folder / "host.sock"
    argv = [sys.executable, "-m", "bench.stamped_host", str(folder / STAMPS), "--exit-with-parent"]
    argv += ["--dialogs", str(dialogs), "--socket", str(socket), "--state", str(folder / "state.sqlite")]
    child = ChildProcess("dialog host", [*argv, "--log-level", "ERROR"], on_ready=lambda _: None)
    client = DialogHostClient(socket)
    await child.start()
    try:
        await client.start()
        assert child.pid is not None
        yield client, psutil.Process(child.pid)
    finally:
        await client.close()
        await child.stop()


async def run(dialogs: Path, conversations: int, rate: float, seconds: float, unheard: float = 0.0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as place:
        async with host(dialogs, Path(place)) as (client, process):
            load = Load(client, conversations, waiting_steps(load_dialogs(dialogs)), unheard)
            await load.begin()
            before, began = process.cpu_times(), time.monotonic()
            await load.run(rate, seconds)
            after, took_s = process.cpu_times(), time.monotonic() - began
            used_s = after.user + after.system - before.user - before.system
            rss_mb = process.memory_info().rss / 1e6
        stamps = json.loads((Path(place) / STAMPS).read_text())
    inside_s = {(call, request): written - read for call, request, read, written in stamps}
    turns = len(load.turns) + len(load.lookups)
    return {
        "conversations": conversations,
        "turns": turns,
        "left_out": load.left_out,
        "turns_a_second": round(turns / took_s, 1),
        "turn_ms": spread([one.whole_s for one in load.turns]),
        "words_ms": spread([one.words_s for one in load.turns if one.words_s]),
        "in_host_ms": spread([inside_s[one.key] for one in load.turns]),
        "lookups": len(load.lookups),
        "lookup_ms": spread([one.whole_s for one in load.lookups]),
        "greeting_ms": spread([one.whole_s for one in load.greetings]),
        "cpu_percent": round(100 * used_s / took_s, 1),
        "cpu_ms_a_turn": round(1000 * used_s / max(1, turns), 2),
        "rss_mb": round(rss_mb),
    }


def waiting_steps(dialogs: Dialogs) -> set[str]:
    """The steps that wait for something outside, ``dialog.step`` each: functions in Python, and web services."""
    return {
        f"{name}.{step.id}"
        for name, loaded in dialogs.dialogs.items()
        for step in loaded.dialog.steps
        if step.WORD == "http" or (step.calls and step.calls not in dialogs.dialogs)
    }


def spread(seconds: Sequence[float]) -> dict[str, float | None]:
    """Percentiles by the nearest rank, in hundredths of a millisecond."""
    ordered = sorted(seconds)

    def at(share: float) -> float | None:
        return round(1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2) if ordered else None

    return {"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1)}


def told(times: dict[str, float | None]) -> str:
    return f"{'/'.join(times)} {' / '.join(str(time) for time in times.values())} ms"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dialog_host", description=__doc__.partition("\n")[0])
    parser.add_argument("--dialogs", type=Path, default=Path("dialogs"))
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20.0, help="turns a second, of all conversations together")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--unheard", type=float, default=0.0, help="share of turns with what none has said before")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    load = options.conversations, options.rate, options.seconds, options.unheard
    result = uvloop.run(run(options.dialogs, *load))
    if options.json:
        print(json.dumps(result))
        return 0
    print(
        f"{result['conversations']} conversations, {result['turns_a_second']} turns/s:"
        f" a turn {told(result['turn_ms'])}; its words {told(result['words_ms'])};"
        f" in the host {told(result['in_host_ms'])};"
        f" {result['lookups']} turns with a look-up {told(result['lookup_ms'])};"
        f" {result['cpu_ms_a_turn']} ms CPU a turn, {result['cpu_percent']} % of a core, {result['rss_mb']} MB"
        + (f"; {result['left_out']} turns left out, as no conversation was free" if result["left_out"] else "")
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

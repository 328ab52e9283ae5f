"""A turn in the dialog host, with a hundred conversations beside it: how long, and what it costs.

    python -m bench.dialog_host                           100 conversations, 20 turns a second, half a minute
    python -m bench.dialog_host --dialogs my/dialogs

The host runs the sample dialogs in a process of its own, as ``voicebot serve`` starts it, and is asked over its socket.
Conversations are asked in turns, at moments that do not depend on when it answers. Each asks for the opening hours, has
them read, and goes on; after some turns it ends, and another begins. A turn lasts from the request to its end.

Turns in which the dialogs look something up are told apart: they last as long as the look-up, in the sample 0.3 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import psutil
import uvloop

from voicebot.authoring.folder import Dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.bots import CallFacts, DialogHostClient, activities
from voicebot.caller.measure import Spread
from voicebot.events import BotDone, BotFailed, Event, StepReached
from voicebot.log import configure_logging
from voicebot.service.supervisor import ChildProcess

SAID: Final = ("Opening hours, please.", "Billing, please.", "123456", "Yes, that's right.", "Outage.", "12345", "Yes.")
MOST_TURNS: Final = 40
"""A conversation of so many turns ends."""
PATIENCE_S: Final = 10.0


class Conversation:
    """One call's, with one turn at a time."""

    def __init__(self, client: DialogHostClient, number: int) -> None:
        self._over = asyncio.Event()
        self._failure = ""
        self.steps: tuple[str, ...] = ()
        """Those that ran in the last turn, ``dialog.step`` each."""
        facts = CallFacts(f"call-{number}", f"+1555{number:06d}", "+1")
        self._conversation = client.conversation(facts, self._take)
        self._asked = 0

    @property
    def turns(self) -> int:
        return self._asked

    async def ask(self, activity: dict[str, Any]) -> float:
        """Seconds until the turn is over. Raises RuntimeError if the bot failed, or took too long."""
        self._over.clear()
        self.steps = ()
        self._asked += 1
        began = time.perf_counter()
        self._conversation.send(self._asked, activity)
        async with asyncio.timeout(PATIENCE_S):
            await self._over.wait()
        if self._failure:
            raise RuntimeError(self._failure)
        return time.perf_counter() - began

    async def close(self) -> None:
        await self._conversation.close("caller")

    def _take(self, event: Event) -> None:
        if isinstance(event, BotFailed):
            self._failure = event.reason
        if isinstance(event, StepReached):
            self.steps = event.path
        if isinstance(event, BotDone | BotFailed):
            self._over.set()


class Load:
    """``count`` conversations, which are asked one after the other. ``waiting``: the steps that wait for others."""

    def __init__(self, client: DialogHostClient, count: int, waiting: Collection[str] = ()) -> None:
        self.turns_s: list[float] = []
        self.lookups_s: list[float] = []
        """Turns in which one of ``waiting`` ran."""
        self.greetings_s: list[float] = []
        self.left_out = 0
        """Turns for which no conversation was free: the host was that late."""
        self._client = client
        self._count = count
        self._waiting = frozenset(waiting)
        self._free: list[Conversation] = []
        self._begun = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        for _ in range(self._count):
            await self._greet()
        self.greetings_s.clear()

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
        self.greetings_s.append(await conversation.ask(activities.conversation_update()))
        self._free.append(conversation)

    async def _turn(self, conversation: Conversation) -> None:
        if conversation.turns > MOST_TURNS:
            await conversation.close()
            await self._greet()
            return
        said = activities.user_message(SAID[conversation.turns % len(SAID)])
        took_s = await conversation.ask(said)
        (self.turns_s if self._waiting.isdisjoint(conversation.steps) else self.lookups_s).append(took_s)
        self._free.append(conversation)


@asynccontextmanager
async def host(dialogs: Path) -> AsyncIterator[tuple[DialogHostClient, psutil.Process]]:
    """A dialog host, and who asks it."""
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        socket = Path(folder) / "host.sock"
        argv = [sys.executable, "-m", "voicebot.host", "--exit-with-parent", "--dialogs", str(dialogs)]
        argv += ["--socket", str(socket), "--state", str(Path(folder) / "state.sqlite"), "--log-level", "ERROR"]
        child = ChildProcess("dialog host", argv, on_ready=lambda _: None)
        client = DialogHostClient(socket)
        await child.start()
        try:
            await client.start()
            assert child.pid is not None
            yield client, psutil.Process(child.pid)
        finally:
            await client.close()
            await child.stop()


async def run(dialogs: Path, conversations: int, rate: float, seconds: float) -> dict[str, Any]:
    async with host(dialogs) as (client, process):
        load = Load(client, conversations, waiting_steps(load_dialogs(dialogs)))
        await load.begin()
        before, began = process.cpu_times(), time.monotonic()
        await load.run(rate, seconds)
        after, took_s = process.cpu_times(), time.monotonic() - began
        used_s = after.user + after.system - before.user - before.system
        rss_mb = process.memory_info().rss / 1e6
    turns = len(load.turns_s) + len(load.lookups_s)
    return {
        "conversations": conversations,
        "turns": turns,
        "left_out": load.left_out,
        "turns_a_second": round(turns / took_s, 1),
        "turn_ms": spread(load.turns_s),
        "lookups": len(load.lookups_s),
        "lookup_ms": spread(load.lookups_s),
        "greeting_ms": spread(load.greetings_s),
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


def spread(seconds: list[float]) -> dict[str, float | None]:
    times = Spread.of([1000 * one for one in seconds])
    return {"p50": times.p50, "p95": times.p95, "p99": times.p99, "max": times.max}


def told(times: dict[str, float | None]) -> str:
    return f"{'/'.join(times)} {' / '.join(str(time) for time in times.values())} ms"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dialog_host", description=__doc__.partition("\n")[0])
    parser.add_argument("--dialogs", type=Path, default=Path("dialogs"))
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20.0, help="turns a second, of all conversations together")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    result = uvloop.run(run(options.dialogs, options.conversations, options.rate, options.seconds))
    if options.json:
        print(json.dumps(result))
        return 0
    print(
        f"{result['conversations']} conversations, {result['turns_a_second']} turns/s:"
        f" a turn {told(result['turn_ms'])}; {result['lookups']} turns with a look-up {told(result['lookup_ms'])};"
        f" {result['cpu_ms_a_turn']} ms CPU a turn, {result['cpu_percent']} % of a core, {result['rss_mb']} MB"
        + (f"; {result['left_out']} turns left out, as no conversation was free" if result["left_out"] else "")
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Microsoft's Direct Line client for JavaScript against the double that our own client is tested with."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from direct_line_double import SECRET, Activity, BotError, DirectLineDouble, Say, echo_bot
from node_packages import installed

pytestmark = pytest.mark.peer

SOURCE = Path(__file__).parent / "directlinejs"


@pytest.fixture(scope="module")
def modules() -> Path:
    """Where the client is installed."""
    return installed(SOURCE, "Microsoft's Direct Line client against the double") / "node_modules"


class Client:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    async def read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.told.append(json.loads(line))

    def say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())

    @property
    def heard(self) -> list[str]:
        return [told["activity"]["text"] for told in self.told if "activity" in told and "text" in told["activity"]]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def client(service: DirectLineDouble, modules: Path) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(SOURCE / "client.js"),
        service.endpoint,
        SECRET,
        "dl_js",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(modules)},
    )
    here = Client(process)
    reading = asyncio.create_task(here.read())
    try:
        yield here
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
        reading.cancel()


async def test_it_converses_and_misses_nothing_when_its_stream_breaks(modules: Path) -> None:
    release = asyncio.Event()

    async def bot(activity: Activity, say: Say) -> None:
        if activity.get("text") == "fail":
            raise BotError
        await echo_bot(activity, say)
        if activity.get("text") == "wait":
            await say({"type": "typing"})
            await release.wait()
            await say({"type": "message", "text": "While nobody listened."})

    async with DirectLineDouble(bot) as service, client(service, modules) as js:
        js.say("hello")
        await js.until(lambda: "You said hello." in js.heard)
        js.say("wait")
        await js.until(lambda: "You said wait." in js.heard)
        await service.break_streams()
        release.set()
        await js.until(lambda: "While nobody listened." in js.heard)
        js.say("fail")
        await js.until(lambda: any(told.get("failed") == "fail" or told.get("id") == "retry" for told in js.told))
        js.say("bye")
        await js.until(lambda: "You said bye." in js.heard)
        assert js.heard == ["You said hello.", "You said wait.", "While nobody listened.", "You said bye."]
        assert {"status": "Online"} in js.told
        assert any(call.startswith("GET") and call.endswith("/stream") for call in service.calls)

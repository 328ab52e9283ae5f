"""The Microsoft 365 Agents Playground, as a developer runs it, against our dialogs at ``/api/messages``."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from free_port import free_port
from node_packages import installed

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[2]
DIALOGS = ROOT / "tests" / "endtoend" / "dialogs_plain"
DEADLINE_S = 30.0


@pytest.fixture
def messages_url(tmp_path: Path) -> Iterator[str]:
    """The dialog host's ``/api/messages``."""
    argv = [sys.executable, "-m", "voicebot.host", "--dialogs", str(DIALOGS), "--http-port", "0"]
    argv += ["--socket", str(tmp_path / "host.sock"), "--state", str(tmp_path / "state.sqlite")]
    with (tmp_path / "host.log").open("wb") as log:
        host = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    assert host.stdout is not None
    yield f"http://127.0.0.1:{json.loads(host.stdout.readline())['http_port']}/api/messages"
    host.terminate()
    host.wait(10)
    host.stdout.close()


@pytest.fixture
def playground(messages_url: str, tmp_path: Path) -> Iterator[str]:
    """The Playground's own address; its bot is ours."""
    packages = installed(Path(__file__).parent / "playground", "the Agents Playground")
    port = free_port()
    argv = ["node", "node_modules/@microsoft/m365agentsplayground/cli.js", "-e", messages_url, "-c", "emulator"]
    with (tmp_path / "playground.log").open("wb") as log:
        process = subprocess.Popen(
            [*argv, "-p", str(port), "--dt", "true"],
            cwd=packages,
            env=os.environ | {"TEAMSAPPTESTER_BROWSER": "none"},
            stdout=log,
            stderr=log,
        )
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait(10)


class Chat:
    """What a person does in the Playground's window, through the interface that the window itself uses."""

    def __init__(self, http: aiohttp.ClientSession, url: str, setup: dict[str, Any], window: Any) -> None:
        self._http, self._url, self._window = http, url, window
        self._chat, self._user = setup["personalChat"]["id"], setup["currentUser"]["id"]

    async def install(self) -> str:
        async with self._http.post(f"{self._url}/_debug/conversation/{self._chat}/installation", json={}) as response:
            assert response.status == 200
        return await self.shown()

    async def say(self, text: str) -> str:
        message = {"from": {"id": self._user}, "text": text, "textFormat": "plain"}
        url = f"{self._url}/_conversation/v1/conversations/{self._chat}/messages"
        async with self._http.post(url, json=message) as response:
            assert response.status == 200
        return await self.shown()

    async def shown(self) -> str:
        """The next message that the window shows."""
        while True:
            event = await self._window.receive_json(timeout=DEADLINE_S)
            if event.get("action") == "createMessage":
                return str(event["message"]["text"])


@asynccontextmanager
async def chatting(url: str) -> AsyncIterator[Chat]:
    async with aiohttp.ClientSession() as http:
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                async with http.get(f"{url}/_internal/v1/config") as response:
                    setup = (await response.json())["config"]
                break
            except aiohttp.ClientConnectionError:
                assert time.monotonic() < end, "the Playground did not start"
                await asyncio.sleep(0.1)
        stream = f"{url}/_ws_conversation/v1/conversations/stream".replace("http:", "ws:")
        async with http.ws_connect(stream) as window:
            yield Chat(http, url, setup, window)


async def test_the_same_dialogs_answer_in_the_playground(playground: str) -> None:
    async with chatting(playground) as chat:
        assert await chat.install() == "Welcome."
        assert await chat.say("hello") == "You said hello."
        assert await chat.say("and again") == "You said and again."

"""The dialog host as a process: started, killed, told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from host_peer import START, Wire

from voicebot.host.sdk import SDK
from voicebot.host.sdk_choice import BOTBUILDER

Run = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    started: list[asyncio.subprocess.Process] = []

    async def run(*arguments: object, **environment: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "voicebot.host", *map(str, arguments),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **environment},
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert line, await process.communicate()
    told: dict[str, Any] = json.loads(line)
    return told


async def call(path: Path) -> Wire:
    return Wire(*await asyncio.open_unix_connection(str(path)))


async def test_a_killed_host_goes_on_from_stored_state(run: Run, echo_folder: Path, tmp_path: Path) -> None:
    socket = tmp_path / "h.sock"
    options = ("--dialogs", echo_folder, "--socket", socket, "--state", tmp_path / "state.sqlite")
    host = await run(*options)
    told = await ready(host)
    assert told == {"ready": True, "socket": str(socket), "http_port": None, "pid": host.pid}
    wire = await call(socket)
    await wire.ask(**START)
    await wire.ask("a")
    wire.turn("slow", deadline_s=30.0)  # killed in the middle of this turn
    assert (await wire.receive())["activity"]["text"] == "before"
    host.kill()
    await host.wait()
    wire.writer.close()

    host = await run(*options)
    await ready(host)
    wire = await call(socket)
    assert (await wire.ask(type="event", name="voicebot.resume"))[0] == ["again 1"]
    assert (await wire.ask("b"))[0] == ["2: b"]
    wire.writer.close()


async def test_sigterm_lets_the_running_turn_end_and_exits_0(
    run: Run, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    folder = folder_of(
        main="""
        import asyncio
        from pathlib import Path
        from botbuilder.dialogs import Dialog
        class Root(Dialog):
            async def begin_dialog(self, dc, options=None):
                print("printed by a dialog")
                await dc.context.send_activity("begun")
                while dc.context.activity.text == "wait" and not Path(__file__).with_name("go_on").exists():
                    await asyncio.sleep(0.005)
                await dc.context.send_activity("ended")
                return Dialog.end_of_turn
        def create_dialog(context):
            return Root("root")
        """
    )
    host = await run("--dialogs", folder, "--socket", tmp_path / "h.sock", "--log-json")
    await ready(host)
    wire = await call(tmp_path / "h.sock")
    wire.turn("wait")
    assert (await wire.receive())["activity"]["text"] == "begun"
    host.send_signal(signal.SIGTERM)
    (folder / "go_on").touch()
    assert (await wire.outcome()) == (["ended"], {"op": "done", "conversation": "c1", "request": 1})
    out, log = await asyncio.wait_for(host.communicate(), 30)
    wire.writer.close()
    assert host.returncode == 0
    assert out == b"", "standard output carries the ready line alone"
    assert b"printed by a dialog" in log


@pytest.mark.parametrize(
    ("source", "told"),
    [("x = 1\ny = (", rb"main.py:2: SyntaxError"), ("import nowhere_at_all", rb"main.py:1: ModuleNotFoundError")],
)
async def test_dialogs_that_do_not_load_stop_the_start(
    run: Run, folder_of: Callable[..., Path], tmp_path: Path, source: str, told: bytes
) -> None:
    host = await run("--dialogs", folder_of(main=source), "--socket", tmp_path / "h.sock")
    out, log = await asyncio.wait_for(host.communicate(), 60)
    assert host.returncode == 2
    assert out == b""
    assert told in log
    assert b"Traceback" not in log


async def test_why_there_is_no_start_is_announced_under_the_folders_own_name(
    run: Run, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    options = ("--announce-faults", "--shown-as", "my/dialogs", "--socket", tmp_path / "h.sock")
    host = await run("--dialogs", folder_of(main="x = 1\ny = ("), *options)
    out, log = await asyncio.wait_for(host.communicate(), 60)
    assert host.returncode == 2
    assert json.loads(out) == {"ready": False, "faults": ["my/dialogs/main.py:2: SyntaxError: '(' was never closed"]}
    assert log == b""


@pytest.mark.skipif(SDK != BOTBUILDER, reason="/api/messages is served on botbuilder")
async def test_strangers_are_not_served_without_an_app_id(run: Run, echo_folder: Path, tmp_path: Path) -> None:
    options = ("--dialogs", echo_folder, "--socket", tmp_path / "h.sock", "--http-port", 0, "--http-host", "0.0.0.0")
    host = await run(*options, MicrosoftAppId="")
    _, log = await asyncio.wait_for(host.communicate(), 60)
    assert host.returncode == 2
    assert b"MicrosoftAppId" in log


async def test_a_host_ends_with_the_process_that_started_it(run: Run, echo_folder: Path, tmp_path: Path) -> None:
    starter = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'voicebot.host', *sys.argv[1:]], "
        "stdout=subprocess.PIPE); print(p.stdout.readline().decode(), flush=True); sys.stdin.read()"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter,
        "--dialogs", str(echo_folder), "--socket", str(tmp_path / "h.sock"), "--exit-with-parent",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await ready(parent)
    wire = await call(tmp_path / "h.sock")
    parent.kill()
    await parent.wait()
    assert await asyncio.wait_for(wire.reader.read(), 30) == b"", "the host has gone"
    wire.writer.close()

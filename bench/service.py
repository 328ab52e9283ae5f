"""The processes under test: the service as a user starts it, and a speech service that follows a script."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from voicebot.service.supervisor import ChildProcess

SETTINGS = {
    "VOICEBOT_SIP__HOST": "127.0.0.1",
    "VOICEBOT_SIP__PORT": "0",
    "VOICEBOT_SIP__MAX_CALLS": "1000",
    "VOICEBOT_SIP__REFUSE_WHEN_BUSY": "false",
    "VOICEBOT_RTP__PORT_LOW": "30000",
    "VOICEBOT_RTP__PORT_HIGH": "33999",
    "VOICEBOT_BOT__HTTP_PORT": "0",
    "VOICEBOT_CONSOLE__PORT": "0",
    "VOICEBOT_CALLS__DRAIN_S": "1",
    "VOICEBOT_LOG__LEVEL": "WARNING",
}

MODULES = {
    "dialog host": "voicebot.host",
    "speech client": "voicebot.speechsdk",
    "speech double": "speech_double.py",
    "speech service": "voicebot.localspeech",
    "language service": "voicebot.locallanguage",
}


READY_S = 180.0
"""How long the service has for its start, on a machine that is busy with other things, too."""


@dataclass(slots=True)
class Usage:
    """What the service's processes have taken: CPU seconds since their start, by what they are and their pid, as one
    that ends is another one when it is back; resident megabytes, by what they are."""

    cpu_s: dict[tuple[str, int], float] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)

    def since(self, before: Usage) -> dict[str, float]:
        """CPU seconds since ``before``, by what took them. What a process took that has ended since is not in it."""
        used = dict.fromkeys((name for name, _ in self.cpu_s), 0.0)
        for process, seconds in self.cpu_s.items():
            used[process[0]] += seconds - before.cpu_s.get(process, 0.0)
        return used


class Service:
    """A running ``voicebot serve``."""

    def __init__(self, ready: dict[str, Any], pid: int, start_s: float) -> None:
        self.uri: str = ready["sip"]
        self.speech_url: str | None = ready["speech"]
        self.console = f"http://127.0.0.1:{ready.get('console_port')}"
        self.start_s = start_s
        self.process = psutil.Process(pid)

    def processes(self) -> dict[str, psutil.Process]:
        """The call process, and those of :data:`MODULES` that it started: of two of a kind the latest."""
        return dict(self._all())

    def usage(self) -> Usage:
        usage = Usage()
        for name, process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                times, memory = process.cpu_times(), process.memory_info()
                usage.cpu_s[name, process.pid] = times.user + times.system
                usage.rss_mb[name] = usage.rss_mb.get(name, 0.0) + memory.rss / 1e6
        return usage

    def _all(self) -> Iterator[tuple[str, psutil.Process]]:
        yield "calls", self.process
        for child, command in children_of(self.process):
            yield from ((name, child) for name, module in MODULES.items() if module in command)


def children_of(process: psutil.Process) -> Iterator[tuple[psutil.Process, str]]:
    """The processes that it has started, each with its command line. One may end while it is looked at: the service
    starts it again."""
    for child in process.children():
        try:
            command = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        yield child, " ".join(command)


def _command(tree: Path) -> list[str]:
    """How the service of a checkout is started: by its own environment, if it has one; by an older one's module."""
    own = tree / ".venv" / "bin" / "python"
    module = "voicebot" if (tree / "voicebot" / "__main__.py").is_file() else "voicebot.commands"
    return [str(own) if own.is_file() else sys.executable, "-m", module]


def _known(settings: dict[str, str], tree: Path) -> dict[str, str]:
    """Those of ``settings`` that the checkout ``tree`` has: its example names all."""
    example = (tree / "voicebot.example.toml").read_text(encoding="utf-8")
    names = {name: name.partition("__")[2].lower() for name in settings}
    return {name: value for name, value in settings.items() if f"{names[name]} = " in example}


@asynccontextmanager
async def serving(
    settings: dict[str, str] | None = None, toml: str = "", tree: Path | None = None, start: Sequence[str] = ()
) -> AsyncIterator[Service]:
    """``voicebot serve`` with ``settings`` (``VOICEBOT_*``) on ports of its own, from ready to gone. ``toml``: what no
    variable of the environment can set, such as trunks. ``tree``: another checkout, whose service it is to be; what it
    has no setting for is left out.
    ``start``: what the interpreter runs instead of the module, before the arguments of ``voicebot``."""
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VOICEBOT_")}
        wanted = SETTINGS | {"VOICEBOT_CALLS__RECORDS": f"{folder}/records"} | (settings or {})
        environment = kept | (wanted if tree is None else await asyncio.to_thread(_known, wanted, tree))
        ready: dict[str, Any] = {}
        argv = [sys.executable, "-m", "voicebot", "serve", "--json", "--exit-with-parent"]
        if tree is not None:
            argv = [*_command(tree), *argv[3:]]
        if tree is not None or start:
            environment["PYTHONPATH"] = str(tree or Path(__file__).parents[1])
            environment["PYTHONSAFEPATH"] = "1"  # not the folder that we are in
        if start:
            argv[1:3] = start
        file = Path(folder) / "voicebot.toml"
        await asyncio.to_thread(file.write_text, toml)
        argv += ["--config", str(file)]
        child = ChildProcess(
            "voicebot serve", argv, on_ready=ready.update, environment=environment, ready_timeout_s=READY_S
        )
        began = time.monotonic()
        await child.start()
        try:
            assert child.pid is not None
            yield Service(ready, child.pid, time.monotonic() - began)
        finally:
            await child.stop()


@asynccontextmanager
async def speaking(script: dict[str, Any] | None = None) -> AsyncIterator[str]:
    """An offline speech service, or one that follows ``script``; its address."""
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        argv = [sys.executable, "-m", "voicebot.localspeech", "--exit-with-parent", "--max-sessions", "2000"]
        if script is not None:
            file = Path(folder) / "script.json"
            await asyncio.to_thread(file.write_text, json.dumps(script))
            argv += ["--scripted", str(file)]
        ready: dict[str, Any] = {}
        child = ChildProcess("speech service", [*argv, "--log-level", "warning"], on_ready=ready.update)
        await child.start()
        try:
            yield f"ws://127.0.0.1:{ready['port']}"
        finally:
            await child.stop()

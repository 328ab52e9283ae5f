"""Runs ``voicebot serve`` during a command, with settings of its own, and finds the records of its calls."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voicebot.address import Address
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings_file import NO_FILE
from voicebot.speech import SpeechEndpoint

RECORD_DEADLINE_S: Final = 15.0
LOG_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class OwnService:
    """A running service. ``speech``: its speech service, which the caller can use, too. ``console``: the URL of its
    console, without a slash at the end."""

    address: Address
    speech: SpeechEndpoint
    console: str


@asynccontextmanager
async def own_service(log: Path, settings: Mapping[str, object], config: Path = NO_FILE) -> AsyncIterator[OwnService]:
    """Run the service during the block; its log goes to the file ``log``.

    ``settings``: by their names in the environment without the prefix (``{"SIP__PORT": 0}``), in addition to those in
    the file ``config``. Neither our environment nor a ``voicebot.toml`` where we run has a say: the service is the same
    everywhere. Raises :class:`NotReady` with the end of the log.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
    key = secrets.token_urlsafe()  # of its offline speech service, which the caller uses as well
    given = {f"VOICEBOT_{name}": str(value) for name, value in {**settings, "SPEECH__KEY": key}.items()}
    serve = 'umask 077; exec "$@" 2>"$0"'  # the shell adds the log file
    argv = ["sh", "-c", serve, str(log), sys.executable, "-m", "voicebot", "serve", "--config", str(config),
            "--json", "--exit-with-parent"]  # fmt: skip
    ready: dict[str, Any] = {}
    child = ChildProcess("voicebot serve", argv, on_ready=ready.update, environment=kept | given)
    try:
        await child.start()
    except NotReady as error:
        raise NotReady(f"{error}\n{await asyncio.to_thread(_end_of, log)}".strip()) from error
    try:
        yield OwnService(
            Address.parse(ready["sip"]),
            SpeechEndpoint(host=ready["speech"], key=key),
            f"http://127.0.0.1:{ready['console_port']}",
        )
    finally:
        await child.stop()


def _end_of(log: Path) -> str:
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:])
    except OSError:
        return ""


async def until_interrupted() -> None:
    """Wait for Ctrl-C, or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)


async def record_of(call_id: str, records: Path, *, recording: bool = False) -> Path | None:
    """The file with the record of an ended call; None if it does not appear in :data:`RECORD_DEADLINE_S`.

    ``recording``: wait for the recording beside it, too.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(RECORD_DEADLINE_S):
            while True:
                if (file := await asyncio.to_thread(_find_record, call_id, records, recording)) is not None:
                    return file
                await asyncio.sleep(0.05)
    return None


def _find_record(call_id: str, records: Path, recording: bool) -> Path | None:
    for file in records.glob("*.json"):
        if json.loads(file.read_text("utf-8")).get("call_id") == call_id:
            return file if not recording or file.with_suffix(".wav").exists() else None
    return None

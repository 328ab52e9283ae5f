"""The product as peers meet it: a ``voicebot serve`` process with the embedded speech service, and what it leaves."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0
STOP_S = 20.0
RECORD_S = 10.0


@dataclass(frozen=True, slots=True)
class Product:
    """A running service. ``uri`` is called, ``speech_url`` is its offline speech service."""

    uri: str
    speech_url: str
    records: Path
    log: Path
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.uri.rpartition(":")[2])

    def wrong_in_log(self) -> str:
        """Everything in the log that must not be there: errors and tracebacks."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if "ERROR" in line or "Traceback" in line or "CRITICAL" in line)

    def records_now(self) -> list[dict[str, Any]]:
        """The records written so far, in the order of the calls."""
        found = [json.loads(file.read_text()) for file in self.records.glob("*.json")]
        return sorted(found, key=lambda record: str(record["started"]))

    async def record(self, call_id: str) -> dict[str, Any]:
        """The record of a call that has ended. Raises TimeoutError when it is not written in time."""
        async with asyncio.timeout(RECORD_S):
            while True:
                for record in self.records_now():
                    if record["call_id"] == call_id:
                        return record
                await asyncio.sleep(0.05)


@contextmanager
def running(folder: Path, settings: dict[str, str] | None = None) -> Iterator[Product]:
    """Start the service as a user would, with ports and folders of its own; it is gone, with status 0, in the end."""
    records, log = folder / "records", folder / "serve.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VOICEBOT_")} | {
        "VOICEBOT_SIP__HOST": "127.0.0.1",
        "VOICEBOT_SIP__PORT": "0",
        "VOICEBOT_SIP__CODECS": '["PCMU", "PCMA", "G722"]',
        "VOICEBOT_RTP__PORT_LOW": "24000",
        "VOICEBOT_RTP__PORT_HIGH": "24499",
        "VOICEBOT_BOT__HTTP_PORT": "0",
        "VOICEBOT_CONSOLE__PORT": "0",
        "VOICEBOT_CALLS__RECORDS": str(records),
        "VOICEBOT_CALLS__DRAIN_S": "1",
        "VOICEBOT_SPEECH__PROMPT_CACHE_DIR": "",
        **(settings or {}),
    }
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "voicebot.commands", "serve", "--json"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    watchdog = threading.Timer(READY_S, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        watchdog.cancel()
        assert line, f"the service did not start:\n{log.read_text()[-2000:]}"
        ready = json.loads(line)
        yield Product(ready["sip"], ready["speech"], records, log, process)
        process.terminate()
        assert process.wait(STOP_S) == 0
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()  # type: ignore[union-attr]

"""A scripted speech service whose texts say when they were sent, by the clock that all processes of a machine share.

In each text that it sends, :data:`NOW` is replaced by the time, which :func:`sent_at` reads where the text arrives.
Letters stand for the digits: no redaction takes them for a number.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from voicebot.localspeech import server
from voicebot.localspeech.recognition import ServiceMessage
from voicebot.localspeech.recognition_driver import RecognitionDriver
from voicebot.localspeech.scripted import Script
from voicebot.service.supervisor import ChildProcess

NOW = "rightnow"
_LETTERS = "bcdfghjklm"
_DIGITS = {ord(letter): str(digit) for digit, letter in enumerate(_LETTERS)}
_STAMP = re.compile(rf"\bx([{_LETTERS}]+)x\b", re.IGNORECASE)


def stamp(milliseconds: int) -> str:
    """A word that says the time."""
    return f"x{''.join(_LETTERS[int(digit)] for digit in str(milliseconds))}x"


def sent_at(text: str) -> float | None:
    """When ``text`` was sent, as ``time.monotonic()`` has it; None: it does not say."""
    found = _STAMP.search(text)
    return int(found[1].lower().translate(_DIGITS)) / 1000 if found else None


class TimedDriver(RecognitionDriver):
    """Writes the time into what it sends."""

    async def _send(self, message: ServiceMessage) -> None:
        body = json.dumps(message.body).replace(NOW, stamp(round(time.monotonic() * 1000)))
        await super()._send(ServiceMessage(message.path, json.loads(body)))


@asynccontextmanager
async def speaking_in_time(script: dict[str, Any]) -> AsyncIterator[str]:
    """Such a service in a process of its own; its address."""
    ready: dict[str, Any] = {}
    argv = [sys.executable, "-m", "bench.timed_speech", json.dumps(script)]
    child = ChildProcess("speech service", argv, on_ready=ready.update)
    await child.start()
    try:
        yield f"ws://127.0.0.1:{ready['port']}"
    finally:
        await child.stop()


async def serve(script: Script) -> None:
    server.RecognitionDriver = TimedDriver  # type: ignore[attr-defined]
    async with server.LocalSpeech(script=script, max_sessions=500) as service:
        print(json.dumps({"ready": True, "port": service.port}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.timed_speech", description=__doc__.partition("\n")[0])
    parser.add_argument("script", help="as for voicebot localspeech --scripted, as JSON")
    uvloop.run(serve(Script.from_json(json.loads(parser.parse_args().script))))


if __name__ == "__main__":
    main()

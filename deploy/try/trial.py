"""How each command here runs: in a folder of its own, not for ever, and with an exit status that says how it went."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from program import NotInstalled, ProgramFailed

NOT_TRIED = 3
INTERRUPTED = 130
"""As shells say it for Ctrl-C."""
LIMIT_S = 1800.0
"""Longer than any trial takes on a busy machine: what it waits for does not come any more."""


def tried(trial: Callable[[Path], Awaitable[bool]], *, stays: bool = False) -> int:
    """0: it went well; 1: it did not; :data:`NOT_TRIED`: a program is missing, which is said. ``stays``: it goes on
    until Ctrl-C, which is its end then."""

    async def run(folder: Path) -> bool:
        async with asyncio.timeout(None if stays else LIMIT_S):
            return await trial(folder)

    with tempfile.TemporaryDirectory(prefix="voicebot-fleet-") as folder:
        try:
            return 0 if asyncio.run(run(Path(folder))) else 1
        except NotInstalled as missing:
            print(f"NOT TRIED, this is not installed: {missing}", file=sys.stderr)
            return NOT_TRIED
        except ProgramFailed as failed:
            print(failed, file=sys.stderr)
            return 1
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            print(f"WRONG: it cannot go on: {type(error).__name__}: {error}", file=sys.stderr)
            for log in sorted(Path(folder).rglob("*.log")):
                print(f"{log.relative_to(folder)} ends with: {last_line(log)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0 if stays else INTERRUPTED


def last_line(log: Path) -> str:
    """What a program said last; may be nothing."""
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1][:500] if lines else "nothing"

"""How each command here runs: in a folder of its own, and with an exit status that says how it went."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from local_fleet import NotInstalled, ProgramFailed

NOT_TRIED = 3


def tried(trial: Callable[[Path], Awaitable[bool]]) -> int:
    """0: it went well; 1: it did not; :data:`NOT_TRIED`: a program is missing, which is said."""

    async def run(folder: Path) -> bool:
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
        except KeyboardInterrupt:
            return 0

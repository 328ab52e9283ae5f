"""``voicebot doctor`` for whoever sits at the console of the running service: a process of its own, beside the calls.

It reads the settings anew, so it tells what a restart would find. What can be looked at only while the service does not
run (whether its ports are free, how fast the machine is) is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger(__name__)

MAX_PRINTED: Final = 1 << 20
"""Bytes."""


class Doctor:
    """``config``: the file of the settings; None: the usual one."""

    def __init__(self, config: Path | None) -> None:
        self._argv = ["-m", "voicebot", "doctor", "--json", "--beside-service"]
        self._argv += ["--config", str(config)] if config is not None else []

    async def findings(self) -> Sequence[Mapping[str, Any]]:
        """What it has found, as ``voicebot.commands.finding.Finding``. Who ends waiting ends the process."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *self._argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_PRINTED,
        )
        assert process.stdout is not None
        try:
            printed = await process.stdout.readline()
            status = await process.wait()
        except ValueError:  # no line has so many bytes
            printed, status = b"", None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        with contextlib.suppress(ValueError):
            return list(json.loads(printed))
        logger.error("voicebot doctor has ended with status %s, and has told nothing", status)
        mend = "the service's log may say why; or run: voicebot doctor"
        return [{"check": "doctor", "good": False, "detail": "it has ended", "mend": mend, "warning": False}]

"""The command ``python -m voicebot.archive``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from voicebot.archive.server import ArchiveServer
from voicebot.garbage import settle
from voicebot.log import configure_logging
from voicebot.parent import end_with_parent
from voicebot.private_files import keep_private

_log = logging.getLogger(__name__)
NICE = 10
"""Calls have the processor first."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(prog="python -m voicebot.archive", description="Search the records of calls.")
    made.add_argument("--records", type=Path, required=True, help="the folder of the records")
    made.add_argument("--socket", type=Path, required=True, help="where it answers")
    made.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process ends")
    made.add_argument("--log-level", type=str.upper, default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    made.add_argument("--log-json", action="store_true", help="log as JSON lines")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status: 0, 1 (cannot start), 2 (wrong use)."""
    arguments = parser().parse_args(argv)
    if arguments.exit_with_parent:
        end_with_parent()
    configure_logging(arguments.log_level, arguments.log_json)
    try:
        keep_private()
        os.nice(NICE)
        asyncio.run(_run(arguments))
    except OSError as error:
        _log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = ArchiveServer(arguments.records)
    arguments.socket.unlink(missing_ok=True)  # of one that was killed
    try:
        await server.start(arguments.socket)
        settle()
        sys.stdout.write(json.dumps({"ready": True, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await server.close()

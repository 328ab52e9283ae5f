"""The command ``python -m voicebot.archive``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from voicebot import supervised
from voicebot.archive.server import ArchiveServer
from voicebot.garbage import settle

NICE = 10
"""Calls have the processor first."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(prog="python -m voicebot.archive", description="Search the records of calls.")
    made.add_argument("--records", type=Path, required=True, help="the folder of the records")
    made.add_argument("--socket", type=Path, required=True, help="where it answers")
    supervised.add_options(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status: 0, 1 (cannot start), 2 (wrong use)."""
    arguments = parser().parse_args(argv)
    supervised.begin(arguments)
    os.nice(NICE)
    return supervised.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> None:
    stop = supervised.told_to_stop()
    server = ArchiveServer(arguments.records)
    arguments.socket.unlink(missing_ok=True)  # of one that was killed
    try:
        await server.start(arguments.socket)
        settle()
        supervised.say_ready()
        await stop.wait()
    finally:
        await server.close()

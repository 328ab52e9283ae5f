"""What our processes have in common that another one supervises: options, the end, and the line that says they are
ready (:mod:`voicebot.service.supervisor` is the other side)."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Mapping
from typing import Any, TextIO

from voicebot.log import configure_logging
from voicebot.parent import end_with_parent
from voicebot.private_files import keep_private

_log = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every such process."""
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process ends")
    parser.add_argument("--log-level", type=str.upper, default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    parser.add_argument("--log-json", action="store_true", help="log as JSON lines")


def begin(options: argparse.Namespace, names: Mapping[str, str] | None = None) -> None:
    """Do as these options say, and create no files that others can read. ``names``: what to log instead of paths."""
    keep_private()
    configure_logging(options.log_level, options.log_json, names)
    if options.exit_with_parent:
        end_with_parent()


def run(serving: Coroutine[Any, Any, None]) -> int:
    """Run ``serving`` to its end. Returns the exit status: 0, or 1 after an OSError, which is logged."""
    try:
        asyncio.run(serving)
    except OSError as error:
        _log.error("%s", error)
        return 1
    except KeyboardInterrupt:  # before anybody waits for signals
        pass
    return 0


def told_to_stop() -> asyncio.Event:
    """Set from the first SIGTERM or SIGINT on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def say_ready(to: TextIO | None = None, **facts: object) -> None:
    """Tell the parent, with ``facts`` that it needs. ``to``: instead of standard output."""
    to = to or sys.stdout
    to.write(json.dumps({"ready": True, **facts, "pid": os.getpid()}) + "\n")
    to.flush()

"""The command ``python -m voicebot.locallanguage``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys

from voicebot.garbage import settle
from voicebot.locallanguage.server import LocalLanguage
from voicebot.log import configure_logging
from voicebot.parent import end_with_parent
from voicebot.private_files import keep_private

_log = logging.getLogger(__name__)

KEY_ENV = "LOCALLANGUAGE_KEY"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m voicebot.locallanguage", description="Run the offline language service."
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    made.add_argument("--port", type=int, default=0, help="port to listen on (default: 0, any free port)")
    made.add_argument(
        "--key-env",
        default=KEY_ENV,
        metavar="NAME",
        help="environment variable with a key: answer 401 to clients without it (default: %(default)s)",
    )
    made.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process ends")
    made.add_argument("--log-level", type=str.upper, default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    made.add_argument("--log-json", action="store_true", help="log as JSON lines")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the service until SIGTERM or SIGINT. Returns the exit status: 0, 1 (cannot start), 2 (wrong use)."""
    arguments = parser().parse_args(argv)
    if arguments.exit_with_parent:
        end_with_parent()
    configure_logging(arguments.log_level, arguments.log_json)
    try:
        keep_private()
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
    key = os.environ.pop(arguments.key_env, "")
    async with LocalLanguage(host=arguments.host, port=arguments.port, require_key=key) as service:
        settle()
        line = {"ready": True, "host": service.host, "port": service.port, "pid": os.getpid()}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        _log.info("listening on %s", service.url)
        await stop.wait()

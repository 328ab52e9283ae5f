"""The command ``python -m voicebot.locallanguage``."""

from __future__ import annotations

import argparse
import logging
import os

from voicebot import supervised
from voicebot.garbage import settle
from voicebot.locallanguage.server import LocalLanguage

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
    supervised.add_options(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the service until SIGTERM or SIGINT. Returns the exit status: 0, 1 (cannot start), 2 (wrong use)."""
    arguments = parser().parse_args(argv)
    supervised.begin(arguments)
    return supervised.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> None:
    stop = supervised.told_to_stop()
    key = os.environ.pop(arguments.key_env, "")
    async with LocalLanguage(host=arguments.host, port=arguments.port, require_key=key) as service:
        settle()
        supervised.say_ready(host=service.host, port=service.port)
        _log.info("listening on %s", service.url)
        await stop.wait()

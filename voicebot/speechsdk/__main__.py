"""``python -m voicebot.speechsdk``: the speech client (see :mod:`voicebot.speechsdk`)."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

import uvloop

from voicebot import supervised
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.server import serve
from voicebot.speechsdk.turn_scorer import TurnScorer


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m voicebot.speechsdk", description="Run the Azure Speech SDK.")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket on which to serve one call process")
    supervised.add_options(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Does not return: the end of the interpreter would join the SDK's threads, which may hang."""
    options = arguments(argv)
    supervised.begin(options)
    uvloop.run(serve(options.socket, InProcessSdk(), TurnScorer()))
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()

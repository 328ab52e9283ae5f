"""``python -m voicebot.speechsdk``: the speech client (see :mod:`voicebot.speechsdk`)."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop

from voicebot.log import configure_logging
from voicebot.parent import end_with_parent
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.server import SdkServer
from voicebot.speechsdk.turn_scorer import TurnScorer

log = logging.getLogger("voicebot.speechsdk")


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m voicebot.speechsdk", description="Run the Azure Speech SDK.")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket on which to serve one call process")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process ends")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--log-json", action="store_true", help="log as JSON lines")
    return parser.parse_args(argv)


async def serve(path: Path) -> None:
    """Serve one connection; returns when that has ended, or after SIGTERM."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    sdk, scorer = InProcessSdk(), TurnScorer()
    server = await loop.create_unix_server(lambda: SdkServer(sdk, scorer, over.set), str(path), backlog=1)
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()
    await over.wait()
    server.close()
    log.info("stopping")


def main(argv: list[str] | None = None) -> None:
    """Does not return: the end of the interpreter would join the SDK's threads, which may hang."""
    options = arguments(argv)
    configure_logging(options.log_level, options.log_json)
    if options.exit_with_parent:
        end_with_parent()
    os.umask(0o077)  # the socket is ours alone
    uvloop.run(serve(options.socket))
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()

"""``python -m voicebot.host``: start the dialog host (see :mod:`voicebot.host`)."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import uvloop

from voicebot import supervised
from voicebot.host.sdk_choice import MICROSOFT_AGENTS, PACKAGES, SDK_ENV

CANNOT_START = 2
"""Exit status when dialogs, settings, socket or state prevent the start; one line on stderr says why."""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m voicebot.host", description="Run the dialogs of the phone voice bot."
    )
    parser.add_argument("--dialogs", type=Path, required=True, help="folder with main.yaml or main.py")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket on which to serve calls")
    parser.add_argument(
        "--sdk", choices=list(PACKAGES), help="SDK that runs the dialogs (default: $VOICEBOT_SDK, or botbuilder)"
    )
    parser.add_argument("--state", type=Path, help="SQLite file for conversation state (default: in memory)")
    parser.add_argument(
        "--state-url", help="server for conversation state: redis://host:6379/0, or the URL of a Blob container"
    )
    parser.add_argument(
        "--http-port", type=int, help="serve /api/messages on this port (0: any free one; botbuilder only)"
    )
    parser.add_argument("--http-host", default="127.0.0.1", help="address for --http-port (default: %(default)s)")
    parser.add_argument("--http-fd", type=int, help="serve /api/messages on this inherited listening socket instead")
    parser.add_argument("--http-later", action="store_true", help="accept requests there only when told to")
    parser.add_argument(
        "--service-host",
        action="append",
        default=[],
        help="host that replies at /api/messages may go to though no token names it (may be given again)",
    )
    parser.add_argument("--shown-as", type=Path, help="folder to name in the log instead of --dialogs")
    parser.add_argument(
        "--announce-faults", action="store_true", help="if the host cannot start, print why on standard output, as JSON"
    )
    parser.add_argument(
        "--app-id-env", default="MicrosoftAppId", help="environment variable with the app id (default: %(default)s)"
    )
    parser.add_argument(
        "--app-password-env",
        default="MicrosoftAppPassword",
        help="environment variable with the app password (default: %(default)s)",
    )
    parser.add_argument("--locale", default="en-US", help="locale to warm up for (default: %(default)s)")
    supervised.add_options(parser)
    return parser.parse_args(argv)


def wants_http(options: argparse.Namespace) -> bool:
    """Whether ``/api/messages`` is to be served."""
    return options.http_port is not None or options.http_fd is not None


def _choose_sdk(options: argparse.Namespace) -> str:
    """Choose the SDK of this process; returns why it cannot be used, or ``""``."""
    if options.sdk:
        os.environ[SDK_ENV] = options.sdk
    try:
        from voicebot.host.sdk import SDK
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "microsoft_agents":
            return "the Microsoft 365 Agents SDK needs an extra: pip install 'voicebot[microsoft-agents]'"
        return str(error)
    if SDK == MICROSOFT_AGENTS and wants_http(options):
        return "--http-port: /api/messages is served on botbuilder only, not on microsoft-agents"
    return ""


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 after SIGTERM or SIGINT, 2 if the host cannot start."""
    options = arguments(argv)
    # Standard output carries the ready line only: what a dialog prints goes into the log.
    announce, sys.stdout = sys.stdout, sys.stderr
    shown = {str(options.dialogs.resolve()): str(options.shown_as)} if options.shown_as is not None else {}
    supervised.begin(options, shown)

    def cannot_start(why: str) -> int:
        for place, name in shown.items():
            why = why.replace(place, name)
        if options.announce_faults:
            announce.write(json.dumps({"ready": False, "faults": why.splitlines()}) + "\n")
            announce.flush()
        else:
            sys.stderr.write(f"voicebot.host: {why}\n")
        return CANNOT_START

    problem = _choose_sdk(options)
    if problem:
        return cannot_start(problem)

    from voicebot.host.running import NO_START, serve

    try:
        uvloop.run(serve(options, announce))
    except NO_START as error:
        return cannot_start(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())

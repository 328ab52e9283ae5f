"""``python -m voicebot.host``: start the dialog host (see :mod:`voicebot.host`)."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from voicebot.log import configure_logging
from voicebot.parent import end_with_parent

if TYPE_CHECKING:
    from voicebot.host.registration import AppRegistration
    from voicebot.host.storage import Storage

logger = logging.getLogger("voicebot.host")

SDKS = ("botbuilder", "microsoft-agents")
CANNOT_START = 2
"""Exit status when dialogs, settings, socket or state make a start impossible; one line on stderr says why."""
APP_TYPE_ENV = "MicrosoftAppType"
APP_TENANT_ENV = "MicrosoftAppTenantId"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m voicebot.host", description="Run dialogs for the phone voice bot.")
    parser.add_argument("--dialogs", type=Path, required=True, help="folder with main.yaml or main.py")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to serve calls at")
    parser.add_argument("--sdk", choices=SDKS, help="what the dialogs run on (default: $VOICEBOT_SDK, else botbuilder)")
    parser.add_argument("--state", type=Path, help="SQLite file for conversation state (default: in memory)")
    parser.add_argument("--state-url", help="server for state: redis://host:6379/0, or a Blob container")
    parser.add_argument(
        "--http-port", type=int, help="serve /api/messages at this port (0: any free one; botbuilder only)"
    )
    parser.add_argument("--http-host", default="127.0.0.1")
    parser.add_argument("--http-fd", type=int, help="serve /api/messages at this inherited listening socket instead")
    parser.add_argument("--http-later", action="store_true", help="take requests there only when told to")
    parser.add_argument("--shown-as", type=Path, help="the folder that is named in the log in place of --dialogs")
    parser.add_argument(
        "--announce-faults", action="store_true", help="say why there is no start on standard output, as JSON"
    )
    parser.add_argument("--app-id-env", default="MicrosoftAppId", help="environment variable with the app id")
    parser.add_argument("--app-password-env", default="MicrosoftAppPassword")
    parser.add_argument("--locale", default="en-US", help="locale to warm up for")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the starting process is gone")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--log-json", action="store_true", help="log as JSON lines")
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace, announce: TextIO) -> None:
    """Run until SIGTERM or SIGINT. Raises what makes a start impossible (see :func:`main`)."""
    from voicebot.host.adapter import TelephonyAdapter
    from voicebot.host.bot import DialogBot
    from voicebot.host.loader import load_dialogs
    from voicebot.host.registration import AppRegistration
    from voicebot.host.server import HostServer
    from voicebot.host.warm import warm_up

    if TYPE_CHECKING or wants_http(options):
        from voicebot.host.messages import MessagesEndpoint

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = AppRegistration(
        os.environ.get(options.app_id_env, ""),
        os.environ.get(options.app_password_env, ""),
        os.environ.get(APP_TYPE_ENV, "MultiTenant"),
        os.environ.get(APP_TENANT_ENV, ""),
    )
    listener = _listener(options, app)
    dialogs = load_dialogs(options.dialogs)
    storage = _storage(options)
    server: HostServer | None = None
    endpoint: MessagesEndpoint | None = None
    try:
        await storage.open()
        bot = DialogBot(dialogs.root, storage)
        await warm_up(dialogs, bot, options.locale)
        ready: dict[str, Any] = {"ready": True, "socket": str(options.socket), "http_port": None, "pid": os.getpid()}
        if listener is not None:
            endpoint = MessagesEndpoint(bot, app)
            await endpoint.prepare(listener)
            ready["http_port"] = listener.getsockname()[1]
            if not options.http_later:
                await endpoint.accept()
        server = HostServer(dialogs, bot, TelephonyAdapter(), endpoint)
        await server.start(options.socket)
        announce.write(json.dumps(ready) + "\n")
        announce.flush()
        await stop.wait()
        logger.info("stopping")
    finally:
        if server is not None:
            await server.close()
        if endpoint is not None:
            await endpoint.close()
        if dialogs.close is not None:
            await dialogs.close()
        await storage.close()


def wants_http(options: argparse.Namespace) -> bool:
    """Whether ``/api/messages`` is to be served."""
    return options.http_port is not None or options.http_fd is not None


def _listener(options: argparse.Namespace, app: AppRegistration) -> socket.socket | None:
    """Where ``/api/messages`` is served. Raises OSError, or ``NotLoopback``."""
    from voicebot.host.registration import require_loopback

    if options.http_fd is not None:
        listener = socket.socket(fileno=options.http_fd)
        require_loopback(listener.getsockname()[0], app)
        return listener
    if options.http_port is None:
        return None
    require_loopback(options.http_host, app)
    family = socket.AF_INET6 if ":" in options.http_host else socket.AF_INET
    return socket.create_server((options.http_host, options.http_port), family=family, backlog=128)


def _choose_sdk(options: argparse.Namespace) -> str:
    """Settle for this process what dialogs run on; returns why that cannot be, or nothing."""
    if options.sdk:
        os.environ["VOICEBOT_SDK"] = options.sdk
    try:
        from voicebot.host.sdk import MICROSOFT_AGENTS, SDK
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "microsoft_agents":
            return "the Microsoft 365 Agents SDK needs an extra: pip install 'voicebot[microsoft-agents]'"
        return str(error)
    if SDK == MICROSOFT_AGENTS and wants_http(options):
        return "--http-port: /api/messages is served on botbuilder only, not on microsoft-agents"
    return ""


def _storage(options: argparse.Namespace) -> Storage:
    """Where state goes. Raises ``StorageUnusable`` for a server that we cannot speak to."""
    from voicebot.host.storage import SqliteStorage, StorageUnusable

    if not options.state_url:
        return SqliteStorage(options.state)
    try:
        if options.state_url.startswith("http"):
            from voicebot.host.blob_storage import BlobStorage

            return BlobStorage(options.state_url)
        from voicebot.host.redis_storage import RedisStorage

        return RedisStorage(options.state_url)
    except ImportError as error:
        extra, what = ("azure-blob", "Azure Blob Storage") if options.state_url[:4] == "http" else ("redis", "Redis")
        raise StorageUnusable(f"state in {what} needs an extra: pip install 'voicebot[{extra}]'") from error
    except ValueError as error:
        raise StorageUnusable(f"--state-url: {error}") from error


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 after SIGTERM or SIGINT, 2 when there was no start."""
    options = arguments(argv)
    # Standard output carries the ready line alone: what a dialog prints belongs into the log.
    announce, sys.stdout = sys.stdout, sys.stderr
    shown = {str(options.dialogs.resolve()): str(options.shown_as)} if options.shown_as is not None else {}
    configure_logging(options.log_level, options.log_json, shown)

    def cannot_start(why: str) -> int:
        for place, name in shown.items():
            why = why.replace(place, name)
        if options.announce_faults:
            announce.write(json.dumps({"ready": False, "faults": why.splitlines()}) + "\n")
            announce.flush()
        else:
            sys.stderr.write(f"voicebot.host: {why}\n")
        return CANNOT_START

    if options.exit_with_parent:
        end_with_parent()

    problem = _choose_sdk(options)
    if problem:
        return cannot_start(problem)

    from voicebot.host.loader import DialogsError
    from voicebot.host.registration import NotLoopback
    from voicebot.host.server import SocketBusy
    from voicebot.host.storage import StorageUnusable

    try:
        asyncio.run(serve(options, announce))
    except (DialogsError, NotLoopback, SocketBusy, StorageUnusable, OSError) as error:
        return cannot_start(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())

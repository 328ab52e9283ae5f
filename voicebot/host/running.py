"""Runs the dialog host: starts its parts in order, waits for the signal to stop, and closes them in reverse order.

Imported only after the SDK has been chosen (:mod:`voicebot.host.sdk_choice`).
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TextIO

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.bridged_storage import BridgedStorage
from voicebot.host.collecting import IdleCollector
from voicebot.host.loader import DialogsError, load_dialogs
from voicebot.host.registration import AppRegistration, NotLoopback, require_loopback
from voicebot.host.server import HostServer, SocketBusy, Texts
from voicebot.host.storage import SqliteStorage, Storage, StorageUnusable
from voicebot.host.warm import warm_up
from voicebot.supervised import say_ready, told_to_stop
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger("voicebot.host")

APP_TYPE_ENV = "MicrosoftAppType"
APP_TENANT_ENV = "MicrosoftAppTenantId"
NO_START = (DialogsError, NotLoopback, SocketBusy, StorageUnusable, OSError)
"""Errors that prevent the start; their text says what to change."""


async def serve(options: argparse.Namespace, announce: TextIO) -> None:
    """Run until SIGTERM or SIGINT; the ready line goes to ``announce``. Raises :data:`NO_START`."""
    stop = told_to_stop()
    app = AppRegistration(
        os.environ.get(options.app_id_env, ""),
        os.environ.get(options.app_password_env, ""),
        os.environ.get(APP_TYPE_ENV, "MultiTenant"),
        os.environ.get(APP_TENANT_ENV, ""),
    )
    listener = _listener(options, app)
    dialogs = load_dialogs(options.dialogs)
    storage = _storage(options)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        if dialogs.close is not None:
            stack.push_async_callback(dialogs.close)
        await storage.open()
        bot = DialogBot(dialogs.root, storage)
        await warm_up(dialogs, bot, options.locale)
        http_port: int | None = None
        texts: Texts | None = None
        if listener is not None:
            texts = await _texts(bot, app, listener, options.service_host)
            stack.push_async_callback(texts.close)
            http_port = listener.getsockname()[1]
            if not options.http_later:
                await texts.accept()

        def trouble() -> str:
            return storage.trouble if isinstance(storage, BridgedStorage) else ""

        if isinstance(storage, BridgedStorage):
            tasks = BackgroundTasks(logger)
            tasks.spawn(storage.run(), "watching the state server")
            stack.push_async_callback(tasks.close)
        collector = IdleCollector()
        server = HostServer(dialogs, bot, TelephonyAdapter(), texts, trouble, collector)
        stack.push_async_callback(server.close)
        await server.start(options.socket)
        collector.take_over()
        say_ready(announce, socket=str(options.socket), http_port=http_port)
        await stop.wait()
        logger.info("stopping")


def _listener(options: argparse.Namespace, app: AppRegistration) -> socket.socket | None:
    """The listening socket of ``/api/messages``; None if it is not served. Raises OSError, or :class:`NotLoopback`."""
    if options.http_fd is not None:
        listener = socket.socket(fileno=options.http_fd)
        require_loopback(listener.getsockname()[0], app)
        return listener
    if options.http_port is None:
        return None
    require_loopback(options.http_host, app)
    family = socket.AF_INET6 if ":" in options.http_host else socket.AF_INET
    return socket.create_server((options.http_host, options.http_port), family=family, backlog=128)


async def _texts(bot: DialogBot, app: AppRegistration, listener: socket.socket, service_hosts: Iterable[str]) -> Texts:
    from voicebot.host.messages import MessagesEndpoint  # which needs botbuilder

    endpoint = MessagesEndpoint(bot, app, service_hosts)
    await endpoint.prepare(listener)
    return endpoint


def _storage(options: argparse.Namespace) -> Storage:
    """The storage that the options name. Raises :class:`StorageUnusable` for a URL that cannot be used."""
    if not options.state_url:
        return SqliteStorage(options.state)
    try:
        if options.state_url.startswith("http"):
            from voicebot.host.blob_storage import BlobStorage

            return BridgedStorage(BlobStorage(options.state_url))
        from voicebot.host.redis_storage import RedisStorage

        return BridgedStorage(RedisStorage(options.state_url))
    except ImportError as error:
        extra, what = ("azure-blob", "Azure Blob Storage") if options.state_url[:4] == "http" else ("redis", "Redis")
        raise StorageUnusable(f"state in {what} needs an extra: pip install 'voicebot[{extra}]'") from error
    except ValueError as error:
        raise StorageUnusable(f"--state-url: {error}") from error

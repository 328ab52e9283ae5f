"""One version of the dialogs: the files at one time, and the dialog host that runs them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voicebot.bots import DialogHostClient, HostUnavailable
from voicebot.private_files import make_folder
from voicebot.service.dialog_folder import copy_folder
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import BotSettings

START_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class HostOptions:
    """The options that the hosts of all versions share.

    ``runtime``: the folder in which each version gets a folder of its own. ``http_fd``: the listening socket of
    ``/api/messages``, or None if that is not served. ``arguments``: further arguments for the host's command line.
    ``environment``: of its process.
    """

    settings: BotSettings
    runtime: Path
    http_fd: int | None
    arguments: Sequence[str]
    environment: Mapping[str, str]


class DialogVersion:
    """``digest``: of the files; ``""`` if it runs from the author's own folder. ``since``: when it began to serve."""

    def __init__(self, number: int, options: HostOptions) -> None:
        settings = options.settings
        self.number = number
        self.digest = ""
        self.since = datetime.now(UTC)
        self._options = options
        self._home = options.runtime / f"version-{number}"
        self._folder = settings.dialogs
        self.client = DialogHostClient(self._home / "host.sock", turn_timeout_s=settings.turn_timeout_s)
        self.host = ChildProcess(
            "dialog host",
            (),
            on_ready=lambda _: None,
            healthy=lambda: self.client.ping(settings.hang_timeout_s),
            heard=lambda: self.client.received_messages,
            environment=options.environment,
            hang_timeout_s=settings.hang_timeout_s,
            pass_fds=() if options.http_fd is None else (options.http_fd,),
        )

    async def make(self, *, copy: bool) -> None:
        """Make its folder, with a copy of the files if ``copy``.

        Raises OSError and :class:`~voicebot.service.dialog_folder.FolderTooLarge`; the folder is removed then.
        """
        dialogs = self._options.settings.dialogs
        try:
            await asyncio.to_thread(make_folder, self._home)
            if copy:
                self._folder = self._home / (dialogs.absolute().name or "dialogs")
                self.digest = self.client.version = await asyncio.to_thread(copy_folder, dialogs, self._folder)
        except BaseException:
            await self.end()
            raise

    async def start(self, *, takes_texts: bool) -> None:
        """Start its host. ``takes_texts``: whether that serves ``/api/messages`` from the beginning.

        Raises :class:`NotReady` and OSError; the version has ended then.
        """
        self.host.argv = self._argv("now" if takes_texts else "later")
        try:
            await self.host.start()
            await self.client.start(START_DEADLINE_S)
        except BaseException as error:
            await self.end()
            if isinstance(error, HostUnavailable):
                raise NotReady(f"dialog host: {error}") from error
            raise

    async def take_texts(self, accept: bool) -> None:
        """Start or stop to serve ``/api/messages``, also after a restart of the host."""
        self.host.argv = self._argv("now" if accept else "never")
        if self._options.http_fd is not None:
            with contextlib.suppress(HostUnavailable):  # it is being restarted, with its new argv
                await self.client.take_texts(accept)

    async def idle(self) -> bool:
        """Whether it has neither calls nor messages that it still has to answer."""
        idle = not self.client.conversations
        with contextlib.suppress(HostUnavailable):
            idle = idle and not await self.client.texts_running()
        return idle

    async def end(self) -> None:
        """End its host and remove its folder. Harmless when called again."""
        await self.client.close()
        await self.host.stop()
        await asyncio.to_thread(shutil.rmtree, self._home, True)

    def _argv(self, texts: str) -> list[str]:
        """The command line of its host. ``texts``: whether it serves ``/api/messages`` now, later or never."""
        options, settings = self._options, self._options.settings
        argv = [sys.executable, "-m", "voicebot.host", "--exit-with-parent", "--announce-faults"]
        argv += ["--dialogs", str(self._folder), "--socket", str(self._home / "host.sock")]
        argv += ["--shown-as", str(settings.dialogs)] if self._folder != settings.dialogs else []
        argv += ["--state", str(settings.state_file or options.runtime / "state.sqlite")]
        argv += ["--state-url", settings.state_url] if settings.state_url else []
        argv += ["--sdk", settings.sdk]
        if options.http_fd is not None and texts != "never":
            argv += ["--http-fd", str(options.http_fd), *(["--http-later"] if texts == "later" else [])]
        for host in settings.service_hosts:
            argv += ["--service-host", host]
        return [*argv, *options.arguments]

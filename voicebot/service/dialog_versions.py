"""The versions of the dialogs: one dialog host for each version that has calls, so that changes do not disturb calls.

A version is the state of the folder at one time. When the folder has changed and settled, the host of the next version
is started while the present one still serves. It checks the files, warms up and has its prompts synthesised; only then
does it take the next call. Calls stay with the version with which they began, and a version without calls ends:

=========  ==========================================  ===============================================================
version    what it does                                what follows
=========  ==========================================  ===============================================================
starting   checks the files, warms up                  serving; or ended, if the files have faults
serving    takes new calls, and ``/api/messages``      leaving, when the next version is ready
leaving    continues its calls                         ended, when its last call has ended
=========  ==========================================  ===============================================================

Conversations at ``/api/messages`` may last for days, so they do not stay with a version: each message is answered by
the version that serves then, from the stored state. All versions inherit the same listening socket; messages that come
while none of them accepts wait in its queue.

State is stored by conversation, and the conversation of a call is with one host only, so versions can share the
storage.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voicebot.bots import CallFacts, Conversation, DialogHostClient, OnEvent
from voicebot.host.sdk_choice import BOTBUILDER
from voicebot.host_wire import PictureTold
from voicebot.service.dialog_folder import ChangeDebouncer, FolderTooLarge, signature
from voicebot.service.dialog_version import DialogVersion, HostOptions
from voicebot.service.ports import listener
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import BotSettings
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

POLL_S = 0.4
PREPARE_S = 20.0
"""A version serves after this time even if its prompts have not been synthesised yet."""
MAX_LEAVING = 8
"""How many earlier versions may have calls, each with a process of its own. Further changes wait."""
LEAVING_POLL_S = 1.0
TRY_AGAIN_S = 5.0
"""For a version that could not be brought up for want of descriptors, memory or disk."""
CLOSE_S = 15.0
"""How long a version that is being started or ended may take at the end of the service."""


@dataclass(frozen=True, slots=True)
class DialogsStatus:
    """The state of the dialogs, for the console."""

    version: int
    """The number of the version that serves; the first since the start is 1."""
    digest: str
    """Of its files; ``""`` if changes are not followed."""
    since: datetime
    """When it began to serve."""
    faults: tuple[str, ...]
    """Why the present files do not serve, ``file:line:column: ...`` each; empty if they do."""
    leaving: tuple[tuple[int, int], ...]
    """Earlier versions that have calls: ``(version, calls)``."""


class DialogVersions:
    """``start`` and ``close`` belong to its owner; conversations can be made after ``start``.

    ``options``: further arguments for each host, and ``environment`` that of its process. ``prepare`` is awaited before
    a new version serves; ``serves`` is called when it does.
    """

    def __init__(
        self,
        settings: BotSettings,
        runtime: Path,
        options: list[str],
        *,
        environment: Mapping[str, str],
        prepare: Callable[[DialogHostClient], Awaitable[object]],
        serves: Callable[[DialogHostClient], None],
    ) -> None:
        self._settings = settings
        self._runtime = runtime
        self._options = options
        self._environment = environment
        self._prepare = prepare
        self._serves = serves
        self._follows = settings.reload
        self._listener: socket.socket | None = None
        self._current: DialogVersion | None = None
        self._starting: DialogVersion | None = None
        self._leaving: list[DialogVersion] = []
        self._tasks = BackgroundTasks(logger)
        self._number = 0
        self._faults: tuple[str, ...] = ()

    @property
    def http_port(self) -> int | None:
        """The port of ``/api/messages``; None if that is not served."""
        return self._listener.getsockname()[1] if self._listener is not None else None

    @property
    def client(self) -> DialogHostClient:
        """The client of the version that serves."""
        return self._serving.client

    @property
    def host(self) -> ChildProcess:
        """The process of the version that serves."""
        return self._serving.host

    @property
    def status(self) -> DialogsStatus:
        current = self._serving
        leaving = tuple((version.number, version.client.conversations) for version in self._leaving)
        return DialogsStatus(current.number, current.digest, current.since, self._faults, leaving)

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation with the version that serves, for as long as the call lasts."""
        return self._serving.client.conversation(call, on_event)

    async def picture(self, call: str) -> PictureTold:
        """The flow of the dialogs that the call with this id has; none without a reason: it has another bot. Raises
        :class:`voicebot.bots.HostUnavailable`."""
        version = next((one for one in self._running if one.client.has(call)), None)
        return await version.client.picture() if version is not None else PictureTold(0, "")

    async def picture_of(self, digest: str) -> PictureTold:
        """The flow of the dialogs of this version. Raises :class:`voicebot.bots.HostUnavailable`."""
        version = next((one for one in self._running if digest and one.digest == digest), None)
        if version is None:
            now = f"; {self._serving.digest} serves now" if self._serving.digest else ""
            why = f"the dialogs have changed since: the call had version {digest}, which does not run any more{now}"
            return PictureTold(0, "", why)
        return await version.client.picture()

    @property
    def _running(self) -> list[DialogVersion]:
        return [one for one in (self._current, *self._leaving) if one is not None]

    async def start(self) -> None:
        """Start the first version. Raises :class:`voicebot.service.supervisor.NotReady`."""
        if self._settings.sdk == BOTBUILDER:
            self._listener = listener(self._settings.http_port, "bot.http_port")
        seen = await self._first_look()
        version = self._next()
        try:
            await version.make(copy=self._follows)
        except FolderTooLarge as error:
            raise NotReady(str(error)) from error
        await version.start(takes_texts=True)
        self._current = version
        if self._follows:
            self._tasks.spawn(self._follow(seen), "following the dialogs")

    async def close(self) -> None:
        """End all versions; possible in any state."""
        await self._tasks.close(CLOSE_S)
        versions = [self._current, self._starting, *self._leaving]
        await asyncio.gather(*(version.end() for version in versions if version is not None))
        if self._listener is not None:
            self._listener.close()

    # --- one version -------------------------------------------------------------------------------------------------

    @property
    def _serving(self) -> DialogVersion:
        assert self._current is not None, "before start"
        return self._current

    async def _first_look(self) -> dict[str, tuple[int, int, int]]:
        if not self._follows:
            return {}
        try:
            return await asyncio.to_thread(signature, self._settings.dialogs)
        except (FolderTooLarge, OSError) as error:
            logger.warning("%s: changes are not followed; restart the service after a change", error)
            self._follows = False
            return {}

    def _next(self) -> DialogVersion:
        self._number += 1
        fd = self._listener.fileno() if self._listener is not None else None
        options = HostOptions(self._settings, self._runtime, fd, self._options, self._environment)
        return DialogVersion(self._number, options)

    # --- one version after another -----------------------------------------------------------------------------------

    async def _follow(self, seen: dict[str, tuple[int, int, int]]) -> None:
        """Follow the changes of the folder, as long as the service runs."""
        changes = ChangeDebouncer(seen)
        told = False
        unseen = ""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                seen = await asyncio.to_thread(signature, self._settings.dialogs)
                unseen = ""
            except FolderTooLarge as error:
                if self._faults != (str(error),):
                    self._refuse((str(error),))
                continue
            except OSError as error:
                if not unseen:
                    logger.error("%s cannot be looked at, so changes wait: %s", self._settings.dialogs, error)
                unseen = str(error)
                continue
            if len(self._leaving) >= MAX_LEAVING:
                if not told:
                    logger.warning("%d earlier versions of the dialogs have calls: changes wait for one to end",
                                   MAX_LEAVING)  # fmt: skip
                told = True
                continue
            told = False
            if changes.settled(seen, time.monotonic()) and not await self._try():
                changes.again(time.monotonic() + TRY_AGAIN_S)

    async def _try(self) -> bool:
        """Bring the next version up; False: that failed for a reason that is not in its files."""
        began = time.monotonic()
        version = self._starting = self._next()
        try:
            await version.make(copy=True)
        except (OSError, FolderTooLarge) as error:
            await self._drop(version)
            return self._failed(error)
        if version.digest == self._serving.digest:
            await self._drop(version)
            if self._faults:
                logger.info("the dialogs are again the same as in version %d", self._serving.number)
            self._faults = ()
            return True
        try:
            await version.start(takes_texts=False)
        except (NotReady, OSError) as error:
            await self._drop(version)
            return self._failed(error)
        await self._make_ready(version)
        await self._switch(version)
        logger.info("version %d of the dialogs serves, %.1f s after the change", version.number,
                    time.monotonic() - began)  # fmt: skip
        return True

    async def _drop(self, version: DialogVersion) -> None:
        """End a version that never served; the next one gets its number."""
        self._starting = None
        self._number -= 1
        await version.end()

    def _failed(self, error: NotReady | FolderTooLarge | OSError) -> bool:
        """Tell it; False: the files are not to blame, so they are tried again."""
        again = isinstance(error, OSError)
        faults = error.faults if isinstance(error, NotReady) and error.faults else (str(error),)
        if not (again and faults == self._faults):
            self._refuse(faults)
        return not again

    def _refuse(self, faults: tuple[str, ...]) -> None:
        self._faults = faults
        logger.error("the changed dialogs do not serve; version %d goes on. Correct this and save:",
                     self._serving.number)  # fmt: skip
        for fault in faults:
            logger.error("%s", fault)

    async def _make_ready(self, version: DialogVersion) -> None:
        """Do what would otherwise delay its first calls."""
        try:
            async with asyncio.timeout(PREPARE_S):
                await self._prepare(version.client)
        except Exception as error:
            reason = str(error) or f"not within {PREPARE_S:.0f} s"
            logger.warning("version %d serves before its prompts are ready: %s", version.number, reason)

    async def _switch(self, version: DialogVersion) -> None:
        """From now on, ``version`` serves."""
        before = self._serving
        version.since = datetime.now(UTC)
        self._current, self._starting, self._faults = version, None, ()
        self._serves(version.client)
        await before.take_texts(False)
        await version.take_texts(True)
        self._leaving.append(before)
        self._tasks.spawn(self._leave(before), f"ending version {before.number}")

    async def _leave(self, version: DialogVersion) -> None:
        """End it after its last call. It gets a moment more for the activities that the call has sent last."""
        while True:
            await asyncio.sleep(LEAVING_POLL_S)
            if await version.idle():
                break
        await asyncio.sleep(LEAVING_POLL_S)
        await version.end()
        self._leaving.remove(version)
        logger.info("version %d of the dialogs has no more calls: its host has been ended", version.number)

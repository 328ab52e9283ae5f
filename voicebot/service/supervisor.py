"""Keeps a process of ours alive: starts it, waits until it says it is ready, restarts it, ends it.

A child says that it is ready by one JSON line on its standard output, ``{"ready": true, ...}``, or why it never will
be, ``{"ready": false, "faults": [...]}``; its log goes to our standard error. A child that ends, or that does not
answer its health check, is started anew: at once the first time, then with a growing pause. The child is asked to end
with SIGTERM, and made to with SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

logger = logging.getLogger(__name__)

MAX_PAUSE_S = 10.0
STEADY_S = 30.0
"""A child that ran for so long has earned an immediate restart."""
STOP_S = 5.0
HEALTH_EVERY_S = 1.0
LINE_LIMIT = 1 << 16


class NotReady(Exception):
    """The child did not become ready: the text says which child and why. ``faults``: what it told of that itself."""

    def __init__(self, text: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.faults = faults


class ChildProcess:
    """One supervised process.

    ``on_ready`` gets the ready line each time the child has (re)started; ``healthy`` is asked every second: a child for
    which it has not been true for ``hang_timeout_s`` is killed and started anew. ``pass_fds``: open files that it
    inherits. ``argv`` may be replaced: it counts for the next start.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        on_ready: Callable[[dict[str, Any]], None],
        healthy: Callable[[], Awaitable[bool]] | None = None,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        ready_timeout_s: float = 60.0,
        hang_timeout_s: float = math.inf,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.pid: int | None = None
        self.argv = list(argv)
        self._pass_fds = tuple(pass_fds)
        self._environment = dict(environment) if environment is not None else None
        self._on_ready = on_ready
        self._healthy = healthy
        self._ready_timeout_s = ready_timeout_s
        self._hang_timeout_s = hang_timeout_s
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ready = False

    @property
    def running(self) -> bool:
        """Whether the child is there and has said that it is ready."""
        return self._ready and self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the child and wait until it is ready. Raises :class:`NotReady`; nothing is left running then."""
        try:
            await self._spawn()
        except NotReady:
            await self._end()
            raise
        self._task = asyncio.create_task(self._watch(), name=f"supervise {self.name}")

    async def stop(self) -> None:
        """End the child, and the watch over it."""
        if self._task is not None:
            # Once more for as long as it takes: what is asked for its health may lose a cancellation (before 3.12,
            # asyncio.wait_for does when its answer comes at the same time), and would be watched for ever.
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait({self._task}, timeout=HEALTH_EVERY_S)
            self._task = None
        await self._end()

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self.argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=LINE_LIMIT,
            pass_fds=self._pass_fds,
            start_new_session=True,  # Ctrl-C is for us: running calls still need their dialogs and their voice
        )
        self.pid = self._process.pid
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                ready = await self._ready_line(self._process)
        except TimeoutError as error:
            raise NotReady(f"{self.name}: not ready after {self._ready_timeout_s:.0f} s; its log says why") from error
        logger.info("%s is ready (pid %d)", self.name, self.pid)
        self._ready = True
        self._on_ready(ready)

    async def _ready_line(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict) and message.get("ready"):
                    return message
                if isinstance(message, dict) and isinstance(message.get("faults"), list):
                    faults = tuple(str(fault) for fault in message["faults"])
                    raise NotReady("\n".join([f"{self.name}: cannot be started:", *faults]), faults)
            logger.info("%s: %s", self.name, line.decode(errors="replace").rstrip())
        status = await process.wait()
        raise NotReady(f"{self.name}: ended with status {status} before it was ready; its log says why")

    async def _watch(self) -> None:
        pause_s = 0.0
        while True:
            started = time.monotonic()
            try:
                await self._until_gone()
                if time.monotonic() - started > STEADY_S:
                    pause_s = 0.0
                await self._end()
                await asyncio.sleep(pause_s)
                self.restarts += 1
                await self._spawn()
            except NotReady as error:
                logger.error("%s", error)
            except OSError as error:
                logger.error("%s: cannot be started: %s", self.name, error)
            pause_s = min(MAX_PAUSE_S, pause_s * 2 or 0.5)

    async def _until_gone(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        gone = asyncio.ensure_future(process.wait())
        drained = asyncio.create_task(self._drain_output(process))
        # Until it has answered once it may still be getting up, beside much else on a machine just started.
        silent_s, patience_s = 0.0, self._ready_timeout_s
        try:
            while not gone.done():
                began = time.monotonic()
                await asyncio.wait({gone}, timeout=HEALTH_EVERY_S)
                if gone.done() or await self._is_healthy():
                    silent_s, patience_s = 0.0, self._hang_timeout_s
                    continue
                # When it is us who stood still, the child is not to blame for more than one check.
                silent_s += min(time.monotonic() - began, 2.5 * HEALTH_EVERY_S)
                if silent_s > patience_s:
                    logger.error("%s (pid %d) hangs: it is killed and started anew", self.name, process.pid)
                    process.kill()  # whoever hangs does not hear SIGTERM
                    return
            logger.error("%s (pid %d) ended with status %s", self.name, process.pid, process.returncode)
        finally:
            drained.cancel()
            gone.cancel()

    async def _is_healthy(self) -> bool:
        if self._healthy is None:
            return True
        try:
            async with asyncio.timeout(HEALTH_EVERY_S):
                return await self._healthy()
        except (TimeoutError, OSError):
            return False

    async def _drain_output(self, process: asyncio.subprocess.Process) -> None:
        """A child that prints more than its ready line must not block on a full pipe."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            logger.info("%s: %s", self.name, line.decode(errors="replace").rstrip())

    async def _end(self) -> None:
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sign)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await process.wait()
        self.pid = None

"""Supervises a child process: starts it, waits until it is ready, restarts it, ends it.

When it is ready, the child prints one JSON line, ``{"ready": true, ...}``, to its standard output; or, if it cannot
become ready, ``{"ready": false, "faults": [...]}``. Its log goes to our standard error. A child that ends, or does not
answer its health check, is restarted: at once the first time, then after growing pauses. One that hangs is asked first
where (:mod:`voicebot.parent`). To end it, it gets SIGTERM, and then SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from voicebot.parent import WHERE

logger = logging.getLogger(__name__)

MAX_PAUSE_S = 10.0
STEADY_S = 30.0
"""A child that ran for longer than this is restarted at once."""
STOP_S = 5.0
TELL_WHERE_S = 0.3
"""How long a child that hangs may take to write where."""
HEALTH_EVERY_S = 1.0
MAX_LINE = 1 << 20
"""Bytes of a line that a child prints. A longer one is dropped; the ready line may name thousands of faults."""


LEAST_SHARE = 0.25
"""Of the time in which a child does not answer, at least this much counts, however busy the machine is."""


class NotReady(Exception):
    """A child did not become ready; the text says which and why. ``faults``: those that the child has reported."""

    def __init__(self, text: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.faults = faults


class ChildProcess:
    """One supervised process.

    ``on_ready`` gets the ready line after each start. ``healthy`` is awaited every ``health_every_s`` (default: every
    second), and given the time that it takes; if it has not returned True for ``hang_timeout_s``, the child is killed
    and restarted. ``heard``: how many messages have come from the child so far: a new one is an answer as well, as the
    one that is asked for may wait behind others where we are the ones who are slow. ``pass_fds``: file descriptors
    that it inherits. ``argv`` may be replaced; the new one is used at the next start.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        on_ready: Callable[[dict[str, Any]], None],
        healthy: Callable[[], Awaitable[bool]] | None = None,
        heard: Callable[[], int] = lambda: 0,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        ready_timeout_s: float = 60.0,
        hang_timeout_s: float = math.inf,
        health_every_s: float | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.answered = False
        """Whether the child was healthy once. Until then it may be getting up, beside much else."""
        self.pid: int | None = None
        self.argv = list(argv)
        self._pass_fds = tuple(pass_fds)
        self._environment = dict(environment) if environment is not None else None
        self._on_ready = on_ready
        self._healthy = healthy
        self._heard = heard
        self._ready_timeout_s = ready_timeout_s
        self._hang_timeout_s = hang_timeout_s
        self._health_every_s = health_every_s or HEALTH_EVERY_S
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ready = False

    @property
    def running(self) -> bool:
        """Whether the child runs and is ready."""
        return self._ready and self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the child and wait until it is ready. Raises :class:`NotReady`; the child has been ended then."""
        try:
            await self._spawn()
        except NotReady:
            await self._end()
            raise
        self._task = asyncio.create_task(self._watch(), name=f"supervise {self.name}")

    async def stop(self) -> None:
        """End the child and its supervision."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        await self._end()

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self.argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=MAX_LINE,
            pass_fds=self._pass_fds,
            start_new_session=True,  # Ctrl-C must not reach it: running calls still need it while they drain
        )
        self.pid = self._process.pid
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                ready = await self._ready_line(self._process)
        except TimeoutError as error:
            raise NotReady(f"{self.name}: not ready after {self._ready_timeout_s:.0f} s; see its log") from error
        logger.info("%s is ready (pid %d)", self.name, self.pid)
        self._ready = True
        self._on_ready(ready)

    async def _ready_line(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        async for line in self._lines(process):
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict) and message.get("ready"):
                    return message
                if isinstance(message, dict) and isinstance(message.get("faults"), list):
                    faults = tuple(str(fault) for fault in message["faults"])
                    raise NotReady("\n".join([f"{self.name}: cannot be started:", *faults]), faults)
            logger.info("%s: %s", self.name, line.decode(errors="replace").rstrip())
        status = await process.wait()
        raise NotReady(f"{self.name}: ended with status {status} before it was ready; see its log")

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
        silent_s, self.answered = 0.0, False
        try:
            while not gone.done():
                began, starved_s = time.monotonic(), starved_together_s(process.pid)
                patience_s = self._hang_timeout_s if self.answered else self._ready_timeout_s
                # One check may take all of the patience: this process may be the one that is slow.
                asked_s = max(min(patience_s, self._ready_timeout_s) - silent_s, self._health_every_s)
                await asyncio.wait({gone}, timeout=self._health_every_s)
                if gone.done() or await self._is_healthy(asked_s, gone):
                    silent_s, self.answered = 0.0, True
                    continue
                if gone.done() or has_ended(process.pid):  # it did not answer because it was ending
                    await gone
                    break
                # If this process itself was blocked, that time must not count as the child's silence.
                passed_s = min(time.monotonic() - began, asked_s + 1.5 * self._health_every_s)
                silent_s += silence_s(passed_s, starved_together_s(process.pid) - starved_s)
                if silent_s > patience_s:
                    logger.error("%s (pid %d) hangs: it may say where, then it is killed and restarted",
                                 self.name, process.pid)  # fmt: skip
                    process.send_signal(WHERE)
                    await asyncio.wait({gone}, timeout=TELL_WHERE_S)
                    if not gone.done():
                        process.kill()  # a hanging process does not handle SIGTERM
                    return
            logger.error("%s (pid %d) ended with status %s", self.name, process.pid, process.returncode)
        finally:
            drained.cancel()
            gone.cancel()

    async def _is_healthy(self, timeout_s: float, gone: asyncio.Future[int]) -> bool:
        """Whether the child answers within ``timeout_s``; once it is ``gone``, no answer is waited for."""
        if self._healthy is None:
            return True
        heard = self._heard()
        asked = asyncio.ensure_future(self._healthy())
        either: set[asyncio.Future[Any]] = {asked, gone}
        try:
            await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            return (asked.done() and asked.result()) or self._heard() != heard
        except OSError:
            return False
        finally:
            asked.cancel()

    async def _drain_output(self, process: asyncio.subprocess.Process) -> None:
        """Log what the child prints after its ready line, so that it does not block on a full pipe."""
        async for line in self._lines(process):
            logger.info("%s: %s", self.name, line.decode(errors="replace").rstrip())

    async def _lines(self, process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
        """What the child prints, line by line."""
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # asyncio has dropped what it holds of the line; the rest follows as a line
                logger.warning("%s: a line of more than %d bytes is not shown", self.name, MAX_LINE)
                continue
            if not line:
                return
            yield line

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


def has_ended(pid: int) -> bool:
    """Whether our child ``pid`` has ended, though asyncio may not have been told yet."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # asyncio has taken its status
        return True


def processor_wait_s(pid: int) -> float:
    """How long the main thread of the process ``pid`` has waited for a processor, ready to run, since it began
    (schedstat in proc(5)). 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def starved_together_s(pid: int) -> float:
    """How long the child ``pid`` has waited for a processor, to answer, and we have, to hear it."""
    return processor_wait_s(pid) + processor_wait_s(os.getpid())


def silence_s(passed_s: float, starved_s: float) -> float:
    """How much of ``passed_s`` without an answer is the child's own silence, if it and we waited ``starved_s`` of it
    for a processor.

    A child that waits for a processor does not hang, and restarting it would only make the machine busier. But a share
    of the time always counts: in the end a child that does not answer is restarted.
    """
    return max(passed_s - starved_s, LEAST_SHARE * passed_s)

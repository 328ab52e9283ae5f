"""Who did what, when, from where and to which call: a file of JSON lines, in which there is never a word of a caller.

The file is bounded: when it is full, it is renamed to `.1`, that one to `.2`, and so on; the oldest is forgotten.
Several processes may write to one file. A thread writes, because a disk may hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from voicebot.private_files import make_folder
from voicebot.web.roles import CALL, HOLDER

logger = logging.getLogger(__name__)

MAX_FILE: Final = 4 << 20
"""Bytes, some 20,000 lines."""
OLD_FILES: Final = 4
LATEST: Final = 100
"""Lines that are kept in memory, for the page of operations."""
MOST_WAITING: Final = 1_000
"""Lines that the disk has not taken yet."""
MAX_NAME: Final = 100
"""Characters of a name that somebody else has chosen."""
CLOSE_S: Final = 2.0


class AuditLog:
    """``file``: None keeps the latest lines only. ``clock``: seconds since 1970."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.latest: deque[Mapping[str, Any]] = deque(maxlen=LATEST)
        self.lost = 0
        """Lines that could not be written."""
        self._file = file
        self._clock = clock
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._writer: threading.Thread | None = None

    async def open(self) -> None:
        """Raises OSError if the file cannot be written."""
        if self._file is not None:
            await asyncio.to_thread(_append, self._file, b"")
            self._writer = threading.Thread(target=self._write, name="audit log", daemon=True)
            self._writer.start()

    async def close(self) -> None:
        """What was noted is written, if the disk takes it within ``CLOSE_S``. Harmless when repeated."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)
            await asyncio.to_thread(writer.join, CLOSE_S)

    def note(self, request: web.Request, action: str, status: int | None = None) -> None:
        """``status``: what was answered; None: it begins only now. Requests of nobody who is known are not noted:
        strangers could fill the file with them."""
        who = request.get(HOLDER)
        if who is None:
            return
        call = request.get(CALL) or request.match_info.get("id", "")
        line = {
            "time": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "who": who.name,
            "role": None if who.role is None else str(who.role),
            "from": request.remote,
            "action": action,
            "call": call[:MAX_NAME],
            "status": status,
        }
        self.latest.append(line)
        logger.info("%s by %s from %s, call %s: %s", action, who.name, request.remote, call[:MAX_NAME] or "none",
                    "begins" if status is None else status)  # fmt: skip
        if self._writer is None:
            return
        try:
            self._waiting.put_nowait(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        except queue.Full:
            self._lose("the disk does not answer")

    def _write(self) -> None:
        assert self._file is not None
        while (line := self._waiting.get()) is not None:
            try:
                _append(self._file, line)
            except OSError as why:
                self._lose(why.strerror or str(why))

    def _lose(self, why: str) -> None:
        self.lost += 1
        logger.error("a line of the audit log is lost: %s: %s", self._file, why)


def _append(file: Path, line: bytes) -> None:
    """Blocks. Raises OSError."""
    make_folder(file.parent)
    while True:
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            if not _is_at(opened, file):
                continue  # another process has just renamed it
            if os.fstat(opened).st_size + len(line) > MAX_FILE:
                _rename(file)
                continue
            os.write(opened, line)
            return
        finally:
            os.close(opened)


def _is_at(opened: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), file.stat())
    except FileNotFoundError:
        return False


def _rename(file: Path) -> None:
    for age in range(OLD_FILES, 0, -1):
        younger = file.with_name(f"{file.name}.{age - 1}" if age > 1 else file.name)
        with contextlib.suppress(FileNotFoundError):
            younger.replace(file.with_name(f"{file.name}.{age}"))

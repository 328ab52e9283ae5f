"""The service's folder for what does not outlive it: copies of dialogs, sockets. Whoever was killed leaves one behind.

A lock tells whether its service still lives: the system releases it with the process, however that ended. So a service
that starts removes the folders whose lock nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)

PREFIX = "voicebot-run-"
_LOCK = "lock"


class RuntimeFolder:
    """``path`` is there from the beginning to :meth:`remove`."""

    def __init__(self) -> None:
        made = Path(tempfile.mkdtemp(prefix="voicebot-new-"))
        self._lock = os.open(made / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Only now it has the name that others look for: they never see it without a lock.
        self.path = made.rename(made.with_name(made.name.replace("voicebot-new-", PREFIX, 1)))

    def remove(self) -> None:
        """Harmless when repeated."""
        shutil.rmtree(self.path, ignore_errors=True)
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def sweep() -> int:
    """Remove the folders of services of this user that are gone; returns how many. Never raises."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and _is_left(folder):
                shutil.rmtree(folder)
                swept += 1
    if swept:
        logger.info("%d folders of services that were killed are removed from %s", swept, tempfile.gettempdir())
    return swept


def _is_left(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True  # its service was killed as it removed the folder
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True

"""Folders that belong to a running process. Whoever is killed leaves one behind.

A lock tells whether its process still lives: the system releases it with the process, however that ended. So a later
one can take what was left, in folders whose lock nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_LOCK = "lock"
_NEW = "new-"


class OwnedFolder:
    """``<prefix><random>`` in ``place``, which exists. ``path`` is there from the beginning to :meth:`remove`."""

    def __init__(self, place: Path, prefix: str) -> None:
        """Raises OSError."""
        made = Path(tempfile.mkdtemp(prefix=f"{_NEW}{prefix}", dir=place))
        self._lock = os.open(made / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Only now it has the name that others look for: they never see it without a lock.
        self.path = made.rename(made.with_name(made.name.removeprefix(_NEW)))

    def remove(self) -> None:
        """Harmless when repeated."""
        shutil.rmtree(self.path, ignore_errors=True)
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def left_folders(place: Path, prefix: str) -> Iterator[Path]:
    """Those in ``place`` that processes of this user have left. Whoever takes one removes it."""
    for folder in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and _is_left(folder):
                yield folder


def _is_left(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True  # its process was killed as it removed the folder
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True

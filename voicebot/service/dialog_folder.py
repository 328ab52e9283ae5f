"""The folder of the dialogs: detects changes, waits until they have settled, and copies the files to run from.

Editors save in several steps (write to another file, rename, touch), and a checkout replaces many files one after
another. So a change counts when nothing has changed further for :data:`SETTLE_S`. The files' times are polled, which
finds changes on every file system; inotify misses those on network and container mounts, and behind links.

A version runs from a copy, so that a host that is restarted finds the same files, even if they have changed meanwhile.
Folders named ``data`` are linked instead of copied, and changes in them do not count: the dialogs themselves read and
write there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from voicebot.regular_files import read_regular_file

MAX_FILES = 2000
MAX_BYTES = 256 << 20
SETTLE_S = 0.4

IGNORED_FOLDERS = ("tests", "__pycache__", "node_modules")
DATA = "data"
LEFT_BEHIND = ("~", ".bak", ".orig", ".pyc", ".rej", ".swp", ".tmp")
"""Endings of files that editors and tools leave behind, which are ignored."""

_LEFT_OUT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ESTALE})

Signature = dict[str, tuple[int, int, int]]
"""From each file's path in the folder to its modification time (ns), size and inode."""


class FolderTooLarge(Exception):
    """The folder has more than :data:`MAX_FILES` files or :data:`MAX_BYTES` bytes; the text says so."""


def signature(folder: Path) -> Signature:
    """The present state of ``folder``, without what is gone, cannot be read, or is no regular file.

    Raises :class:`FolderTooLarge`, and OSError if the folder could not be looked at (no descriptor was left, say).
    """
    found: Signature = {}
    total = 0
    beginning = len(str(folder)) + 1
    for entry in _files(str(folder)):
        try:
            about = entry.stat()
        except OSError as error:
            if error.errno not in _LEFT_OUT:
                raise
            continue  # it was removed just now, or is a broken link
        if not stat.S_ISREG(about.st_mode):
            continue  # a pipe or a device: whoever opens it may wait for ever
        found[entry.path[beginning:]] = (about.st_mtime_ns, about.st_size, about.st_ino)
        total += about.st_size
        if len(found) > MAX_FILES or total > MAX_BYTES:
            raise FolderTooLarge(f"{folder}: more than {MAX_FILES} files, or {MAX_BYTES >> 20} MB of them")
    return found


def copy_folder(folder: Path, target: Path) -> str:
    """Copy ``folder`` to ``target``. Returns a digest of its files. Raises OSError and :class:`FolderTooLarge`."""
    digest = hashlib.sha256()
    names = sorted(signature(folder))
    target.mkdir(parents=True)
    for name in names:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = read_regular_file(folder / name, MAX_BYTES)
        copy.write_bytes(content)
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    for data in _data_folders(folder):
        link = target / data.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(data.resolve(), target_is_directory=True)
    return digest.hexdigest()[:12]


class ChangeDebouncer:
    """Decides when a changed folder is to be tried. Pure: the folder's state and the time are passed in.

    ``tried``: the state that was tried last.
    """

    def __init__(self, tried: Signature, settle_s: float = SETTLE_S) -> None:
        self._tried: Signature | None = tried
        self._seen = tried
        self._since = 0.0
        self._settle_s = settle_s

    def settled(self, seen: Signature, now: float) -> bool:
        """Whether the folder has changed to ``seen`` and not again for ``settle_s``. True once for each change."""
        if seen != self._seen:
            self._seen, self._since = seen, now
            return False
        if seen == self._tried or now - self._since < self._settle_s:
            return False
        self._tried = seen
        return True

    def again(self, at: float) -> None:
        """What was tried last is to be tried once more, not before ``at``."""
        self._tried, self._since = None, at


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        if error.errno not in _LEFT_OUT:
            raise
        return  # it was removed just now
    for entry in entries:
        if entry.name.startswith((".", "#")) or entry.name.endswith(LEFT_BEHIND):
            continue
        if not entry.is_dir():
            yield entry
        elif entry.name not in (*IGNORED_FOLDERS, DATA) and not entry.is_symlink():
            yield from _files(entry.path)


def _data_folders(folder: Path) -> Iterator[Path]:
    for root, folders, _ in os.walk(folder):
        if DATA in folders:
            yield Path(root, DATA)
        folders[:] = [name for name in folders if not name.startswith(".") and name not in (*IGNORED_FOLDERS, DATA)]

"""Files and folders that only their owner can read: records, recordings, state, caches, sockets.

They contain what callers say. If a file were created first and restricted afterwards, others could open it in between.
So files are created with their mode. In addition :func:`keep_private` sets the umask of a process, for files that
libraries and dialogs write.

A file appears complete or not at all: it is written as a draft in the same folder, ``.name.random.part``, and then
renamed. The draft is locked while it is written, so that :func:`sweep_drafts` can tell abandoned ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

_DRAFT: Final = ".part"


def keep_private() -> None:
    """Make all files that this process creates from now on unreadable for others."""
    os.umask(0o077)


def make_folder(path: Path) -> None:
    """Create ``path`` and the missing folders above it. Existing folders keep their mode. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def touch(path: Path) -> None:
    """Create a private file at ``path``, for a library that opens it by name. An existing one keeps its content, and
    becomes private. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_file(path: Path, *, durable: bool = False) -> Iterator[IO[bytes]]:
    """Write a file that appears at the end, complete, or not at all. Creates missing folders. Blocks. Raises OSError.

    ``durable``: sync it to the disk first, so that it survives a power failure.
    """
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_DRAFT, dir=path.parent)  # of mode 0600
    draft = Path(name)
    with os.fdopen(descriptor, "w+b") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield file
            file.flush()
            if durable:
                os.fsync(descriptor)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def sweep_drafts(folder: Path) -> int:
    """Remove the abandoned drafts in ``folder``, whose process was killed. Returns how many there were."""
    swept = 0
    for draft in folder.glob(f".*{_DRAFT}"):
        with contextlib.suppress(OSError), draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
            swept += 1
    return swept

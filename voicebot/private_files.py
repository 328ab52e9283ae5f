"""Files and folders that are their owner's alone, from the first byte: records, recordings, state, caches, sockets.

What callers say is in them, and a file that is made and then restricted can be opened by others in between. So the
mode is given when a file is made; :func:`keep_private` sets the umask of a whole process besides, for what libraries
and dialogs write.

A file appears whole or not at all: it is written as a draft beside its place, ``.name.random.part``, and renamed. A
draft is locked as long as somebody writes it, so that :func:`sweep_drafts` knows which ones nobody will finish.
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
    """From now on nothing that this process makes can be read by others."""
    os.umask(0o077)


def make_folder(path: Path) -> None:
    """Make ``path``, and what is missing above it. A folder that exists keeps its mode. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def touch(path: Path) -> None:
    """Have a private file at ``path``, for a library that opens it by name; what is in it stays. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_file(path: Path, *, durable: bool = False) -> Iterator[IO[bytes]]:
    """Write a file that appears at the end, or not at all; missing folders are made. Blocks; raises OSError.

    ``durable``: it is on the disk by then, and would outlast a power cut.
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
    """Remove the drafts in ``folder`` that nobody writes any more (their process was killed); how many there were."""
    swept = 0
    for draft in folder.glob(f".*{_DRAFT}"):
        with contextlib.suppress(OSError), draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
            swept += 1
    return swept

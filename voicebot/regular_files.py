"""Files that others have written: regular ones only, and no more of them than is sensible.

Opening a pipe waits for somebody who writes into it, and a device such as ``/dev/zero`` has no end, though its size is
said to be 0. A name in somebody's folder can be either, or lead to one.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


class FileTooLarge(OSError):
    """The file has more bytes than are read."""


def read_regular_file(path: Path, most: int) -> bytes:
    """The content of ``path``. Never waits for anybody but the disk.

    Raises OSError, also for what is not a regular file; :class:`FileTooLarge` for more than ``most`` bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise FileTooLarge(errno.EFBIG, f"longer than {most} bytes", str(path))
    return content

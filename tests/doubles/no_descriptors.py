"""A process that can open nothing more, as one that is flooded with connections."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

_STANDARD = 3
"""The numbers of the standard streams, which stay open, are below this."""


@contextlib.contextmanager
def no_descriptors_left() -> Iterator[None]:
    """This process may open nothing beside the standard streams: opening anything fails with EMFILE, also when other
    threads, or the garbage collector, close something meanwhile. What is open stays so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_STANDARD, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

"""Where the Speech SDK's blocking calls run: never on the event loop.

Creating an SDK object takes a millisecond, stopping one waits for the service, and dropping the last reference joins
native threads. All of it happens on these few threads. Each call is bounded (the SDK's own stop deadline is set to
``STOP_TIMEOUT_S``), so that a dead service cannot use the threads up for long.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

log = logging.getLogger(__name__)

STOP_TIMEOUT_S: Final = 1
THREADS: Final = 12

T = TypeVar("T")

_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="speech-sdk")


async def call(function: Callable[..., T], *args: object) -> T:
    """Run a blocking SDK call; the caller's cancellation does not stop it."""
    return await asyncio.get_running_loop().run_in_executor(_executor, function, *args)


def dispose(function: Callable[[], None]) -> asyncio.Future[None]:
    """Run a clean-up that nobody needs to wait for; an exception is logged."""
    return asyncio.get_running_loop().run_in_executor(_executor, _logged, function)


def _logged(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception as error:
        log.warning("releasing a Speech SDK object failed: %s", first_line(error))


class Abandonable(Protocol):
    """An SDK object whose callbacks can be cut off at once."""

    def abandon(self) -> None: ...


_live: weakref.WeakSet[Abandonable] = weakref.WeakSet()


def watch(thing: Abandonable) -> None:
    """Cut ``thing`` off should the program end while it is still in use.

    A callback of the SDK that runs while the interpreter ends aborts the process ("exception not rethrown").
    """
    _live.add(thing)


@atexit.register
def _abandon_all() -> None:
    for thing in list(_live):
        thing.abandon()


def first_line(error: BaseException | str) -> str:
    """The SDK's errors carry a native call stack: only the first line is for people."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]

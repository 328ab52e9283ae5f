"""Names to IPv4 addresses, off the loop's path: bounded, with a deadline, remembered for a minute."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable

_TIMEOUT_S = 5.0
_KEPT_S = 60.0
_MAX_KEPT = 256
_MAX_NAMES = 64
_MAX_WAITING = 64
"""For one name."""

Answer = Callable[[str | None], None]


class Resolver:
    """Asks the system (getaddrinfo in the loop's threads). Failures are remembered too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._kept: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._waiting: dict[str, list[Answer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, name: str, answer: Answer) -> bool:
        """Call ``answer`` with the address or None, at once when it is known. False: too many wait, no call."""
        kept = self._kept.get(name)
        if kept is not None and kept[1] >= self._loop.time():
            answer(kept[0])
            return True
        waiting = self._waiting.get(name)
        if waiting is not None:
            if len(waiting) >= _MAX_WAITING:
                return False
            waiting.append(answer)
            return True
        if len(self._waiting) >= _MAX_NAMES:
            return False
        self._waiting[name] = [answer]
        task = self._loop.create_task(self._resolve(name), name=f"resolve {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """Give up on all that wait; their answers are not called."""
        self._waiting.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _resolve(self, name: str) -> None:
        address: str | None = None
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                found = await self._loop.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
            address = str(found[0][4][0])
        except (OSError, UnicodeError, IndexError):  # TimeoutError is an OSError
            pass
        self._kept[name] = (address, self._loop.time() + _KEPT_S)
        self._kept.move_to_end(name)
        if len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        for answer in self._waiting.pop(name, []):
            answer(address)

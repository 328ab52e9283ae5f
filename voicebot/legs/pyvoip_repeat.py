"""Retransmission, which pyVoIP lacks: a 200 until its ACK comes, a BYE until its response (RFC 3261)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

REPEAT_S: Final = 0.5
LONGEST_REPEAT_S: Final = 4.0
GIVE_UP_S: Final = 32.0
"""T1, T2 and 64 * T1."""


class Sender(Protocol):
    """To which the message is sent."""

    def send(self, text: str) -> None: ...


class Repeated:
    """A message that is sent with growing pauses until :meth:`stop`; after 32 s ``given_up`` is called instead."""

    def __init__(self, client: Sender, text: str, given_up: Callable[[], None]) -> None:
        self._client, self._text, self._given_up = client, text, given_up
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + GIVE_UP_S
        self._timer: asyncio.TimerHandle | None = None
        self._send(REPEAT_S)

    def _send(self, pause_s: float) -> None:
        if self._loop.time() >= self._until:
            self._timer = None
            self._given_up()
            return
        self._client.send(self._text)
        self._timer = self._loop.call_later(pause_s, self._send, min(2 * pause_s, LONGEST_REPEAT_S))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

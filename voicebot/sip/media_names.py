"""Host names in session descriptions (RFC 8866 5.7): looked up before anybody sees the description.

Some providers name the host of their media instead of its address. What happens in a call waits for the look-up of a
description that came before it, except for the call's end. The names are replaced by all their addresses; those that
are not found in time by none, so that the stream cannot be carried. Whether audio may be sent to an address is decided
later, as for an address in the description itself.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from functools import partial

from voicebot.sip.answering import CallOffered
from voicebot.sip.call import CallOutput, SipCall
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallProgress,
    SessionAnswered,
    SessionOffered,
)
from voicebot.sip.sdp import SessionDescription
from voicebot.tasks import BackgroundTasks, OwnThreads, call_outside

logger = logging.getLogger(__name__)

DEADLINE_S = 2.0
MAX_LOOK_UPS = 16
"""The most at a time, those that hang included: names that others choose may be slow on purpose."""
MAX_WAITING = 64
"""The most outputs of one call that wait; more are dropped."""

CallNews = CallOffered | CallOutput


class MediaNames:
    """``ready`` gets the outputs that had to wait, in their order. ``look_up`` may block."""

    def __init__(
        self, ready: Callable[[Sequence[CallNews]], None], look_up: Callable[[str], list[str]] | None = None
    ) -> None:
        self._ready = ready
        self._look_up = look_up or _addresses
        self._waiting: dict[SipCall, list[CallNews]] = {}
        self._threads = OwnThreads(MAX_LOOK_UPS)
        self._tasks = BackgroundTasks(logger)

    @property
    def calls(self) -> list[SipCall]:
        """The calls whose outputs wait."""
        return list(self._waiting)

    def holds(self, output: CallNews) -> bool:
        """Whether ``output`` must wait; ``ready`` will get it then. It need not when it comes from there."""
        call = output.call
        waiting = self._waiting.get(call)
        if isinstance(output, CallOutput) and isinstance(output.event, CallEnded):
            self._waiting.pop(call, None)
            return False
        if waiting is not None:
            if len(waiting) < MAX_WAITING:
                waiting.append(output)
            return True
        session = _session_of(output)
        if session is None or not session.names:
            return False
        self._waiting[call] = [output]
        self._tasks.spawn(self._find(call, session), "looking up the hosts of media")
        return True

    async def close(self) -> None:
        """Stop looking up; what waits is forgotten."""
        self._waiting.clear()
        await self._tasks.close()

    async def _find(self, call: SipCall, session: SessionDescription) -> None:
        names = session.names
        found = await asyncio.gather(*(self._addresses_of(name) for name in names))
        session.put_addresses(dict(zip(names, found, strict=True)))
        if (outputs := self._waiting.pop(call, None)) is not None:
            self._ready(outputs)

    async def _addresses_of(self, name: str) -> list[str]:
        try:
            return await call_outside(partial(self._look_up, name), DEADLINE_S, self._threads)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            return []


def _session_of(output: CallNews) -> SessionDescription | None:
    """The other side's session description that ``output`` tells of."""
    if isinstance(output, CallOffered):
        return output.call.offer
    match output.event:
        case SessionOffered():
            return output.event.offer
        case CallConfirmed() | SessionAnswered():
            return output.event.answer
        case CallProgress():
            return output.event.early
    return None


def _addresses(name: str) -> list[str]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))

"""A call that comes in by Azure Communication Services as a leg: it rings, and is answered or rejected."""

from __future__ import annotations

import logging
from typing import Final

from voicebot.legs import LegClosed, LegInfo
from voicebot.legs.acs import AcsLeg, Surroundings
from voicebot.legs.acs_events import IncomingCall
from voicebot.legs.acs_platform import NOT_FOUND, PlatformRefused, RejectReason

logger = logging.getLogger(__name__)

_REASONS: Final[dict[int, RejectReason]] = {403: "forbidden", 486: "busy", 503: "busy", 600: "busy", 603: "forbidden"}


class IncomingAcsLeg(AcsLeg):
    """See :class:`voicebot.legs.Leg`."""

    def __init__(self, around: Surroundings, info: LegInfo, call: IncomingCall) -> None:
        super().__init__(around, info, call.caller)
        self._context = call.context
        self._asked = False
        """Whether the service was asked to answer or to reject it."""

    async def answer(self) -> None:
        self._told.check_not_ended()
        self._asked = True
        try:
            self._progress.bind(await self._platform.answer(self._context, self.urls))
        except PlatformRefused as refused:
            if not self._progress.connection:  # else an event has said that it was answered
                self._finish("cancelled" if refused.status == NOT_FOUND else "error")
                raise LegClosed(f"it cannot be answered: {refused}") from refused
        if self.over:
            self._disconnect()
        self._told.check_not_ended()
        await self._come_up()

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        if self._asked or self.over:
            return
        self._asked = True
        self._finish("rejected")
        self._tasks.spawn(self._reject(_REASONS.get(status, "none")), "rejecting a call")

    async def hang_up(self) -> None:
        self.reject(480, "")
        await super().hang_up()

    async def _reject(self, reason: RejectReason) -> None:
        try:
            await self._platform.reject(self._context, reason)
        except PlatformRefused as refused:
            if refused.status != NOT_FOUND:  # the caller has hung up
                logger.error("call %s: cannot be rejected: %s", self._info.call_id, refused)

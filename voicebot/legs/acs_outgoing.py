"""A call of ours by Azure Communication Services as a leg: :meth:`OutgoingAcsLeg.answer` places it, and waits."""

from __future__ import annotations

import asyncio

from voicebot.events import CallNotAnswered, NotReached
from voicebot.legs import LegClosed, LegInfo
from voicebot.legs.acs import AcsLeg, Surroundings
from voicebot.legs.acs_events import CommunicationIdentifier, Result
from voicebot.legs.acs_platform import PlatformRefused
from voicebot.legs.sip_outcome import refused_with


class OutgoingAcsLeg(AcsLeg):
    """See :class:`voicebot.legs.Leg`. ``info.callee`` is called in the name of ``info.caller``, both numbers."""

    def __init__(self, around: Surroundings, info: LegInfo, ring_timeout_s: float) -> None:
        super().__init__(around, info, CommunicationIdentifier(f"4:{info.callee}", info.callee))
        self._ring_timeout_s = ring_timeout_s

    async def answer(self) -> None:
        """Call, and wait for the answer."""
        self._told.check_not_ended()
        try:
            self._progress.bind(await self._platform.create(self._info.callee, self._info.caller, self.urls))
        except PlatformRefused as refused:
            if not self._progress.connection:
                self._not_answered(_of_request(refused.status), 0, str(refused))
                raise LegClosed(f"it cannot be placed: {refused}") from refused
        except asyncio.CancelledError:
            self._finish("cancelled")
            raise
        if self.over:
            self._disconnect()
        try:
            await self._progress.until(lambda: self._progress.connected, self._ring_timeout_s)
        except TimeoutError as error:
            self._not_answered(NotReached.NO_ANSWER, 0, "")
            self._disconnect()
            raise LegClosed(f"no answer within {self._ring_timeout_s:g} s") from error
        await self._come_up()

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        """No effect: there is nothing to refuse."""

    async def hang_up(self) -> None:
        if not self._progress.connected and not self.over:
            self._not_answered(NotReached.CANCELLED, 0, "")
            self._disconnect()
        await super().hang_up()

    def _failed(self, result: Result) -> None:
        if self._progress.connected:
            super()._failed(result)
        else:
            status = result.sip or result.code
            self._not_answered(refused_with(status), status, result.message)

    def _not_answered(self, outcome: NotReached, status: int, reason: str) -> None:
        self._told.fact(CallNotAnswered(self._loop.time(), outcome, status, reason))
        self._finish(outcome.value)


def _of_request(status: int) -> NotReached:
    """Why a call was not placed, by the HTTP status of the request."""
    if status in (401, 403):
        return NotReached.REFUSED
    return NotReached.UNREACHABLE if 400 <= status < 500 and status != 429 else NotReached.ERROR

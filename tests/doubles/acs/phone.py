"""The caller's telephone in a call by Azure Communication Services, as the leg that a script is followed on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

from waiting import until

from acs.call import AcsCall
from acs.service import AcsService
from voicebot.address import Address
from voicebot.audio import LINEAR_16K
from voicebot.events import TransferEnded
from voicebot.legs import Leg, LegClosed, LegInfo, LegSink
from voicebot.rtp import MediaQuality, Playout

_numbers = itertools.count()
"""Each telephone has a number of its own."""
KEY_PERIOD_S = 0.16
RINGS_S = 30.0


class AcsPhone:
    """One that is talking. It satisfies :class:`voicebot.legs.Leg`; ``call``: at the platform."""

    def __init__(self, call: AcsCall, sink: LegSink) -> None:
        self.call = call
        self.info = LegInfo(call.correlation, call.caller, "", LINEAR_16K, front_end="acs")
        self._sink = sink
        self._hung_up = False
        self._keys: asyncio.Task[None] | None = None
        self._watching = asyncio.create_task(self._watch())
        call.media.sink = sink

    @classmethod
    async def dial(cls, acs: AcsService, grid: str, sink: LegSink) -> AcsPhone:
        """Call, and wait for the answer. ``grid``: where Event Grid delivers. Raises :class:`LegClosed`."""
        caller = f"+49301{next(_numbers):06}"
        status = (await acs.ring(grid, caller))[0]
        if status != 200:
            raise LegClosed(f"the event was answered with {status}")

        def talking() -> AcsCall | None:
            return next((call for call in acs.calls.values() if call.caller == caller and call.media.streaming), None)

        try:
            await until(talking, RINGS_S)
        except TimeoutError as error:
            raise LegClosed("nobody has answered") from error
        call = talking()
        assert call is not None
        return cls(call, sink)

    @property
    def playout(self) -> Playout:
        return self.call.media.playout

    @property
    def audible(self) -> bool:
        return self.call.media.streaming

    def connect(self, sink: LegSink) -> None:
        raise AssertionError("it has a sink from the beginning")

    def ring(self) -> None:
        pass

    def early_media(self) -> bool:
        return False

    def hold(self, on: bool) -> None:
        pass

    async def answer(self) -> None:
        pass

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        pass

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        raise AssertionError("callers do not transfer")

    async def hang_up(self) -> None:
        self._hung_up = True
        await self.call.end()
        await self._watching
        if self._keys is not None:
            self._keys.cancel()

    def send_keys(self, keys: str) -> None:
        self._keys = asyncio.create_task(self._press(keys))

    def quality(self) -> MediaQuality:
        return MediaQuality(packets_received=len(self.call.media.arrivals))

    async def _press(self, keys: str) -> None:
        for key in keys:
            await self.call.media.press(key)
            await asyncio.sleep(KEY_PERIOD_S)

    async def _watch(self) -> None:
        await self.call.over.wait()
        self._sink.ended("bot" if self._hung_up else "caller", asyncio.get_running_loop().time())

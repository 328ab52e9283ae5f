"""Attempts, by tenacity, that leave no objects in a circle: what they had in hand would wait for a collection of
garbage, and with it all of a call that has ended."""

from __future__ import annotations

import traceback
from typing import cast
from weakref import proxy

from tenacity import AsyncRetrying, AttemptManager


class Attempts(AsyncRetrying):
    """For ``async for attempt in Attempts(...)``. Of tenacity's own, the state of the attempts knows them, as they know
    it; and of a failure that is raised in the end, the frames know it."""

    def __aiter__(self) -> AsyncRetrying:
        super().__aiter__()
        self._retry_state.retry_object = cast(AsyncRetrying, proxy(self))
        return self

    async def __anext__(self) -> AttemptManager:
        try:
            return await super().__anext__()
        except BaseException as failure:  # there are no more
            self.iter_state.reset()
            self._retry_state.outcome = None
            traceback.clear_frames(failure.__traceback__)
            raise

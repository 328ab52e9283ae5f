"""Attempts leave nothing for the collector, however they end."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from tenacity import RetryCallState, RetryError, retry_if_exception_type, stop_after_attempt, wait_none

from voicebot.retrying import Attempts


class Held:
    """What an attempt has in hand."""


class Away(Exception):
    """It fails."""


@pytest.fixture
def uncollecting() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


async def attempted(failures: int, held: Held, told: list[int], *, reraise: bool = False) -> str:
    def told_of(state: RetryCallState) -> None:
        told.append(state.attempt_number)

    def wanted(error: BaseException) -> bool:
        return isinstance(error, Away) and held is not None

    async for attempt in Attempts(
        stop=stop_after_attempt(3),
        retry=retry_if_exception_type(Away),
        wait=wait_none(),
        before_sleep=told_of,
        after=lambda _state: wanted(Away()),
        reraise=reraise,
    ):
        with attempt:
            await asyncio.sleep(0)
            if len(told) < failures:
                raise Away
            return "done"
    raise AssertionError("an attempt returns or raises")


@pytest.mark.usefixtures("uncollecting")
@pytest.mark.parametrize(("failures", "reraise"), [(0, False), (2, False), (9, False), (9, True)])
async def test_what_an_attempt_has_in_hand_is_free_when_it_is_over(failures: int, reraise: bool) -> None:
    held, told = Held(), list[int]()
    ref = weakref.ref(held)
    try:
        assert await attempted(failures, held, told, reraise=reraise) == "done"
    except (RetryError, Away):
        assert failures == 9
    assert told == [1, 2][:failures]
    del held
    assert ref() is None

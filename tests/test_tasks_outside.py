"""Blocking functions that may hang: in real time, in threads of their own."""

from __future__ import annotations

import threading

import pytest
from waiting import until

from voicebot import tasks
from voicebot.tasks import call_outside


async def test_a_call_that_hangs_is_left_behind_and_others_are_not_kept_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks._outside, "most", 2)
    go_on = threading.Event()

    def hang() -> str:
        go_on.wait(30)
        return "late"

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await call_outside(hang, 0.01)
    with pytest.raises(TimeoutError, match="2 calls have not returned"):
        await call_outside(lambda: "never asked", 10)
    go_on.set()
    await until(lambda: not tasks._outside.running)
    assert await call_outside(lambda: "there", 10) == "there"


async def test_what_a_call_outside_raises_is_raised() -> None:
    with pytest.raises(KeyError, match="no identity"):
        await call_outside(lambda: {}["no identity"], 10)

"""How far a call has come: forward only, and waited for with a limit."""

from __future__ import annotations

import asyncio

import pytest

from voicebot.calls.lifecycle import Lifecycle, Phase

pytestmark = pytest.mark.virtual_time


async def test_a_call_goes_forward_only() -> None:
    lifecycle = Lifecycle(outbound=True)
    assert lifecycle.phase is Phase.CALLING
    assert lifecycle.reach(Phase.EARLY_MEDIA)
    assert not lifecycle.reach(Phase.RINGING), "a 180 after the 183 takes nothing back"
    assert not lifecycle.reach(Phase.EARLY_MEDIA)
    assert lifecycle.phase is Phase.EARLY_MEDIA


async def test_the_first_reason_for_the_end_stands() -> None:
    lifecycle = Lifecycle(outbound=False)
    assert lifecycle.end_reason == "error", "as long as the leg has told nothing"
    assert lifecycle.end("caller")
    assert not lifecycle.end("bot")
    assert not lifecycle.reach(Phase.UP)
    assert (lifecycle.phase, lifecycle.end_reason) == (Phase.ENDED, "caller")


async def test_callers_are_listened_to_at_once_and_those_we_call_when_they_have_answered() -> None:
    caller, called = Lifecycle(outbound=False), Lifecycle(outbound=True)
    assert caller.listened_to
    assert not called.listened_to
    called.reach(Phase.EARLY_MEDIA)
    assert not called.listened_to
    called.reach(Phase.UP)
    assert called.listened_to


async def test_a_later_phase_ends_the_wait_for_an_earlier_one() -> None:
    lifecycle = Lifecycle(outbound=False)
    waiting = asyncio.ensure_future(lifecycle.until(Phase.GREETED, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    lifecycle.end("caller")
    assert await waiting
    assert await lifecycle.until(Phase.RINGING)


async def test_a_phase_that_does_not_come_is_waited_for_as_long_as_that_is_wanted() -> None:
    assert not await Lifecycle(outbound=False).until(Phase.UP, 0.001)


def test_the_api_knows_five_phases() -> None:
    assert [phase.public_name for phase in Phase] == ["calling", "ringing", "early-media", "ringing", "up", "ended"]

"""How far a call has come: forward only, and waited for with a limit."""

from __future__ import annotations

import asyncio

import pytest

from voicebot.calls.progress import CallProgress, Phase

pytestmark = pytest.mark.virtual_time


async def test_a_call_goes_forward_only() -> None:
    progress = CallProgress(outbound=True)
    assert progress.phase is Phase.CALLING
    assert progress.reach(Phase.EARLY_MEDIA)
    assert not progress.reach(Phase.RINGING), "a 180 after the 183 takes nothing back"
    assert not progress.reach(Phase.EARLY_MEDIA)
    assert progress.phase is Phase.EARLY_MEDIA


async def test_the_first_reason_for_the_end_stands() -> None:
    progress = CallProgress(outbound=False)
    assert progress.end_reason == "error", "as long as the leg has told nothing"
    assert progress.end("caller")
    assert not progress.end("bot")
    assert not progress.reach(Phase.UP)
    assert (progress.phase, progress.end_reason) == (Phase.ENDED, "caller")


async def test_callers_are_listened_to_at_once_and_those_we_call_when_they_have_answered() -> None:
    caller, called = CallProgress(outbound=False), CallProgress(outbound=True)
    assert caller.listened_to
    assert not called.listened_to
    called.reach(Phase.EARLY_MEDIA)
    assert not called.listened_to
    called.reach(Phase.UP)
    assert called.listened_to


async def test_a_later_phase_ends_the_wait_for_an_earlier_one() -> None:
    progress = CallProgress(outbound=False)
    waiting = asyncio.ensure_future(progress.until(Phase.GREETED, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    progress.end("caller")
    assert await waiting
    assert await progress.until(Phase.RINGING)


async def test_a_phase_that_does_not_come_is_waited_for_as_long_as_that_is_wanted() -> None:
    assert not await CallProgress(outbound=False).until(Phase.UP, 0.001)


def test_the_api_knows_five_phases() -> None:
    assert [phase.public_name for phase in Phase] == ["calling", "ringing", "early-media", "ringing", "up", "ended"]

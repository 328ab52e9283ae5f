"""Recordings by Azure Communication Services, over the double of the service and by the official client."""

from __future__ import annotations

import asyncio

import pytest
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.world import Line, acs_world

from voicebot.address import Address
from voicebot.legs import LegClosed, Recorder, RecordingRefused
from voicebot.legs.acs import AcsLeg

CONTAINER = "https://contoso.blob.core.windows.net/recordings"


def recorder(line: Line) -> Recorder:
    assert isinstance(line.leg, AcsLeg) and line.leg.recorder is not None
    return line.leg.recorder


@pytest.mark.parametrize("mode", ["stream", "platform"])
async def test_a_recording_is_begun_paused_resumed_and_ended(mode: str) -> None:
    async with acs_world(mode=mode, recording="platform", recording_container=CONTAINER) as world:
        line, call = await world.talk()
        id_ = await recorder(line).start()
        await recorder(line).pause(id_)
        await recorder(line).resume(id_)
        await recorder(line).stop(id_)
        (made,) = world.acs.recordings.made.values()
        assert (made.call, made.states) == (call, ["active", "paused", "active", "stopped"])
        assert made.wish["callConnectionId"] == call.id
        assert made.wish["externalStorage"] == {
            "recordingStorageKind": "azureBlobStorage",
            "recordingDestinationContainerUrl": CONTAINER,
        }


async def test_a_recording_waits_for_the_answer_and_ends_with_the_call() -> None:
    async with acs_world(mode="platform") as world:
        world.answers = False
        line = await world.ring()
        starting = asyncio.create_task(recorder(line).start())
        await asyncio.sleep(0)
        assert not world.acs.recordings.made
        await line.leg.answer()
        id_ = await starting
        assert "externalStorage" not in world.acs.recordings.made[id_].wish, "the service keeps it"
        await line.leg.hang_up()
        with pytest.raises(RecordingRefused, match="404"):
            await recorder(line).pause(id_)
        await recorder(line).stop(id_)


async def test_the_recording_of_a_caller_who_was_transferred_can_still_be_ended() -> None:
    async with acs_world(mode="platform") as world:
        line, _ = await world.talk()
        id_ = await recorder(line).start()
        await line.leg.transfer(Address.parse("+4930333"))
        await until(lambda: line.reasons == ["transfer"])
        await recorder(line).stop(id_)
        assert world.acs.recordings.made[id_].states[-1] == "stopped"


async def test_a_call_that_does_not_come_up_is_not_recorded_and_a_busy_service_is_asked_again() -> None:
    async with acs_world(mode="platform") as world:
        line, _ = await world.talk()
        world.acs.faults.refuse[:] = [429, 503]
        await recorder(line).start()
        assert len(world.acs.recordings.made) == 1, "one request, repeated with its id"
        world.acs.faults.hangs_up_unanswered = True
        line = await world.ring()
        with pytest.raises(LegClosed):
            await recorder(line).start()


async def test_where_we_record_the_service_does_not() -> None:
    async with acs_world() as world:
        line, _ = await world.talk()
        assert isinstance(line.leg, AcsLeg) and line.leg.recorder is None

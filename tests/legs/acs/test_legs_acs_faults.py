"""What goes wrong at Azure Communication Services or on the way: what becomes of the call, and what its record says.

docs/acs.md has it as a table. What does not hang on the audio is shown in both modes.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.world import Line, World, acs_world, still_there, tone

from voicebot.address import Address
from voicebot.audio import LINEAR_16K
from voicebot.legs import Leg, acs_client
from voicebot.legs import acs as leg_module

SILENCE = LINEAR_16K.frame_of_silence
MODES = pytest.mark.parametrize("mode", ["stream", "platform"])


async def closed(world: World, **more: Any) -> Line:
    """A call that does not come up."""
    line = await world.ring(**more)
    await until(lambda: line.closed)
    return line


@MODES
async def test_a_call_that_is_delivered_five_times_is_answered_once(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        line, _ = await world.talk(times=5)
        assert len(world.acs.asked("answer")) == 1
        await line.leg.hang_up()
        assert len(world.lines) == 1


@pytest.mark.parametrize(("mode", "events"), [("stream", 4), ("platform", 3)])
async def test_events_that_are_delivered_five_times_count_once(mode: str, events: int) -> None:
    async with acs_world(lambda acs: setattr(acs.faults, "events_times", 5), mode=mode) as world:
        line, call = await world.talk()
        await call.end()
        await until(lambda: line.reasons)
        await until(lambda: len(call.delivered) == events * 5)
        assert line.reasons == ["caller"]
        assert {status for _, status in call.delivered} == {200}


@pytest.mark.parametrize(
    ("mode", "early"),
    [("stream", "event_before_response"), ("stream", "media_before_connected"), ("platform", "event_before_response")],
)
async def test_what_belongs_to_the_answer_comes_in_any_order(mode: str, early: str) -> None:
    async with acs_world(lambda acs: setattr(acs.faults, early, True), mode=mode) as world:
        await still_there(*await world.talk())


@MODES
@pytest.mark.parametrize("when", ["hangs_up_unanswered", "hangs_up_answered"])
async def test_a_caller_who_hangs_up_during_the_answer_is_gone(mode: str, when: str) -> None:
    async with acs_world(lambda acs: setattr(acs.faults, when, True), mode=mode) as world:
        line = await closed(world)
        assert line.reasons == ["cancelled"]
        assert world.front_end.active == 0


async def test_a_call_whose_media_never_come_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_module, "UP_S", 0.3)
    async with acs_world(lambda acs: setattr(acs.faults, "media", "never")) as world:
        line = await closed(world)
        assert line.reasons == ["media-timeout"]
        (call,) = world.acs.calls.values()
        await until(call.over.is_set)


async def test_a_call_whose_media_fail_is_ended_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async with acs_world(lambda acs: setattr(acs.faults, "media", "fails")) as world:
        line = await closed(world)
        assert line.reasons == ["media-timeout"]
        assert "is acs.public_url right?" in caplog.text


async def test_media_that_break_off_come_back_and_the_prompt_goes_on() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        line.say(1.5)
        await until(lambda: len(call.media.played) >= 20)
        await call.media.cut()
        await until(lambda: call.media.connections == 2)
        await until(lambda: call.media.heard().endswith(tone(1.5)[-6400:]))
        assert not line.reasons and len(world.acs.asked("startMediaStreaming")) == 1
        assert call.media.heard().startswith(tone(1.5)[:6400])
        missing = 75 - len(call.media.played)
        assert abs(missing) <= 10, f"{missing} frames of 75 were lost or heard twice"
        call.media.say(tone(0.1))
        await until(lambda: any(frame != SILENCE for _, frame in line.frames[-20:]))


@pytest.mark.parametrize(("fault", "value"), [("forgets_to_stream_again", True), ("media", "fails")])
async def test_media_that_do_not_come_back_end_the_call(
    monkeypatch: pytest.MonkeyPatch, fault: str, value: object
) -> None:
    monkeypatch.setattr(leg_module, "REJOIN_S", 0.5)
    monkeypatch.setattr(leg_module, "ASK_AGAIN_S", 0.1)
    async with acs_world() as world:
        line, call = await world.talk()
        setattr(world.acs.faults, fault, value)
        await call.media.cut()
        await until(lambda: line.reasons == ["media-timeout"])
        await until(call.over.is_set)
        assert len(world.acs.asked("startMediaStreaming")) > 1, "the service was asked again"


async def test_a_second_connection_is_refused_while_the_first_one_is_there() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        refused = await world.connect_media(call, world.acs.sending.token())
        assert refused == 409
        call.media.say(tone(0.1))
        await until(lambda: any(frame != SILENCE for _, frame in line.frames))


async def test_garbage_on_the_media_connection_is_counted_and_harmless() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        garbage: list[Any] = ["{", "[]", '{"kind":"AudioData"}', {"kind": "Later", "later": {}}, b"\0" * 100,
                              {"kind": "AudioData", "audioData": {"data": "%%%"}}]  # fmt: skip
        for one in garbage:
            await call.media.send(one)
        call.media.say(tone(0.1))
        await until(lambda: any(frame != SILENCE for _, frame in line.frames))
        assert line.leg.quality().malformed == 4
        assert world.front_end.refused["body"] == 1


async def test_audio_that_cannot_be_used_ends_the_call(caplog: pytest.LogCaptureFixture) -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        await call.media.cut()
        await until(lambda: not line.leg.audible)
        call.media.rate = 24_000
        await until(lambda: line.reasons == ["error"])
        await until(call.over.is_set)
        assert "24000 Hz" in caplog.text


@MODES
async def test_garbage_at_the_callback_is_counted_and_harmless(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        line, call = await world.talk()
        bearer = {"Authorization": f"Bearer {world.acs.sending.token()}"}
        for garbage, status in ((b"{", 400), (b"[1, {}, null]", 200), (b"\xff" * 9, 400), (b"x" * 300_000, 413)):
            assert await world.post_raw(call.callback, garbage, **bearer) == status
        assert world.front_end.refused["body"] == 6
        await still_there(line, call)


@MODES
async def test_a_token_that_expires_in_mid_call_is_refused_and_the_call_goes_on_with_the_next_one(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        line, call = await world.talk()
        end, token, post = [call.event("CallDisconnected")], world.acs.sending.token, world.acs.sending.post
        assert await post(call.callback, end, f"Bearer {token(-400)}") == 401
        await still_there(line, call)
        assert await post(call.callback, end, f"Bearer {token()}") == 200
        await until(lambda: line.reasons == ["caller"])


async def test_another_participants_audio_is_not_the_callers() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        await until(lambda: line.leg.quality().packets_received)
        call.media.participant = "4:+49309999"
        call.media.say(tone(0.1))
        await call.media.said()
        assert {frame for _, frame in line.frames} == {SILENCE}
        assert line.leg.quality().foreign_packets > 0


async def test_a_caller_who_sends_nothing_while_silent_is_silent() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        call.media.suppresses_silence = True
        await asyncio.sleep(0.6)
        frames = [frame for at, frame in line.frames if at > line.frames[0][0]]
        assert len(frames) >= 15 and set(frames) == {SILENCE}
        said = tone(0.1)
        call.media.say(said)
        await until(lambda: said in b"".join(frame for _, frame in line.frames))


@pytest.mark.parametrize(
    ("mode", "status"), [("stream", 429), ("stream", 503), ("stream", 500), ("platform", 429), ("platform", 503)]
)
async def test_a_busy_service_is_asked_again(mode: str, status: int) -> None:
    async with acs_world(mode=mode) as world:
        world.acs.faults.refuse[:] = [status]
        line, call = await world.talk()
        assert not world.acs.faults.refuse
        world.acs.faults.refuse[:] = [status]
        await line.leg.hang_up()
        await until(call.over.is_set)


@MODES
async def test_a_service_that_stays_busy_loses_the_call_in_time(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(acs_client, "REQUEST_S", 0.5)
    async with acs_world(mode=mode) as world:
        world.acs.faults.refuse[:] = [503] * 1000
        line = await closed(world)
        assert line.reasons == ["error"]
        assert "no answer within 0.5 s" in line.closed


async def test_a_request_that_is_wrong_is_not_repeated() -> None:
    async with acs_world() as world:
        world.acs.faults.refuse[:] = [400, 400]
        line = await closed(world)
        assert line.reasons == ["error"] and len(world.acs.faults.refuse) == 1


async def test_a_transfer_whose_end_is_told_before_its_success_has_succeeded() -> None:
    async with acs_world(lambda acs: setattr(acs.faults, "end_before_accepted", True)) as world:
        line, _ = await world.talk()
        assert (await line.leg.transfer(Address.parse("+4930333"))).accepted
        await until(lambda: line.reasons == ["transfer"])


async def test_a_transfer_that_the_service_does_not_finish_is_finished_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_module, "AFTER_TRANSFER_S", 0.2)
    async with acs_world(lambda acs: setattr(acs.faults, "call_after_transfer", True)) as world:
        line, call = await world.talk()
        assert (await line.leg.transfer(Address.parse("+4930333"))).accepted
        await until(lambda: line.reasons == ["transfer"])
        await until(call.over.is_set)


async def test_a_failed_transfer_that_leaves_no_call_is_the_end_of_it() -> None:
    def prepare(acs: Any) -> None:
        acs.faults.ends_by_failed_transfer = True
        acs.refusals["+4930333"] = (486, 8539, "Busy Here")

    async with acs_world(prepare) as world:
        line, _ = await world.talk()
        assert not (await line.leg.transfer(Address.parse("+4930333"))).accepted
        await until(lambda: line.reasons == ["caller"])


async def test_an_outcome_that_never_comes_fails_the_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_module, "TRANSFER_S", 0.2)
    async with acs_world() as world:
        line, call = await world.talk()
        monkeypatch.setattr(call, "transfer", lambda *_: asyncio.sleep(0))
        ended = await line.leg.transfer(Address.parse("+4930333"))
        assert not ended.accepted and "nothing is known of it" in ended.message
        assert not line.reasons


@MODES
async def test_a_call_that_we_hang_up_while_it_is_answered_is_ended_when_it_comes_up(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        line = await world.ring()
        await asyncio.sleep(0)
        await line.leg.hang_up()
        await until(lambda: line.closed)
        await until(lambda: all(call.over.is_set() for call in world.acs.calls.values()))
        assert world.front_end.active == 0


@MODES
async def test_while_draining_calls_are_rejected_as_busy_and_those_that_are_up_go_on(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        line, call = await world.talk()
        world.front_end.drain()
        assert await world.acs.ring(world.grid) == [200]
        await until(lambda: world.acs.asked("reject"))
        assert world.front_end.rejected == {"draining": 1}
        await still_there(line, call)


async def test_at_the_limit_one_more_is_rejected_as_busy() -> None:
    async with acs_world(limit=1) as world:
        await world.talk()
        assert await world.acs.ring(world.grid) == [200]
        await until(lambda: [body["callRejectReason"] for body in world.acs.asked("reject")] == ["busy"])
        assert world.front_end.rejected == {"limit": 1}


async def test_calls_for_others_are_left_alone() -> None:
    async with acs_world(numbers=("+493022*",)) as world:
        assert await world.acs.ring(world.grid, callee="+4930333") == [200]
        await world.talk(callee="+4930222")
        assert world.front_end.rejected == {"number": 1}
        assert [path for _, path, _ in world.acs.requests] == ["callConnections:answer"]


@MODES
async def test_ten_calls_at_once_end_with_the_service(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        await asyncio.gather(*(world.acs.ring(world.grid, caller=f"+49301{number}") for number in range(10)))
        await until(lambda: len(world.lines) == 10 and all(line.up for line in world.lines))
        await world.front_end.close()
        assert [line.reasons for line in world.lines] == [["bot"]] * 10
        await until(lambda: all(call.over.is_set() for call in world.acs.calls.values()))


async def test_a_call_that_cannot_be_taken_is_rejected_and_does_not_ring_on(caplog: pytest.LogCaptureFixture) -> None:
    async with acs_world() as world:

        def fails(leg: Leg) -> Line:
            raise RuntimeError("as the test wants it")

        world.take = fails  # type: ignore[method-assign]
        world.front_end._on_leg = fails
        assert await world.acs.ring(world.grid) == [200]
        await until(lambda: world.acs.asked("reject"))
        assert world.acs.asked("reject")[0]["callRejectReason"] == "busy"
        assert (world.front_end.rejected["error"], world.front_end.active) == (1, 0)
        assert "a call cannot be taken" in caplog.text


class Redis:
    """What nodes share, by one memory. ``places``: how many calls there may be."""

    id = "a place"

    def __init__(self, places: int = 9) -> None:
        self.told: set[str] = set()
        self.places = places

    async def first(self, call: str) -> bool:
        new = call not in self.told
        self.told.add(call)
        return new

    async def claim(self, trunk: str) -> Redis | None:
        self.places -= 1
        return self if self.places >= 0 else None

    def release(self) -> None:
        self.places += 1


async def test_a_call_that_is_delivered_to_two_nodes_is_answered_by_one_and_counts_until_its_end() -> None:
    shared = Redis(places=1)
    async with acs_world(share=shared) as one, acs_world(share=shared) as two:
        await one.acs.ring(one.grid)
        await until(lambda: one.lines and one.lines[0].up)
        assert shared.places == 0
        (known,) = shared.told
        two.acs.correlation = known
        await two.acs.ring(two.grid)
        await until(lambda: two.front_end.rejected["elsewhere"])
        assert not two.lines and not two.acs.asked("answer") and not two.acs.asked("reject")
        two.acs.correlation = ""
        await two.acs.ring(two.grid)
        await until(lambda: two.acs.asked("reject"))
        assert two.front_end.rejected["fleet"] == 1
        shared.places += 1  # the claim that was refused
        await one.lines[0].leg.hang_up()
        assert shared.places == 1

"""Calls by Azure Communication Services as legs, over the double of the service and by the official client."""

from __future__ import annotations

import asyncio

import pytest
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.world import World, acs_world, still_there, tone

from voicebot.address import Address
from voicebot.audio import LINEAR_16K
from voicebot.events import CallNotAnswered, NotReached, PlaybackEnded, TransferEnded
from voicebot.legs import acs_client

SILENCE = LINEAR_16K.frame_of_silence
MODES = pytest.mark.parametrize("mode", ["stream", "platform"])


async def test_a_call_comes_with_its_numbers_and_headers_and_audio_flows_both_ways() -> None:
    async with acs_world() as world:
        line, call = await world.talk(caller="+4930111", callee="+4930222", sip_headers={"X-Ticket": "7", "Via": "x"})
        info = line.leg.info
        assert (info.caller, info.callee, info.trunk, info.front_end) == ("+4930111", "+4930222", "acs", "acs")
        assert (info.call_id, info.headers, info.audio) == (call.correlation, {"X-Ticket": "7"}, LINEAR_16K)
        line.say(0.5)
        await until(lambda: line.events and isinstance(line.events[-1], PlaybackEnded))
        await until(lambda: len(call.media.played) == 25)
        assert call.media.heard() == tone(0.5)
        assert not call.media.unknown
        said = tone(0.2, 900.0)
        call.media.say(said)
        await until(lambda: said in b"".join(frame for _, frame in line.frames))
        await call.media.press("1#*")
        await until(lambda: line.keys == "1#*")
        quality = line.leg.quality()
        assert (quality.packets_sent, quality.malformed, quality.mos) == (25, 0, None)


async def test_between_prompts_nothing_is_sent_and_a_prompt_that_is_paused_goes_on_where_it_was_heard() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        line.say(2.0)
        await until(lambda: len(call.media.played) >= 25)
        line.leg.playout.pause()
        counted = sum(frame != SILENCE for frame in line.sent_frames)
        await until(lambda: call.media.stops)
        heard, arrived = len(call.media.played), len(call.media.arrivals)
        assert arrived - heard == call.media.stops[0][1], "what was not heard was dropped"
        assert arrived <= counted + 5, "it is sent no further ahead of what counts as heard than lead_ms"
        await asyncio.sleep(0.1)
        assert (len(call.media.played), len(call.media.arrivals)) == (heard, arrived)
        line.leg.playout.resume()
        await until(lambda: line.events and isinstance(line.events[-1], PlaybackEnded))
        since = sum(frame != SILENCE for frame in line.sent_frames) - counted
        await until(lambda: len(call.media.arrivals) == arrived + since)
        rest = tone(2.0)[-6400:].rstrip(b"\0")  # it goes on at a word boundary, so its last frame is filled up
        await until(lambda: call.media.heard().rstrip(b"\0").endswith(rest))
        (ended,) = [event for event in line.events if isinstance(event, PlaybackEnded)]
        assert (ended.complete, round(ended.heard_s, 3)) == (True, 2.0)


async def test_the_caller_hangs_up() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        await call.end()
        await until(lambda: line.reasons == ["caller"])
        assert world.front_end.active == 0 and not world.acs.asked("terminate")


async def test_we_hang_up_for_everybody() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        await line.leg.hang_up()
        assert line.reasons == ["bot"]
        assert len(world.acs.asked("terminate")) == 1
        await until(call.over.is_set)
        await line.leg.hang_up()
        assert line.reasons == ["bot"]


async def test_who_hangs_up_may_go_away_at_once() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        hanging_up = asyncio.create_task(line.leg.hang_up())
        await asyncio.sleep(0)
        hanging_up.cancel()
        await until(call.over.is_set)


@pytest.mark.parametrize(("status", "reason"), [(486, "busy"), (403, "forbidden"), (480, "none")])
async def test_a_call_is_rejected(status: int, reason: str) -> None:
    async with acs_world() as world:
        world.answers = False
        line = await world.ring()
        line.leg.reject(status, "")
        await until(lambda: world.acs.asked("reject"))
        assert (line.reasons, world.acs.asked("reject")[0]["callRejectReason"]) == (["rejected"], reason)


def transfer(world: World, line: object, number: str, **headers: str) -> asyncio.Task[TransferEnded]:
    return asyncio.create_task(line.leg.transfer(Address.parse(number), headers))  # type: ignore[attr-defined]


@MODES
async def test_a_transfer_that_fails_keeps_the_caller_and_says_why(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        world.acs.refusals["+4930333"] = (486, 8539, "Busy Here")
        line, call = await world.talk(caller="+4930111")
        ended = await transfer(world, line, "+4930333")
        assert (ended.accepted, ended.status, ended.message) == (False, 486, "Busy Here (486/8539)")
        (wish,) = call.transferred
        assert wish["transferee"]["phoneNumber"]["value"] == "+4930111"
        await still_there(line, call)


@MODES
async def test_a_transfer_that_succeeds_takes_the_headers_along_and_ends_the_leg(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        line, call = await world.talk()
        many = {f"X-{number}": "v" for number in range(7)}
        headers = {**many, "User-to-User": "c0ffee", "X-Long": "v" * 300}
        ended = await asyncio.create_task(line.leg.transfer(Address.parse("tel:+4930333"), headers))
        assert ended.accepted
        await until(lambda: line.reasons == ["transfer"])
        (wish,) = call.transferred
        sent = wish["customCallingContext"]["sipHeaders"]
        assert sent == {**{f"X-{number}": "v" for number in range(5)}, "User-To-User": "c0ffee"}


@pytest.mark.parametrize("target", ["sip:sales@pbx.example", "1001"])
async def test_only_numbers_with_a_country_code_are_targets(target: str) -> None:
    async with acs_world() as world:
        line, _ = await world.talk()
        ended = await transfer(world, line, target)
        assert not ended.accepted and "only numbers that begin with +" in ended.message


async def test_keys_are_sent_in_portions_that_the_service_takes() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        line.leg.send_keys("0123456789*#ABCD0123456789")
        await until(lambda: call.tones == "0123456789*#ABCD0123456789")
        assert len(world.acs.asked("sendDtmfTones")) == 2


async def test_on_hold_the_caller_is_not_heard_but_hears_us() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        line.leg.hold(True)
        line.frames.clear()
        call.media.say(tone(0.2))
        await call.media.said()
        assert {frame for _, frame in line.frames} == {SILENCE}
        line.leg.hold(False)
        call.media.say(tone(0.2))
        await until(lambda: line.frames[-1][1] != SILENCE)


async def test_a_call_of_ours_is_answered_and_talks() -> None:
    async with acs_world() as world:
        line = world.take(await world.front_end.place(Address.parse("+4930555")))
        await until(lambda: line.up)
        (wish,) = [body for _, path, body in world.acs.requests if path == "callConnections"]
        assert (wish["sourceCallerIdNumber"]["value"], wish["targets"][0]["phoneNumber"]["value"]) == (
            "+4930999",
            "+4930555",
        )
        (call,) = world.acs.calls.values()
        line.say(0.1)
        await until(lambda: len(call.media.played) == 5)
        await call.end()
        await until(lambda: line.reasons == ["caller"])


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        ((486, 8539, "Busy Here"), NotReached.BUSY),
        ((603, 8538, "Decline"), NotReached.DECLINED),
        ((404, 8544, "Not Found"), NotReached.UNREACHABLE),
        ((480, 10037, "Temporarily Unavailable"), NotReached.NO_ANSWER),
        ((403, 10107, "Forbidden"), NotReached.REFUSED),
        ((500, 8500, "Internal"), NotReached.ERROR),
    ],
)
@MODES
async def test_a_call_of_ours_that_is_refused_says_why(
    refusal: tuple[int, int, str], outcome: NotReached, mode: str
) -> None:
    async with acs_world(mode=mode) as world:
        world.acs.refusals["+4930555"] = refusal
        line = world.take(await world.front_end.place(Address.parse("+4930555")))
        await until(lambda: line.closed)
        (told,) = line.facts
        assert isinstance(told, CallNotAnswered)
        assert (told.outcome, told.status, line.reasons) == (outcome, refusal[0], [outcome.value])


@MODES
async def test_a_call_of_ours_rings_no_longer_than_it_may_and_is_taken_back(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        world.acs.silent.add("+4930555")
        line = world.take(await world.front_end.place(Address.parse("+4930555"), ring_timeout_s=0.2))
        await until(lambda: line.closed)
        assert line.reasons == ["no-answer"]
        (call,) = world.acs.calls.values()
        await until(call.over.is_set)


@MODES
async def test_a_call_of_ours_that_is_hung_up_while_it_rings_is_cancelled(mode: str) -> None:
    async with acs_world(mode=mode) as world:
        world.acs.silent.add("+4930555")
        line = world.take(await world.front_end.place(Address.parse("+4930555")))
        await until(lambda: world.acs.calls)
        await line.leg.hang_up()
        assert line.reasons == ["cancelled"]
        (call,) = world.acs.calls.values()
        await until(call.over.is_set)


@MODES
@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [([403], "refused"), ([401], "refused"), ([400], "unreachable"), ([429] * 99, "error"), ([503] * 99, "error")],
)
async def test_a_call_of_ours_that_the_service_does_not_place_says_why(
    monkeypatch: pytest.MonkeyPatch, mode: str, statuses: list[int], outcome: str
) -> None:
    stays_busy = len(statuses) > 1
    monkeypatch.setattr(acs_client, "REQUEST_S", 0.5 if stays_busy else 60.0)
    async with acs_world(mode=mode) as world:
        world.acs.faults.refuse[:] = statuses
        line = world.take(await world.front_end.place(Address.parse("+4930555")))
        await until(lambda: line.closed)
        assert line.reasons == [outcome]
        assert ("no answer within 0.5 s" if stays_busy else str(statuses[0])) in line.closed
        assert not world.acs.calls


@pytest.mark.parametrize(
    ("to", "options", "headers", "why"),
    [
        ("sip:ada@pbx.example", {}, {}, "only numbers that begin with"),
        ("+4930555", {"number": ""}, {}, "Set acs.number"),
        ("+4930555", {}, {"X-A": "b"}, "cannot bring headers"),
    ],
)
async def test_what_cannot_be_called_is_said(
    to: str, options: dict[str, str], headers: dict[str, str], why: str
) -> None:
    async with acs_world(**options) as world:
        with pytest.raises(ValueError, match=why):
            await world.front_end.place(Address.parse(to), headers=headers)


async def test_an_attended_transfer_moves_the_target_into_the_callers_call_which_we_leave() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        other = world.take(await world.front_end.place(Address.parse("+4930333")))
        await until(lambda: other.up)
        consulted = list(world.acs.calls.values())[-1]
        ended = await asyncio.create_task(line.leg.transfer(Address.parse("+4930333"), {}, replaces=other.leg))
        assert ended.accepted and line.reasons == ["transfer"]
        assert (call.others, call.left) == (["4:+4930333"], True)
        await other.leg.hang_up()
        await until(consulted.over.is_set)
        assert not call.transferred


async def test_a_target_that_is_consulted_is_called_without_the_headers_that_cannot_travel() -> None:
    async with acs_world() as world:
        leg = await world.front_end.place(Address.parse("+4930333"), headers={"X-Case": "7"}, within_call=True)
        line = world.take(leg)
        await until(lambda: line.up)


async def test_an_attended_transfer_that_fails_keeps_the_caller() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        other = world.take(await world.front_end.place(Address.parse("+4930333")))
        await until(lambda: other.up)
        world.acs.faults.cannot_move = True
        ended = await asyncio.create_task(line.leg.transfer(Address.parse("+4930333"), {}, replaces=other.leg))
        assert not ended.accepted and "cannot be moved" in ended.message and not line.reasons
        await list(world.acs.calls.values())[-1].end()
        await until(lambda: other.reasons)
        ended = await asyncio.create_task(line.leg.transfer(Address.parse("+4930333"), {}, replaces=other.leg))
        assert (ended.accepted, ended.message) == (False, "the target has hung up")
        assert not call.left and line.leg.audible

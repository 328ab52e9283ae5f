"""Attended transfers, and greetings that are heard before the answer, over doubles of the session's neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from call_world import SECOND, Line, World

from voicebot.address import Address, Domain
from voicebot.audio import PCMU
from voicebot.call_headers import carried
from voicebot.calls import TransferRules
from voicebot.calls.playback import Playback
from voicebot.calls.tones import ringback
from voicebot.calls.transferring import Transferring
from voicebot.events import CallConfigured, CallNotAnswered, HangUpAsked, NotReached, TransferAsked, TransferEnded
from voicebot.legs import Leg, NoRoom
from voicebot.rtp import Playout
from voicebot.turns import FloorState, Transfer

pytestmark = pytest.mark.virtual_time

ATTENDED = {"headers": {"X-Case": "7"}, "attended": True, "announcement": "Here is a caller with a bill."}


class Desk:
    """A world whose callers can be handed on to :attr:`other`, attended."""

    def __init__(self, *, full: bool = False) -> None:
        self.other = Line("outbound", call_id="call-2")
        self.consulted: list[tuple[Address, str, Mapping[str, str]]] = []
        self.full = full
        self.world = World(transfers=TransferRules(("70??",), Domain.parse("pbx.example"), consult=self._consult))

    async def _consult(self, to: Address, trunk: str, headers: Mapping[str, str]) -> Leg:
        if self.full:
            raise NoRoom("there are too many calls")
        self.consulted.append((to, trunk, headers))
        return self.other

    async def asked(self, context: dict[str, Any]) -> World:
        """The bot has asked for the transfer, and the caller has heard everything."""
        world = await self.world.greeted()
        world.line.pull(60)
        world.bot.on_event(TransferAsked(world.now, Address.parse("7001"), **context))
        await world.settle()
        return world


async def test_the_target_is_called_told_and_then_taken_over_by_the_callers_side() -> None:
    desk = Desk()
    world = await desk.asked(ATTENDED)
    assert desk.consulted == [(Address.parse("sip:7001@pbx.example"), "", {"X-Case": "7"})]
    assert world.line.did[-1] == "hold"
    await world.until(lambda: world.line.pull(1) != b"")  # the tone
    assert not any(did.startswith("transfer") for did in world.line.did), "it still rings there"
    world.line.outcome = TransferEnded(world.now, True, 200, "OK")
    desk.other.rings.set()
    await world.settle()
    assert desk.other.pull(60) == SECOND, "the announcement"
    await world.until(lambda: desk.other.did[-1] == "ended")
    assert "transfer sip:7001@pbx.example" in world.line.did
    assert world.line.replaces is desk.other
    assert "resume" not in world.line.did
    world.line.end("transfer")
    await world.over()


class KeptLine(Line):
    """A leg whose call another process could go on with."""

    def kept(self) -> dict[str, Any]:
        return {"sip": {"call": self.info.call_id}}

    def give_up(self) -> None:
        """Nobody takes it."""


async def test_who_is_consulted_is_known_to_the_process_that_goes_on_with_the_call_as_long_as_it_lasts() -> None:
    desk = Desk()
    desk.other = KeptLine("outbound", call_id="call-2")
    leg = KeptLine()
    rules = TransferRules(("70??",), Domain.parse("pbx.example"), consult=desk._consult)
    transferring = Transferring("call-1", leg, rules, desk.world.session._commands.transferring._speaker)
    assert transferring.kept() is None
    work = asyncio.create_task(transferring.carry_out(Transfer(Address.parse("7001"), attended=True)))
    await desk.world.settle()
    assert transferring.kept() == {"sip": {"call": "call-2"}}
    desk.other.rings.set()
    assert not (await work).accepted
    assert transferring.kept() is None
    await desk.world.line.hang_up()
    await desk.world.over()


async def test_a_transfer_that_ends_the_call_is_in_its_record() -> None:
    desk = Desk()
    world = await desk.world.greeted()
    taken_over = TransferEnded(world.now, True, 200, "OK")

    async def transfer(target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None) -> Any:
        world.line.end("transfer")  # their BYE comes with the news, and the caller is still off the tone
        return taken_over

    world.line.transfer = transfer  # type: ignore[method-assign]
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, Address.parse("7001"), **ATTENDED))
    await world.settle()
    desk.other.rings.set()
    await world.settle()
    desk.other.pull(60)
    record = await world.over()
    assert (record["end"]["reason"], record["transfer"]["accepted"]) == ("transfer", True)
    assert desk.other.did[-1] == "ended"


async def test_the_announcement_is_spoken_by_the_voice_that_the_caller_hears() -> None:
    desk = Desk()
    world = await desk.world.greeted()
    world.line.pull(60)
    world.bot.on_event(CallConfigured(world.now, language="es-ES", voice="Elvira"))
    world.bot.on_event(TransferAsked(world.now, Address.parse("7001"), **ATTENDED))
    await world.settle()
    desk.other.rings.set()
    await world.settle()
    assert (world.mouth.voices[-1], world.mouth.languages[-1]) == ("Elvira", "es-ES")
    await world.line.hang_up()
    await world.over()


@pytest.mark.parametrize(
    ("fallback", "referred_to"),
    [
        ("+1 555 0199", "sip:+15550199@trunk.example:5060"),
        ("tel:+1-555-0199", "tel:+15550199"),
        ("people@pbx.example", "sip:people@pbx.example"),
    ],
)
async def test_the_fallback_works_in_the_call_however_it_is_written(fallback: str, referred_to: str) -> None:
    target = Address.parse(fallback)
    world = await World(transfers=TransferRules((), fallback=target)).greeted()
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, target))
    await world.until(lambda: f"transfer {referred_to}" in world.line.did)
    await world.line.hang_up()
    await world.over()


async def test_a_tel_uri_is_called_for_a_consultation_in_the_domain_of_numbers() -> None:
    desk = Desk()
    world = await desk.world.greeted()
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, Address.parse("tel:7001;ext=7"), **ATTENDED))
    await world.settle()
    assert desk.consulted[0][0] == Address.parse("sip:7001;ext=7@pbx.example;user=phone")
    await world.line.hang_up()
    await world.over()


async def test_a_target_that_is_busy_costs_the_caller_nothing_and_the_bot_is_told_why() -> None:
    desk = Desk()
    world = await desk.asked(ATTENDED)
    desk.other.refuse(CallNotAnswered(0.0, NotReached.BUSY, 486, "Busy Here"))
    await world.until(lambda: world.bot.told[-1].get("name") == "handoff.status")
    assert world.bot.told[-1]["value"] == {"state": "failed", "message": "busy Busy Here", "status": 486}
    assert world.line.did[-1] == "resume"
    assert not any(did.startswith("transfer") for did in world.line.did)
    world.says("I am sorry, nobody is there.")
    await world.settle()
    assert SECOND in world.line.pull(80)
    await world.line.hang_up()
    record = await world.over()
    assert record["transfer"]["status"] == 486


async def test_without_room_for_the_second_call_the_caller_is_back_with_the_bot() -> None:
    desk = Desk(full=True)
    world = await desk.asked(ATTENDED)
    assert world.bot.told[-1]["value"]["message"] == "there are too many calls"
    assert world.line.did[-1] == "resume"
    await world.line.hang_up()
    await world.over()


async def test_a_caller_who_hangs_up_meanwhile_leaves_no_second_call_behind() -> None:
    desk = Desk()
    world = await desk.asked(ATTENDED)
    await world.line.hang_up()
    await world.over()
    assert desk.other.did[-1] == "ended"


async def test_a_target_that_may_not_be_called_is_not_called_for_a_consultation_either() -> None:
    desk = Desk()
    world = await desk.world.greeted()
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, Address.parse("+19005550123"), **ATTENDED))
    await world.settle()
    assert desk.consulted == []
    assert world.bot.told[-1]["value"]["status"] == 403
    await world.line.hang_up()
    await world.over()


async def test_a_greeting_may_be_heard_before_the_call_is_answered() -> None:
    world = World(before_answer=lambda _trunk: "greeting")
    await world.settle()
    world.says("You have reached the service line.")
    await world.settle()
    assert world.line.did == ["early media"]
    assert world.line.pull(60) == SECOND
    await world.until(lambda: world.line.did[-1] == "answer")
    assert world.session.state is FloorState.WAITING
    await world.line.hang_up()
    record = await world.over()
    assert record["answered_ms"] is not None


async def test_a_greeting_that_no_longer_leaves_is_gone_on_with_in_the_answered_call() -> None:
    world = World(before_answer=lambda _trunk: "greeting")
    await world.settle()
    world.says("You have reached the service line.")
    await world.settle()
    assert world.line.did == ["early media"]
    world.line.audible = False  # the caller has sent nothing himself
    await world.until(lambda: world.line.did[-1] == "answer")
    assert world.line.pull(60) == SECOND
    await world.line.hang_up()
    await world.over()


async def test_a_bot_that_only_announces_something_hangs_up_without_having_answered() -> None:
    world = World(before_answer=lambda _trunk: "greeting")
    await world.settle()
    world.says("We are closed today.", done=False)
    world.bot.on_event(HangUpAsked(world.now))
    await world.settle()
    assert world.line.pull(60) == SECOND
    record = await world.over()
    assert world.line.did == ["early media", "ended"]
    assert record["answered"] is None


def test_the_waiting_tone_is_a_second_of_tone_in_five() -> None:
    samples = PCMU.decode(ringback(PCMU))
    assert len(samples) == 40_000
    assert abs(samples[:8000]).max() > 2000
    assert abs(samples[8100:]).max() < 20


async def test_a_transfer_waits_for_the_answer_to_a_call_whose_greeting_was_heard_early() -> None:
    world = World(before_answer=lambda _trunk: "greeting")
    await world.settle()
    world.says("I will connect you.", done=False)
    world.bot.on_event(TransferAsked(world.now, Address.parse("7001")))
    await world.settle()
    world.line.pull(60)
    await world.until(lambda: world.line.did[-1].startswith("transfer"))
    assert world.line.did.index("answer") < len(world.line.did) - 1
    await asyncio.sleep(0)
    await world.line.hang_up()
    await world.over()


@pytest.mark.parametrize("attended", [False, True])
async def test_a_number_is_handed_on_nowhere_where_the_caller_came_by_no_trunk(attended: bool) -> None:
    line, desk = Line(), Desk()
    await desk.world.greeted()
    line.info = replace(line.info, domain=None)
    transferring = Transferring(
        "c1", line, TransferRules(("70??", "*@pbx.example"), consult=desk._consult), _nobody_speaks
    )
    ended = await transferring.carry_out(Transfer(Address.parse("7001"), attended=attended))
    assert not ended.accepted and "calls.transfer_domain" in ended.message
    assert line.did == [] and desk.consulted == []
    if not attended:
        await transferring.carry_out(Transfer(Address.parse("ada@pbx.example")))
        await transferring.carry_out(Transfer(Address.parse("tel:7001")))
        assert line.did == ["transfer sip:ada@pbx.example", "transfer tel:7001"]
    await desk.world.line.hang_up()
    await desk.world.over()


def _nobody_speaks(_playout: Playout) -> Playback:
    raise AssertionError("nobody was called")


@pytest.mark.parametrize("headers", [{}, {"X-Case": "7", "user-to-user": "00aa;encoding=hex"}])
@pytest.mark.parametrize("attended", [False, True])
async def test_by_setting_a_transfer_carries_the_id_of_the_call_beside_what_the_bot_gives(
    headers: dict[str, str], attended: bool
) -> None:
    other, consulted, call = Line("outbound", call_id="call-2"), list[Mapping[str, str]](), "0123456789abcdef" * 2
    other.rings.set()

    async def consult(_to: Address, _trunk: str, headers: Mapping[str, str]) -> Leg:
        consulted.append(headers)
        return other

    line = Line()
    line.outcome = TransferEnded(0.0, True, 200, "OK")
    rules = TransferRules(("70??",), Domain.parse("pbx.example"), consult=consult, carry_id=True)
    transferring = Transferring(call, line, rules, _nobody_speaks)
    ended = await transferring.carry_out(Transfer(Address.parse("7001"), headers, attended, ""))
    assert ended.accepted and line.headers is not None
    assert carried(line.headers.values()) == call
    assert line.headers.get("X-Case") == headers.get("X-Case")
    (uui,) = (value for name, value in line.headers.items() if name.lower() == "user-to-user")
    assert uui.startswith(headers.get("user-to-user", ""))
    assert consulted == ([line.headers] if attended else [])

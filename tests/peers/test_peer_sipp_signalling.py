"""SIPp calls the SIP front end: its built-in caller, and scenarios of ours for what goes wrong on real lines.

Each scenario checks the answers that SIPp gets; the test then checks what the call looked like from inside.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from free_port import free_ports
from sipp_caller import NO_SIPP, SCENARIOS, SIPP, run_sipp

from voicebot.events import Event
from voicebot.legs import LegClosed
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

LOOPBACK = "127.0.0.1"
MEDIA_PORT, _ = free_ports(keep=True)

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(SIPP is None, reason=NO_SIPP),
]


class Sink:
    """Counts what a leg delivers, and keeps how it ended."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.frames = 0
        self.packets = 0
        self.ends: list[str] = []
        self.headers: dict[str, str] = {}

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1

    def sent(self, payload: bytes, at: float) -> None:
        self.packets += 1

    def key(self, key: str, at: float) -> None:
        self.keys.append(key)

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        self.ends.append(reason)


class Bot:
    """Answers each leg at once; one called "ringing" never; one called "short" is hung up on when it is up."""

    def __init__(self, endpoint: SipEndpoint | None = None) -> None:
        self.clock = MediaClock()
        self.ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        endpoint = endpoint or SipEndpoint(ListenAt(host=LOOPBACK, port=0))
        self.front = SipFrontEnd(endpoint, self.take, MediaOptions(self.clock, self.ports))
        self.sinks: list[Sink] = []
        self.legs: list[IncomingSipLeg] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def take(self, leg: IncomingSipLeg) -> None:
        sink = Sink()
        sink.headers = leg.info.headers
        self.legs.append(leg)
        self.sinks.append(sink)
        leg.connect(sink)
        leg.ring()
        if leg.info.callee != "ringing":
            task = asyncio.get_running_loop().create_task(self.serve(leg))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def serve(self, leg: IncomingSipLeg) -> None:
        try:
            await leg.answer()
            if leg.info.callee == "short":
                await leg.hang_up()
            elif leg.info.callee == "hold":
                leg.hold(True)
            elif leg.info.callee == "moves":
                while leg._session.rtp._path.source.target != (LOOPBACK, MEDIA_PORT + 20):
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)  # its ACK comes
                await leg.hang_up()
        except LegClosed:
            pass

    async def sipp(self, *arguments: str, callee: str = "bot", calls: int = 1, port: int = 0) -> None:
        """Run SIPp against the front end; see :func:`run_sipp`."""
        port = port or self.front.endpoint.port
        await run_sipp(port, "-mp", str(MEDIA_PORT), *arguments, callee=callee, calls=calls)

    async def scenario(self, name: str, *, callee: str = "bot", calls: int = 1) -> None:
        await self.sipp("-sf", str(SCENARIOS / f"{name}.xml"), callee=callee, calls=calls)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = Bot()
    bot.clock.start()
    await bot.front.start()
    yield bot
    assert bot.front.active == 0, "a call outlived its scenario"
    await bot.front.close()
    assert bot.ports.in_use == 0 and not bot.tasks and len(bot.clock) == 0
    await bot.clock.close()


async def test_the_built_in_caller_is_answered_and_hangs_up(bot: Bot) -> None:
    await bot.sipp("-sn", "uac", "-d", "300", calls=10)
    assert [sink.ends for sink in bot.sinks] == [["caller"]] * 10
    assert all(sink.packets > 5 for sink in bot.sinks)
    assert bot.front.endpoint.counters.malformed == 0


async def test_a_repeated_invite_makes_one_call(bot: Bot) -> None:
    await bot.sipp("-sf", str(SCENARIOS / "invite_repeated.xml"), "-nr", callee="ringing")
    assert bot.front.endpoint.counters.calls_in == 1
    assert bot.front.endpoint.counters.repeated == 1
    assert [sink.ends for sink in bot.sinks] == [["cancelled"]]


async def test_cancel_before_the_answer_ends_the_call(bot: Bot) -> None:
    await bot.scenario("cancel_before_answer", callee="ringing")
    assert bot.sinks[0].ends == ["cancelled"]


async def test_cancel_after_the_answer_has_no_effect(bot: Bot) -> None:
    await bot.scenario("cancel_after_answer")
    assert bot.sinks[0].ends == ["caller"]


async def test_the_200_is_repeated_until_the_ack_comes(bot: Bot) -> None:
    await bot.scenario("ack_lost")
    assert bot.front.endpoint.counters.retransmitted >= 2
    assert bot.sinks[0].ends == ["caller"]


async def test_hold_and_resume(bot: Bot) -> None:
    await bot.scenario("reinvite_hold")
    assert bot.sinks[0].ends == ["caller"]


async def test_the_offer_may_come_from_us(bot: Bot) -> None:
    await bot.scenario("offer_delayed")
    assert bot.sinks[0].ends == ["caller"] and bot.sinks[0].packets > 0


async def test_our_bye_follows_the_recorded_route(bot: Bot) -> None:
    await bot.scenario("record_route", callee="short")
    assert bot.sinks[0].ends == ["bot"]


async def test_a_reliable_180_a_session_timer_and_an_update(bot: Bot) -> None:
    await bot.scenario("prack")
    assert bot.sinks[0].ends == ["caller"]


async def test_a_re_invite_moves_the_audio_and_our_bye_goes_to_the_new_contact(bot: Bot) -> None:
    await bot.scenario("target_refresh", callee="moves")
    assert bot.sinks[0].ends == ["bot"]


async def test_changes_of_both_sides_at_once_are_refused_and_ours_is_tried_again(bot: Bot) -> None:
    await bot.scenario("glare", callee="hold")
    assert bot.sinks[0].ends == ["caller"]


async def test_we_refresh_the_session_where_we_are_asked_to_and_refuse_too_short_intervals(bot: Bot) -> None:
    await bot.scenario("session_timer")
    assert bot.sinks[0].ends == ["caller"]


async def test_a_call_takes_the_place_of_another_one(bot: Bot) -> None:
    staying = asyncio.ensure_future(bot.scenario("stays"))
    async with asyncio.timeout(10):
        while not (bot.legs and bot.legs[0]._call.is_up):
            await asyncio.sleep(0.01)
    dialog = bot.legs[0]._call._core.dialog
    assert dialog is not None
    replaced = f"{dialog.call_id};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}"
    await bot.sipp("-sf", str(SCENARIOS / "replaces.xml"), "-key", "replaced", replaced, "-mp", str(MEDIA_PORT + 50))
    await staying
    assert [sink.ends for sink in bot.sinks] == [["bot"], ["caller"]], "we end the one that was replaced"


async def test_what_networks_say_about_a_call_is_handed_on(bot: Bot) -> None:
    await bot.scenario("identity_headers")
    assert bot.sinks[0].headers == {
        "Diversion": "<sip:4711@example.com>;reason=no-answer",
        "P-Asserted-Identity": '"Ada" <sip:+493012345@example.com>',
        "Privacy": "id",
        "History-Info": "<sip:4711@example.com>;index=1",
        "User-to-User": "48656c6c6f;encoding=hex",
        "X-Queue": "gold",
    }


async def test_the_built_in_caller_over_tcp() -> None:
    bot = Bot(SipEndpoint(ListenAt("UDP", port=0), ListenAt("TCP", port=0)))
    bot.clock.start()
    await bot.front.start()
    port = bot.front.endpoint.listeners[1].port
    await bot.sipp("-sn", "uac", "-d", "200", "-t", "t1", calls=5, port=port)
    assert [sink.ends for sink in bot.sinks] == [["caller"]] * 5
    await bot.front.close()
    await bot.clock.close()


async def test_a_key_comes_by_info(bot: Bot) -> None:
    await bot.scenario("keys_by_info")
    assert bot.sinks[0].keys == ["7"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("options", None), ("require_unknown", 420), ("codec_unknown", 488), ("dialog_unknown", 481), ("malformed", 400)],
)
async def test_what_makes_no_call_is_answered_as_the_rfc_says(bot: Bot, name: str, status: int | None) -> None:
    await bot.scenario(name)
    assert not bot.sinks
    assert set(bot.front.endpoint.counters.rejected_by_status) == ({status} if status else set())

"""The phone page in a real browser: Chromium, without a window; its microphone beeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from browser import CONTRASTS, VOICE, Page, browser_page, needs_chromium
from phone_desk import Bot, PhoneDesk, phone_desk
from waiting import until

from voicebot.address import Address
from voicebot.legs.sip_restored import RestoredSipLeg
from voicebot.legs.sip_session import LegSession
from voicebot.rtp.dtls import own_identity
from voicebot.tasks import BackgroundTasks
from voicebot.web.phone_api import TICKET_S

pytestmark = [pytest.mark.peer, needs_chromium]

STATE = "document.getElementById('state').textContent"
NOTICE = "document.getElementById('notice').textContent"


@asynccontextmanager
async def phone(*options: str) -> AsyncIterator[tuple[PhoneDesk, Page]]:
    """The page, open, and what it calls."""
    async with phone_desk() as desk, browser_page(*(options or VOICE)) as page:
        await page.open(desk.console.url)
        yield desk, page
        # Nobody tells the page of these calls: 404.
        assert [complaint for complaint in page.complaints if "404" not in complaint] == []


async def click(page: Page, element: str) -> None:
    await page.ask(f"document.getElementById({element!r}).click()")


async def call(desk: PhoneDesk, page: Page) -> Bot:
    """Call, and be answered."""
    await click(page, "call")
    await page.until(f"{STATE}.startsWith('Connected')")
    return desk.calls[-1]


async def goes_silent(bot: Bot) -> None:
    """Return when nothing has been heard for a while; the microphone beeps every second."""
    async with asyncio.timeout(30):
        while True:
            before = bot.loud
            await asyncio.sleep(1.5)
            if bot.loud == before:
                return


async def test_one_calls_presses_keys_and_hangs_up() -> None:
    async with phone() as (desk, page):
        await page.ask("document.querySelector('details').open = true")
        for name, value in {"caller": "+4930111", "called": "+4930222"}.items():
            await page.ask(f"document.getElementById({name!r}).value = {value!r}")
        bot = await call(desk, page)
        info = bot.leg.info
        assert (info.caller, info.callee, info.trunk) == ("+4930111", "+4930222", "page")
        await until(lambda: bot.loud)
        await page.ask("document.querySelector('#keypad [value=\"5\"]').click()")
        await until(lambda: bot.keys == "5")
        await page.ask("document.activeElement.blur()")
        await page.ask("dispatchEvent(new KeyboardEvent('keydown', { key: '#' }))")
        await until(lambda: bot.keys == "5#")
        assert await page.ask("document.getElementById('pressed').textContent") == "5#"
        await click(page, "hangup")
        await until(lambda: bot.over == "caller")
        await page.until(f"{STATE} == 'You have hung up.'")
        await until(lambda: not desk.endpoint.active_calls)
        assert await page.ask("document.getElementById('audio').srcObject") is None
        again = await call(desk, page)
        await again.leg.hang_up()
        await page.until(f"{STATE} == 'The bot has hung up.'")


async def test_who_mutes_is_not_heard_and_who_holds_is_on_hold() -> None:
    async with phone() as (desk, page):
        bot = await call(desk, page)
        await until(lambda: bot.loud)
        await click(page, "mute")
        assert await page.ask("document.getElementById('mute').ariaPressed") == "true"
        await goes_silent(bot)
        await click(page, "mute")
        before = bot.loud
        await until(lambda: bot.loud > before)
        await click(page, "hold")
        await until(lambda: "HoldStarted" in bot.facts)
        await page.until(f"{STATE}.startsWith('Connected, on hold')")
        await click(page, "hold")
        await until(lambda: "HoldEnded" in bot.facts)
        before = bot.loud
        await until(lambda: bot.loud > before)


async def test_another_process_goes_on_with_a_call_with_keys_and_checks_of_its_own() -> None:
    """As behind a proxy, which keeps the connection when the process is gone."""
    async with phone() as (desk, page):
        bot = await call(desk, page)
        await until(lambda: bot.loud)
        before = bot.leg._session
        kept = json.loads(json.dumps(before.kept()))
        own_identity.cache_clear()  # another process has another certificate
        session = LegSession.go_on(desk.front_end.media, kept)
        leg = RestoredSipLeg(bot.leg._call, session, bot.leg.info, BackgroundTasks())
        before.rtp.give_up()
        await before.rtp.close()
        leg.connect(taken := Bot(leg))
        await leg.answer()
        await until(lambda: taken.loud and leg.quality().rtcp_received)
        assert leg.quality().encrypted and not leg.quality().not_authentic and taken.facts == []
        await leg.hang_up()
        await page.until(f"{STATE} == 'The bot has hung up.'")


async def test_a_transfer_is_told_and_counts_as_done() -> None:
    async with phone() as (desk, page):
        bot = await call(desk, page)
        done = await bot.leg.transfer(Address.parse("sip:+14255550123@127.0.0.1"))
        assert done.accepted
        await page.until(f"{STATE}.includes('Transferred to +14255550123')")
        await bot.leg.hang_up()
        await page.until("!document.getElementById('call').hidden")
        assert "Transferred to +14255550123" in await page.ask(STATE)


async def test_a_call_that_is_refused_says_why() -> None:
    async with phone() as (desk, page):
        for status, words in {
            486: "The line is busy.",
            404: "Nobody has the number",
            600: "The call was refused: 600",
        }.items():
            desk.refuses = status
            await click(page, "call")
            await page.until(f"{NOTICE}.startsWith({words!r})")
            await page.until("!document.getElementById('call').hidden && !document.getElementById('call').disabled")
        desk.front_end.drain()
        await click(page, "call")
        await page.until(f"{NOTICE}.startsWith('All lines are taken')")


async def test_without_leave_for_the_microphone_it_says_where_to_give_it() -> None:
    async with phone("--use-fake-device-for-media-stream") as (desk, page):
        microphone = {"name": "microphone"}
        await page.do("Browser.setPermission", permission=microphone, setting="denied", browserContextId=page.context)
        await click(page, "call")
        await page.until(f"{NOTICE}.includes('does not let this page use the microphone')")
        assert desk.calls == []


async def test_without_a_microphone_it_asks_for_one() -> None:
    async with phone("--use-fake-ui-for-media-stream") as (_, page):
        await click(page, "call")
        await page.until(f"{NOTICE}.startsWith('There is no microphone')")


async def test_when_the_service_is_gone_it_says_so() -> None:
    async with phone() as (desk, page):
        await desk.console.close()
        await click(page, "call")
        await page.until(f"{NOTICE}.startsWith('The bot cannot be reached')")
        page.complaints.clear()


async def test_a_connection_that_breaks_in_mid_call_is_made_again_and_the_call_goes_on() -> None:
    async with phone() as (desk, page):
        bot = await call(desk, page)
        desk.away = 1_000
        desk.cut()
        await page.until(f"{STATE}.includes('The connection to the bot has broken off')")
        before = bot.loud
        await until(lambda: bot.loud > before)
        desk.away = 0
        await page.until(f"{STATE}.startsWith('Connected') && !{STATE}.includes('broken off')")
        await bot.leg.hang_up()
        await page.until(f"{STATE} == 'The bot has hung up.'")

        gone = await call(desk, page)
        desk.away = 1_000
        desk.cut()
        await page.until(f"{STATE}.includes('The connection to the bot has broken off')")
        await gone.leg.hang_up()
        await until(lambda: not desk.endpoint.active_calls)
        desk.away = 0
        await page.until(f"{NOTICE}.includes('the call is over')")
        page.complaints.clear()


async def has_network(page: Page, has: bool) -> None:
    wire = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    await page.do("Network.enable")
    await page.do("Network.emulateNetworkConditions", offline=not has, **wire)
    await page.until(f"navigator.onLine == {json.dumps(has)}")


async def test_a_computer_without_network_for_a_while_keeps_its_call_and_is_reached_anew() -> None:
    """Browsers keep a websocket whose network is gone: its end would be told in minutes."""
    async with phone() as (desk, page):
        bot = await call(desk, page)
        await has_network(page, False)
        await page.until(f"{STATE}.includes('The connection to the bot has broken off')")
        await has_network(page, True)
        await page.until(f"{STATE}.startsWith('Connected') && !{STATE}.includes('broken off')")
        assert len(desk.connections) == 2
        before = bot.loud
        await until(lambda: bot.loud > before)
        await bot.leg.hang_up()
        await page.until(f"{STATE} == 'The bot has hung up.'")
        page.complaints.clear()


async def test_audio_whose_way_is_gone_finds_another_one_in_the_same_call() -> None:
    """As after a change of networks: nothing answers the checks of before, only those with new credentials."""
    async with phone() as (desk, page):
        bot = await call(desk, page)
        await until(lambda: bot.loud)
        handshake = bot.leg._session.rtp.protection._handshake
        assert handshake is not None and handshake._ice is not None
        before, old = handshake.terms.ice, handshake._ice
        old.receive = lambda data, source: None  # type: ignore[method-assign]
        await page.until(f"{STATE}.includes('No audio comes through at the moment')")
        await until(lambda: handshake.terms.ice != before)
        await page.until(f"{STATE}.startsWith('Connected') && !{STATE}.includes('No audio')")
        assert handshake._ice is not old
        await until(lambda: handshake.nominated is not None)
        heard = bot.loud
        await until(lambda: bot.loud > heard)
        await click(page, "hangup")
        await until(lambda: bot.over == "caller")


async def test_where_no_way_is_found_and_the_call_is_not_there_any_more_it_says_so() -> None:
    async with phone() as (desk, page):
        bot = await call(desk, page)
        await until(lambda: bot.loud)
        session = bot.leg._session.rtp
        session.protection._handshake._ice.receive = lambda data, source: None  # type: ignore[union-attr, method-assign]
        await page.until(f"{STATE}.includes('No audio comes through at the moment')")
        desk.away = 1
        desk.cut()
        await bot.leg.hang_up()
        await until(lambda: not desk.endpoint.active_calls)
        await page.until(f"{NOTICE}.includes('the call is over')")
        page.complaints.clear()


async def test_a_websocket_that_is_not_opened_is_tried_again_and_then_it_is_told() -> None:
    async with phone() as (desk, page):
        desk.away = 1
        await (await call(desk, page)).leg.hang_up()
        await page.until(f"{STATE} == 'The bot has hung up.'")
        desk.step = TICKET_S  # all tickets expire before they are shown
        await click(page, "call")
        await page.until(f"{NOTICE}.startsWith('The bot takes no connection from this page now')")
        desk.step = 0
        await call(desk, page)
        page.complaints.clear()


async def test_where_no_audio_comes_the_call_ends_and_it_says_why() -> None:
    async with phone_desk(media_host="127.9.9.9") as desk, browser_page(*VOICE) as page:
        await page.open(desk.console.url)
        await call(desk, page)
        await page.until(f"{NOTICE}.startsWith('No audio comes through.')")
        await until(lambda: not desk.endpoint.active_calls)


async def test_a_microphone_that_is_pulled_out_is_told() -> None:
    async with phone() as (desk, page):
        await page.ask("""
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wish) => globalThis.stream = await ask(wish);
            true""")
        await call(desk, page)
        await page.ask("stream.getTracks()[0].dispatchEvent(new Event('ended'))")
        assert "The microphone is gone" in await page.ask(NOTICE)


async def test_where_there_is_a_token_it_is_asked_for_and_kept_out_of_the_address() -> None:
    async with phone_desk("the-token") as desk, browser_page(*VOICE) as page:
        await page.open(desk.console.url)
        await click(page, "call")
        await page.until("!document.getElementById('access').hidden")
        await page.ask("document.getElementById('token').focus()")
        await page.type("the-token")
        await page.press("Enter")
        await page.until("!document.getElementById('phone').hidden")
        await call(desk, page)
        await page.open(f"{desk.console.url}#token=the-token")
        assert await page.ask("location.hash") == ""
        await call(desk, page)


async def test_every_text_has_the_contrast_of_wcag_aa_by_day_and_by_night() -> None:
    async with phone() as (desk, page):
        await page.ask("document.querySelector('details').open = true")
        seen = await page.ask(CONTRASTS)
        await call(desk, page)
        await click(page, "mute")
        await page.ask("document.getElementById('notice').hidden = false")
        await page.ask("document.getElementById('notice').textContent = 'something'")
        for dark in (False, True):
            await page.look(dark=dark)
            seen += await page.ask(CONTRASTS)
        assert len(seen) > 60
        enabled = [(contrast, text) for contrast, text in seen if text not in ("Mute", "Hold", *"0123456789*#")]
        assert [each for each in enabled if each[0] < 4.5] == []


async def test_on_narrow_screens_and_enlarged_nothing_is_cut_off() -> None:
    async with phone() as (_, page):
        for width, zoom in [(320, 1.0), (1280, 2.0), (1280, 4.0)]:
            await page.look(width=width, zoom=zoom)
            assert await page.ask("document.documentElement.scrollWidth <= innerWidth")


async def test_everything_is_reached_by_the_keyboard_in_the_order_of_the_page() -> None:
    async with phone() as (desk, page):
        for _ in await page.ask("[...document.querySelectorAll('header a')].map(a => a.href)"):
            await page.press("Tab")
        await page.press("Tab")
        assert await page.ask("document.activeElement.id") == "call"
        await page.press("Enter")
        await page.until(f"{STATE}.startsWith('Connected')")
        reached = list[str]()
        for _ in range(20):
            await page.press("Tab")
            reached.append(await page.ask("document.activeElement.id || document.activeElement.value || 'other'"))
        assert json.dumps(reached).find("mute") < json.dumps(reached).find("hold")
        assert {"hangup", "mute", "hold", *"123456789*0#"} <= set(reached)
        assert desk.calls[-1].over == ""

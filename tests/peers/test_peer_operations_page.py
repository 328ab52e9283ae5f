"""The page of operations in a real browser: Chromium, without a window."""

from __future__ import annotations

import pytest
from browser import CONTRASTS, HOSTILE, browser_page, needs_chromium
from let_in import let_in
from operations_desk import logger, operations_desk
from waiting import until

from voicebot.web import Panel, Role

pytestmark = [pytest.mark.peer, needs_chromium]

TEXT = "document.body.innerText"


async def test_what_is_wrong_is_marked_and_stays_text() -> None:
    async with operations_desk() as desk, browser_page() as page:
        desk.panels.append(Panel("Lines", [("trunk sbc", "does not answer")], HOSTILE, wrong=True))
        logger.error(HOSTILE[0])
        await page.open(f"{desk.console.url}operations")
        await page.until(f"{TEXT}.includes('needs attention')")
        assert await page.ask("document.title") == "Operations: look here"
        assert await page.ask("document.querySelectorAll('main img, iframe, main a, script:not([src])').length") == 0
        assert await page.ask("typeof globalThis.hacked") == "undefined"
        assert await page.ask(f"{TEXT}.includes('<script>')")
        assert page.complaints == []


async def test_the_service_is_drained_after_a_question() -> None:
    async with operations_desk() as desk, browser_page() as page:
        await page.open(f"{desk.console.url}operations")
        await page.until("document.getElementById('drain').checkVisibility()")
        await page.ask("document.getElementById('drain').click()")
        await page.until("document.getElementById('sure').open")
        await page.press("Enter")  # on what changes nothing
        await page.until("!document.getElementById('sure').open")
        assert desk.drained == 0
        await page.ask("document.getElementById('drain').click()")
        await page.ask("document.querySelector('#sure [value=drain]').click()")
        await until(lambda: desk.drained == 1)
        await page.until(f"{TEXT}.includes('this machine')")
        assert page.complaints == []


async def test_who_says_no_and_then_yes_at_once_drains_it_once() -> None:
    async with operations_desk() as desk, browser_page() as page:
        await page.open(f"{desk.console.url}operations")
        await page.until("document.getElementById('drain').checkVisibility()")
        clicks = ("#drain", "#sure [value=no]", "#drain", "#sure [value=drain]")
        await page.ask("; ".join(f"document.querySelector('{click}').click()" for click in clicks))
        await page.until(f"{TEXT}.includes('this machine')")
        assert desk.drained == 1


async def test_the_checks_are_run_and_what_is_wrong_comes_first_and_stays_text() -> None:
    async with operations_desk() as desk, browser_page() as page:
        good = {"check": "disk", "good": True, "detail": "much", "mend": "", "warning": False}
        bad = {"check": HOSTILE[0], "good": False, "detail": HOSTILE[1], "mend": HOSTILE[2], "warning": False}
        desk.findings += [good, bad]
        await page.open(f"{desk.console.url}operations")
        await page.until("document.getElementById('doctor').checkVisibility()")
        await page.ask("document.getElementById('doctor').click()")
        await page.until(f"{TEXT}.includes('1 of 2 need attention.')")
        told = await page.ask("[...document.querySelectorAll('#findings li')].map(e => e.textContent)")
        assert [each[:4] for each in told] == ["Bad:", "Good"] and "What to do: <svg" in told[0]
        assert await page.ask("typeof globalThis.hacked") == "undefined"
        assert page.complaints == []


async def test_a_viewer_is_not_offered_it() -> None:
    async with operations_desk(let_in("wall", Role.VIEWER)) as desk, browser_page() as page:
        await page.open(f"{desk.console.url}operations#token=wall")
        await page.until(f"{TEXT}.includes('2 & more')")
        assert not await page.ask("document.getElementById('drain').checkVisibility()")
        assert not await page.ask("document.getElementById('doctor').checkVisibility()")


async def test_the_checks_and_the_drain_are_reached_by_the_keyboard_and_the_question_is_left_by_it() -> None:
    async with operations_desk() as desk, browser_page() as page:
        await page.open(f"{desk.console.url}operations")
        await page.until("document.getElementById('drain').checkVisibility()")
        await page.ask("document.querySelector('header a:last-of-type').focus()")
        assert [name for name in await page.tabbed(4) if name in ("doctor", "drain")] == ["doctor", "drain"]
        await page.ask("document.getElementById('drain').focus()")
        await page.press("Enter")
        await page.until("document.getElementById('sure').open")
        assert await page.ask("document.getElementById('sure').contains(document.activeElement)")
        await page.press("Escape")
        await page.until("!document.getElementById('sure').open && document.activeElement.id == 'drain'")


async def test_every_text_has_the_contrast_of_wcag_aa_and_nothing_is_cut_off() -> None:
    async with operations_desk() as desk, browser_page() as page:
        desk.panels.append(Panel("Lines", [("trunk sbc", "does not answer")], ["x" * 200], wrong=True))
        logger.error("a trouble with a rather long text " * 10)
        await page.open(f"{desk.console.url}operations")
        await page.until(f"{TEXT}.includes('needs attention')")
        for dark in (False, True):
            await page.look(dark=dark)
            seen = await page.ask(CONTRASTS)
            assert len(seen) > 10
            assert [each for each in seen if each[0] < 4.5] == []
        for width, zoom in [(320, 1.0), (1280, 4.0)]:
            await page.look(width=width, zoom=zoom)
            assert await page.ask("document.documentElement.scrollWidth <= innerWidth")

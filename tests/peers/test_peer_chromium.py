"""The page `/assist` in a real browser: Chromium, without a window."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from assist_desk import OPERATOR, AssistDesk, assist_desk
from browser import CONTRASTS, HOSTILE, Page, browser_page, needs_chromium
from scene import play
from watched_call import CALLER, WatchedCallDouble, agent

from voicebot.assist.entries import ChecklistItem, PartiesChanged, Suggestion, Summary, Utterance, Withheld

pytestmark = [pytest.mark.peer, needs_chromium]

LINES = "[...document.querySelectorAll('#lines .text')].map(e => e.textContent)"
PARTIAL = "[...document.querySelectorAll('#partial .text')].map(e => e.textContent)"
SHOWN = "document.documentElement.outerHTML + JSON.stringify(sessionStorage) + location"


@asynccontextmanager
async def agents_page(**who: Any) -> AsyncIterator[tuple[AssistDesk, Page]]:
    """The page of the agent 7001, or of ``who``. Nothing may go wrong in it."""
    async with assist_desk() as desk, browser_page() as page:
        await page.open(f"{desk.url}/assist#token={desk.token(**(who or {'agent': '7001'}))}")
        yield desk, page
        assert page.complaints == []


def equal(expression: str, value: object) -> str:
    return f"JSON.stringify({expression}) === JSON.stringify({value!r})".replace("True", "true")


async def test_lines_appear_while_they_are_said_and_become_final() -> None:
    async with agents_page() as (desk, page):
        await page.until("document.body.innerText.includes('Waiting for a call')")
        assert await page.ask("document.getElementById('summarize').hidden"), "there is nothing yet to sum up"
        call = desk.call()
        await page.until("document.title.startsWith('Ada Miller, +15550100')")
        name = call.say("my parcel", partial=True)
        await page.until(equal(PARTIAL, ["my parcel"]))
        call.say("my parcel never", partial=True, name=name)
        await page.until(equal(PARTIAL, ["my parcel never"]))
        call.say("My parcel never came.", name=name)
        await page.until(equal(LINES, ["My parcel never came."]))
        assert await page.ask(PARTIAL) == []
        agents = call.say("I am", party="p2", partial=True)
        call.say("And another thing.", name="u9")
        await page.until(f"{LINES}.length == 2")
        call.say("I am sorry.", party="p2", name=agents)
        await page.until(equal(LINES, ["My parcel never came.", "I am sorry.", "And another thing."]))
        assert await page.ask("[...document.querySelectorAll('#lines .who')].map(e => e.textContent)") == [
            "Caller",
            "Agent",
            "Caller",
        ]
        call.say("noise", partial=True, name="u10")
        await page.until(f"{PARTIAL}.length == 1")
        call.say("", name="u10")
        await page.until(f"{PARTIAL}.length == 0")


async def test_what_is_withheld_is_marked_and_a_correction_leaves_nothing_of_it() -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        first = call.say("It is 4111 1111")
        await page.until(f"{LINES}.length == 1")
        call.feed.add(
            Utterance(first, "p1", "👍 It is [card number], yes", 0, 1, False, (Withheld("card number", 8, 21),))
        )
        await page.until("document.querySelectorAll('#lines mark').length == 1")
        assert await page.ask("document.querySelector('mark').textContent") == "[card number]"
        assert await page.ask("document.querySelector('mark').title") == "Withheld: card number"
        assert "4111" not in await page.ask(SHOWN)


async def test_the_page_is_reloaded_in_mid_call_and_nothing_is_lost() -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        play(call)
        await page.until(f"{PARTIAL}.length == 1")
        shown = await page.ask("document.querySelector('main#desk').innerText")
        assert await page.ask("location.hash") == ""
        await page.reload()
        call.feed.add(Utterance("s9", "p1", "Goodbye and have a nice day.", 55_000, 57_000, False))
        await page.until(f"{LINES}.length == 9")
        again = await page.ask("document.querySelector('main#desk').innerText")
        assert again == shown.replace("Goodbye and have a", "Goodbye and have a nice day.")


async def test_a_connection_that_breaks_is_made_again_where_it_was() -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        for n in range(3):
            call.say(str(n))
        await page.until(f"{LINES}.length == 3")
        await desk.api.streams.close()
        for n in range(3, 6):
            call.say(str(n))
        await page.until(equal(LINES, [str(n) for n in range(6)]))


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_script_in_words_and_names_stays_text(text: str) -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        call.feed.add(PartiesChanged(0, (replace(CALLER, name=text), replace(agent(), name=text))))
        call.feed.add(Utterance(text, "p1", text, 0, 1, False, (Withheld(text, 0, 3),), text))
        call.feed.add(Suggestion(text, text, text, text))
        call.feed.add(ChecklistItem(text, text))
        call.feed.add(Summary(text, (text,), (text,)))
        call.say("the last word", name="u99")
        await page.until(f"{LINES}.includes('the last word')")
        await page.until("document.querySelectorAll('article').length == 1")
        assert await page.ask("document.querySelectorAll('img, iframe, a:not(.skip), script:not([src])').length") == 0
        shown = text.replace("\ud83d", "?")
        assert await page.ask("document.querySelector('article h3').textContent") == shown
        assert await page.ask("document.querySelector('#checklist span').firstChild.textContent") == shown
        assert await page.ask("typeof globalThis.hacked") == "undefined"


async def test_the_policy_stops_what_the_page_does_not_do() -> None:
    async with agents_page() as (desk, page):
        desk.call()
        for attempt in (
            "try { document.body.innerHTML = '<b>'; 'done' } catch (e) { e.name }",
            "try { document.createElement('script').text = 'hacked = 1'; 'done' } catch (e) { e.name }",
            "fetch('http://127.0.0.1:1/').catch(e => e.name)",
        ):
            assert await page.ask(attempt) == "TypeError"
        assert page.complaints != []
        page.complaints.clear()


@pytest.mark.parametrize(
    ("who", "message"),
    [
        ({"agent": "7002", "call_id": "c1"}, "there is no such call"),
        ({"call_id": "c2"}, "there is no such call"),
        ({"agent": "7001", "life_s": -1.0}, "Your access has ended"),
    ],
)
async def test_who_may_not_see_the_call_sees_nothing_of_it(who: dict[str, Any], message: str) -> None:
    async with assist_desk() as desk, browser_page() as page:
        desk.call("c1", "7001").say("a secret")
        await page.open(f"{desk.url}/assist#call=c1&token={desk.token(**who)}")
        await page.until(f"document.getElementById('notice').textContent.includes({message!r})")
        assert "secret" not in await page.ask(SHOWN)
        assert "Ada" not in await page.ask(SHOWN)


async def test_without_a_token_the_page_asks_for_one() -> None:
    async with assist_desk() as desk, browser_page() as page:
        desk.call().say("hello")
        await page.open(f"{desk.url}/assist")
        await page.until("!document.getElementById('access').hidden")
        await page.ask("document.getElementById('token').focus()")
        await page.type(desk.token(agent="7001"))
        await page.press("Enter")
        await page.until(equal(LINES, ["hello"]))


async def test_access_that_expires_in_mid_call_ends() -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        call.say("hello")
        await page.until(equal(LINES, ["hello"]))
        desk.now += 3_600
        call.say("a secret")
        await page.until("document.getElementById('notice').textContent.startsWith('Your access has ended')")
        assert "secret" not in await page.ask(SHOWN)


async def test_a_call_that_is_taken_over_is_not_shown_any_more() -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        call.say("hello")
        await page.until(equal(LINES, ["hello"]))
        call.taken_by("7002")
        await page.until("document.getElementById('notice').textContent.startsWith('This call is not yours')")
        assert "hello" not in await page.ask(SHOWN)


async def test_an_agent_with_two_calls_chooses_between_them() -> None:
    async with agents_page() as (desk, page):
        desk.call("c1").say("one")
        await page.until(equal(LINES, ["one"]))
        second = desk.call("c2")
        second.say("two")
        await page.until("document.getElementById('call').options.length == 2")
        assert await page.ask(LINES) == ["one"]
        await page.ask(
            "(s => { s.value = 'c2'; s.dispatchEvent(new Event('change')) })(document.getElementById('call'))"
        )
        await page.until(equal(LINES, ["two"]))


async def test_a_supervisor_chooses_a_call_or_whose_calls() -> None:
    async with agents_page(supervisor=True) as (desk, page):
        await page.until("document.querySelector('#running li').textContent == 'None.'")
        desk.call("c1", "7001").say("one")
        desk.call("c2", "7002").say("two")
        await page.ask("document.getElementById('refresh').click()")
        await page.until("document.querySelectorAll('#running button').length == 2")
        await page.ask("document.querySelector('#running button').click()")
        await page.until(equal(LINES, ["one"]))
        await page.reload()
        await page.until("!document.getElementById('choice').hidden")
        await page.ask("document.getElementById('agent').focus()")
        await page.type("7002")
        await page.press("Enter")
        await page.until(equal(LINES, ["two"]))


async def tab_to(page: Page, name: str) -> None:
    for _ in range(20):
        await page.press("Tab")
        if await page.ask("document.activeElement.id || document.activeElement.value") == name:
            return
    raise AssertionError(f"{name} is not reached by the keyboard")


async def test_everything_is_done_by_the_keyboard() -> None:
    async with agents_page() as (desk, page):
        call = desk.call()
        play(call)
        await page.until(f"{LINES}.length == 8")
        await tab_to(page, "listen")
        await page.press("Enter")
        await page.until("document.getElementById('state').textContent == 'Not listening'")
        assert not call.listening
        await page.until("document.getElementById('lines').textContent.includes('Listening paused by the agent')")
        await page.until("document.activeElement.id == 'listen'")
        await page.press(" ")
        await page.until("document.getElementById('state').textContent == 'Listening'")
        await tab_to(page, "transcript")
        await tab_to(page, "identity")
        await page.press(" ")
        await page.until("document.querySelector('#checklist').textContent.includes('ticked by the agent')")
        await page.press(" ")
        assert await page.ask("document.querySelector('[value=identity]').checked") is True
        await tab_to(page, "words")
        await page.type("refund")
        await page.press("Enter")
        await page.until("document.getElementById('found').textContent.includes('Source: refunds.md: Refunds')")
        clipboard = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await page.do("Browser.grantPermissions", permissions=clipboard, browserContextId=page.context)
        await page.do("Emulation.setFocusEmulationEnabled", enabled=True)
        await tab_to(page, "summarize")
        await page.press("Enter")
        await page.until("document.getElementById('summary').textContent.includes('a late parcel')")
        await tab_to(page, "copy")
        await page.press("Enter")
        await page.until("document.getElementById('copied').textContent == 'Copied.'")
        copied = await page.ask("navigator.clipboard.readText()")
        assert copied.splitlines() == ["a late parcel", "Promised:", "- a call tomorrow", "Open:", "- the refund"]


@pytest.mark.parametrize("dark", [False, True])
async def test_every_text_has_the_contrast_of_wcag_aa(dark: bool) -> None:
    async with agents_page() as (desk, page):
        await page.look(dark=dark)
        call = desk.call()
        play(call)
        await call.pause("rule")
        await call.summary()
        await page.until("document.getElementById('summary').textContent.includes('a late parcel')")
        contrasts = await page.ask(CONTRASTS)
        assert len(contrasts) > 50
        assert [text for contrast, text in contrasts if contrast < 4.5] == []


async def test_at_twice_the_size_nothing_is_cut_off_and_the_newest_line_is_in_sight() -> None:
    async with agents_page() as (desk, page):
        await page.look(zoom=2.0)
        play(desk.call())
        await page.until(f"{LINES}.length == 8")
        assert await page.ask("document.documentElement.scrollWidth <= innerWidth")
        box = "document.getElementById('transcript')"
        await page.until(f"{box}.scrollTop > 0 && {box}.scrollHeight - {box}.scrollTop - {box}.clientHeight < 2")
        await page.ask(f"{box}.scrollTop = 0")
        await page.until("!document.getElementById('newest').hidden")
        await page.ask("document.getElementById('newest').click()")
        await page.until("document.getElementById('newest').hidden")


async def test_the_operator_gives_a_link_that_opens_the_call() -> None:
    async with assist_desk() as desk, browser_page() as page:
        desk.call("c1").say("one")
        desk.call("c2").say("two")
        _, made = await desk.ask("POST", "/v1/assist/tokens", OPERATOR, {"Role": "call", "CallId": "c2"})
        await page.open(desk.url + made["Page"])
        await page.until(equal(LINES, ["two"]))
        assert made["Token"] not in await page.ask("location.href + document.documentElement.outerHTML")


async def test_after_the_end_the_summary_is_still_there_also_after_a_reload() -> None:
    async with agents_page() as (desk, page):
        call: WatchedCallDouble = desk.call()
        call.say("goodbye")
        await page.until(equal(LINES, ["goodbye"]))
        await call.summary()
        call.end()
        desk.roster.ended(call)
        for _ in range(2):
            await page.until("document.getElementById('state').textContent == 'The call has ended'")
            assert await page.ask(LINES) == ["goodbye"]
            assert await page.ask("document.getElementById('listen').hidden") is True
            assert "a late parcel" in await page.ask("document.getElementById('summary').textContent")
            await page.reload()

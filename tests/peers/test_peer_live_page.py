"""The page of running calls in a real browser: Chromium, without a window."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import CONTRASTS, HOSTILE, Page, browser_page, needs_chromium
from folder_line import write
from let_in import let_in
from live_desk import LiveDesk, live_desk
from waiting import until

from voicebot.audio import PCMA, PCMU
from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.calls import CallSession
from voicebot.events import StepReached
from voicebot.web import Role
from voicebot.web.one_script import one_script
from voicebot.web.pages import page_files

pytestmark = [pytest.mark.peer, needs_chromium]

STORY = "document.getElementById('story').innerText"
ROWS = "[...document.querySelectorAll('#rows tr')].map(row => row.innerText)"


@asynccontextmanager
async def page_of_calls(token: str = "") -> AsyncIterator[tuple[LiveDesk, Page]]:
    async with live_desk(token) as desk, browser_page() as page:
        await page.open(f"{desk.console.url}live")
        yield desk, page
        assert page.complaints == []


async def opened(desk: LiveDesk, page: Page) -> None:
    """The first call is opened."""
    await page.until(f"{ROWS}.length > 0")
    await page.ask("document.querySelector('#rows button').click()")
    await page.until(f"{STORY}.includes('Hello, how can I help?')")


async def test_calls_come_and_go_and_one_is_read_as_it_is_spoken() -> None:
    async with page_of_calls() as (desk, page):
        await page.until("!document.getElementById('none').hidden")
        call = await desk.call()
        await opened(desk, page)
        await page.until("document.querySelector('#story .bot').classList.contains('speaking')")
        await desk.caller_says(call, "Where is my parcel?", hypothesis="where is")
        await page.until(f"{STORY}.includes('Where is my parcel?')")
        await page.until(f"{ROWS}.some(row => row.includes('Where is my parcel?'))")
        await desk.bot_says("It is on its way.")
        await page.until(f"{STORY}.includes('It is on its way.')")
        assert await page.ask("document.querySelectorAll('#floor rect').length") >= 2
        heads = await page.ask("[...document.querySelectorAll('thead th')].map(e => e.textContent)")
        cells = await page.ask("[...document.querySelectorAll('#rows td')].map(e => e.innerText)")
        assert dict(zip(heads, cells, strict=True))["Bot"] == "billing"
        await page.ask("document.getElementById('hangup').click()")
        await page.until(f"{STORY}.includes('The call has ended: bot.')")
        await page.until("!document.getElementById('none').hidden")
        await until(lambda: not desk.calls.running())
        assert await page.ask("document.getElementById('hangup').disabled")


async def test_calls_of_other_nodes_are_seen_and_not_opened_here() -> None:
    async with page_of_calls() as (desk, page):
        await desk.call()
        desk.elsewhere.append(
            {"id": "far", "node": "<b>node 2</b>", "from": "+15550101", "to": "bot", "trunk": "sbc", "bot": "billing"}
            | {"state": "up", "started": None}
        )
        await page.until(f"{ROWS}.length == 2")
        far = f"{ROWS}.find(row => row.includes('+15550101'))"
        assert "goes on at <b>node 2</b>; no more is known here" in await page.ask(far)
        assert await page.ask("document.querySelectorAll('#rows button').length") == 1
        assert await page.ask("document.getElementById('count').textContent") == "2 calls"
        desk.elsewhere.clear()
        await page.until(f"{ROWS}.length == 1")


async def test_what_is_still_to_be_said_stands_after_what_is_said() -> None:
    story = one_script(page_files(), "live/story.js")
    lines = [
        {"event": "first_audio", "at_ms": 1, "utterance": 1, "request": 1, "text": "Welcome."},
        {"event": "first_audio", "at_ms": 2, "utterance": 2, "request": 1, "text": "How can I help?"},
        {"event": "playback_started", "at_ms": 3, "utterance": 1},
        {"event": "key_pressed", "at_ms": 4, "key": "1"},
        {"event": "key_pressed", "at_ms": 5, "key": "2"},
    ]
    async with page_of_calls() as (_, page):
        told = await page.ask(
            f"(() => {{ {story} const story = new module_live_story_js.Story();"
            f" for (const line of {json.dumps(lines)}) story.take(line);"
            " return story.entries.map(({ text }) => text) })()"
        )
    assert told == ["Welcome.", "1 2", "How can I help?"]


async def test_where_there_is_no_picture_of_the_dialogs_it_says_why() -> None:
    async with page_of_calls() as (desk, page):
        call = await desk.call()
        desk.pictures[call.id] = "why: the picture has 1,200 kB"
        await opened(desk, page)
        await page.until("document.getElementById('no-flow').textContent == 'the picture has 1,200 kB.'")
        await page.ask("document.getElementById('close').click()")
        assert await page.ask("document.getElementById('no-flow').hidden")
        page.complaints.clear()  # the browser tells of each 404


FLOW = """
title: "</title><script>hacked = 1</script>"
steps:
  - {id: hello, say: "Hello, how can I help?"}
  - {id: when, ask: "<img src=x onerror='hacked = 1'> When?", date: true, save: day, confirm: "{day|date}?"}
  - {id: pin, ask: Your PIN?, digits: 4, sensitive: true, save: pin}
"""


def reached(call: CallSession, request: int, step: str, **told: Any) -> None:
    call.dispatch(StepReached(0.0, request, f"main.{step}", (f"main.{step}",), **told))


async def test_the_step_is_lit_up_in_the_flow_with_what_was_taken_and_the_variables(tmp_path: Path) -> None:
    lit = "[...document.querySelectorAll('#flow .here .id')].map(e => e.textContent).join()"
    variables = "document.getElementById('variables').innerText"
    async with page_of_calls() as (desk, page):
        call = await desk.call()
        desk.pictures[call.id] = draw(load_dialogs(write(tmp_path / "d", main=FLOW)), styled=False)
        reached(call, 1, "when")
        await opened(desk, page)
        await page.until(f"{lit} == 'when'")
        await page.until(f"{ROWS}.some(row => row.includes('main.when'))")
        await desk.caller_says(call, "tomorrow at noon")
        asked = len(desk.world.bot.told)
        hostile = {f"v{number}": text for number, text in enumerate(HOSTILE[:-1])}
        reached(call, asked, "pin", took="date", value=f"day = {HOSTILE[1]}", variables={**hostile, "pin": None})
        await page.until(f"{lit} == 'pin'")
        assert await page.ask("document.querySelectorAll('#flow .been').length") == 2
        assert await page.ask("document.querySelector('#story .took').textContent") == (
            f"taken for date: day = {HOSTILE[1]}"
        )
        told = await page.ask(variables)
        assert all(text.split("\u2028")[0].strip() in told for text in HOSTILE[:-1]) and "hidden" in told
        inside = await page.ask("document.querySelector('#flow').getBoundingClientRect().bottom")
        here = await page.ask("document.querySelector('#flow .here').getBoundingClientRect().bottom")
        assert here <= inside, "it is brought into sight"
        assert await page.ask("document.querySelectorAll('img, iframe, main a, script:not([src])').length") == 0
        assert await page.ask("typeof globalThis.hacked") == "undefined"


async def test_of_bots_of_others_nothing_is_shown_of_where_a_call_is() -> None:
    async with page_of_calls() as (desk, page):
        await desk.call()
        await opened(desk, page)
        assert "has not told" in await page.ask("document.getElementById('step').textContent")
        assert await page.ask("document.getElementById('flow').hidden")


async def test_one_listens_in_and_hears_what_is_said() -> None:
    async with page_of_calls() as (desk, page):
        call = await desk.call()
        await opened(desk, page)
        await page.ask("document.getElementById('listen').click()")
        await until(lambda: len(call.listeners) == 1)
        for _ in range(10):
            call.frame(b"\x11" * 160, desk.world.now)
        await page.until("document.getElementById('heard').textContent.includes('You hear the call')")
        assert await page.ask("document.getElementById('listen').getAttribute('aria-pressed')") == "true"
        await page.ask("document.getElementById('listen').click()")
        await until(lambda: not len(call.listeners))
        assert await page.ask("document.getElementById('heard').textContent") == ""


async def test_the_samples_are_those_of_our_own_decoder() -> None:
    blocks = one_script(page_files(), "live/audio_blocks.js")
    async with page_of_calls() as (_, page):
        for name, audio in (("PCMU", PCMU), ("PCMA", PCMA)):
            decoded = await page.ask(
                f"(() => {{ {blocks} return [...module_live_audio_blocks_js.decoder('{name}')"
                "(Uint8Array.from({length: 256}, (_, n) => n))].map(x => x * 32768) })()"
            )
            assert decoded == audio.decode(bytes(range(256))).tolist()


async def test_a_caller_is_transferred_and_what_is_refused_is_told() -> None:
    async with page_of_calls() as (desk, page):
        await desk.call()
        await opened(desk, page)
        await page.ask("document.getElementById('target').focus()")
        await page.type("sip:agent@there.example:5070")
        await page.press("Enter")
        await page.until("document.getElementById('notice').textContent.includes('calls.transfer_allow')")
        page.complaints.clear()  # the browser tells of the 409
        await page.ask("document.getElementById('target').value = ''")
        await page.type("+4930123")
        await page.press("Enter")
        await page.until("document.getElementById('notice').hidden")
        await page.until(f"{STORY}.includes('The bot transfers the caller to +4930123')")


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, False), (Role.AGENT, False), (Role.OPERATOR, True)])
async def test_who_may_not_hang_up_is_not_offered_it(role: Role, may: bool) -> None:
    async with live_desk("shown", access=let_in("shown", role)) as desk, browser_page() as page:
        await page.open(f"{desk.console.url}live#token=shown")
        await desk.call()
        await page.until(f"{ROWS}.length > 0")
        await page.ask("document.querySelector('#rows button').click()")
        await page.until("!document.getElementById('one').hidden")
        assert await page.ask("document.getElementById('controls').checkVisibility()") == may
        told = await page.ask("document.body.innerText")
        assert ("+15550100" in told) == (role >= Role.AGENT)
        assert page.complaints == []


async def test_what_the_caller_did_not_hear_is_struck() -> None:
    async with page_of_calls() as (desk, page):
        call = await desk.call(says="Hello, how can I help? You can say billing, outage, or agent.")
        await opened(desk, page)
        desk.lines[-1].pull(20)
        await desk.caller_says(call, "An agent, please.")
        await page.until("document.querySelectorAll('#story s').length == 1")
        struck = await page.ask("document.querySelector('#story s').textContent")
        assert struck.endswith("or agent.") and "Hello" not in struck


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_script_in_words_numbers_and_dialogs_stays_text(text: str) -> None:
    async with page_of_calls() as (desk, page):
        call = await desk.call(caller=text)
        await opened(desk, page)
        await desk.caller_says(call, text)
        await desk.bot_says(text)
        desk.lines[-1].pull(200)
        await desk.world.settle()
        await desk.bot_says("The last word.")
        await page.until(f"{STORY}.includes('The last word.')")
        assert await page.ask("document.querySelectorAll('img, iframe, main a, script:not([src])').length") == 0
        assert await page.ask("typeof globalThis.hacked") == "undefined"


async def test_where_there_is_a_token_it_is_asked_for() -> None:
    async with page_of_calls("the-token") as (desk, page):
        await page.until("!document.getElementById('access').hidden")
        page.complaints.clear()  # the browser tells of each 401
        await desk.call()
        await page.ask("document.getElementById('token').focus()")
        await page.type("the-token")
        await page.press("Enter")
        await opened(desk, page)
        page.complaints.clear()


HOLD_BACK = """
const ask = globalThis.fetch;
const given = new Promise((resolve) => (globalThis.letGo = resolve));
globalThis.fetch = async (url, options) => {
  const answer = await ask(url, options);
  if (answer.status === 401 && String(url).endsWith('events')) await given;
  return answer;
};
"""
"""In the page: that the stream is refused is not told before `letGo()`."""


async def test_a_refusal_of_the_token_before_does_not_throw_away_the_one_that_was_given_since() -> None:
    async with live_desk("the-token") as desk, browser_page() as page:
        await page.do("Page.addScriptToEvaluateOnNewDocument", source=HOLD_BACK)
        await page.open(f"{desk.console.url}live#token=no-longer-good")
        await page.until("!document.getElementById('access').hidden")
        await desk.call()
        await page.ask("document.getElementById('token').focus()")
        await page.type("the-token")
        await page.press("Enter")
        await opened(desk, page)
        await page.ask("new Promise((resolve) => { letGo(); setTimeout(resolve, 100) })")
        assert await page.ask("document.getElementById('access').hidden")
        await page.reload()
        await opened(desk, page)


async def test_every_text_has_the_contrast_of_wcag_aa_by_day_and_by_night() -> None:
    async with page_of_calls() as (desk, page):
        call = await desk.call()
        await opened(desk, page)
        await desk.caller_says(call, "Where is my parcel?")
        await desk.bot_says("It is on its way.")
        await page.until(f"{STORY}.includes('It is on its way.')")
        for dark in (False, True):
            await page.look(dark=dark)
            seen = await page.ask(CONTRASTS)
            assert len(seen) > 20
            assert [each for each in seen if each[0] < 4.5] == []


async def test_a_call_is_opened_and_all_that_may_be_done_to_it_is_reached_by_the_keyboard() -> None:
    async with page_of_calls() as (desk, page):
        call = await desk.call()
        await page.until(f"{ROWS}.length > 0")
        await page.ask("document.querySelector('header a:last-of-type').focus()")
        assert await page.tabbed(1) == [str(call.info.caller)]
        await page.press("Enter")
        await page.until(f"{STORY}.includes('Hello, how can I help?')")
        await desk.caller_says(call, "Where is my parcel?")
        await page.until(f"{ROWS}.some(row => row.includes('Where is my parcel?'))")
        reached = await page.tabbed(8)  # from the button of the row, which has been drawn anew meanwhile
        wanted = ["close", "listen", "hangup", "target", "Transfer"]
        assert [name for name in reached if name in wanted] == wanted


async def test_on_narrow_screens_and_enlarged_nothing_is_cut_off() -> None:
    async with page_of_calls() as (desk, page):
        await desk.call()
        await opened(desk, page)
        for width, zoom in [(320, 1.0), (1280, 4.0)]:
            await page.look(width=width, zoom=zoom)
            assert await page.ask("document.documentElement.scrollWidth <= innerWidth")

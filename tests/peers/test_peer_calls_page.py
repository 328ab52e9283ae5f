"""The page of calls that were in a real browser: Chromium, without a window."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from browser import CONTRASTS, HOSTILE, VOICE, Page, browser_page, needs_chromium
from kept_calls import BEGAN, call_name, kept_call, record_audio
from records_desk import ROLES, RecordsDesk, records_desk

from voicebot.archive.client import Answer
from voicebot.events import KeyPressed, PlaybackEnded, PlaybackStarted, StepReached
from voicebot.web import Role

pytestmark = [pytest.mark.peer, needs_chromium]

ROWS = "document.querySelectorAll('#rows a').length"
SAID = "document.getElementById('transcript').innerText"
SHOWN = "document.querySelectorAll('#transcript li').length > 1"
CALLS = [
    kept_call(
        1,
        [("Where is my parcel?", "It is on its way."), ("Thank you", "Goodbye!")],
        further=[StepReached(2.4, 1, "main.what", ("main.look", "main.what"), "choice", "parcel")],
    ),
    kept_call(2, [("apples please", "Here.")], caller="+4930123456", reason="bot", began=BEGAN + timedelta(hours=1)),
]


@asynccontextmanager
async def page_of_calls(
    place: Path, after: str = "", tokens: dict[str, Role] | None = None
) -> AsyncIterator[tuple[RecordsDesk, Page]]:
    async with records_desk(place, tokens) as desk, browser_page(*VOICE) as page:
        await desk.keep(*CALLS)
        record_audio(desk.folder / f"{call_name(1)}.wav", 0.5, 0.3, seconds=11.0)
        await page.open(f"{desk.console.url}calls{after}")
        yield desk, page
        assert page.complaints == []


async def test_calls_are_searched_one_is_opened_and_there_is_a_way_back(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path) as (_, page):
        await page.until(f"{ROWS} == 2")
        await page.ask("document.querySelector('[name=words]').focus()")
        await page.type("parc")
        await page.press("Enter")
        await page.until(f"{ROWS} == 1 && document.querySelector('mark').textContent == 'parcel'")
        assert "words=parc" in await page.ask("location.hash")
        await page.ask("document.querySelector('#rows a').click()")
        await page.until(SHOWN)
        said = await page.ask(SAID)
        assert said.index("Where is my parcel?") < said.index("It is on its way.") < said.index("Goodbye!")
        assert "all that was asked for was said" in said and "after 0.50 s" in said
        assert "taken for choice: parcel" in said and "step main.look › main.what" in said
        await page.ask("history.back()")
        await page.until(f"!document.getElementById('list').hidden && {ROWS} == 1")
        await page.ask("document.querySelector('button[type=reset]').click()")
        await page.until(f"{ROWS} == 2")


async def test_what_is_asked_for_is_in_the_address_and_choices_are_offered(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path, "#outcome=bot&number=30123") as (_, page):
        await page.until(f"{ROWS} == 1 && document.querySelector('[name=outcome]').value == 'bot'")
        assert await page.ask("document.querySelector('[name=number]').value") == "30123"
        await page.ask("location.hash = 'outcome=nothing'")
        await page.until("!document.getElementById('none').hidden")


async def test_a_call_is_read_before_the_archive_has_told_how_loud_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with page_of_calls(tmp_path) as (desk, page):
        await page.until(f"{ROWS} == 2")
        told, get = asyncio.Event(), desk.archive.get

        async def late(path: str, query: dict[str, str] | None = None) -> Answer:
            if path.endswith("/waves"):
                await told.wait()
            return await get(path, query)

        monkeypatch.setattr(desk.archive, "get", late)
        await page.ask(f"location.hash = 'call={call_name(1)}'")
        await page.until(f"{SHOWN} && document.getElementById('picture').classList.contains('silent')")
        assert await page.ask("document.getElementById('player').hidden")
        told.set()
        await page.until("document.getElementById('audio').readyState >= 2")
        assert await page.ask("document.querySelectorAll('#picture path.caller').length") == 1
        assert await page.ask("document.querySelectorAll('.hear').length") > 0


async def test_a_word_is_clicked_and_heard_and_shown_while_it_is_played(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path, f"#call={call_name(1)}") as (_, page):
        await page.until(SHOWN)
        await page.until("document.getElementById('audio').readyState >= 2")
        assert await page.ask("document.querySelectorAll('#picture path.caller').length") == 1
        await page.ask("[...document.querySelectorAll('.word')].find(w => w.textContent == 'Goodbye!').click()")
        await page.until("!document.getElementById('audio').paused")
        assert 6.3 < await page.ask("document.getElementById('audio').currentTime") < 8.5
        await page.until("document.querySelector('.now')?.textContent == 'Goodbye!'")
        await page.until("document.querySelector('.head').getAttribute('x1') > 0")
        await page.ask("document.querySelector('.hear').focus()")
        await page.press("Enter")
        await page.until("document.getElementById('audio').currentTime < 3")
        box = await page.ask("(() => { const b = document.querySelector('#picture svg').getBoundingClientRect();"
                             "return [b.left, b.top, b.width] })()")  # fmt: skip
        await page.ask("document.getElementById('audio').pause()")
        where = f"clientX: {box[0] + box[2] / 2}, clientY: {box[1] + 20}, bubbles: true"
        await page.ask(f"document.querySelector('#picture svg').dispatchEvent(new MouseEvent('click', {{{where}}}))")
        await page.until("!document.getElementById('audio').paused")
        assert 5 < await page.ask("document.getElementById('audio').currentTime") < 11


async def test_the_picture_is_drawn_anew_where_the_window_becomes_another_one(tmp_path: Path) -> None:
    widths = "[...document.querySelectorAll('#picture svg')].map(row => row.viewBox.baseVal.width)"
    async with page_of_calls(tmp_path, f"#call={call_name(1)}") as (_, page):
        await page.until(SHOWN)
        await page.look(width=1280)
        await page.until(f"{widths}[0] > 1000")
        await page.look(width=360)
        await page.until(f"{widths}[0] < 360 && {widths}.length > 1")


async def test_what_the_caller_did_not_hear_is_struck_and_keys_are_told(tmp_path: Path) -> None:
    interrupted = [KeyPressed(6.0, "4"), PlaybackStarted(6.1, 9), PlaybackEnded(6.6, 9, 0.5, False, 5.0)]
    record = kept_call(3, further=interrupted)
    record["turns"][0]["bot"]["utterances"][-1]["text"] = "You can say billing, outage, or agent."
    async with page_of_calls(tmp_path) as (desk, page):
        await desk.keep(record)
        await page.open(f"{desk.console.url}calls#call={call_name(3)}")
        await page.until(SHOWN)
        assert "agent." in await page.ask("document.querySelector('#transcript s').textContent")
        assert await page.ask("document.querySelectorAll('#picture .cut').length") == 1
        assert await page.ask("document.querySelector('#picture .key').textContent") == "4"


async def test_where_the_call_was_in_the_dialogs_is_shown_and_moves_with_the_recording(tmp_path: Path) -> None:
    steps = [
        StepReached(2.4, 1, "main.when", ("main.hi", "main.when"), dialogs="3f2a"),
        StepReached(6.4, 2, "main.end"),
    ]
    record = kept_call(5, [("On Monday", "Which week?"), ("This one", "Goodbye!")], further=steps)
    shown = "document.querySelector('#flow .here > title')?.textContent"
    async with page_of_calls(tmp_path) as (desk, page):
        group = "<g id='main.{0}'><title>{0}</title><script>hacked = 1</script></g>"
        drawn = "".join(group.format(step) for step in ("hi", "when", "end"))
        desk.pictures["3f2a"] = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 90'><g>{drawn}</g></svg>"
        await desk.keep(record)
        record_audio(desk.folder / f"{call_name(5)}.wav", 0.5, 0.3, seconds=11.0)
        await page.open(f"{desk.console.url}calls#call={call_name(5)}")
        await page.until(f"{shown} == 'end'")
        assert await page.ask("document.querySelectorAll('#flow .been').length") == 3
        assert await page.ask("typeof globalThis.hacked") == "undefined"
        await page.until("document.getElementById('audio').readyState >= 2")
        await page.ask("[...document.querySelectorAll('.word')].find(w => w.textContent == 'Which ').click()")
        await page.until(f"{shown} == 'when'")


@pytest.mark.parametrize(("version", "why"), [("77b0", "77b0 does not run"), ("", "does not say which version")])
async def test_where_the_picture_of_the_dialogs_is_not_there_any_more_it_says_why(
    version: str, why: str, tmp_path: Path
) -> None:
    async with page_of_calls(tmp_path) as (desk, page):
        await desk.keep(kept_call(5, further=[StepReached(2.4, 1, "main.when", dialogs=version)]))
        await page.open(f"{desk.console.url}calls#call={call_name(5)}")
        await page.until(f"document.getElementById('no-flow').innerText.includes({why!r})")
        assert await page.ask("document.getElementById('flow').hidden")
        await page.open(f"{desk.console.url}calls#call={call_name(2)}")
        await page.until(SHOWN)
        assert await page.ask("document.getElementById('where').hidden")
        page.complaints.clear()  # the browser tells of each 404


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_script_in_words_numbers_and_headers_stays_text(tmp_path: Path, text: str) -> None:
    record = kept_call(4, [(text, text)], caller=text, callee=text, bot=text, trunk=text, reason=text)
    record["failures"] = [{"at_ms": 1.0, "what": "bot", "reason": text}]
    record["transfer"] = {"target": text, "asked_ms": 2.0, "accepted": False, "status": 486}
    record["timeline"] += [{"at_ms": 1, "event": "at_step", "step": text}]
    sip = {"at_ms": 1.0, "sent": False, "peer": text, "transport": "UDP", "text": f"INVITE {text}\nSubject: {text}"}
    record["signalling"] = {"messages": [sip], "dropped": 1}
    async with page_of_calls(tmp_path) as (desk, page):
        await desk.keep(record)
        await page.open(f"{desk.console.url}calls")
        await page.until(f"{ROWS} == 3")
        await page.open(f"{desk.console.url}calls#call={call_name(4)}")
        await page.until(SHOWN)
        assert await page.ask("document.querySelectorAll('#ladder details').length") == 1
        assert await page.ask("document.querySelectorAll('img, iframe, svg [onload], script:not([src])').length") == 0
        assert await page.ask("document.querySelectorAll('main a[href^=javascript]').length") == 0
        assert await page.ask("typeof globalThis.hacked") == "undefined"


async def test_where_there_are_tokens_one_is_asked_for_and_a_viewer_sees_no_number(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path, "", ROLES) as (_, page):
        await page.until("!document.getElementById('access').hidden")
        page.complaints.clear()  # the browser tells of each 401
        await page.ask("document.getElementById('token').focus()")
        await page.type("viewer")
        await page.press("Enter")
        await page.until(f"{ROWS} == 2")
        assert "5550100" not in await page.ask("document.body.innerText")
        page.complaints.clear()


async def test_an_agent_reads_and_does_not_hear(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path, f"#call={call_name(1)}&token=agent", ROLES) as (_, page):
        await page.until(SHOWN)
        assert await page.ask("document.getElementById('player').hidden")
        assert "token" not in await page.ask("location.href")


async def test_every_text_has_the_contrast_of_wcag_aa_by_day_and_by_night(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path, "#words=parcel") as (desk, page):
        for after, ready in (("#words=parcel", f"{ROWS} == 1"), (f"#call={call_name(1)}", SHOWN)):
            await page.open(f"{desk.console.url}calls{after}")
            await page.until(ready)
            for dark in (False, True):
                await page.look(dark=dark)
                seen = await page.ask(CONTRASTS)
                assert len(seen) > 15
                assert [each for each in seen if each[0] < 4.5] == []


async def test_a_call_is_found_opened_heard_and_left_by_the_keyboard(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path) as (_, page):
        await page.until(f"{ROWS} == 2")
        await page.ask("document.querySelector('header a:last-of-type').focus()")
        assert (await page.tabbed(2))[:2] == ["words", "number"]
        await page.ask("document.querySelector('#search button[type=reset]').focus()")
        reached = await page.tabbed(3)  # the table can be scrolled, and then come the calls
        await page.press("Enter")
        await page.until(f"{SHOWN} && document.activeElement.id == 'call-title'")
        await page.until("document.getElementById('audio').readyState > 0")  # before, it cannot be reached
        assert "" not in reached
        reached = list[str]()
        while reached[-1:] != ["Hear"] and len(reached) < 40:
            reached += await page.tabbed(1)
        wanted = ["back", "audio", "picture", "save-record", "save-audio", "save-picture", "Hear"]
        assert list(dict.fromkeys(name for name in reached if name in wanted)) == wanted
        await page.press("Enter")
        await page.until("!document.getElementById('audio').paused")


async def test_on_narrow_screens_and_enlarged_nothing_is_cut_off(tmp_path: Path) -> None:
    async with page_of_calls(tmp_path) as (desk, page):
        for after, ready in (("", f"{ROWS} == 2"), (f"#call={call_name(1)}", SHOWN)):
            await page.open(f"{desk.console.url}calls{after}")
            await page.until(ready)
            for width, zoom in [(320, 1.0), (1280, 4.0)]:
                await page.look(width=width, zoom=zoom)
                assert await page.ask("document.documentElement.scrollWidth <= innerWidth")

"""The pages before two checkers of others: axe-core for who sees or points badly, TypeScript for who changes them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import resources
from pathlib import Path

import pytest
from assist_desk import assist_desk
from browser import VOICE, Page, browser_page, needs_chromium
from kept_calls import call_name, kept_call, record_audio
from live_desk import live_desk
from node_packages import installed
from operations_desk import logger, operations_desk
from phone_desk import phone_desk
from records_desk import records_desk
from scene import play
from served import SAMPLE_DIALOGS

from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.events import StepReached
from voicebot.web import Panel

pytestmark = pytest.mark.peer

SOURCE = Path(__file__).parent / "page_checks"
LOOK = """
axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(({ violations, passes }) => [
  passes.length, violations.map(({ id, nodes }) => [id, ...nodes.map(node => `${node.html} ${node.failureSummary}`)])])
"""


@asynccontextmanager
async def phone(_: Path) -> AsyncIterator[Page]:
    async with phone_desk() as desk, browser_page(*VOICE) as page:
        await page.open(desk.console.url)
        await page.ask("document.querySelector('details').open = true")
        await page.ask("document.getElementById('call').click()")
        await page.until("document.getElementById('state').textContent.startsWith('Connected')")
        await page.ask("document.getElementById('mute').click()")
        yield page


@asynccontextmanager
async def live(_: Path) -> AsyncIterator[Page]:
    async with live_desk() as desk, browser_page() as page:
        call = await desk.call()
        desk.pictures[call.id] = draw(load_dialogs(SAMPLE_DIALOGS), styled=False)
        call.dispatch(
            StepReached(0.0, 1, "main.menu", ("main.welcome", "main.menu"), variables={"a": "1", "pin": None})
        )
        await desk.caller_says(call, "Where is my parcel?", hypothesis="where")
        await desk.bot_says("It is on its way.")
        await page.open(f"{desk.console.url}live")
        await page.until("document.querySelectorAll('#rows tr').length > 0")
        await page.ask("document.querySelector('#rows button').click()")
        await page.until("document.getElementById('story').innerText.includes('parcel')")
        await page.until("document.querySelectorAll('#flow .here').length == 1")
        yield page


@asynccontextmanager
async def calls(place: Path, after: str = "") -> AsyncIterator[Page]:
    record = kept_call(1, [("Where is my parcel?", "It is on its way."), ("Thank you", "Goodbye!")])
    sip = {"at_ms": 1.0, "sent": False, "peer": "192.0.2.1:5060", "transport": "UDP", "text": "INVITE sip:a SIP/2.0\n"}
    record["signalling"] = {"messages": [sip], "dropped": 1}
    async with records_desk(place) as desk, browser_page(*VOICE) as page:
        await desk.keep(record)
        record_audio(desk.folder / f"{call_name(1)}.wav", 0.5, 0.3, seconds=11.0)
        await page.open(f"{desk.console.url}calls{after}")
        await page.until("document.querySelectorAll('#rows a, #transcript li').length > 0")
        yield page


def call(place: Path) -> AbstractAsyncContextManager[Page]:
    return calls(place, f"#call={call_name(1)}")


@asynccontextmanager
async def operations(_: Path) -> AsyncIterator[Page]:
    async with operations_desk() as desk, browser_page() as page:
        desk.panels.append(Panel("Lines", [("trunk sbc", "does not answer")], ["down"], wrong=True))
        desk.findings.append({"check": "disk", "good": False, "detail": "full", "mend": "make room", "warning": False})
        logger.error("a trouble")
        await page.open(f"{desk.console.url}operations")
        await page.until("document.getElementById('doctor').checkVisibility()")
        await page.ask("document.getElementById('doctor').click()")
        await page.until("document.querySelectorAll('#findings li').length == 1")
        yield page


@asynccontextmanager
async def assist(_: Path) -> AsyncIterator[Page]:
    async with assist_desk() as desk, browser_page() as page:
        play(desk.call())
        await page.open(f"{desk.url}/assist#token={desk.token(agent='7001')}")
        await page.until("document.querySelectorAll('#lines .text').length > 0")
        yield page


@pytest.mark.long
@needs_chromium
@pytest.mark.parametrize("shown", [phone, live, calls, call, operations, assist])
async def test_a_page_has_no_violation_of_wcag_2_1_aa(
    tmp_path: Path, shown: Callable[[Path], AbstractAsyncContextManager[Page]]
) -> None:
    axe = (installed(SOURCE, "whether the pages are accessible") / "node_modules/axe-core/axe.min.js").read_text()
    async with shown(tmp_path) as page:
        await page.ask(f"{axe}; typeof axe")
        for dark in (False, True):
            for width in (1280, 320):
                await page.look(dark=dark, width=width)
                passed, violations = await page.ask(LOOK)
                assert violations == []
                assert passed > 10


@pytest.mark.long
def test_the_pages_are_typed(tmp_path: Path) -> None:
    """What JSDoc says of them holds. What others wrote (JsSIP) is taken as it is."""
    folder = installed(SOURCE, "whether what the pages' comments say of types holds")
    pages = tmp_path / "web"
    with resources.as_file(resources.files("voicebot.web")) as web:
        shutil.copytree(web, pages, ignore=lambda at, names: [n for n in names if n.endswith((".py", "__pycache__"))])
    shutil.copy(SOURCE / "jssip.d.ts", pages / "phone" / "jssip.d.ts")
    options = {"allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "types": []}
    options |= {
        "target": "es2022",
        "module": "esnext",
        "moduleResolution": "bundler",
        "lib": ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    }
    (pages / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": options, "include": ["**/*.js"], "exclude": ["phone/jssip.js"]})
    )
    tsc = subprocess.run(
        ["node", folder / "node_modules/typescript/bin/tsc", "-p", pages], capture_output=True, text=True, check=False
    )
    assert tsc.returncode == 0, tsc.stdout

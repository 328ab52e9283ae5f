"""The pictures of pages that ``docs/`` has: of a call from the page, of the call of ``voicebot demo`` while it runs and
when it was, and of operations after somebody has saved a fault in the dialogs.

    python -m bench.pages.pictures docs

How long the caller waited is to be read in them: nothing else should run. ``--views FOLDER`` has each page dark and
narrow as well, to be looked at. It needs Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import tempfile
import wave
from pathlib import Path
from typing import Any, Final

import uvloop

from bench.pages.opening import browser_page
from voicebot.audio import LINEAR_16K
from voicebot.caller import CallOptions, load_script, place_call
from voicebot.caller.voice import Saying, Voice
from voicebot.commands.demo import DEMO_SCRIPT, SETTINGS
from voicebot.commands.own_service import OwnService, own_service, record_of
from voicebot.log import configure_logging
from voicebot.speech import SpeechEndpoint

QUESTION: Final = "When are you open?"
QUIET_S: Final = 6.0
"""How long the microphone is quiet before it: the bot is offering its menu then."""
ANSWER: Final = "We are open Monday"
MOMENT: Final = "Is that right?"
"""What the bot says when running calls are pictured."""
PATIENCE_S: Final = 120.0
"""The caller's voice is rendered before it calls."""
DIALOGS: Final = Path(__file__).parents[2] / "dialogs"
FAULT: Final = ("next: anything-else", "next: anything-esle")
"""In their first file."""
VIEWS: Final[dict[str, dict[str, Any]]] = {"dark": {"dark": True}, "narrow": {"width": 360, "height": 900}}
_SAID: Final = "document.getElementById('story').innerText.includes(%r)"


async def run(out: Path, views: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="voicebot-pictures-") as name:
        shutil.copytree(DIALOGS, Path(name) / "dialogs")
        records, log = Path(name) / "records", Path(name) / "serve.log"
        settings = SETTINGS | {"CALLS__SIGNALLING": "true"}
        settings |= {"CALLS__RECORDS": "records", "BOT__DIALOGS": "dialogs"}  # operations shows where they are
        with contextlib.chdir(name):
            async with own_service(log, settings) as service:
                await microphone(service.speech, file := Path(name) / "microphone.wav")
                async with browser_page(microphone=file) as page:
                    await from_the_page(service, page, records, out, views)
                    await of_the_demo(service, page, records, out, views)
                    await of_operations(service, page, Path(name) / "dialogs" / "main.yaml", out, views)


async def from_the_page(service: OwnService, page: Any, records: Path, out: Path, views: Path | None) -> None:
    """The phone, and the ladder of its call."""
    await page.open(f"{service.console}/")
    await page.look(width=1280, height=800)
    await page.ask("document.getElementById('call').click()")
    await seen(page, f"{_SAID % ANSWER} && Number(document.getElementById('heard').ariaValueNow) > 40")
    await taken(page, out / "phone.png", views, width=1280, height=800)
    call = await page.ask("document.getElementById('phone').dataset.call")
    await page.ask("document.getElementById('hold').click()")
    await seen(page, _SAID % "holds the call")
    await page.ask("document.getElementById('hangup').click()")
    record = await record_of(call, records, recording=True)
    if record is None:
        raise RuntimeError("the call from the page has left no record")
    await page.open(f"{service.console}/calls#call={record.stem}")
    await page.look(width=1200, height=390)
    await seen(page, "document.querySelectorAll('#ladder li').length > 0")
    await seen(page, "document.querySelectorAll('#flow .been').length > 0")
    await page.ask("document.getElementById('signalling').scrollIntoView()")
    await kept(page, out / "ladder.png")


async def of_the_demo(service: OwnService, page: Any, records: Path, out: Path, views: Path | None) -> None:
    """Running calls, and calls that were."""
    await page.open(f"{service.console}/live")
    options = CallOptions(speech=service.speech, keep_audio=True)
    calling = asyncio.create_task(place_call(service.address, load_script(DEMO_SCRIPT), options))
    await seen(page, "document.querySelectorAll('#rows button').length > 0")
    await page.ask("document.querySelector('#rows button').click()")
    await seen(page, _SAID % MOMENT)
    await taken(page, out / "live.png", views, width=1400, height=980)
    report = await calling
    record = await record_of(report.call_id, records, recording=True)
    if not report.ok or record is None:
        raise RuntimeError(f"the call has failed: {report.reason}")
    await page.open(f"{service.console}/calls#call={record.stem}")
    await seen(page, "document.querySelectorAll('#flow .been').length > 0")
    await seen(page, "document.getElementById('audio').readyState >= 2")
    await taken(page, out / "calls.png", views, width=1200, height=900)
    if views is not None:
        await page.ask("document.getElementById('where').scrollIntoView()")
        await kept(page, views / "calls-flow.png")
        await page.open(f"{service.console}/calls#words=balance")
        await seen(page, "document.querySelectorAll('#rows mark').length > 0")
        await taken(page, views / "calls-found.png", views, width=1200, height=600)


async def of_operations(service: OwnService, page: Any, dialogs: Path, out: Path, views: Path | None) -> None:
    """A fault has been saved, and the checks were run."""
    right = await asyncio.to_thread(dialogs.read_text)
    await asyncio.to_thread(dialogs.write_text, right.replace(*FAULT, 1))
    await page.open(f"{service.console}/operations")
    await seen(page, f"document.getElementById('panels').innerText.includes({FAULT[1].rpartition(' ')[2]!r})")
    await page.ask("document.getElementById('doctor').click()")
    await seen(page, "document.querySelectorAll('#findings li').length > 0")
    await seen(page, "document.querySelectorAll('#actions tr').length > 0")
    await page.look(width=1280, height=800)
    height = await page.ask("document.documentElement.scrollHeight")
    await taken(page, out / "operations.png", views, width=1280, height=height)


async def microphone(speech: SpeechEndpoint, file: Path) -> None:
    """Write what is said as a file that Chromium takes for its microphone."""
    voice = Voice(speech)
    try:
        said = await voice.audio(Saying(QUESTION, None, "", "en-US", "here"), LINEAR_16K)
    finally:
        await voice.close()
    quiet = bytes(round(QUIET_S * LINEAR_16K.rate) * LINEAR_16K.width)
    await asyncio.to_thread(_write, file, quiet + said + 10 * quiet)


def _write(file: Path, samples: bytes) -> None:
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, LINEAR_16K.rate, 0, "NONE", ""))
        out.writeframes(samples)


async def seen(page: Any, expression: str) -> None:
    """Return when it is true. Raises TimeoutError."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await page.ask(expression):
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        shown = await page.ask("document.body.innerText")
        raise TimeoutError(f"never seen: {expression}, but:\n{shown}") from None


async def taken(page: Any, file: Path, views: Path | None, **size: int) -> None:
    """The page as it is now, ``size`` in pixels, in ``file``; with its other views."""
    await page.look(**size)
    await kept(page, file)
    if views is not None:
        for view, look in VIEWS.items():
            await page.look(**(size | look))
            await kept(page, views / f"{file.stem}-{view}.png")
        await page.look(**size)


async def kept(page: Any, file: Path) -> None:
    await asyncio.to_thread(file.write_bytes, await page.picture())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder of the pictures")
    parser.add_argument("--views", type=Path, help="a folder for the other views")
    given = parser.parse_args()
    configure_logging("WARNING")
    uvloop.run(run(given.out.resolve(), given.views.resolve() if given.views else None))


if __name__ == "__main__":
    main()

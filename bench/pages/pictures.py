"""The pictures of pages that ``docs/`` has, of the call of ``voicebot demo`` while it runs and when it was.

    python -m bench.pages.pictures docs

How long the caller waited is to be read in them: nothing else should run. ``--views FOLDER`` has each page dark and
narrow as well, to be looked at. It needs Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

import uvloop

from bench.pages.opening import browser_page
from voicebot.caller import CallOptions, load_script, place_call
from voicebot.commands.demo import DEMO_SCRIPT, SETTINGS
from voicebot.commands.own_service import own_service, record_of
from voicebot.log import configure_logging

MOMENT: Final = "Is that right?"
"""What the bot says when running calls are pictured."""
PATIENCE_S: Final = 120.0
"""The caller's voice is rendered before it calls."""
VIEWS: Final[dict[str, dict[str, Any]]] = {"dark": {"dark": True}, "narrow": {"width": 360, "height": 900}}


async def run(out: Path, views: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="voicebot-pictures-") as name:
        records, log = Path(name) / "records", Path(name) / "serve.log"
        async with own_service(log, SETTINGS | {"CALLS__RECORDS": records}) as service, browser_page() as page:
            await page.open(f"{service.console}/live")
            options = CallOptions(speech=service.speech, keep_audio=True)
            calling = asyncio.create_task(place_call(service.address, load_script(DEMO_SCRIPT), options))
            await seen(page, "document.querySelectorAll('#rows button').length > 0")
            await page.ask("document.querySelector('#rows button').click()")
            await seen(page, f"document.getElementById('story').innerText.includes({MOMENT!r})")
            await taken(page, out / "live.png", views, width=1400, height=1000)
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


async def seen(page: Any, expression: str) -> None:
    """Return when it is true. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await page.ask(expression):
                return
            await asyncio.sleep(0.1)


async def taken(page: Any, file: Path, views: Path | None, **size: int) -> None:
    """The page as it is now, ``size`` in pixels, in ``file``; with its other views."""
    if views is not None:
        for view, look in VIEWS.items():
            await page.look(**(size | look))
            await kept(page, views / f"{file.stem}-{view}.png")
    await page.look(**size)
    await kept(page, file)


async def kept(page: Any, file: Path) -> None:
    await asyncio.to_thread(file.write_bytes, await page.picture())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder of the pictures")
    parser.add_argument("--views", type=Path, help="a folder for the other views")
    given = parser.parse_args()
    configure_logging("WARNING")
    uvloop.run(run(given.out, given.views))


if __name__ == "__main__":
    main()

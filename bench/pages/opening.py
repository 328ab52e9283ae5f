"""How soon a page is there: from the navigation to its first state in which it can be used, in Chromium."""

from __future__ import annotations

import statistics
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DOUBLES: Final = Path(__file__).resolve().parents[2] / "tests" / "doubles"
_SHOWN: Final = "document.getElementById('%s')?.checkVisibility()"
_FETCHED: Final = """
(all => [all.length, all.reduce((sum, one) => sum + one.transferSize, 0)])(
  ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind)))
"""
"""In the page: how much was fetched for it, in requests and bytes; streams are not among it."""
_ROWS: Final = "document.querySelectorAll('#rows tr').length >= %d"


@dataclass(frozen=True, slots=True)
class Opening:
    """``path``: of the page. ``usable``: JavaScript that is true when it can be used."""

    name: str
    path: str
    usable: str


def openings(calls: int, record: str) -> list[Opening]:
    """``calls``: how many rows the page of running calls must have. ``record``: the id of a call that was."""
    return [
        Opening("the phone", "", f"{_SHOWN % 'call'} && !document.getElementById('call').disabled"),
        Opening("running calls", "live", _ROWS % calls),
        Opening("calls that were", "calls", _ROWS % 1),
        Opening("a search for a word", "calls#words=please", _ROWS % 1),
        Opening(
            "a call that was", f"calls#call={record}", f"{_SHOWN % 'call'} && document.querySelector('#transcript li')"
        ),
        Opening("operations", "operations", "document.querySelectorAll('#panels .panel').length > 3"),
    ]


def browser_page(microphone: Path | None = None) -> AbstractAsyncContextManager[Any]:
    """A page in the Chromium of the tests. ``microphone``: a WAV file, of what is said there."""
    sys.path.append(str(DOUBLES))
    try:
        import browser
    finally:
        sys.path.remove(str(DOUBLES))
    options = () if microphone is None else (*browser.VOICE, f"--use-file-for-fake-audio-capture={microphone}")
    page: AbstractAsyncContextManager[Any] = browser.browser_page(*options)
    return page


async def measure(url: str, calls: int, record: str, times: int) -> dict[str, dict[str, float]]:
    """Milliseconds by the page, for somebody who has never been there, with what is fetched for it. ``url``: of the
    console."""
    found: dict[str, dict[str, float]] = {}
    await opened(url, openings(calls, record)[0])  # the browser is started
    for opening in openings(calls, record):
        all_of_them = [await opened(url, opening) for _ in range(times)]
        took = [one[0] for one in all_of_them]
        found[opening.name] = {"median_ms": statistics.median(took), "longest_ms": max(took)}
        found[opening.name] |= {"requests": all_of_them[-1][1], "kb": all_of_them[-1][2] / 1000}
    return found


async def opened(url: str, opening: Opening) -> tuple[float, int, int]:
    """Milliseconds, requests and bytes, with nothing in the browser's cache."""
    look = (
        f"(function look() {{ if ({opening.usable}) globalThis.usableAt = performance.now();"
        " else requestAnimationFrame(look); })()"
    )
    async with browser_page() as page:
        await page.do("Page.addScriptToEvaluateOnNewDocument", source=look)
        await page.open(f"{url.rstrip('/')}/{opening.path}")
        await page.until("globalThis.usableAt !== undefined")
        return float(await page.ask("usableAt")), *(await page.ask(_FETCHED))

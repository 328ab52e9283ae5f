"""Chromium (Debian's package) without a window, by the Chrome DevTools Protocol."""

from __future__ import annotations

import asyncio
import atexit
import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from waiting import DEADLINE_S, LOOK_AGAIN_S, until

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--disable-background-networking", "--disable-sync", "--disable-extensions", "--lang=en"),
    *("--remote-debugging-port=0", "--password-store=basic", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
VOICE = (
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
    "--autoplay-policy=no-user-gesture-required",
)
"""There is a microphone, which any page may use, and no real one."""

HOSTILE = [
    "<script>globalThis.hacked = 1</script>",
    "<img src=x onerror='globalThis.hacked = 1'>",
    "<svg onload=globalThis.hacked=1>",
    "javascript:globalThis.hacked=1",
    "</li></ol><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "\"'><a href='javascript:hacked=1'>&lt;b&gt;",
    "\u202egnp.exe\u202c \u2028 \x00 \ud83d",
]
"""Texts that would do something if they became markup."""

CONTRASTS = """
(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const color = channels(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const [one, other] = [light(channels(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
      return [(one + 0.05) / (other + 0.05), e.textContent.trim().slice(0, 40)];
    });
})()
"""
"""In the page: the contrast of each text with its ground, with the text."""


class Page:
    """A tab, or the browser as a whole. ``complaints``: exceptions, errors, and what the content security policy has
    stopped. ``context``: what permissions are given to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, context: str = "") -> None:
        self.complaints: list[str] = []
        self._socket = socket
        self.context = context
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._count = 0

    async def open(self, url: str) -> None:
        """Go to ``url``, also where only what is behind the # differs."""
        await self.do("Page.navigate", url="about:blank")
        await self.do("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def reload(self) -> None:
        await self.ask("globalThis.before = true")
        await self.do("Page.reload")
        await self.until("document.readyState === 'complete' && !globalThis.before")

    async def ask(self, expression: str) -> Any:
        """The value of an expression, awaited."""
        got = await self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    async def until(self, expression: str) -> None:
        """Return when ``expression`` is true. Raises TimeoutError."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                with contextlib.suppress(AssertionError, Refusal):  # between two documents
                    if await self.ask(expression):
                        return
                await asyncio.sleep(LOOK_AGAIN_S)

    async def press(self, key: str) -> None:
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        key_of = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key]}
        text = {"Enter": "\r", " ": " "}.get(key)
        await self.do("Input.dispatchKeyEvent", type="keyDown", **key_of, **({"text": text} if text else {}))
        await self.do("Input.dispatchKeyEvent", type="keyUp", **key_of)

    async def tabbed(self, times: int) -> list[str]:
        """What gets the focus as one goes on by Tab: its id, or name, or text."""
        named = "(e => e.id || e.name || e.textContent.trim())(document.activeElement)"
        reached = list[str]()
        for _ in range(times):
            await self.press("Tab")
            reached.append(await self.ask(named))
        return reached

    async def type(self, text: str) -> None:
        await self.do("Input.insertText", text=text)

    async def look(self, *, dark: bool = False, width: int = 1280, height: int = 800, zoom: float = 1.0) -> None:
        """Have a window of this size, at this zoom, on a machine of that scheme."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.do("Emulation.setEmulatedMedia", features=scheme)
        size = {"width": round(width / zoom), "height": round(height / zoom), "deviceScaleFactor": zoom}
        await self.do("Emulation.setDeviceMetricsOverride", **size, mobile=False)

    async def picture(self) -> bytes:
        """A PNG of the window."""
        return base64.b64decode((await self.do("Page.captureScreenshot", format="png"))["data"])

    async def do(self, method: str, **parameters: Any) -> Any:
        """A command of the protocol. Raises Refusal."""
        self._count += 1
        answer = self._answers[self._count] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        async with asyncio.timeout(DEADLINE_S):
            return await answer

    async def listen(self) -> None:
        """Take answers and events, for as long as the page lives."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if answer.done():
                    continue
                if "error" in said:
                    answer.set_exception(Refusal(said["error"]["message"]))
                else:
                    answer.set_result(said["result"])
            elif said["method"] == "Runtime.exceptionThrown":
                details = said["params"]["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description", details["text"]))
            elif said["method"] == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
                self.complaints.append(said["params"]["entry"]["text"])


class Refusal(Exception):
    """What the browser says against a command."""


class Browser:
    """A process, until the tests end: it takes longer to start than most pages are looked at."""

    def __init__(self, options: tuple[str, ...]) -> None:
        assert CHROMIUM is not None
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        command = [CHROMIUM, *_OPTIONS, *options, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.end)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    async def address(self) -> tuple[str, str]:
        """Host and port of its protocol, and the path of the browser as a whole."""
        file = Path(self._profile.name) / "DevToolsActivePort"
        await until(lambda: not self.running or (file.exists() and "/devtools/" in file.read_text()))
        assert self.running, "Chromium has ended"
        port, path = file.read_text().split()
        return f"127.0.0.1:{port}", path

    def end(self) -> None:
        atexit.unregister(self.end)
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


_running: dict[tuple[str, ...], Browser] = {}


@asynccontextmanager
async def browser_page(*options: str) -> AsyncIterator[Page]:
    """A page in a context of its own, which shares nothing with others. All with the same ``options`` of the command
    line have one browser."""
    browser = _running.get(options)
    if browser is None or not browser.running:
        browser = _running[options] = Browser(options)
    host, path = await browser.address()
    async with aiohttp.ClientSession() as http, _commanded(http, f"ws://{host}{path}") as whole:
        context = (await whole.do("Target.createBrowserContext", disposeOnDetach=True))["browserContextId"]
        target = await whole.do("Target.createTarget", url="about:blank", browserContextId=context)
        async with _commanded(http, f"ws://{host}/devtools/page/{target['targetId']}", context) as page:
            for domain in ("Page", "Runtime", "Log"):
                await page.do(f"{domain}.enable")
            await page.do("Page.bringToFront")
            yield page
        await whole.do("Target.disposeBrowserContext", browserContextId=context)


@asynccontextmanager
async def _commanded(http: aiohttp.ClientSession, url: str, context: str = "") -> AsyncIterator[Page]:
    async with http.ws_connect(url, max_msg_size=0) as socket:
        page = Page(socket, context)
        listening = asyncio.create_task(page.listen())
        yield page
        listening.cancel()

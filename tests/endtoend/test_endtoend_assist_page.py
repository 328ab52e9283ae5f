"""What an agent sees: the real service with its parts, a recording client's call, and the page in Chromium."""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from browser import Page, browser_page, needs_chromium
from recording_client import HOST, RecordingClient
from served import Service, SpeechDouble
from waiting import until

from voicebot.audio import PCMU
from voicebot.sip.body import session_in
from voicebot.speech import apology

pytestmark = [pytest.mark.slow, needs_chromium]

OPERATOR = {"Authorization": "Bearer the-console-token"}
CARD = "4111 1111 1111 1111"
LINES = "[...document.querySelectorAll('#lines .text')].map(e => e.textContent)"
WATCH = """
globalThis.seen = [];
const look = () => { const all = document.documentElement.outerHTML; if (/1111/.test(all)) seen.push(all); };
new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""
"""In the page: whatever it shows, for however short, is looked at."""
RULES = """
checklist:
  - item: Checks who is calling
    agent says: who am I speaking to
"""


class Voices:
    """Two people at the ports of the service, who speak and are silent until the end."""

    def __init__(self, client: RecordingClient, ports: list[int]) -> None:
        self._client, self._ports = client, ports
        self._speech = apology("bot", PCMU)
        self._speaking = True

    def hush(self) -> None:
        self._speaking = False

    async def run(self) -> None:
        """Speak, again and again with a pause, until they are hushed."""
        began = time.monotonic()
        period = len(self._speech) // 160 + 100
        for number in itertools.count():
            at = (number % period) * 160
            for stream, port in enumerate(self._ports):
                said = self._speech[at : at + 160] if self._speaking and stream == 0 else b""
                head = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, 0x1000 + stream)
                self._client.voices[stream].sendto(head + said.ljust(160, b"\xff"), (HOST, port))
            await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))


@asynccontextmanager
async def webhook() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A receiver: its URL, and what it has got."""
    got = list[bytes]()

    async def take(request: web.Request) -> web.Response:
        got.append(await request.read())
        return web.Response()

    application = web.Application()
    application.router.add_post("/calls", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}/calls", got
    finally:
        await runner.cleanup()


async def ask(http: aiohttp.ClientSession, url: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    async with http.request(method, url, json=body, headers=OPERATOR) as response:
        assert response.status < 300, await response.text()
        return await response.json()


async def test_a_call_is_shown_while_it_goes_on_and_a_card_number_at_no_time(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble], tmp_path: Path
) -> None:
    (folder := tmp_path / "assist").mkdir()
    (folder / "rules.yaml").write_text(RULES)
    (key := tmp_path / "key").write_text("k" * 32)
    double = speak(texts=[f"my card is {CARD}", "the parcel never came", "thank you"], cycle=True)
    async with (
        webhook() as (url, told),
        aiohttp.ClientSession() as http,
        browser_page() as page,
    ):
        (home := tmp_path / "service-0").mkdir()
        (home / "voicebot.toml").write_text(f'[[webhooks]]\nurl = "{url}"\nsecret_file = "{key}"\npartial = true\n')
        service = await asyncio.to_thread(
            serve,
            speech__service="url",
            speech__url=double.url,
            siprec__numbers='["desk"]',
            console__token="the-console-token",
            assist__folder=folder,
            log__level="DEBUG",
        )
        call_id = await watch_a_call(service, http, page)
        record = await asyncio.to_thread(service.record, call_id)
        await until(lambda: any(b'"Ended"' in body for body in told))
    record_and_told = json.dumps(record), b"".join(told).decode()
    assert all("[card number]" in place for place in record_and_told)
    assert not any("1111" in place for place in (*record_and_told, service.log()))


async def watch_a_call(service: Service, http: aiohttp.ClientSession, page: Page) -> str:
    """Two people speak, and the agent does what there is to do on the page. Returns the Call-ID."""
    console = f"http://127.0.0.1:{service.ready['console_port']}"
    async with RecordingClient((HOST, service.port)) as client:
        made = await ask(http, f"{console}/v1/assist/tokens", {"Role": "agent", "Agent": "+15550123"})
        await page.do("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        await page.open(console + made["Page"])
        await page.until("document.body.innerText.includes('Waiting for a call')")
        session = session_in(await client.send("as_the_rfc_says"))
        assert session is not None
        await page.until("document.title.startsWith('Ada Caller, +15550101')")
        voices = Voices(client, [media.port for media in session.media])
        speaking = asyncio.create_task(voices.run())
        await page.until("document.querySelector('#partial .text') !== null")
        await page.until(f"{LINES}.some(text => text.includes('[card number]'))")
        await page.until(f"{LINES}.length >= 3")
        shown = await page.ask(LINES)
        assert not await seen(page)
        await page.reload()
        await page.until(f"{LINES}.length >= {len(shown)}")
        assert (await page.ask(LINES))[: len(shown)] == shown
        await page.ask("document.querySelector('#checklist input').click()")
        await page.until("document.getElementById('checklist').textContent.includes('ticked by the agent')")
        await page.ask("document.getElementById('listen').click()")
        await page.until("document.getElementById('state').textContent == 'Not listening'")
        await page.until("document.getElementById('lines').textContent.includes('Listening paused by the agent')")
        await until(lambda: client.offered and {m.direction for m in client.offered[-1].media} == {"inactive"})
        await page.ask("document.getElementById('listen').click()")
        await page.until("document.getElementById('state').textContent == 'Listening'")
        voices.hush()
        await client.bye()
        speaking.cancel()
        await page.until("document.getElementById('state').textContent == 'The call has ended'")
        await page.until("!document.getElementById('copy').hidden")
        assert not await seen(page)
        assert page.complaints == []
        return f"recorded-{client.port}"


async def seen(page: Page) -> Any:
    """What the page has shown of the number, at any time."""
    return await page.ask("globalThis.seen.concat(JSON.stringify(sessionStorage).match(/1111/g) ?? [])")

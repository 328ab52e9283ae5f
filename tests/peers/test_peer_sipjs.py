"""SIP.js, another WebRTC client, on another site's page: calls by our own websocket listener."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from browser import VOICE, browser_page, needs_chromium
from free_port import free_ports
from node_packages import installed
from phone_desk import Bot
from waiting import until

from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

pytestmark = [pytest.mark.peer, needs_chromium]

HOST = "127.0.0.1"
SOURCE = Path(__file__).parent / "sipjs"
ENTRY = 'export { Web } from "sip.js";\n'
PAGE = """<!doctype html><title>CRM</title><link rel=icon href=data:,>
<audio id=audio autoplay></audio><script src=sip.js></script>"""
CALL = """
(async () => {
  globalThis.user = new SIP.Web.SimpleUser(SERVER, {
    aor: 'sip:crm@127.0.0.1',
    media: { constraints: { audio: true, video: false }, remote: { audio: document.getElementById('audio') } },
  });
  await user.connect();
  await user.call('sip:bot@127.0.0.1');
})()
"""


@pytest.fixture(scope="module")
def bundle() -> bytes:
    folder = installed(SOURCE, "SIP.js against our websocket listener")
    command = ["node_modules/.bin/esbuild", "--bundle", "--format=iife", "--global-name=SIP"]
    return subprocess.run(
        command, cwd=folder, input=ENTRY.encode(), stdout=subprocess.PIPE, timeout=60, check=True
    ).stdout


@asynccontextmanager
async def site(bundle: bytes) -> AsyncIterator[str]:
    """Another site, with the page; its origin."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(_: web.Request) -> web.Response:
        return web.Response(body=bundle, content_type="text/javascript")

    application = web.Application()
    application.add_routes([web.get("/", page), web.get("/sip.js", script)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_page_of_a_site_that_is_named_calls_presses_keys_and_hangs_up(bundle: bytes) -> None:
    calls = list[Bot]()
    answers = list[asyncio.Task[None]]()

    def take(leg: IncomingSipLeg) -> None:
        leg.connect(bot := Bot(leg))
        calls.append(bot)
        answers.append(asyncio.get_running_loop().create_task(leg.answer()))

    clock = MediaClock()
    clock.start()
    media = MediaOptions(clock, PortRange(*free_ports(), HOST, rest_s=0.0), preferences=MediaPreferences())
    async with site(bundle) as origin, browser_page(*VOICE) as page:
        endpoint = SipEndpoint(ListenAt("WS", HOST, 0, origins=(origin,)))
        front_end = SipFrontEnd(endpoint, take, media)
        await front_end.start()
        try:
            await page.open(f"{origin}/")
            await page.ask(CALL.replace("SERVER", f"'ws://{HOST}:{endpoint.port}'"))
            await until(lambda: calls and calls[0].loud)
            await page.ask("user.sendDTMF('7')")
            await until(lambda: calls[0].keys == "7")
            assert calls[0].leg.info.caller == "crm"
            await page.ask("user.hangup()")
            await until(lambda: calls[0].over == "caller" and not endpoint.active_calls)
            await page.ask(CALL.replace("SERVER", f"'ws://{HOST}:{endpoint.port}'"))
            await until(lambda: len(calls) == 2 and calls[1].loud)
            await calls[1].leg.hang_up()
            await page.until("!user.session || user.session.state === 'Terminated'")
            assert page.complaints == []
        finally:
            await front_end.close()
            await clock.close()

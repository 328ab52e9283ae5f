"""The running service calls: asked by its API, it rings a telephone that holds a conversation; and the ways to fail."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bot_double import BotDouble
from free_port import free_ports
from served import SAMPLE_DIALOGS, Service, texts
from telephone import calling

from voicebot.audio import PCMU
from voicebot.caller import parse_script
from voicebot.caller.conversation import ScriptedCall
from voicebot.caller.ear import Ear
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

pytestmark = pytest.mark.slow

LOOPBACK = "127.0.0.1"
TOKEN = "only for this test"
SCRIPT = """
quiet_s: 0.6
deadline_s: 20
steps:
  - listen:
  - keys: "3"      # opening hours
  - keys: "2"      # nothing else
  - expect_end: hangup
"""


NOTIFIED = """
quiet_s: 0.6
deadline_s: 20
steps:
  - listen:
  - expect_end: hangup
"""


DIALLING = """
  - {id: first, dial: "{context.first}", save: one, on_fail: then}
  - {id: then, dial: {to: "{context.then}", context: {note: "First it was {one}."}}, save: two, on_fail: outcome}
  - {id: outcome, hangup: "Then it was {two}."}
  - {id: note, hangup: "{context.note}"}
"""
"""What the sample dialogs do as well, when a call is placed with such a context."""
FIRST = """steps:
  - {id: dialling, if: context.first, then: first}
  - {id: noted, if: context.note, then: note}
"""


class Callee:
    """A telephone that takes calls: it follows the script; as an agent it only answers, as ``busy`` not even that."""

    def __init__(self, clock: MediaClock) -> None:
        self.busy = False
        self.legs: list[IncomingSipLeg] = []
        self.done: list[asyncio.Task[None]] = []
        media = MediaOptions(clock, PortRange(*free_ports(), LOOPBACK))
        self.front = SipFrontEnd(SipEndpoint(ListenAt(host=LOOPBACK, port=0)), self._take, media)

    def uri(self, user: str) -> str:
        return f"sip:{user}@{LOOPBACK}:{self.front.endpoint.port}"

    def _take(self, leg: IncomingSipLeg) -> None:
        self.legs.append(leg)
        script = parse_script(NOTIFIED if leg.info.callee in ("carl", "dora") else SCRIPT)
        scripted = ScriptedCall(script, {}, Ear(PCMU, quiet_s=script.quiet_s))
        leg.connect(scripted)
        leg.ring()
        if leg.info.callee == "busy" or self.busy:
            leg.reject(486, "Busy Here")
        elif leg.info.callee.startswith("+"):
            self.done.append(asyncio.create_task(leg.answer()))
        elif leg.info.callee != "away":
            self.done.append(asyncio.create_task(self._talk(leg, scripted)))

    async def _talk(self, leg: IncomingSipLeg, scripted: ScriptedCall) -> None:
        await leg.answer()
        await scripted.run(leg, asyncio.get_running_loop().time())


@asynccontextmanager
async def callee() -> AsyncIterator[Callee]:
    clock = MediaClock()
    clock.start()
    callee = Callee(clock)
    await callee.front.start()
    try:
        yield callee
    finally:
        await callee.front.close()
        await clock.close()


def ask(service: Service, method: str, path: str, body: dict[str, Any] | None = None, token: str = TOKEN) -> Any:
    """Status and JSON (or text) of an answer of the console. Blocks."""
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{service.ready['console_port']}{path}",
        json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            status, content = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read().decode()
    return status, json.loads(content) if content.startswith("{") else content


def dial(service: Service, folder: Path, to: str) -> subprocess.CompletedProcess[str]:
    """``voicebot dial`` as a user would run it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")} | {
        "VOICEBOT_CONSOLE__PORT": str(service.ready["console_port"]),
        "VOICEBOT_CONSOLE__TOKEN": TOKEN,
    }
    argv = [sys.executable, "-m", "voicebot", "dial", to, "--context", "order=7"]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def notify(port: int, to: str) -> tuple[int, str]:
    """A bot has ``to`` called, to say one thing and hang up: status, and the call's conversation. Blocks."""
    said = {"type": "message", "text": "Your order is ready.", "inputHint": "ignoringInput"}
    base = f"http://{LOOPBACK}:{port}/v3/conversations"

    def post(url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    status, answer = post(base, {"members": [{"id": to}], "activity": said})
    if status == 201:
        post(f"{base}/{answer['id']}/activities", {"type": "endOfConversation"})
    return status, str(answer.get("id"))


async def until_ended(service: Service, call_id: str) -> dict[str, Any]:
    end = time.monotonic() + 40
    while time.monotonic() < end:
        _, call = await asyncio.to_thread(ask, service, "GET", f"/v1/calls/{call_id}")
        if call["state"] == "ended":
            return dict(call)
        await asyncio.sleep(0.1)
    raise AssertionError(f"{call_id} does not end")


async def test_the_api_has_people_called_who_talk_are_busy_or_do_not_answer(
    serve_scripted: Callable[..., Service], tmp_path: Path
) -> None:
    bot = BotDouble()
    await bot.start()
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        connector: int = probe.getsockname()[1]
    (tmp_path / "service-0").mkdir()
    settings = (
        f'[connector]\nport = {connector}\n[[bots]]\nname = "notifier"\nkind = "bot-framework"\nurl = "{bot.url}"\n'
    )
    (tmp_path / "service-0" / "voicebot.toml").write_text(settings)
    dialogs = tmp_path / "dialogs"
    shutil.copytree(SAMPLE_DIALOGS, dialogs)
    main = (dialogs / "main.yaml").read_text("utf-8")
    (dialogs / "main.yaml").write_text(main.replace("steps:\n", FIRST, 1) + DIALLING, "utf-8")
    service = serve_scripted(
        bot__dialogs=dialogs,
        console__token=TOKEN,
        calls__outbound_allow=json.dumps([f"*@{LOOPBACK}:*"]),
        calls__ring_timeout_s=1,
    )

    async def place(to: str, **more: Any) -> dict[str, Any]:
        status, call = await asyncio.to_thread(ask, service, "POST", "/v1/calls", {"to": to, **more})
        assert status == 202, call
        return dict(call)

    assert ask(service, "GET", "/readyz", token="") == (200, {"ready": True, "why": [], "notes": []})
    assert ask(service, "POST", "/v1/calls", {"to": "sip:x@192.0.2.1"})[0] == 403
    async with callee() as phone:
        talk = await place(phone.uri("anna"), context={"order": 7}, **{"from": "4711"})
        chain = await place(phone.uri("dora"), context={"first": phone.uri("busy"), "then": phone.uri("carl")})
        busy, away = await place(phone.uri("busy")), await place(phone.uri("away"))
        nobody = await place(f"sip:anna@{LOOPBACK}:9")
        assert await asyncio.to_thread(notify, connector, "sip:x@192.0.2.1") == (403, "None")
        assert (await asyncio.to_thread(notify, connector, phone.uri("carl")))[0] == 201
        dialled = await asyncio.to_thread(dial, service, tmp_path, phone.uri("busy"))
        refused = await asyncio.to_thread(dial, service, tmp_path, "+1900555")
        ended = {call["id"]: await until_ended(service, call["id"]) for call in (talk, chain, busy, away, nobody)}
        await asyncio.gather(*phone.done)
    (start, *_, end) = bot.received
    await bot.close()
    assert (start["channelData"]["direction"], start["from"]["id"], end["type"]) == (
        "outbound",
        "carl",
        "endOfConversation",
    )
    notified = service.record(start["channelData"]["callId"])
    assert (texts(notified), notified["end"]["reason"]) == (["Your order is ready."], "bot")
    assert (dialled.returncode, "not answered: busy 486" in dialled.stdout) == (1, True), dialled.stderr
    assert (refused.returncode, "set up a trunk" in refused.stderr) == (2, True)
    assert texts(service.record(chain["id"])) == [*2 * ["One moment, please."], "Then it was answered."]
    to_carl = [service.record(leg.info.call_id) for leg in phone.legs if leg.info.callee == "carl"]
    assert ["First it was busy."] in map(texts, to_carl), "in the call that the dialog has placed"
    outcomes = [(ended[call["id"]]["not_answered"] or {}).get("outcome") for call in (talk, busy, away, nobody)]
    assert outcomes == [None, "busy", "no-answer", "unreachable"]
    record = service.record(talk["id"])
    assert (record["direction"], record["caller"], record["callee"]) == ("outbound", "4711", "anna")
    assert record["end"] == {"reason": "bot", "bot_asked": True}
    assert record["ringing_ms"] is not None and len(texts(record)) >= 3, "greeting, opening hours, goodbye"
    metrics = ask(service, "GET", "/metrics", token="")[1]
    for outcome in ("bot", "busy", "no-answer", "unreachable"):
        assert f'voicebot_calls_total{{direction="outbound",outcome="{outcome}"}}' in metrics
    assert "voicebot_rtp_mos_count 4.0" in metrics
    assert "opening" not in service.log(), "what callers hear and say is not for the log"


async def test_a_greeting_is_heard_before_the_answer_and_an_agent_is_called_before_the_caller_is_handed_on(
    serve_scripted: Callable[..., Service],
) -> None:
    async with callee() as desk:
        service = serve_scripted(
            calls__before_answer="greeting",
            bot__transfer="attended",
            calls__transfer_allow='["*"]',
            calls__transfer_domain=f"{LOOPBACK}:{desk.front.endpoint.port}",
        )
        async with calling(service.uri) as phone:
            assert phone.last_audible and phone.last_audible < phone.answered, "the greeting came as early media"
            assert phone.call is not None
            desk.busy = True
            phone.press("0")
            await phone.until(lambda: bool(desk.legs), "a call to the agent")
            await phone.answer(time.monotonic(), quiet_s=1.0)
            assert not phone.transfers, "the agent is busy: the caller is back with the bot"
            desk.busy = False
            phone.press("0")
            await phone.until(lambda: bool(phone.transfers), "the transfer")
            assert "?Replaces=" in phone.transfers[0], "the caller's side is to take over the call with the agent"
            await phone.until_ended()
        record = service.record(phone.call.call_id)
    assert record["transfer"]["accepted"] is True
    assert any("cannot be reached" in text for text in texts(record))
    assert record["answered_ms"] > 500

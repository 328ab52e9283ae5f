"""The real service takes calls whose platform speaks and listens itself: no audio comes to us."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from acs import ACCESS_KEY, RESOURCE, AcsCall, AcsService
from acs.rehearsed import RehearsedCall
from acs.scripted import ScriptedCaller
from free_port import free_port
from served import ROOT, SAMPLE_DIALOGS, Service
from waiting import until

from voicebot.archive.picture import picture
from voicebot.authoring.stage import TEST_HEADER, build_stage
from voicebot.authoring.talk import Failure, RunningTest
from voicebot.authoring.transcripts import DialogTest, read_transcripts
from voicebot.caller import load_script
from voicebot.commands.demo import DEMO_SCRIPT

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

pytestmark = pytest.mark.slow

EVENTS_KEY = "known-to-event-grid-only"
DEMO_S = 240.0


@asynccontextmanager
async def platform(
    serve: Callable[..., Service], *, speed: float = 1.0, **settings: Any
) -> AsyncIterator[tuple[AcsService, str, Service]]:
    """The platform, where its Event Grid delivers, and the service."""
    async with AcsService(speed) as acs:
        port = free_port()
        service = await asyncio.to_thread(
            serve,
            acs__endpoint=acs.url,
            acs__key=ACCESS_KEY,
            acs__resource_id=RESOURCE,
            acs__port=port,
            acs__public_url=f"http://127.0.0.1:{port}",
            acs__events_key=EVENTS_KEY,
            acs__metadata_url=acs.sending.metadata_url,
            acs__mode="platform",
            acs__speech_endpoint="https://speech.cognitiveservices.azure.com",
            **settings,
        )
        yield acs, f"http://127.0.0.1:{port}/acs/events/{EVENTS_KEY}", service
        if service.running:
            await asyncio.to_thread(service.end_well, settings.get("allow", ""))


async def called(acs: AcsService, grid: str, caller: str, **headers: str) -> AcsCall:
    assert await acs.ring(grid, caller, times=2, sip_headers=headers) == [200, 200]
    await until(lambda: any(call.caller == caller for call in acs.calls.values()))
    return next(call for call in acs.calls.values() if call.caller == caller)


async def place(acs: AcsService, service: Service, number: str) -> str:
    """Have a number called. Returns the id of the call."""
    console = f"http://127.0.0.1:{service.ready['console_port']}/v1/calls"
    bearer = {"Authorization": "Bearer token"}
    async with acs.sending.http.post(console, json={"to": number}, headers=bearer) as response:
        assert response.status == 202, await response.text()
        return str((await response.json())["id"])


@pytest.mark.long
async def test_the_transcript_tests_of_the_sample_dialog_pass(
    serve_scripted: Callable[..., Service], tmp_path: Path
) -> None:
    build_stage(SAMPLE_DIALOGS, tmp_path / "stage")
    tests = read_transcripts(SAMPLE_DIALOGS).tests
    settings = {"allow": "The customer system is down", "bot__dialogs": tmp_path / "stage"}
    async with platform(serve_scripted, speed=10, **settings) as (acs, grid, _service):

        async def failure(number: int, test: DialogTest) -> Failure | None:
            call = await called(acs, grid, f"+493012340{number:02}", **{TEST_HEADER: str(number)})
            failed = await RunningTest(RehearsedCall(call, test), test, []).failure()
            await call.end()
            return failed

        found = await asyncio.gather(*(failure(number, test) for number, test in enumerate(tests)))
    assert len(found) >= 10
    assert not [failed for failed in found if failed is not None]


async def test_the_demo_reaches_its_end_and_the_call_is_recorded_and_pictured_and_calls_are_placed(
    serve_scripted: Callable[..., Service],
) -> None:
    settings = {
        "calls__recording": "true",
        "acs__number": "+4930999",
        "calls__outbound_allow": '["+4930*"]',
        "console__token": "token",
    }
    async with platform(serve_scripted, speed=4, **settings) as (acs, grid, service):
        caller = await ScriptedCaller.dial(acs, grid)
        report = await caller.follow(load_script(DEMO_SCRIPT), "the platform")
        assert report.ok, report.reason
        record = await asyncio.to_thread(service.record, report.call_id)
        ((id_, recording),) = acs.recordings.made.items()
        acs.refusals["+4930556"] = (486, 8539, "Busy Here")
        placed, busy = [await place(acs, service, number) for number in ("+4930555", "+4930556")]
        await until(lambda: any(call.caller == "+4930555" for call in acs.calls.values()))
        called = next(call for call in acs.calls.values() if call.caller == "+4930555")
        await called.talk.say("opening hours")
        await until(lambda: any("open" in text.lower() for text in called.talk.texts[2:]), 60)
        await called.end()
        outbound = await asyncio.to_thread(service.record, placed)
        unanswered = await asyncio.to_thread(service.record, busy)
    assert (outbound["direction"], outbound["callee"], outbound["end"]["reason"]) == ("outbound", "+4930555", "caller")
    assert "opening hours" in [turn["caller"]["text"].lower() for turn in outbound["turns"] if turn["caller"]]
    assert unanswered["not_answered"] == {"outcome": "busy", "status": 486, "reason": "Busy Here"}
    assert recording.call.correlation == report.call_id and recording.over
    changed = [line for line in record["timeline"] if line["event"] == "recording_changed"]
    assert [(line["action"], line["error"], line["recording"]) for line in changed] == [("start", "", id_)]
    assert record["end"] == {"reason": "bot", "bot_asked": True}
    assert (record["caller"], record["trunk"], record["interruptions"] >= 1) == ("+4930123456", "acs", True)
    words = [turn["caller"]["text"] or turn["caller"]["keys"] for turn in record["turns"] if turn["caller"]]
    assert "123456" in "".join(words) and "Billing" in " ".join(words)
    assert all(turn["bot"]["first_packet_ms"] for turn in record["turns"] if turn["bot"]["text"])
    shown = picture(record)
    assert "Your balance is" in shown and "no thank you" in shown.lower()


@pytest.mark.long
async def test_calls_end_with_the_caller_and_with_the_service(serve_scripted: Callable[..., Service]) -> None:
    async with platform(serve_scripted, speed=4) as (acs, grid, service):
        calls = [await called(acs, grid, f"+49301230{number:02}") for number in range(10)]
        await asyncio.gather(*(call.talk.listened_to() for call in calls))
        await calls[0].end()
        first = await asyncio.to_thread(service.record, calls[0].correlation)
        service.terminate()
        await until(lambda: all(call.over.is_set() for call in calls), 60)
        assert await asyncio.to_thread(service.status) == 0
        others = [await asyncio.to_thread(service.record, call.correlation) for call in calls[1:]]
    assert first["end"]["reason"] == "caller"
    assert {record["end"]["reason"] for record in others} == {"bot"}


@pytest.mark.long
async def test_the_demonstration_reaches_the_end_of_the_sample_dialog(tmp_path: Path) -> None:
    (tmp_path / "dialogs").symlink_to(ROOT / "dialogs")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voicebot", "demo", "--by", "acs-platform", "--out", str(tmp_path / "out"), "--json"),
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        told, log = await asyncio.wait_for(done.communicate(), DEMO_S)
    finally:
        if done.returncode is None:
            done.terminate()
    assert done.returncode == 0, log.decode()
    assert json.loads(told)["outcome"] == "completed"
    left = {file.name for file in await asyncio.to_thread(lambda: list((tmp_path / "out").iterdir()))}
    assert {"call.json", "call.svg"} <= left and "call.wav" not in left

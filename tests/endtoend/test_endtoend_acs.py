"""The real service takes calls by Azure Communication Services: the sample dialog, from the greeting to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from acs import ACCESS_KEY, RESOURCE, AcsCall, AcsService
from free_port import free_port
from served import Service, SpeechDouble, texts
from waiting import until

from voicebot.audio import FRAME_S, LINEAR_16K
from voicebot.caller.ear import level_dbfs
from voicebot.speech import apology

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

EVENTS_KEY = "known-to-event-grid-only"
SPEECH = apology("wait", LINEAR_16K)
"""Any human-sounding words will do where the scripted service makes up what was said."""
AUDIBLE_DBFS = -48.0
QUIET_S = 0.5


class Caller:
    """Somebody who has called, and is answered."""

    def __init__(self, call: AcsCall) -> None:
        self.call = call
        self.media = call.media

    async def hears(self, since: float) -> None:
        """Hear what the bot says after ``since``, to its end."""
        now = asyncio.get_running_loop().time
        await until(lambda: (heard := self._last_audible()) > since and now() - heard > QUIET_S, 60)

    async def says(self) -> None:
        """Say something, and hear the answer."""
        said = asyncio.get_running_loop().time()
        self.media.say(SPEECH)
        await self.hears(said)

    async def interrupts(self) -> None:
        """Say something over what the bot says, which stops, and hear the answer."""
        stops = len(self.media.stops)
        self.media.say(SPEECH)
        await until(lambda: len(self.media.stops) > stops, 60)
        await self.hears(self.media.stops[stops][0] + FRAME_S)

    async def presses(self, keys: str) -> None:
        """Press keys, and hear the answer."""
        pressed = asyncio.get_running_loop().time()
        await self.media.press(keys)
        await self.hears(pressed)

    def _last_audible(self) -> float:
        audible = (at for at, frame in reversed(self.media.played) if level_dbfs(frame, LINEAR_16K) > AUDIBLE_DBFS)
        return next(audible, 0.0)


class Platform(NamedTuple):
    """The platform, where its Event Grid delivers, and the service."""

    acs: AcsService
    grid: str
    service: Service


@asynccontextmanager
async def platform(start: Callable[..., Service], **settings: Any) -> AsyncIterator[Platform]:
    async with AcsService() as acs:
        port = free_port()
        service = await asyncio.to_thread(
            start,
            acs__endpoint=acs.url,
            acs__key=ACCESS_KEY,
            acs__resource_id=RESOURCE,
            acs__port=port,
            acs__public_url=f"http://127.0.0.1:{port}",
            acs__events_key=EVENTS_KEY,
            acs__number="+4930999",
            acs__metadata_url=acs.sending.metadata_url,
            **settings,
        )
        grid = f"http://127.0.0.1:{port}/acs/events/{EVENTS_KEY}"
        assert await acs.validate(grid)
        yield Platform(acs, grid, service)
        if service.running:
            await asyncio.to_thread(service.end_well)


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpeechDouble]:
    double = SpeechDouble(tmp_path_factory.mktemp("speech"), {"ms_per_word": 60})
    yield double
    double.end()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, double: SpeechDouble) -> AsyncIterator[Platform]:
    """One for all who let the service go on: a start takes longer than most calls."""

    def start(**settings: Any) -> Service:
        return Service(tmp_path_factory.mktemp("service"), settings)

    async with platform(
        start,
        speech__service="url",
        speech__url=double.url,
        calls__recording="true",
        console__token="token",
        calls__outbound_allow='["+4930*"]',
    ) as world:
        yield world


async def answered(acs: AcsService, grid: str) -> Caller:
    before = len(acs.calls)
    assert await acs.ring(grid, times=2) == [200, 200]
    await until(lambda: len(acs.calls) == before + 1)
    call = list(acs.calls.values())[-1]
    await until(lambda: call.media.streaming)
    return Caller(call)


async def ended(service: Service, caller: Caller) -> dict[str, Any]:
    await until(caller.call.over.is_set, 60)
    return await asyncio.to_thread(service.record, caller.call.correlation)


async def test_the_sample_dialog_by_voice_keys_and_barge_in_to_its_end(shared: Platform, double: SpeechDouble) -> None:
    acs, grid, service = shared
    await asyncio.to_thread(double.follow, texts=["billing please"], cycle=True, ms_per_word=60)
    caller = await answered(acs, grid)
    await caller.hears(0.0)
    await caller.says()
    await caller.presses("123456")
    await asyncio.to_thread(double.follow, texts=["yes"], cycle=True, ms_per_word=300)
    caller.media.say(SPEECH)
    heard = len(caller.media.played)
    await until(lambda: len(caller.media.played) > heard + 75, 60)  # "one moment", and the answer, which is long
    await caller.media.said()
    await asyncio.to_thread(double.follow, texts=["no thank you"], cycle=True, ms_per_word=60)
    await caller.interrupts()  # the question after it was not heard, and is asked again
    caller.media.say(SPEECH)
    record = await ended(service, caller)
    said = " ".join(texts(record))
    for words in (
        "how can I help",
        "account number",
        "I have 123456",
        "Your balance is $84.37",
        "Thank you for calling",
    ):
        assert words.lower() in said.lower(), said
    assert record["end"] == {"reason": "bot", "bot_asked": True}
    assert (record["caller"], record["callee"], record["trunk"]) == ("+4930123456", "+4930999", "acs")
    assert (record["interruptions"] >= 1, record["codec"]) == (True, "L16-16K")
    assert caller.media.stops, "the service was told to stop"
    assert (Path(service.records) / f"{record['id']}.wav").exists()


async def test_a_transfer_that_fails_brings_the_caller_back_and_one_that_works_takes_him_away(
    shared: Platform, double: SpeechDouble
) -> None:
    acs, grid, service = shared
    await asyncio.to_thread(double.follow, ms_per_word=60)
    acs.refusals["+14255550123"] = (486, 8539, "Busy Here")
    caller = await answered(acs, grid)
    await caller.hears(0.0)
    await caller.media.press("0")
    await until(caller.call.got("CallTransferFailed"), 60)
    await caller.hears(asyncio.get_running_loop().time())
    acs.refusals.clear()
    await caller.media.press("0")
    record = await ended(service, caller)
    assert any("cannot be reached" in text for text in texts(record)), texts(record)
    assert record["end"]["reason"] == "transfer"
    assert (record["transfer"]["accepted"], record["transfer"]["target"]) == (True, "+14255550123")


async def test_the_caller_hangs_up_and_a_call_that_is_up_outlives_the_request_to_stop(
    serve_scripted: Callable[..., Service],
) -> None:
    async with platform(serve_scripted, calls__drain_s=60) as (acs, grid, service):
        caller, other = await answered(acs, grid), await answered(acs, grid)
        await caller.call.end()
        assert (await ended(service, caller))["end"]["reason"] == "caller"
        service.terminate()
        await until(lambda: "new calls are refused" in service.log(), 60)
        assert await acs.ring(grid) == [200]
        await until(lambda: [body["callRejectReason"] for body in acs.asked("reject")] == ["busy"], 60)
        began = time.monotonic()
        await other.presses("3")  # opening hours
        assert time.monotonic() > began
        await other.call.end()
        assert await asyncio.to_thread(service.status) == 0
        assert (await ended(service, other))["end"]["reason"] == "caller"


async def test_a_call_that_is_placed_is_answered_and_says_its_words(shared: Platform, double: SpeechDouble) -> None:
    acs, _, service = shared
    await asyncio.to_thread(double.follow, ms_per_word=60)
    acs.refusals["+4930556"] = (486, 8539, "Busy Here")
    console = f"http://127.0.0.1:{service.ready['console_port']}/v1/calls"
    placed = {}
    for number in ("+4930555", "+4930556"):
        async with acs.sending.http.post(
            console, json={"to": number}, headers={"Authorization": "Bearer token"}
        ) as response:
            assert response.status == 202, await response.text()
            placed[number] = (await response.json())["id"]

    def answering() -> list[AcsCall]:
        return [call for call in acs.calls.values() if call.caller == "+4930555" and call.media.streaming]

    await until(answering, 60)
    caller = Caller(answering()[0])
    await caller.hears(0.0)
    await caller.call.end()
    record = await asyncio.to_thread(service.record, placed["+4930555"])
    busy = await asyncio.to_thread(service.record, placed["+4930556"])
    assert (record["direction"], record["caller"], record["end"]["reason"]) == ("outbound", "+4930999", "caller")
    assert busy["end"]["reason"] == "busy"


@pytest.mark.long
async def test_ten_calls_at_once_hear_the_bot_and_end_with_the_service(
    serve_scripted: Callable[..., Service],
) -> None:
    async with platform(serve_scripted, calls__drain_s=1) as (acs, grid, service):
        await asyncio.gather(*(acs.ring(grid, f"+49301230{number:02}") for number in range(10)))
        await until(lambda: len(acs.calls) == 10 and all(call.media.streaming for call in acs.calls.values()), 60)
        callers = [Caller(call) for call in acs.calls.values()]
        await asyncio.gather(*(caller.hears(0.0) for caller in callers))
        service.terminate()
        records = [await ended(service, caller) for caller in callers]
        assert await asyncio.to_thread(service.status) == 0
    assert [record["end"]["reason"] for record in records] == ["bot"] * 10

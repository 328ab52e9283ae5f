"""Whatever a dialog or its host does, the audio does not notice, and the call goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from served import FAULTY_DIALOGS, Service, SpeechDouble, texts
from telephone import DEADLINE_S, Telephone, calling

from voicebot.speech import APOLOGY_TEXTS

pytestmark = pytest.mark.slow

BLOCK_S = 2.0
"""So long the dialogs in dialogs_faulty block; on a busy machine, packets are late by less by themselves."""
PATIENT = {"bot__turn_timeout_s": DEADLINE_S}
"""A host that was started anew on a busy machine may take longer for a turn than callers would like."""
ACCOUNT = "Please say your six digit account number, or enter it on your keypad."


async def another_host(service: Service, telephone: Telephone) -> float:
    """Wait until a second host is connected; returns when."""

    def back() -> bool:  # in any order with the line that it is ready, which another task writes
        return service.log().count("connected to the dialog host") >= 2

    at = await telephone.until(back, "a new dialog host")
    assert service.child("voicebot.host").pid != service.host.pid
    return at


async def until_said(service: Service, call_id: str, text: str) -> None:
    """Wait until the bot has begun to say this."""
    async with asyncio.timeout(DEADLINE_S):
        while await asyncio.to_thread(service.bot_says, call_id) != text:
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the dialogs that do wrong and leave their host alive."""
    folder = tmp_path_factory.mktemp("faulty")
    speech = SpeechDouble(folder / "speech", {"ms_per_word": 60})
    try:
        settings = {"speech__service": "url", "speech__url": speech.url, "bot__dialogs": FAULTY_DIALOGS}
        service = Service(folder, settings | PATIENT)
        yield service
        service.end_well(allow="a defect in the dialog")
    finally:
        speech.end()


@pytest.mark.parametrize(("key", "answer"), [("1", "slept well"), ("2", "computed well")])
async def test_a_dialog_that_blocks_for_2_s_is_not_noticed_on_the_wire(faulty: Service, key: str, answer: str) -> None:
    service, told = faulty, len(faulty.log())
    async with calling(service.uri) as first, calling(service.uri) as second:
        await first.answer(0)
        began = time.monotonic()
        first.press(key)
        assert first.call is not None
        call_id = first.call.call_id
        await until_said(service, call_id, answer)  # after 3.6 s of prompt, which cover the blocking
        await first.answer(began)
        until = time.monotonic()
        gaps = [phone.longest_gap_s(began, until) for phone in (first, second)]
        packets = [sum(began < at < until for at, _, _ in phone.packets) for phone in (first, second)]
        silence = first.longest_silence_s(began + 1.0, began + 4.0)
        print(
            f"key {key}: in {until - began:.1f} s {packets} packets, longest gap {max(gaps) * 1000:.0f} ms, "
            f"longest silence within the prompt {silence * 1000:.0f} ms"
        )
    record = service.record(call_id)
    assert texts(record)[-1] == answer
    assert max(gaps) < BLOCK_S / 2
    assert silence < BLOCK_S / 2
    assert service.child("voicebot.host").pid == service.host.pid, "2 s are no reason to kill the host"
    assert not [word for word in ("hangs", "Traceback") if word in service.log()[told:]]


async def test_a_dialog_that_raises_costs_an_apology_and_nothing_else(faulty: Service) -> None:
    service, before = faulty, len(faulty.log())
    async with calling(service.uri) as phone:
        await phone.answer(0)
        phone.press("5")
        await phone.until(lambda: "key 5" in service.log()[before:], "the key")
        await phone.answer(time.monotonic())
        began = time.monotonic()
        phone.press("3")
        heard = await phone.until_hears("bot", began)
        print(f"apology after {heard - began:.1f} s")
        await phone.answer(heard, quiet_s=1.0)  # the re-prompt
        phone.press("6")
        await phone.answer(time.monotonic())
        assert phone.call is not None
        call_id = phone.call.call_id
    said = texts(service.record(call_id))
    assert "you have pressed 1" in said
    assert said[-1] == "key number 2"
    assert "main.py" in service.log()[before:], "the author is told where"
    assert service.child("voicebot.host").pid == service.host.pid


@pytest.mark.parametrize("sdk", ["botbuilder", pytest.param("microsoft-agents", marks=pytest.mark.long)])
async def test_a_host_killed_in_mid_call_comes_back_and_the_dialog_goes_on_where_it_was(
    serve_scripted: Callable[..., Service], sdk: str
) -> None:
    if sdk == "microsoft-agents":
        pytest.importorskip(
            "microsoft_agents.hosting.dialogs", reason="needs: pip install 'voicebot[microsoft-agents]'"
        )
    service = serve_scripted(bot__sdk=sdk, **PATIENT)
    async with calling(service.uri) as phone:
        await phone.answer(0)
        phone.press("1")
        await phone.until(lambda: "key 1" in service.log(), "the key")
        await phone.answer(time.monotonic())
        killed = time.monotonic()
        service.host.kill()
        phone.press("1")  # meets no host, and is no answer to the question that is open
        apology = await phone.until_hears("bot", killed)
        back = await another_host(service, phone)
        print(f"apology heard {apology - killed:.1f} s after the kill; host away for {back - killed:.1f} s")
        await phone.answer(back)
        phone.press("123456")
        await phone.answer(time.monotonic())
        phone.press("1")
        await phone.answer(time.monotonic(), quiet_s=1.5)
        phone.press("2")
        await phone.until_ended()
        assert phone.call is not None
        call_id = phone.call.call_id
    record = service.record(call_id)
    said = texts(record)
    print("\n".join(said))
    assert said.count(ACCOUNT) == 2, "the question is asked again"
    assert any(text.startswith("Your balance is") for text in said)
    assert record["end"]["reason"] == "bot"


async def test_a_host_killed_while_nothing_is_asked_is_not_noticed(serve_scripted: Callable[..., Service]) -> None:
    service = serve_scripted(bot__dialogs=FAULTY_DIALOGS, **PATIENT)
    async with calling(service.uri) as phone:
        await phone.answer(0)
        phone.press("5")
        await phone.until(lambda: "key 5" in service.log(), "the key")
        await phone.answer(time.monotonic())
        killed = time.monotonic()
        service.host.kill()
        back = await another_host(service, phone)
        print(f"host away for {back - killed:.1f} s")
        phone.press("6")
        await phone.answer(time.monotonic())
        assert phone.call is not None
        call_id = phone.call.call_id
    said = [text for text in texts(service.record(call_id)) if text != APOLOGY_TEXTS["wait"]]
    assert said == ["welcome", "key number 1", "key number 2"]


async def test_a_host_that_hangs_is_killed_and_the_call_goes_on(serve_scripted: Callable[..., Service]) -> None:
    service = serve_scripted(bot__dialogs=FAULTY_DIALOGS, bot__hang_timeout_s=3)
    hung: psutil.Process = service.host
    async with calling(service.uri) as phone:
        await phone.answer(0)
        phone.press("5")
        await phone.until(lambda: "key 5" in service.log(), "the key")
        await phone.answer(time.monotonic())
        began = time.monotonic()
        phone.press("4")
        back = await another_host(service, phone)
        apology = await phone.until_hears("bot", began)
        print(f"apology heard {apology - began:.1f} s after the key, host away for {back - began:.1f} s")
        assert not hung.is_running()
        await phone.answer(back, quiet_s=1.0)
        phone.press("6")
        await phone.answer(time.monotonic())
        print(f"longest silence {phone.longest_silence_s(began, time.monotonic()):.1f} s")
        assert phone.call is not None
        call_id = phone.call.call_id
    said = texts(service.record(call_id))
    assert "you have pressed 1" in said
    assert said[-1] == "key number 2"

"""What the caller notices of a speech service that is away, mute or killed: never silence for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Service, SpeechDouble, texts
from telephone import SPEECH, calling

pytestmark = pytest.mark.slow

SILENCE_LIMIT_S = 15.0


@pytest.mark.long
async def test_a_killed_embedded_speech_service_comes_back_and_the_call_reaches_its_end(
    serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve()
    async with calling(service.uri) as phone:
        phone.press("1")  # waits until the welcome was heard
        await phone.until(lambda: "key 1" in service.log(), "the key")
        await phone.answer(time.monotonic())
        killed = time.monotonic()
        service.child("voicebot.localspeech").kill()
        back = asyncio.create_task(
            phone.until(lambda: service.log().count("speech service is ready") == 2, "the speech service", 60)
        )
        phone.press("123456")
        await phone.answer(killed, within_s=20)
        print(f"heard again {phone.last_audible - killed:.1f} s after the kill")
        returned = await back
        print(f"speech service away for {returned - killed:.1f} s")
        await phone.until(lambda: "recognition restored" in service.log(), "recognition")
        print(f"recognition restored {time.monotonic() - killed:.1f} s after the kill")
        phone.press("1")
        await phone.answer(time.monotonic(), quiet_s=1.5)
        phone.press("2")
        await phone.until_ended()
        assert phone.longest_silence_s(killed, time.monotonic()) < SILENCE_LIMIT_S
        assert phone.call is not None
        call_id = phone.call.call_id
    record = service.record(call_id)
    said = texts(record)
    print("\n".join(said))
    assert any(text.startswith("Your balance is") for text in said)
    assert record["end"]["reason"] == "bot"


async def test_a_speech_service_that_goes_mute_in_mid_call_leaves_no_silence_and_the_caller_gets_a_person(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    double = speak(texts=["billing please"], cycle=True)
    service = serve(speech__service="url", speech__url=double.url, calls__fallback_transfer="1234")
    async with calling(service.uri) as phone:
        await phone.until(lambda: "prompts are ready" in service.log(), "the prompts")
        await phone.answer(0)
        muted = time.monotonic()
        await asyncio.to_thread(double.follow, mute=True)
        while not phone.transfers and not phone.ended:
            phone.say(SPEECH)
            said = time.monotonic() + len(SPEECH) / 8000
            await phone.until(lambda since=said: phone.ended or phone.last_audible > since, "an answer", 20)
            await phone.until(lambda: phone.ended or time.monotonic() - phone.last_audible > 0.7, "its end")
        ended = await phone.until_ended()
        silence = phone.longest_silence_s(muted, phone.last_audible)
        print(f"given up {ended - muted:.1f} s after the service went mute; longest silence {silence:.1f} s")
        assert silence < SILENCE_LIMIT_S
        assert phone.transfers


async def test_synthesis_that_stalls_in_mid_call_costs_apologies_and_then_the_fallback(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    double = speak()
    service = serve(speech__service="url", speech__url=double.url, turns__no_input_s=4)
    async with calling(service.uri) as phone:
        await phone.answer(0)
        phone.press("1")
        await phone.until(lambda: "key 1" in service.log(), "the key")
        await phone.answer(time.monotonic())
        stalled = time.monotonic()
        await asyncio.to_thread(double.follow, stall_synthesis=True)
        phone.press("123456")  # the answer has digits, which are not in the cache
        masked = await phone.until_hears("wait", stalled, within_s=20)
        since = stalled
        while not phone.hears("speech-service", stalled):
            await phone.until(
                lambda since=since: phone.hears("bot", since) or phone.hears("speech-service", since), "an apology", 20
            )
            since = time.monotonic() + 1
            phone.press("*")  # "say that again"
        print(f"one moment, please {masked - stalled:.1f} s after the keys")
        ended = await phone.until_ended()
        silence = phone.longest_silence_s(stalled, phone.last_audible)
        print(f"ended {ended - stalled:.1f} s after the stall; longest silence {silence:.1f} s")
        assert silence < SILENCE_LIMIT_S

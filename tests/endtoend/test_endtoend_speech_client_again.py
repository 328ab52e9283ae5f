"""A service that ends the Speech SDK again and again: the calls get the fallback, and ours does not end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from served import Service, SpeechDouble
from telephone import calling

pytestmark = pytest.mark.slow

SCRIPT = {"texts": ["opening hours please"], "cycle": True}
SILENCE_LIMIT_S = 15.0


@pytest.mark.long
async def test_a_service_that_ends_the_sdk_again_and_again_leads_to_the_fallback_and_not_to_our_end(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    double = speak(**SCRIPT)
    service = serve(speech__service="url", speech__url=double.url, calls__fallback_transfer="1234")
    async with calling(service.uri) as phone:
        await phone.until(lambda: "prompts are ready" in service.log(), "the prompts")
        await phone.answer(0)
        struck = time.monotonic()
        await asyncio.to_thread(double.follow, **SCRIPT, malformed_frames=100_000)
        await phone.until(lambda: bool(phone.transfers) or phone.ended, "the fallback", 60)
        ended = await phone.until_ended()
        silence = phone.longest_silence_s(struck, phone.last_audible)
        print(f"handed on {ended - struck:.1f} s after the first frame; longest silence {silence:.1f} s")
        assert phone.transfers
        assert silence < SILENCE_LIMIT_S
    async with calling(service.uri) as phone:  # and who calls now is handed on at once
        await phone.until_ended()
        assert phone.transfers
    await asyncio.to_thread(double.follow, **SCRIPT)
    ready = service.log().count("speech client is ready")
    async with calling(service.uri) as phone:
        await phone.until(lambda: phone.ended or service.log().count("speech client is ready") > ready, "it", 30)
    async with calling(service.uri) as phone:
        await phone.answer(0)
        await phone.ask()
        assert not phone.ended


async def test_a_service_that_ends_the_sdk_from_the_start_does_not_keep_us_from_starting(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    double = speak(**SCRIPT, malformed_frames=100_000)
    service = serve(speech__service="url", speech__url=double.url)
    async with calling(service.uri) as phone:
        await phone.until_ended()
        assert phone.hears("speech-service")

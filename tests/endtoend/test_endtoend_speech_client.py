"""What callers notice when the Speech SDK dies: on the wire, with the service as a user starts it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

import pytest
from served import Service, SpeechDouble
from telephone import SPEECH, Telephone, calling

pytestmark = pytest.mark.slow

SCRIPT = {"texts": ["opening hours please"], "cycle": True}
MODULE = "voicebot.speechsdk"
SILENCE_LIMIT_S = 15.0
GAP_LIMIT_S = 1.0


def failures(service: Service, phone: Telephone) -> list[str]:
    """What was told of prompts and of the bot that failed, in the record of the call that ended."""
    assert phone.call is not None
    record = service.record(phone.call.call_id)
    return [failure["what"] for failure in record.get("failures", []) if failure["what"] != "recognition"]


async def test_a_frame_that_ends_the_sdk_costs_the_calls_of_the_service_at_most_a_moment(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    double = speak(**SCRIPT)
    service = serve(speech__service="url", speech__url=double.url)
    async with calling(service.uri) as one, calling(service.uri) as other:
        phones = (one, other)
        await asyncio.gather(*(phone.answer(0) for phone in phones))
        sdk = service.child(MODULE)
        struck = time.monotonic()
        await asyncio.to_thread(double.follow, **SCRIPT, malformed_frames=1, faults_on="recognition")
        await one.until(lambda: not sdk.is_running(), "the end of the SDK")
        await asyncio.gather(*(phone.ask() for phone in phones))  # while the next one is being started
        await one.until(lambda: service.log().count("recognition restored") == len(phones), "recognition")
        await asyncio.gather(*(phone.ask() for phone in phones))
        for phone in phones:
            assert not phone.ended and not phone.hears("bot") and not phone.hears("speech-service")
            assert phone.longest_gap_s(struck, time.monotonic()) < GAP_LIMIT_S
            assert phone.longest_silence_s(struck, phone.last_audible) < SILENCE_LIMIT_S
    assert "ended with status -11" in service.log()


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.long)])
async def test_a_speech_client_that_dies_in_mid_prompt_and_mid_utterance_is_not_heard(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble], number: signal.Signals
) -> None:
    double = speak(**SCRIPT)
    service = serve(speech__service="url", speech__url=double.url)
    async with calling(service.uri) as phone:
        await phone.until(lambda: "prompts are ready" in service.log(), "the prompts")
        await phone.answer(0)
        phone.press("1")
        await phone.answer(time.monotonic())
        await asyncio.to_thread(double.follow, **SCRIPT, ms_per_word=250, real_time=True)
        phone.press("123456")
        asked = time.monotonic()
        await phone.until(lambda: phone.last_audible > asked + 0.5, "the answer, in digits")
        service.child(MODULE).send_signal(number)  # in the middle of a prompt that is being rendered
        await phone.answer(time.monotonic())
        await phone.until(lambda: service.log().count("recognition restored") == 1, "recognition")
        phone.say(SPEECH)
        await asyncio.sleep(len(SPEECH) / 16000)
        service.child(MODULE).send_signal(number)  # in the middle of what the caller says
        await phone.answer(time.monotonic())
        await phone.until(lambda: service.log().count("recognition restored") == 2, "recognition")
        assert not phone.ended and not phone.hears("bot") and not phone.hears("speech-service")
        assert phone.longest_gap_s(asked, time.monotonic()) < GAP_LIMIT_S
        assert phone.longest_silence_s(asked, phone.last_audible) < SILENCE_LIMIT_S
    assert not failures(service, phone)

"""A session hands audio on in the portions in which the SDK sends it, or in larger ones where nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from voicebot.audio import PCMU
from voicebot.speech.recognition_session import RecognitionSession
from voicebot.speechsdk.drivers import RecognitionOptions, RecognitionReport
from voicebot.speechsdk.endpoint import SpeechEndpoint
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.recognition import NativeRecognition

OPTIONS = RecognitionOptions(PCMU, "en-US", (), 350)


class Listening(InProcessSdk):
    """The SDK, with a list of what its recognisers were given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def recognition(
        self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> NativeRecognition:
        made = super().recognition(options, report)
        made.write = self.written.append  # type: ignore[method-assign]
        return made


@pytest.mark.parametrize(
    ("past", "portions"),
    [(0, [320, 320]), (1, [160, 160, 320]), (2, [320, 320, 320])],
)
async def test_frames_are_handed_on_two_at_a_time_in_step_with_the_sdk(past: int, portions: list[int]) -> None:
    sdk = Listening()
    session = RecognitionSession(sdk, OPTIONS, lambda *_: None)
    session.write_past([(bytes(160), 0.02 * number) for number in range(past)])
    for number in range(4 if past != 1 else 3):
        session.write(bytes(160), 1 + 0.02 * number)
    assert [len(audio) for audio in sdk.written] == portions
    await session.release()


async def test_what_nobody_waits_for_is_handed_on_ten_frames_at_a_time() -> None:
    sdk = Listening()
    session = RecognitionSession(sdk, OPTIONS, lambda *_: None)
    for number in range(25):
        session.write(bytes(160), 0.02 * number, urgent=False)
    assert [len(audio) for audio in sdk.written] == [1600, 1600]
    for number in range(25, 29):
        session.write(bytes(160), 0.02 * number)
    assert [len(audio) for audio in sdk.written[2:]] == [6 * 160, 320], "all of it, as soon as something is urgent"
    await session.release()


async def test_what_was_kept_back_is_there_when_the_phrase_is_to_be_finished() -> None:
    sdk = Listening()
    session = RecognitionSession(sdk, OPTIONS, lambda *_: None)
    session.write(bytes(160), 1.0)
    assert not sdk.written
    session.commit()
    assert sdk.written == [bytes(160)]
    await session.release()


async def test_one_that_was_never_opened_is_released_at_once() -> None:
    session = RecognitionSession(InProcessSdk(), OPTIONS, lambda *_: None)
    async with asyncio.timeout(20):
        await session.release()
        await session.open(SpeechEndpoint(host="ws://127.0.0.1:1"))  # too late: nothing is made
    assert not session.connected

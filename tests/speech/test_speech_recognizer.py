from __future__ import annotations

import asyncio
import gc
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from speech_double import SpeechDouble, hypothesis, phrase
from waiting import settled, until

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.events import Event, Final, Hypothesis, NoMatch, RecognitionLost, RecognitionRestored
from voicebot.speech import Recognizer, SpeechEndpoint, SpeechUnavailable
from voicebot.speech import recognizer as recognizer_module
from voicebot.speech.replay import Replay
from voicebot.speechsdk import endpoint as endpoint_module
from voicebot.speechsdk import threads as sdk_threads
from voicebot.speechsdk.drivers import RecognitionOptions, RecognitionReport, SpeechSdk
from voicebot.speechsdk.in_process import InProcessSdk
from voicebot.speechsdk.recognition import NativeRecognition

FRAME = b"\xfe" * 160


class Call:
    """Frames written on a clock of their own, faster than life: frame n was spoken until ``1000 + 0.02 * (n + 1)``."""

    def __init__(self, recognizer: Recognizer, events: list[Event]) -> None:
        self.recognizer = recognizer
        self.events = events
        self.frames = 0

    def speak(self, seconds: float, payload: bytes = FRAME, *, urgent: bool = True) -> None:
        for _ in range(round(seconds * 50)):
            self.frames += 1
            self.recognizer.write(payload, 1000 + 0.02 * self.frames, urgent=urgent)

    def got(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def a_call(endpoint: object, sdk: SpeechSdk | None = None, **options: object) -> AsyncIterator[Call]:
    events: list[Event] = []
    recognizer = Recognizer(
        sdk or InProcessSdk(),
        endpoint,  # type: ignore[arg-type]
        audio=PCMU,
        on_event=events.append,
        **options,  # type: ignore[arg-type]
    )
    try:
        await recognizer.start()
        yield Call(recognizer, events)
    finally:
        await recognizer.stop()


async def test_results_arrive_as_events_on_the_calls_clock(service: SpeechDouble) -> None:
    service.results = [
        [
            hypothesis(1.0, "i want", 0.4, 0.9),
            phrase(1.6, "I want to pay.", 0.4, 1.3, NBest=[{"Confidence": 0.87, "Display": "I want to pay."}]),
            phrase(1.8, "", 1.4, 1.7, status="NoMatch"),
        ]
    ]
    async with a_call(SpeechEndpoint(host=service.host), phrases=["pay", "bill"]) as call:
        assert call.recognizer.connected
        call.speak(2.0)
        await until(lambda: call.got(NoMatch))
        first, final, no_match = call.events
        assert isinstance(first, Hypothesis) and first.text == "i want"
        assert (first.start, first.end) == pytest.approx((1000.4, 1000.9))
        assert isinstance(final, Final) and (final.text, final.confidence) == ("I want to pay.", 0.87)
        assert (final.start, final.end) == pytest.approx((1000.4, 1001.3))
        assert isinstance(no_match, NoMatch) and no_match.end == pytest.approx(1001.7)
    assert service.listening[0].phrases == ["pay", "bill"]
    segmentation = service.listening[0].context["phraseDetection"]["CONVERSATION"]["segmentation"]  # type: ignore[index]
    assert segmentation["segmentationSilenceTimeoutMs"] == 350


@pytest.mark.parametrize(("form", "tag"), [(PCMU, 7), (PCMA, 6), (LINEAR_16K, 1)])
async def test_the_callers_payload_reaches_the_service_untouched(
    service: SpeechDouble, form: AudioFormat, tag: int
) -> None:
    audio = bytes(range(256)) * 50
    recognizer = Recognizer(InProcessSdk(), SpeechEndpoint(host=service.host), audio=form, on_event=lambda _: None)
    await recognizer.start()
    for position in range(0, len(audio), form.frame_bytes):
        recognizer.write(audio[position : position + form.frame_bytes], 5.0 + position / form.byte_rate)
    await until(lambda: len(service.listening[0].audio) >= len(audio) - 2 * form.frame_bytes)
    await recognizer.stop()
    tag_sent, _, rate = struct.unpack_from("<HHI", service.listening[0].header, 20)
    assert (tag_sent, rate) == (tag, form.rate)
    assert audio.startswith(bytes(service.listening[0].audio))


async def test_what_was_said_before_the_connection_stood_is_sent_first(service: SpeechDouble) -> None:
    service.results = [[phrase(1.4, "Early.", 0.2, 0.8)]]
    events: list[Event] = []
    recognizer = Recognizer(InProcessSdk(), SpeechEndpoint(host=service.host), audio=PCMU, on_event=events.append)
    call = Call(recognizer, events)
    call.speak(1.0, b"\x01" * 160)
    await recognizer.start()
    call.speak(0.5)
    await until(lambda: call.got(Final))
    assert bytes(service.listening[0].audio[:8000]) == b"\x01" * 8000
    assert call.got(Final)[0].end == pytest.approx(1000.8)  # type: ignore[attr-defined]
    await recognizer.stop()


async def test_silence_is_no_event_but_a_late_word_in_it_is_a_final(service: SpeechDouble) -> None:
    service.results = [
        [
            phrase(0.5, "", 0.0, 0.4, status="InitialSilenceTimeout"),
            phrase(1.0, "", 0.6, 0.9, status="InitialSilenceTimeout", NBest=[{"Confidence": 0.4, "Display": "Yes."}]),
        ]
    ]
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(1.5)
        await until(lambda: call.got(Final))
        assert [event.text for event in call.events] == ["Yes."]  # type: ignore[attr-defined]


async def test_a_wrong_key_is_refused_at_once(service: SpeechDouble) -> None:
    service.refuse = [401] * 5
    with pytest.raises(SpeechUnavailable, match="AuthenticationFailure") as caught:
        async with a_call(SpeechEndpoint(host=service.host, key="wrong"), connect_timeout_s=30):
            pass
    assert caught.value.permanent
    assert service.authorization[0] == "wrong"


async def test_nobody_there_is_unavailable(unused_tcp_port: int) -> None:
    with pytest.raises(SpeechUnavailable):
        async with a_call(SpeechEndpoint(host=f"ws://127.0.0.1:{unused_tcp_port}"), connect_timeout_s=5):
            pass


async def test_a_service_that_hangs_is_unavailable_at_the_deadline(service: SpeechDouble) -> None:
    service.hang = True
    with pytest.raises(SpeechUnavailable, match=r"within 0\.3 s"):
        async with a_call(SpeechEndpoint(host=service.host), connect_timeout_s=0.3):
            pass


async def test_throttling_at_the_connection_is_waited_out(service: SpeechDouble) -> None:
    service.refuse = [429, 429]
    async with a_call(SpeechEndpoint(host=service.host), connect_timeout_s=8) as call:
        assert call.recognizer.connected
    assert service.requests == 3


async def test_a_cut_connection_is_mended_without_an_event_or_a_hole(service: SpeechDouble) -> None:
    service.results = [[], [phrase(1.5, "Whole.", 0.1, 1.4)]]
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(1.0)
        await until(lambda: len(service.listening[0].audio) >= 7200)
        service.listening[0].transport.abort()
        call.speak(0.5)
        await until(lambda: len(service.listening) == 2)

        def heard_after_one_more_frame() -> bool:  # the SDK sends again what it kept, once there is something new
            call.speak(0.02)
            return bool(call.got(Final))

        await until(heard_after_one_more_frame)
        assert [type(event) for event in call.events] == [Final]
        assert call.events[0].start == pytest.approx(1000.1)  # type: ignore[attr-defined]


async def test_a_killed_service_is_found_again_on_another_port_and_hears_the_unfinished_phrase(
    service: SpeechDouble,
) -> None:
    successor = SpeechDouble()
    successor.results = [[phrase(2.4, "Second.", 1.0, 2.2)]]
    service.results = [[phrase(1.0, "First.", 0.2, 0.8), hypothesis(1.5, "sec", 1.2, 1.4)]]
    port = [service.port]
    async with a_call(lambda: SpeechEndpoint(host=f"ws://127.0.0.1:{port[0]}")) as call:
        call.speak(2.0)
        await until(lambda: len(call.events) == 2)
        await service.stop()
        await until(lambda: call.got(RecognitionLost))
        assert not call.recognizer.connected
        call.speak(0.5)
        await successor.start()
        port[0] = successor.port
        await until(lambda: call.got(RecognitionRestored))
        assert call.recognizer.connected
        call.speak(1.0)
        await until(lambda: len(call.got(Final)) == 2)
        # The new stream begins right after the first final, 0.8 s into the call.
        assert call.got(Final)[1].start == pytest.approx(1000.8 + 1.0)  # type: ignore[attr-defined]
        assert len(call.got(RecognitionLost)) == len(call.got(RecognitionRestored)) == 1
    await successor.stop()


async def test_a_service_that_makes_nothing_of_speech_is_replaced(
    service: SpeechDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicebot.speech.recognizer.MUTE_AFTER_S", 0.0)
    service.mute = True
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(2.0)
        now = asyncio.get_running_loop().time()
        call.recognizer.result_due(now - 0.3, now)  # a cough proves nothing
        for _ in range(3):  # a timer of no time at all would have come
            await asyncio.sleep(0)
        assert not call.events
        service.mute = False
        service.results = [[phrase(1.0, "Heard.", 0.1, 0.9)]]
        call.recognizer.result_due(now - 1.5, now)
        await until(lambda: call.got(Final))
        assert [type(event) for event in call.events] == [RecognitionLost, RecognitionRestored, Final]


async def test_new_phrases_take_over_in_a_quiet_moment_without_a_hole(service: SpeechDouble) -> None:
    service.results = [[hypothesis(1.0, "yes i", 0.3, 0.9), phrase(2.0, "Yes, I do.", 0.3, 1.5)]]
    async with a_call(SpeechEndpoint(host=service.host), phrases=["yes", "no"]) as call:
        call.speak(1.5)
        await until(lambda: call.got(Hypothesis))
        call.recognizer.set_phrases(["London", "Paris"])
        await until(lambda: len(service.listening) == 2)
        before = len(service.listening[0].audio)
        call.speak(0.4)
        await until(lambda: len(service.listening[0].audio) >= before + 1600)
        assert not service.listening[1].audio  # the phrase is not finished: the old session keeps the floor
        call.speak(0.6)
        await until(lambda: call.got(Final) and service.listening[1].audio)
        call.speak(0.5, b"\x02" * 160)
        await until(lambda: b"\x02" * 3200 in service.listening[1].audio)
        # The last second before was sent again, from after the final on.
        assert service.listening[1].audio.index(2) == 8000
        assert service.listening[1].phrases == ["London", "Paris"]
        assert b"\x02" not in service.listening[0].audio
        assert call.recognizer.connected
        assert not call.got(RecognitionLost)


async def test_phrases_that_come_while_the_call_is_being_connected_are_expected(service: SpeechDouble) -> None:
    """Those of a call's first question do."""
    events: list[Event] = []
    recognizer = Recognizer(InProcessSdk(), SpeechEndpoint(host=service.host), audio=PCMU, on_event=events.append)
    connecting = asyncio.create_task(recognizer.start())
    await asyncio.sleep(0)
    recognizer.set_phrases(["yes", "no"])
    await connecting
    await until(lambda: len(service.listening) == 2)
    Call(recognizer, events).speak(0.5)
    await until(lambda: service.listening[1].phrases == ["yes", "no"])
    await recognizer.stop()


async def test_phrases_that_could_not_be_changed_are_tried_again_with_the_next_question(
    service: SpeechDouble, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        service.refuse = [401]
        call.recognizer.set_phrases(["yes", "no"])
        await until(lambda: "the phrase list could not be changed" in caplog.text)
        call.recognizer.set_phrases(["yes", "no"])
        await until(lambda: len(service.listening) == 2)
        call.speak(0.5)
        await until(lambda: service.listening[1].phrases == ["yes", "no"])


async def test_phrases_that_cannot_be_changed_leave_recognition_as_it_was(
    service: SpeechDouble, caplog: pytest.LogCaptureFixture
) -> None:
    service.results = [[phrase(1.0, "Still here.", 0.1, 0.9)]]
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        service.refuse = [401]
        call.recognizer.set_phrases(["anything"])
        await until(lambda: "the phrase list could not be changed" in caplog.text)
        assert service.requests == 2
        call.speak(1.5)
        await until(lambda: call.got(Final))
        assert len(call.events) == 1


class Overheard(InProcessSdk):
    """The SDK; ``portions`` are how many frames it was handed at a time."""

    def __init__(self) -> None:
        self.portions: list[int] = []

    def recognition(
        self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> NativeRecognition:
        made = super().recognition(options, report)
        write = made.write

        def overheard(audio: bytes) -> None:
            self.portions.append(len(audio) // 160)
            write(audio)

        made.write = overheard  # type: ignore[method-assign]
        return made


async def test_quiet_is_handed_on_at_once_until_the_result_of_what_was_said_must_have_come(
    service: SpeechDouble,
) -> None:
    sdk = Overheard()
    async with a_call(SpeechEndpoint(host=service.host), sdk, segmentation_silence_ms=300) as call:
        call.speak(0.4, urgent=False)
        assert sdk.portions == [10, 10]
        call.speak(0.2)
        call.speak(0.8, urgent=False)  # 0.3 s that end the phrase, and 0.5 s
        assert sdk.portions[2:] == [2] * 25
        call.speak(0.4, urgent=False)
        assert sdk.portions[27:] == [10, 10]


async def test_nothing_is_kept_back_while_a_phrase_is_unfinished(service: SpeechDouble) -> None:
    service.results = [[hypothesis(0.5, "i", 0.2, 0.4), phrase(1.5, "I", 0.2, 1.2)]]
    sdk = Overheard()
    async with a_call(SpeechEndpoint(host=service.host), sdk) as call:
        call.speak(0.6, urgent=False)
        await until(lambda: call.got(Hypothesis))
        sdk.portions.clear()
        call.speak(0.4, urgent=False)
        assert sdk.portions == [2] * 10
        call.speak(0.6, urgent=False)
        await until(lambda: call.got(Final))
        sdk.portions.clear()
        call.speak(0.4, urgent=False)
        assert sdk.portions == [10, 10]


async def test_audio_that_was_held_back_leaves_at_once_however_old_the_stream_is(service: SpeechDouble) -> None:
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(60.0)  # by itself the SDK takes 27 s for that
        await until(lambda: len(service.listening[0].audio) >= 60 * 8000, deadline_s=15)


async def test_a_commit_asks_the_service_to_finish(service: SpeechDouble) -> None:
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(1.0)
        await until(lambda: len(service.listening[0].audio) >= 7200)
        assert call.recognizer.commit()
        await until(lambda: service.listening[0].commits == 1)
        assert service.listening[0].query["setfeature"] == "forcecommit"
        assert len(service.listening[0].audio) == 8000  # all of it came before
    assert not call.recognizer.commit()


async def test_a_service_that_does_not_know_a_commit_goes_on_as_before(service: SpeechDouble) -> None:
    service.results = [[phrase(1.5, "Yes.", 0.4, 1.0)]]
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(1.2)
        assert call.recognizer.commit()
        await until(lambda: service.listening[0].commits == 1)
        call.speak(1.0)
        await until(lambda: call.got(Final))
        assert call.recognizer.connected


async def test_stop_ends_in_time_when_the_service_is_mute(service: SpeechDouble) -> None:
    service.mute = True
    async with a_call(SpeechEndpoint(host=service.host)) as call:
        call.speak(0.5)
        async with asyncio.timeout(5):
            await call.recognizer.stop()
        assert not call.recognizer.connected
        call.speak(0.5)
        assert not call.events


async def test_a_token_that_cannot_be_had_is_waited_for(service: SpeechDouble) -> None:
    answers = [None, "first"]

    def token() -> str:
        answer = answers.pop() if answers else "later"
        if answer is None:
            raise KeyError("no identity")
        return answer

    async with a_call(SpeechEndpoint(host=service.host, token=token)) as call:
        port = service.port
        await service.stop()
        await until(lambda: call.got(RecognitionLost))
        await service.start(port)
        await until(lambda: call.got(RecognitionRestored))
    assert not answers and "Bearer later" in service.authorization


async def test_a_provider_of_tokens_that_hangs_is_asked_again_and_again(
    service: SpeechDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer_module, "_TOKEN_REFRESH_S", 0.2)
    monkeypatch.setattr(recognizer_module, "_TOKEN_RETRY_S", 0.02)
    go_on, asked = threading.Event(), 0

    def token() -> str:
        nonlocal asked
        asked += 1
        if asked in (2, 3):
            go_on.wait(30)
        return f"token {asked}"

    async with a_call(SpeechEndpoint(host=service.host, token=token)) as call:
        monkeypatch.setattr(endpoint_module, "TOKEN_TIMEOUT_S", 0.1)
        await until(lambda: asked > 4)
        assert call.recognizer.connected and not call.got(RecognitionLost)
        go_on.set()


async def test_an_entra_token_travels_as_bearer(service: SpeechDouble) -> None:
    async with a_call(SpeechEndpoint(host=service.host, token=lambda: "secret-token")):
        pass
    assert service.authorization == ["Bearer secret-token"]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc")
async def test_thirty_recognisers_leave_no_thread_behind(service: SpeechDouble) -> None:
    def threads() -> int:
        return sum(1 for _ in Path("/proc/self/task").iterdir())

    async def ten() -> None:
        recognizers = [
            Recognizer(InProcessSdk(), SpeechEndpoint(host=service.host), audio=PCMU, on_event=lambda _: None)
            for _ in range(10)
        ]
        await asyncio.gather(*(recognizer.start() for recognizer in recognizers))
        for recognizer in recognizers:
            recognizer.write(FRAME, 1.0)
        await asyncio.gather(*(recognizer.stop() for recognizer in recognizers))

    await asyncio.gather(*(sdk_threads.call(time.sleep, 0.05) for _ in range(sdk_threads.THREADS)))  # start our own
    ours = threads()  # and those of tests that ran before in this process
    await ten()
    gc.disable()  # nothing may depend on the collector
    try:
        await until(lambda: threads() < ours + 15)  # the SDK keeps some for itself; ten recognisers have thirty
        base = await settled(threads)
        for _ in range(3):
            await ten()
        await until(lambda: threads() <= base)
    finally:
        gc.enable()


def test_the_replay_keeps_the_latest_and_forgets_what_is_done() -> None:
    replay = Replay(PCMU, seconds=1.0)
    for number in range(100):
        replay.append(bytes([number]) * 160, number * 0.02)
    kept = replay.since(float("-inf"))
    assert len(kept) == 50 and kept[0][0][0] == 50
    replay.forget_until(1.5)
    assert replay.since(float("-inf"))[0][1] == pytest.approx(1.52)
    assert not replay.since(5.0)

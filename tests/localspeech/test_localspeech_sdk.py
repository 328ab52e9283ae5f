"""The official Speech SDK against the service: scripted in this process, and offline in a process of its own."""

from __future__ import annotations

import asyncio
import difflib
import gc
import json
import math
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from voicebot.audio import PCMU, g711
from voicebot.audio.g711 import Law
from voicebot.audio.riff import stream_header
from voicebot.localspeech import LocalSpeech, Script
from voicebot.localspeech.formats import parse_header
from voicebot.localspeech.recognition import TICKS, RecognitionTurn

sdk = pytest.importorskip("azure.cognitiveservices.speech")

AUDIO = Path(__file__).resolve().parents[3] / "shared" / "audio"
DEADLINE_S = 20.0


def silence(law: Law, samples: int) -> bytes:
    return bytes([g711.SILENCE[law]]) * samples


def tone(seconds: float, law: Law = "PCMU") -> bytes:
    return g711.encode((8000 * np.sin(np.arange(int(seconds * 8000)) * 0.35)).astype(np.int16), law)


WORD = tone(0.5) + silence("PCMU", 6400)


class Recogniser:
    """The SDK's continuous recogniser on a push stream, its events in a list."""

    def __init__(self, port: int, key: str = "any", law: Law = "PCMU", phrases: tuple[str, ...] = ()) -> None:
        config = sdk.SpeechConfig(host=f"ws://127.0.0.1:{port}", subscription=key)
        wave = sdk.audio.AudioStreamWaveFormat
        stream_format = sdk.audio.AudioStreamFormat(
            8000, 8, 1, wave_stream_format=wave.MULAW if law == "PCMU" else wave.ALAW
        )
        self.stream = sdk.audio.PushAudioInputStream(stream_format)
        self.recogniser = sdk.SpeechRecognizer(config, audio_config=sdk.audio.AudioConfig(stream=self.stream))
        grammar = sdk.PhraseListGrammar.from_recognizer(self.recogniser)
        for phrase in phrases:
            grammar.addPhrase(phrase)
        self.connection = sdk.Connection.from_recognizer(self.recogniser)
        self.changed = threading.Condition()
        self.seen: list[tuple[str, Any]] = []
        self.recogniser.recognizing.connect(lambda e: self.note("hypothesis", e.result))
        self.recogniser.recognized.connect(lambda e: self.note("final", e.result))
        self.recogniser.canceled.connect(lambda e: self.note("canceled", e.cancellation_details))
        self.recogniser.speech_start_detected.connect(lambda e: self.note("start", e.offset))
        self.connection.connected.connect(lambda e: self.note("connected", None))
        self.connection.disconnected.connect(lambda e: self.note("disconnected", None))

    def note(self, kind: str, value: Any) -> None:
        with self.changed:
            self.seen.append((kind, value))
            self.changed.notify_all()

    def values(self, kind: str) -> list[Any]:
        return [value for name, value in self.seen if name == kind]

    def wait(self, kind: str, count: int = 1) -> list[Any]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.values(kind)) >= count, DEADLINE_S), self.seen
        return self.values(kind)

    def start(self) -> None:
        self.recogniser.start_continuous_recognition_async().get()

    def stop(self) -> None:
        self.stream.close()
        self.recogniser.stop_continuous_recognition_async().get()

    def texts(self) -> list[str]:
        return [result.text for result in self.values("final") if result.text]


def synthesise(port: int, text: str, output: str = "Raw8Khz8BitMonoMULaw", key: str = "any") -> Any:
    config = sdk.SpeechConfig(host=f"ws://127.0.0.1:{port}", subscription=key)
    config.set_speech_synthesis_output_format(getattr(sdk.SpeechSynthesisOutputFormat, output))
    config.speech_synthesis_voice_name = "en-US-JennyNeural"
    synthesiser = sdk.SpeechSynthesizer(config, audio_config=None)
    speak = synthesiser.speak_ssml_async if text.startswith("<") else synthesiser.speak_text_async
    return speak(text).get()


# --- scripted, in this process ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
async def test_the_sdk_hears_the_script_in_order_with_times(law: Law) -> None:
    async with LocalSpeech(
        script=Script(texts=("One two.", "Billing."), confidence=0.7, hypothesis_after_ms=100)
    ) as service:

        def talk() -> Recogniser:
            heard = Recogniser(service.port, law=law)
            heard.start()
            word = tone(0.5, law) + silence(law, 6400)
            heard.stream.write(word[:3200])
            heard.wait("hypothesis")
            heard.stream.write(word[3200:] + word)
            heard.wait("final", 2)
            heard.stop()
            return heard

        heard = await asyncio.to_thread(talk)
    assert heard.texts() == ["One two.", "Billing."]
    finals = heard.values("final")
    assert abs(finals[1].offset - 1.3 * TICKS) < 0.1 * TICKS
    assert abs(finals[0].duration - 0.5 * TICKS) < 0.1 * TICKS
    assert json.loads(finals[0].json)["NBest"][0]["Confidence"] == 0.7
    assert heard.values("hypothesis")[0].text == "one two"
    assert len(heard.values("start")) == 1


async def test_a_commit_ends_a_phrase_in_its_quiet_and_cuts_nobody_who_speaks() -> None:
    """Each of the two seconds of voice is followed by less silence than the client has chosen to end a phrase."""
    script = Script(texts=("First.", "Second."), segmentation_ms=5000)
    async with LocalSpeech(script=script) as service:

        def talk() -> tuple[Recogniser, list[int]]:
            heard = Recogniser(service.port)
            heard.start()
            tokens = []
            heard.stream.write(tone(0.5))
            tokens.append(commit(heard))  # in the midst of it
            for _ in range(2):
                heard.stream.write(tone(0.5) + silence("PCMU", 1280))
                tokens.append(commit(heard))
                heard.wait("final", len(tokens) - 1)
            heard.stop()
            return heard, tokens

        heard, tokens = await asyncio.to_thread(talk)
    finals = [final for final in heard.values("final") if final.text]
    assert [final.text for final in finals] == ["First.", "Second."]
    assert [final.commit_token for final in finals] == tokens[1:]
    assert [final.duration / TICKS for final in finals] == [pytest.approx(1.0, abs=0.1), pytest.approx(0.5, abs=0.1)]


async def test_a_service_that_does_not_know_commits_ends_a_phrase_by_its_silence() -> None:
    script = Script(texts=("First.", "Second."), segmentation_ms=600, commits=False)
    async with LocalSpeech(script=script) as service:

        def talk() -> Recogniser:
            heard = Recogniser(service.port)
            heard.start()
            for _ in range(2):
                heard.stream.write(tone(0.5) + silence("PCMU", 2560))
                commit(heard)
            heard.stream.write(silence("PCMU", 8000))
            heard.wait("final", 1)
            heard.stop()
            return heard

        heard = await asyncio.to_thread(talk)
    assert [(final.text, final.commit_token) for final in heard.values("final") if final.text] == [("First.", 0)]


def commit(heard: Recogniser) -> int:
    """The token of a commit; the SDK takes one every 100 ms."""
    while not (token := int(heard.stream.commit())):
        time.sleep(0.01)
    return token


async def test_a_cut_connection_is_taken_up_again_on_the_same_clock() -> None:
    script = Script(texts=("First.", "Second."), drop_after_s=1.0)
    async with LocalSpeech(script=script) as service:

        def talk() -> Recogniser:
            heard = Recogniser(service.port)
            heard.start()
            heard.stream.write(WORD)
            heard.wait("final", 1)
            heard.wait("connected", 2)
            heard.stream.write(WORD)
            heard.wait("final", 2)
            heard.stop()
            return heard

        heard = await asyncio.to_thread(talk)
    assert heard.texts() == ["First.", "Second."]
    assert abs(heard.values("final")[1].offset - 1.3 * TICKS) < 0.15 * TICKS


async def test_throttled_connections_succeed_when_the_sdk_tries_again() -> None:
    async with LocalSpeech(script=Script(texts=("Yes.",), refuse_status=429, refuse_first_n=1)) as service:

        def talk() -> Recogniser:
            heard = Recogniser(service.port)
            heard.start()
            heard.stream.write(WORD)
            for _ in range(500):  # the SDK sends again what it could not send when there is more to send
                if heard.values("final"):
                    break
                heard.stream.write(silence("PCMU", 160))
                time.sleep(0.02)
            heard.stop()
            return heard

        heard = await asyncio.to_thread(talk)
        counts = (await get(service.port, "/health"))[1]["connections"]
    assert heard.texts() == ["Yes."]
    assert (counts["refused"], counts["recognition"]) == (1, 1)


async def test_a_wrong_key_is_refused_and_the_right_one_is_not() -> None:
    async with LocalSpeech(script=Script(texts=("Yes.",)), require_key="secret") as service:

        def talk() -> tuple[list[Any], Any, Any]:
            heard = Recogniser(service.port, key="wrong")
            heard.start()
            heard.stream.write(WORD)
            canceled = heard.wait("canceled", 1)
            return canceled, synthesise(service.port, "a", key="wrong"), synthesise(service.port, "a", key="secret")

        canceled, refused, spoken = await asyncio.to_thread(talk)
    assert canceled[0].code == sdk.CancellationErrorCode.AuthenticationFailure
    assert refused.reason == sdk.ResultReason.Canceled
    assert spoken.reason == sdk.ResultReason.SynthesizingAudioCompleted


async def test_scripted_synthesis_is_as_long_as_its_words() -> None:
    async with LocalSpeech(script=Script(ms_per_word=100)) as service:
        result = await asyncio.to_thread(synthesise, service.port, "one two three")
        wave = await asyncio.to_thread(synthesise, service.port, "one two", "Riff8Khz8BitMonoALaw")
    assert len(result.audio_data) == 2400
    assert parse_header(wave.audio_data) is not None


async def test_ssml_that_is_none_is_refused_with_a_reason() -> None:
    async with LocalSpeech(script=Script()) as service:
        result = await asyncio.to_thread(synthesise, service.port, "<speak><p></speak>")
    assert result.reason == sdk.ResultReason.Canceled
    assert "SSML parsing error" in result.cancellation_details.error_details


async def test_the_script_can_be_changed_while_the_service_runs() -> None:
    async with LocalSpeech(script=Script()) as service, aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{service.port}/control"
        async with client.post(url, json={"ms_per_word": 50}) as answer:
            assert answer.status == 200
        async with client.post(url, json={"ms_per_wrod": 50}) as answer:
            assert answer.status == 400
        result = await asyncio.to_thread(synthesise, service.port, "one two")
    assert len(result.audio_data) == 800


async def get(port: int, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.json()


async def no_sessions(port: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while (await get(port, "/health"))[1]["sessions"]:
            await asyncio.sleep(0.01)


async def test_health_tells_loading_from_ready_and_control_is_for_scripts_only() -> None:
    async with LocalSpeech() as service, aiohttp.ClientSession() as client:
        assert (await get(service.port, "/health"))[0] == 503
        base = f"http://127.0.0.1:{service.port}"
        async with client.post(f"{base}/control", json={}) as answer:
            assert answer.status == 404
        async with client.get(f"{base}/cognitiveservices/websocket/v1") as answer:
            assert answer.status == 503
    async with LocalSpeech(script=Script()) as service:
        status, body = await get(service.port, "/health")
        assert (status, body["status"], body["sessions"]) == (200, "ready", 0)
        assert (await get(service.port, "/cognitiveservices/voices/list"))[1][0]["Locale"] == "en-US"


PATH = "/speech/recognition/conversation/cognitiveservices/v1"


async def test_more_sessions_than_the_limit_get_429() -> None:
    async with LocalSpeech(script=Script(), max_sessions=1) as service, aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{service.port}{PATH}"
        async with client.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(url)
            assert refused.value.status == 429


async def test_malformed_frames_are_counted_and_the_connection_goes_on() -> None:
    async with LocalSpeech(script=Script()) as service, aiohttp.ClientSession() as client:
        async with client.ws_connect(f"http://127.0.0.1:{service.port}{PATH}") as socket:
            await socket.send_bytes(b"\xff\xff\xff")
            await socket.send_str("nothing")
            await socket.send_str("Path:speech.context\r\n\r\n[1]")
            head = b"Path:audio\r\nX-RequestId:AA\r\n"
            await socket.send_bytes(len(head).to_bytes(2, "big") + head)
            frames = [(await socket.receive_str(timeout=30)).partition("\r\n\r\n")[0] for _ in range(3)]
        assert [frame.partition("Path:")[2] for frame in frames] == ["turn.start", "speech.endDetected", "turn.end"]
        await no_sessions(service.port)
        assert (await get(service.port, "/health"))[1]["connections"]["malformed"] == 3


async def test_what_was_heard_in_a_connection_goes_with_it_and_not_with_a_collection_much_later() -> None:
    async with LocalSpeech(script=Script(texts=("Hello.",))) as service, aiohttp.ClientSession() as client:
        gc.collect()
        gc.disable()
        try:
            async with client.ws_connect(f"http://127.0.0.1:{service.port}{PATH}") as socket:
                head = b"Path:audio\r\nX-RequestId:AA\r\n"
                for audio in (stream_header(PCMU), tone(0.5), silence("PCMU", 8000), b""):
                    await socket.send_bytes(len(head).to_bytes(2, "big") + head + audio)
                while "turn.end" not in (await socket.receive_str(timeout=30)).partition("\r\n\r\n")[0]:
                    assert any(isinstance(kept, RecognitionTurn) for kept in gc.get_objects())
            await no_sessions(service.port)
            assert not [kept for kept in gc.get_objects() if isinstance(kept, RecognitionTurn)]
        finally:
            gc.enable()


async def test_audio_of_an_unknown_kind_closes_the_connection_with_a_reason() -> None:
    async with LocalSpeech(script=Script()) as service, aiohttp.ClientSession() as client:
        async with client.ws_connect(f"http://127.0.0.1:{service.port}{PATH}") as socket:
            head = b"Path:audio\r\nX-RequestId:AA\r\n"
            await socket.send_bytes(len(head).to_bytes(2, "big") + head + b"ID3 this is an MP3")
            message = await socket.receive(timeout=30)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1007)


async def test_a_client_that_leaves_in_mid_synthesis_leaves_nothing_behind() -> None:
    async with LocalSpeech(script=Script(ms_per_word=1000, real_time=True)) as service:
        async with aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{service.port}/cognitiveservices/websocket/v1"
            async with client.ws_connect(url) as socket:
                await socket.send_str("Path:ssml\r\nX-RequestId:AA\r\n\r\n<speak>" + "word " * 100 + "</speak>")
                await socket.receive(timeout=30)
        await no_sessions(service.port)
        names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
        assert not [name for name in names if "_speak" in name]


# --- offline, in a process of its own ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def offline() -> Iterator[int]:
    command = [sys.executable, "-m", "voicebot.localspeech", "--exit-with-parent", "--log-level", "warning"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True and ready["pid"] == process.pid
        yield ready["port"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stdout.close()


def recognise(port: int, payload: bytes, phrases: tuple[str, ...] = ()) -> Recogniser:
    heard = Recogniser(port, phrases=phrases)
    heard.start()
    heard.stream.write(payload)
    heard.stream.close()
    heard.wait("canceled")  # at the end of the stream, when everything in it was understood
    heard.stop()
    return heard


def words(text: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in text.lower()).split()


def test_a_recorded_human_voice_is_understood(offline: int) -> None:
    file = AUDIO / "az_weather.wav"
    if not file.is_file():
        pytest.skip(f"no recordings in {AUDIO}")
    wav = file.read_bytes()
    found = parse_header(wav)
    assert found is not None
    heard = recognise(offline, wav[found[1] :])
    assert words(heard.texts()[0]) == ["what", "s", "the", "weather", "like"]
    assert 0.3 * TICKS < heard.values("final")[0].offset < 0.7 * TICKS


def test_what_the_service_says_it_understands(offline: int) -> None:
    spoken = synthesise(offline, "The weather is beautiful today.")
    assert spoken.reason == sdk.ResultReason.SynthesizingAudioCompleted
    padded = silence("PCMU", 4000) + spoken.audio_data + silence("PCMU", 6000)
    understood = "".join(words(" ".join(recognise(offline, padded).texts())))
    # The voice never says a thing twice in the same way; one sound may be misheard.
    assert difflib.SequenceMatcher(None, understood, "theweatherisbeautifultoday").ratio() > 0.85


def test_silence_and_noise_give_no_words(offline: int) -> None:
    assert recognise(offline, silence("PCMU", 16000)).texts() == []


def test_audio_streams_in_many_chunks(offline: int) -> None:
    config = sdk.SpeechConfig(host=f"ws://127.0.0.1:{offline}")
    config.set_speech_synthesis_output_format(sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoMULaw)
    synthesiser = sdk.SpeechSynthesizer(config, audio_config=None)
    chunks: list[int] = []
    changed = threading.Condition()

    def note(event: Any) -> None:
        with changed:
            chunks.append(len(event.result.audio_data))
            changed.notify_all()

    synthesiser.synthesizing.connect(note)
    text = "There is no outage in your area at the moment. " * 4
    result = synthesiser.speak_text_async(text).get()
    with changed:  # the SDK's events may come after its result
        assert changed.wait_for(lambda: sum(chunks) == len(result.audio_data), DEADLINE_S)
    assert len(chunks) > 10


def test_the_loudness_is_that_of_a_telephone_voice(offline: int) -> None:
    for text in ("Hello.", "Your balance is forty five dollars."):
        samples = g711.decode(synthesise(offline, text).audio_data, "PCMU").astype(float)
        windows = samples[: len(samples) // 160 * 160].reshape(-1, 160)
        power = (windows**2).mean(1)
        loudness = 10 * math.log10(power[power > power.max() * 0.01].mean() / 32768**2)
        assert -24 < loudness < -17


def test_the_service_ends_when_its_parent_has_gone(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys;"
        "p = subprocess.Popen([sys.executable, '-m', 'voicebot.localspeech', '--scripted', sys.argv[1],"
        " '--exit-with-parent'], stdout=subprocess.PIPE, text=True);"
        "print(p.stdout.readline(), flush=True)"
    )
    script = tmp_path / "script.json"
    script.write_text("{}")
    done = subprocess.run(
        [sys.executable, "-c", program, str(script)], capture_output=True, text=True, timeout=30, check=True
    )
    ready = json.loads(done.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ready['port']}/health", timeout=1):
                time.sleep(0.05)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return
    pytest.fail("the service outlived its parent")

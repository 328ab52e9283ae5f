"""Files that bots want played."""

from __future__ import annotations

import asyncio
import contextlib
import io
import struct
import threading
import wave
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat, convert
from voicebot.audio.riff import MAX_PLAYED_BYTES
from voicebot.calls import remote_audio
from voicebot.calls.remote_audio import CONVERTED_AT_ONCE, RemoteAudio, from_wav
from voicebot.speech import SpeechUnavailable


def tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    return (np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate) * 16000).astype(np.int16)


def wav(rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    samples = np.repeat(tone(rate), channels).astype(np.int32) << 16
    raw = {1: ((samples >> 24) + 128).astype(np.uint8), 2: (samples >> 16).astype("<i2"), 4: samples.astype("<i4")}
    data = raw[width].tobytes() if width != 3 else b"".join(struct.pack("<i", s >> 8)[:3] for s in samples.tolist())
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(data)
    return file.getvalue()


def companded(kind: int, data: bytes) -> bytes:
    form = struct.pack("<HHIIHH", kind, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_pcm_of_any_rate_becomes_the_same_tone(rate: int, channels: int, width: int) -> None:
    for form in (PCMU, LINEAR_16K):
        heard = form.decode(from_wav(wav(rate, channels, width), form)).astype(float)
        assert abs(len(heard) - form.rate // 2) <= 16
        spectrum = np.abs(np.fft.rfft(heard[: form.rate // 2]))
        assert spectrum.argmax() == 220
        assert 14_000 < heard.max() < 18_000


def test_g711_is_passed_on_as_it_is() -> None:
    data = bytes(range(256)) * 10
    assert from_wav(companded(7, data), PCMU) == data
    assert from_wav(companded(7, data), PCMA) == convert(data, PCMU, PCMA)


@given(st.binary(max_size=100), st.integers(0, 60))
def test_damaged_files_are_refused_and_nothing_worse(noise: bytes, at: int) -> None:
    whole = wav()
    for content in (noise, whole[:at] + noise, whole[:at] + noise + whole[at + len(noise) :]):
        try:
            assert isinstance(from_wav(content, PCMA), bytes)
        except ValueError:
            continue


async def test_a_file_is_fetched_and_what_cannot_be_had_fails_for_good() -> None:
    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/tone.wav":
                return web.Response(body=wav())
            case "/moved":
                raise web.HTTPFound("/tone.wav")
        return web.Response(text="not audio")

    application = web.Application()
    application.router.add_get("/{name}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        files = RemoteAudio(["127.0.0.1"])
        assert len(await files.audio(f"{base}/tone.wav", PCMU)) == 4000
        for name in ("moved", "text"):
            with pytest.raises(SpeechUnavailable) as failed:
                await files.audio(f"{base}/{name}", PCMU)
            assert failed.value.permanent
    finally:
        await runner.cleanup()
    with pytest.raises(SpeechUnavailable):
        await files.audio(f"{base}/tone.wav", PCMU)


@pytest.fixture
async def many() -> AsyncIterator[tuple[str, list[str]]]:
    """A server of large files: where it is, and what it was asked for."""
    asked: list[str] = []
    large = wav(96_000) + b"\0" * 1_000_000

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if request.path == "/endless":
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(bytes(1 << 20))
        return web.Response(body=large)

    application = web.Application()
    application.router.add_get("/{name}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


async def test_private_addresses_are_not_asked_unless_they_are_named_in_full(many: tuple[str, list[str]]) -> None:
    base, asked = many
    for hosts in ([], ["*"], ["127.0.0.*"], ["sounds.example.com"]):
        with pytest.raises(SpeechUnavailable) as failed:
            await RemoteAudio(hosts).audio(f"{base}/x.wav", PCMU)
        assert failed.value.permanent
    assert asked == []
    assert await RemoteAudio([base.removeprefix("http://")]).audio(f"{base}/x.wav", PCMU)


async def test_who_does_not_answer_in_time_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_audio, "DEADLINE_S", 0.01)
    server = await asyncio.start_server(lambda _, __: asyncio.sleep(5), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SpeechUnavailable, match="timeout"):
        await RemoteAudio(["127.0.0.1"]).audio(f"http://127.0.0.1:{port}/", PCMU)
    server.close()


async def test_an_endless_file_is_given_up(many: tuple[str, list[str]]) -> None:
    with pytest.raises(SpeechUnavailable, match=str(MAX_PLAYED_BYTES)):
        await RemoteAudio(["127.0.0.1"]).audio(f"{many[0]}/endless", PCMU)


async def test_many_files_at_once_are_converted_a_few_at_a_time(
    many: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, asked = many
    lock, busy, most = threading.Lock(), 0, 0

    def counted(content: bytes, audio: AudioFormat) -> bytes:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        try:
            return from_wav(content, audio)
        finally:
            with lock:
                busy -= 1

    monkeypatch.setattr(remote_audio, "from_wav", counted)
    files = RemoteAudio(["127.0.0.1"])
    heard = await asyncio.gather(*(files.audio(f"{base}/{n}.wav", PCMU) for n in range(25)))
    assert len(heard) == len(asked) == 25
    assert most <= CONVERTED_AT_ONCE

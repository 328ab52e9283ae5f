"""Files that a bot wants played: fetched by HTTP when they are asked for, as WAV, and converted to the call's format.

PCM of 8 to 32 bits, mu-law and A-law are understood, of any rate, mono or mixed down. What a bot names is fetched
within :data:`DEADLINE_S` and :data:`MAX_BYTES`, without following redirections: they could lead into our own network.
"""

from __future__ import annotations

import asyncio

import aiohttp
import numpy as np
from numpy.typing import NDArray

from voicebot.audio import PCMA, PCMU, AudioFormat
from voicebot.audio.riff import MU_LAW, PCM, read_wave
from voicebot.speech import SpeechUnavailable

DEADLINE_S = 5.0
MAX_BYTES = 12_000_000
MAX_S = 120.0


async def fetch_audio(url: str, audio: AudioFormat) -> bytes:
    """The file at ``url`` as ``audio``. Raises :class:`SpeechUnavailable` (permanent) when that cannot be done."""
    try:
        async with (
            asyncio.timeout(DEADLINE_S),
            aiohttp.ClientSession() as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise SpeechUnavailable(f"{url}: HTTP {response.status}", permanent=True)
            content = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                content += chunk
                if len(content) > MAX_BYTES:
                    raise SpeechUnavailable(f"{url}: longer than {MAX_BYTES} bytes", permanent=True)
        return await asyncio.to_thread(from_wav, bytes(content), audio)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:  # a timeout is an OSError, too
        raise SpeechUnavailable(f"{url}: {error or 'timeout'}", permanent=True) from error
    except ValueError as error:
        raise SpeechUnavailable(f"{url}: {error}", permanent=True) from error


def from_wav(content: bytes, audio: AudioFormat) -> bytes:
    """A WAV file in the format ``audio``, cut at :data:`MAX_S`. Raises ValueError."""
    wave = read_wave(content)
    channels, rate = wave.channels, wave.rate
    data = wave.data[: int(MAX_S * rate) * channels * (wave.bits // 8)]
    if wave.kind == PCM:
        samples = _pcm(data, wave.bits)
    else:
        own = PCMU if wave.kind == MU_LAW else PCMA
        if channels == 1 and rate == audio.rate and own is audio:
            return data
        samples = own.floats(data).astype(np.float64)
    if channels > 1:
        samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1)
    if rate != audio.rate:
        import soxr  # only where it is needed: it takes a while to load, and this is a thread

        samples = soxr.resample(samples, rate, audio.rate)
    return audio.encode(np.rint(np.clip(samples, -1.0, 32767 / 32768) * 32768).astype(np.int16))


def _pcm(data: bytes, bits: int) -> NDArray[np.float64]:
    match bits:
        case 8:
            return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
        case 16:
            return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64) / 32768
        case 24:
            bytes_ = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(-1, 3).astype(np.int32)
            whole = (bytes_[:, 0] << 8 | bytes_[:, 1] << 16 | bytes_[:, 2] << 24) >> 8
            return whole.astype(np.float64) / (1 << 23)
        case 32:
            return np.frombuffer(data[: len(data) // 4 * 4], "<i4").astype(np.float64) / (1 << 31)
    raise AssertionError(bits)  # read_wave takes no others

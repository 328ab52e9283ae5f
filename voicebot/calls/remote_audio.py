"""Files that a bot wants played: fetched by HTTP when they are asked for, as WAV, and converted to the call's format.

PCM of 8 to 32 bits, mu-law and A-law are understood, of any rate, mono or mixed down. What a bot names is fetched
within :data:`DEADLINE_S` and :data:`MAX_BYTES`, without following redirections: they could lead into our own network.
"""

from __future__ import annotations

import asyncio

import aiohttp

from voicebot.audio import AudioFormat
from voicebot.audio.riff import Wave, read_wave
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
    """A WAV file in the format ``audio``, mixed down, cut at :data:`MAX_S`. Raises ValueError."""
    form, data = read_wave(content)
    return Wave(form, data[: int(MAX_S * form.rate) * form.block]).in_format(audio)

"""Audio files from other machines: fetched by HTTP each time a bot plays them, and converted to the call's format.

PCM of 8 to 32 bits, mu-law and A-law are understood, of any rate, mono or mixed down. What a bot names is fetched from
hosts that are allowed (:mod:`voicebot.web_access`), within :data:`DEADLINE_S` and
:data:`~voicebot.audio.riff.MAX_PLAYED_BYTES`, without following redirections. It goes to a temporary file as it comes:
in memory are at most :data:`CONVERTED_AT_ONCE` files, however many are asked for.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from typing import IO, Final

import aiohttp

from voicebot.audio import AudioFormat
from voicebot.audio.riff import MAX_PLAYED_BYTES, MAX_PLAYED_S, Wave, read_wave
from voicebot.speech import SpeechUnavailable
from voicebot.web_access import NotAllowed, WebHosts, public_connector

DEADLINE_S = 5.0
FETCHED_AT_ONCE: Final = 16
CONVERTED_AT_ONCE: Final = 2
WAIT_S: Final = 15.0
"""For others' files, before one's own is fetched and when it is to be converted."""
_PIECE: Final = 1 << 17


class RemoteAudio:
    """Shared by all calls. ``hosts``: patterns of the allow-list."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = WebHosts(hosts)
        self._fetching = asyncio.Semaphore(FETCHED_AT_ONCE)
        self._converting = asyncio.Semaphore(CONVERTED_AT_ONCE)

    async def audio(self, url: str, audio: AudioFormat) -> bytes:
        """The file at ``url`` as ``audio``. Raises :class:`SpeechUnavailable` (permanent) when that cannot be done."""
        try:
            with tempfile.TemporaryFile() as file:
                await _acquire(self._fetching)
                try:
                    await self._fetch(url, file)
                finally:
                    self._fetching.release()
                await _acquire(self._converting)
                try:
                    return await asyncio.to_thread(_converted, file, audio)
                finally:
                    self._converting.release()
        except NotAllowed as error:
            raise SpeechUnavailable(f"{url}: {error}: see calls.play_allow", permanent=True) from error
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:  # a TimeoutError has no text
            raise SpeechUnavailable(f"{url}: {str(error) or 'timeout'}", permanent=True) from error

    async def _fetch(self, url: str, file: IO[bytes]) -> None:
        named = self._hosts.check(url)
        connector = aiohttp.TCPConnector() if named else public_connector()
        async with (
            asyncio.timeout(DEADLINE_S),
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            ) as session,
            session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if response.status != 200:
                raise ValueError(f"HTTP {response.status}")
            length = 0
            async for piece in response.content.iter_chunked(_PIECE):
                length += len(piece)
                if length > MAX_PLAYED_BYTES:
                    raise ValueError(f"longer than {MAX_PLAYED_BYTES} bytes")
                await asyncio.to_thread(file.write, piece)


async def _acquire(turn: asyncio.Semaphore) -> None:
    async with asyncio.timeout(WAIT_S):
        await turn.acquire()


def _converted(file: IO[bytes], audio: AudioFormat) -> bytes:
    file.seek(0)
    return from_wav(file.read(), audio)


def from_wav(content: bytes, audio: AudioFormat) -> bytes:
    """A WAV file in the format ``audio``, mixed down, cut at :data:`MAX_PLAYED_S`. Raises ValueError."""
    form, data = read_wave(content)
    return Wave(form, data[: int(MAX_PLAYED_S * form.rate) * form.block]).in_format(audio)

"""Audio files that bots play by URL.

The files of the dialogs, which are on this machine, are converted once and cached, so that they play without delay. A
file whose time or size has changed is read again; calls that are playing the old one continue with it. Reading and
converting happen on a thread. The cache holds :data:`MEMORY` bytes; the file that was not played for longest is removed
first. Files on other machines are fetched each time (``remote_audio.py``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voicebot.audio import AudioFormat
from voicebot.audio.riff import MAX_PLAYED_BYTES
from voicebot.calls.remote_audio import RemoteAudio, from_wav
from voicebot.regular_files import read_regular_file
from voicebot.speech import SpeechUnavailable

logger = logging.getLogger(__name__)

MEMORY = 64 << 20
SCHEME = "file"


def is_local(url: str) -> bool:
    """Whether ``url`` names a file on this machine, as only our dialog host may do (``bots/interpretation.py``)."""
    return url.startswith(f"{SCHEME}:///")


class AudioFiles:
    """Shared by all calls. ``hosts``: from where files elsewhere may come (:class:`voicebot.web_access.WebHosts`)."""

    def __init__(self, hosts: Iterable[str] = (), *, memory: int = MEMORY) -> None:
        self._elsewhere = RemoteAudio(hosts)
        self._memory = memory
        self._held: OrderedDict[tuple[str, AudioFormat], tuple[tuple[int, int], bytes]] = OrderedDict()
        self._bytes = 0

    async def audio(self, url: str, audio: AudioFormat) -> bytes:
        """The file at ``url``, in the format ``audio``. Raises :class:`SpeechUnavailable` (permanent)."""
        if not is_local(url):
            return await self._elsewhere.audio(url, audio)
        path = Path(unquote(urlsplit(url).path))
        try:
            stamp = await asyncio.to_thread(_stamp, path)
            held = self._held.get((url, audio))
            if held is None or held[0] != stamp:
                content = await asyncio.to_thread(_converted, path, audio)
                self._keep((url, audio), stamp, content)
                return content
        except (OSError, ValueError) as error:
            raise SpeechUnavailable(f"{path}: {error}", permanent=True) from error
        self._held.move_to_end((url, audio))
        return held[1]

    async def warm(self, urls: Iterable[str], formats: Iterable[AudioFormat]) -> None:
        """Cache the files of ``urls``. Failures are logged; in calls, the texts of these prompts are spoken instead."""
        wanted = dict.fromkeys(urls)
        for audio in formats:
            for url in wanted:
                try:
                    await self.audio(url, audio)
                except SpeechUnavailable as error:
                    logger.warning("an audio file cannot be played: %s", error)

    def _keep(self, key: tuple[str, AudioFormat], stamp: tuple[int, int], content: bytes) -> None:
        old = self._held.pop(key, None)
        self._bytes += len(content) - (len(old[1]) if old is not None else 0)
        self._held[key] = stamp, content
        while self._bytes > self._memory and len(self._held) > 1:
            _, (_, forgotten) = self._held.popitem(last=False)
            self._bytes -= len(forgotten)


def _stamp(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


def _converted(path: Path, audio: AudioFormat) -> bytes:
    return from_wav(read_regular_file(path, MAX_PLAYED_BYTES), audio)

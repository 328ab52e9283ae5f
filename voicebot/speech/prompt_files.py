"""The files of the prompt cache: each with a digest, whole or not at all, the least recently used deleted first."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import Final

from voicebot.audio import FORMATS
from voicebot.private_files import whole_file

log = logging.getLogger(__name__)

_MAGIC: Final = b"VBPROMPT"
_SUFFIXES: Final = {audio.suffix for audio in FORMATS}


class PromptDamaged(Exception):
    """A file does not have the content that was written. It has been deleted."""


class PromptFiles:
    """``directory``: where they are. ``limit``: in bytes. Blocking; used from worker threads."""

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit

    def load(self, name: str) -> bytes | None:
        """The audio in the file ``name``; None if there is none. Raises :class:`PromptDamaged`."""
        path = self._directory / name
        try:
            data = path.read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + 32
        audio = data[head:]
        if not audio or data[:head] != _MAGIC + hashlib.sha256(audio).digest():
            path.unlink(missing_ok=True)
            raise PromptDamaged
        os.utime(path)  # the time of use, for `_evict`
        return audio

    def store(self, name: str, audio: bytes) -> int:
        """Write atomically, then make room; returns the bytes now held. A full or read-only disk is logged, no more."""
        try:
            with whole_file(self._directory / name) as file:
                file.write(_MAGIC + hashlib.sha256(audio).digest() + audio)
            return self._evict()
        except OSError as error:
            log.warning("prompt not stored on disk: %s", error)
            return 0

    def _evict(self) -> int:
        files = []
        for path in self._directory.iterdir():
            if path.suffix in _SUFFIXES:
                try:
                    status = path.stat()
                except OSError:
                    continue
                files.append((status.st_mtime, status.st_size, path))
        held = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if held <= self._limit:
                break
            path.unlink(missing_ok=True)
            held -= size
        return held

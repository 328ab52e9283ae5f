"""Cuts the silence before the first sound of a prompt: who waits for an answer waits for what can be heard.

Silence is where no sample exceeds :data:`QUIET` of the full scale (-60 dBFS). A pause that the text itself asks for
stays.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import numpy as np

from voicebot.audio import AudioFormat
from voicebot.speech.synthesizer import Speech
from voicebot.speech_markup import is_ssml

QUIET: Final = 1e-3
KEPT_S: Final = 0.005
"""How much of the silence stays, so that the sound begins as it was made."""
MOST_CUT_S: Final = 1.0
"""A service that sends nothing but silence means it."""
_HEAD: Final = re.compile(r"(?:\s|<[^<>]*>)*")
"""The markup before the first word."""
_MEANT: Final = re.compile(r"<(?:break|mstts:silence|audio)\b")
"""What makes silence, or may, because the text says so."""


async def without_leading_silence(pieces: AsyncIterator[bytes], speech: Speech) -> AsyncGenerator[bytes, None]:
    """``pieces``, the raw audio of ``speech``, without the silence at the beginning."""
    head: _Head | None = None if _begins_with_pause(speech.text) else _Head(speech.audio)
    async for piece in pieces:
        if head is not None:
            begun = head.cut(piece)
            if head.over:
                head = None
                yield begun
        else:
            yield piece
    if head is not None and head.kept:
        yield head.kept  # there was no sound


def _begins_with_pause(text: str) -> bool:
    head = _HEAD.match(text) if is_ssml(text) else None
    return head is not None and _MEANT.search(head[0]) is not None


class _Head:
    """The beginning of a prompt, until its first sound. ``kept``: the last of the silence so far."""

    def __init__(self, audio: AudioFormat) -> None:
        self.over = False
        self.kept = b""
        self._audio = audio
        self._left = round(MOST_CUT_S * audio.rate)

    def cut(self, piece: bytes) -> bytes:
        """What is to be played of ``piece`` and what was before it; nothing while there is only silence."""
        heard, width = self.kept + piece, self._audio.width
        whole = len(heard) - len(heard) % width
        samples = self._audio.decode(memoryview(heard)[:whole])
        sounds = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET * 32768)
        silent = int(sounds[0]) if len(sounds) else whole // width
        self.over = bool(len(sounds)) or silent >= self._left
        cut = max(0, silent - round(KEPT_S * self._audio.rate))
        self._left -= cut
        self.kept = heard[cut * width :]
        return self.kept

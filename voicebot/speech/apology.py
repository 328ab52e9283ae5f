"""What the caller hears if nothing can be synthesised: recordings that are part of the package.

They are raw mu-law in ``audio/*.ulaw``, 8000 bytes per second; other formats are converted when loaded.
:mod:`voicebot.speech.apology_rendering` makes them with a Speech service (the offline one: Piper voice "joe", MIT, data
CC0), and they are committed to the source tree.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, Literal

from voicebot.audio import FORMATS, PCMU, AudioFormat, convert

ApologyKind = Literal["speech-service", "transfer", "bot", "wait", "goodbye"]

TEXTS: Final[dict[ApologyKind, str]] = {
    "speech-service": "Sorry, we are having technical difficulties. Please call again later.",
    "transfer": "Sorry, we are having technical difficulties. Please hold on while I connect you.",
    "bot": "Sorry, something went wrong on my side. Please say that again.",
    "wait": "One moment, please.",
    "goodbye": "Goodbye.",
}
"""The text of each recording, also for the call's record and transcript."""


@cache
def apology(kind: ApologyKind, audio: AudioFormat) -> bytes:
    """The recording of ``kind`` as raw audio. The first use reads a file, so call :func:`warm` before any call."""
    return convert(files("voicebot.speech").joinpath("audio", f"{kind}.ulaw").read_bytes(), PCMU, audio)


def warm() -> None:
    """Load all recordings. Blocks for a few file reads. Raises ``OSError`` if one is missing."""
    for kind in TEXTS:
        for audio in FORMATS:
            apology(kind, audio)

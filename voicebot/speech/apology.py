"""What the caller hears when nothing can be synthesised: recordings that are shipped with the program.

Mu-law in ``audio/*.ulaw``, raw, 8000 bytes a second; other formats are converted when loaded. They are rendered by
:mod:`voicebot.speech.apology_rendering` from a Speech service that runs (the offline one: Piper voice "joe", MIT, data
CC0) and then belong to the source tree.
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
"""What each recording says; also the text for the call's record and transcript."""


@cache
def apology(kind: ApologyKind, audio: AudioFormat) -> bytes:
    """The recording of ``kind`` as raw audio. Read once, then from memory: call :func:`warm` before the first call."""
    return convert(files("voicebot.speech").joinpath("audio", f"{kind}.ulaw").read_bytes(), PCMU, audio)


def warm() -> None:
    """Load all of them (a few file reads). Raises ``OSError`` when the installation lacks one."""
    for kind in TEXTS:
        for audio in FORMATS:
            apology(kind, audio)

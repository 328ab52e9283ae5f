"""What the caller hears when nothing can be synthesised: recordings that are shipped with the program.

Mu-law in ``audio/*.ulaw``, raw, 8000 bytes a second; A-law is converted when loaded. They are rendered by
``python -m voicebot.speech.apology --render --host ws://127.0.0.1:PORT`` from a Speech service that runs (the offline
one: Piper voice "joe", MIT, data CC0) and then belong to the source tree.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import aclosing
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from voicebot.events import Law
from voicebot.speech.endpoint import SpeechEndpoint, SpeechUnavailable
from voicebot.speech.g711 import transcode
from voicebot.speech.synthesizer import Speech, SynthesizerPool

log = logging.getLogger(__name__)

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
def apology(kind: ApologyKind, law: Law) -> bytes:
    """The recording of ``kind`` as raw G.711. Read once, then from memory: call :func:`warm` before the first call."""
    return transcode(files("voicebot.speech").joinpath("audio", f"{kind}.ulaw").read_bytes(), "PCMU", law)


def warm() -> None:
    """Load all of them (a few file reads). Raises ``OSError`` when the installation lacks one."""
    for kind in TEXTS:
        for law in ("PCMU", "PCMA"):
            apology(kind, law)


async def render(endpoint: SpeechEndpoint, voice: str, language: str, directory: Path) -> None:
    """Write all recordings to ``directory``."""
    pool = SynthesizerPool(endpoint, size=0, first_chunk_timeout_s=20.0)
    try:
        for kind, text in TEXTS.items():
            async with aclosing(pool.stream(Speech(text, voice, language, "PCMU"))) as pieces:
                audio = b"".join([piece async for piece in pieces])
            if not audio:
                raise SpeechUnavailable(f"no audio for {kind!r}")
            await asyncio.to_thread((directory / f"{kind}.ulaw").write_bytes, audio)
            log.info("%s: %.1f s", kind, len(audio) / 8000)
    finally:
        await pool.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m voicebot.speech.apology", description="Render the apologies.")
    parser.add_argument("--render", action="store_true", required=True, help="write voicebot/speech/audio/*.ulaw")
    parser.add_argument("--host", required=True, help="Speech service, such as ws://127.0.0.1:5999")
    parser.add_argument("--voice", default="en-US-JoeNeural")
    parser.add_argument("--language", default="en-US")
    parser.add_argument("--directory", type=Path, default=Path(__file__).parent / "audio")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        endpoint = SpeechEndpoint(host=options.host)
        asyncio.run(render(endpoint, options.voice, options.language, options.directory))
    except (SpeechUnavailable, ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

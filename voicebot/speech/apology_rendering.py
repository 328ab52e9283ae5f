"""Renders the shipped apologies: ``python -m voicebot.speech.apology_rendering --host ws://127.0.0.1:PORT``.

For developers, after a change of a text or the voice; the result is committed. Needs a running Speech service, such as
``python -m voicebot.localspeech``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from voicebot.audio import PCMU
from voicebot.speech.apology import TEXTS
from voicebot.speech.synthesizer import Speech, SynthesisTimeouts, SynthesizerPool
from voicebot.speechsdk.endpoint import SpeechEndpoint, SpeechUnavailable
from voicebot.speechsdk.in_process import InProcessSdk

log = logging.getLogger(__name__)


async def render(endpoint: SpeechEndpoint, voice: str, language: str, directory: Path) -> None:
    """Write all recordings to ``directory``."""

    def refuse() -> None:
        raise SpeechUnavailable("the connection broke: the recording would have a splice; run it again")

    pool = SynthesizerPool(InProcessSdk(), endpoint, size=0, timeouts=SynthesisTimeouts(first_audio=20.0))
    try:
        for kind, text in TEXTS.items():
            async with aclosing(pool.stream(Speech(text, voice, language, PCMU), on_splice=refuse)) as pieces:
                audio = b"".join([piece async for piece in pieces])
            if not audio:
                raise SpeechUnavailable(f"no audio for {kind!r}")
            await asyncio.to_thread((directory / f"{kind}.ulaw").write_bytes, audio)
            log.info("%s: %.1f s", kind, len(audio) / PCMU.byte_rate)
    finally:
        await pool.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Render the apologies that are shipped.")
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

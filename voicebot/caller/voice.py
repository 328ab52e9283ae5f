"""The voice of the caller: synthesises the utterances of scripts before the calls, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from voicebot.audio import AudioFormat
from voicebot.caller.mouth import voiced_span
from voicebot.caller.script import CallScript, ScriptStep
from voicebot.caller.wav import WavError, read_wav
from voicebot.speech import EndpointSource, Speech, SpeechUnavailable, SynthesisTimeouts, SynthesizerPool
from voicebot.speechsdk.in_process import InProcessSdk

MAX_UTTERANCE_S: Final = 120
RENDER_DEADLINE_S: Final = 60.0
_ATTEMPTS: Final = 3
_AGAIN_S: Final = 1.0
_PATIENT: Final = SynthesisTimeouts(first_audio=RENDER_DEADLINE_S, next_chunk=RENDER_DEADLINE_S)
"""Nobody waits on the phone yet, and a service that has just begun may have a lot to do (so it is asked again, too)."""


class CallNotTried(Exception):
    """The call could not be tried. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that somebody says: ``wav`` if there is one, else ``text`` (plain or SSML). ``where``: in which script,
    for messages."""

    text: str
    wav: Path | None
    voice: str
    language: str
    where: str


class Voice:
    """Synthesises utterances. ``endpoint``: the caller's own speech service; None if scripts use recordings only."""

    def __init__(self, endpoint: EndpointSource | None) -> None:
        self._pool: SynthesizerPool | None = None
        if endpoint is not None:
            self._pool = SynthesizerPool(InProcessSdk(), endpoint, size=0, max_size=4, formats=(), timeouts=_PATIENT)
        self._rendered: dict[tuple[str, str, str, AudioFormat], bytes] = {}
        self._busy = asyncio.Lock()

    async def prepare(self, script: CallScript, form: AudioFormat) -> dict[int, bytes]:
        """The audio of every step that says something, by the step's line. Raises :class:`CallNotTried`."""
        return {
            step.line: await self.audio(
                Saying(step.text, step.wav, script.voice, script.language, f"{script.source}:{step.line}"), form
            )
            for step in _speaking(script.steps)
        }

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def audio(self, saying: Saying, form: AudioFormat) -> bytes:
        """The audio of ``saying`` in the format ``form``. Raises :class:`CallNotTried`."""
        what = str(saying.wav) if saying.wav is not None else saying.text
        key = (what, "" if saying.wav else saying.voice, "" if saying.wav else saying.language, form)
        async with self._busy:  # many calls have the same script: each utterance is synthesised once
            if key not in self._rendered:
                audio = await (self._read(saying.wav, form) if saying.wav is not None else self._speak(saying, form))
                span = voiced_span(audio, form)
                if span is None:
                    raise CallNotTried(f"{saying.where}: nothing is audible in {what!r}")
                self._rendered[key] = audio
        return self._rendered[key]

    async def _read(self, path: Path, form: AudioFormat) -> bytes:
        try:
            audio = await asyncio.to_thread(read_wav, path, form)
        except WavError as error:
            raise CallNotTried(str(error)) from error
        except OSError as error:
            raise CallNotTried(f"{path.name}: {error.strerror}") from error
        return audio[: MAX_UTTERANCE_S * form.byte_rate]

    async def _speak(self, saying: Saying, form: AudioFormat) -> bytes:
        if self._pool is None:
            raise CallNotTried(f"{saying.where}: no speech service for `say`; name one, or give recordings with `wav`")
        speech = Speech(saying.text, saying.voice, saying.language, form)
        again = AsyncRetrying(
            retry=retry_if_exception_type(SpeechUnavailable),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_fixed(_AGAIN_S),
            reraise=True,
        )
        try:
            async with asyncio.timeout(RENDER_DEADLINE_S):
                return await again(_rendered, self._pool, speech)
        except (SpeechUnavailable, TimeoutError) as error:
            why = str(error) or "it took too long"
            raise CallNotTried(f"{saying.where}: the speech service did not synthesise: {why}") from error


async def _rendered(pool: SynthesizerPool, speech: Speech) -> bytes:
    audio = bytearray()
    async with aclosing(pool.stream(speech)) as pieces:
        async for piece in pieces:
            audio += piece
            if len(audio) > MAX_UTTERANCE_S * speech.audio.byte_rate:
                break
    return bytes(audio)


def _speaking(steps: Iterable[ScriptStep]) -> Iterable[ScriptStep]:
    return (step for step in steps if step.text or step.wav is not None)

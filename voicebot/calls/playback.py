"""From what is to be said to frames on the wire: renders each prompt and queues it, in order.

The rendering of a prompt starts as soon as the bot sent it, while the one before is still playing. A prompt whose audio
is in memory is queued whole at once. Apologies (``Canned``) are shipped as audio: they need no speech service.

A speech service that is away usually comes back. So what it could not render is tried again for some seconds, in its
place in the queue, where the caller hears "one moment, please" meanwhile; only then has the prompt failed. A file that
a bot names is fetched while what comes before it is playing. When it cannot be had, the message's words are spoken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from voicebot.audio import AudioFormat
from voicebot.rtp import Clip, Playout
from voicebot.speech import Speech, SpeechUnavailable
from voicebot.tasks import BackgroundTasks
from voicebot.turns import Play

logger = logging.getLogger(__name__)

RETRY_FOR_S = 6.0
"""Long enough for the embedded speech service to be started anew, beside the attempt that is running then."""
RETRY_PAUSE_S = 1.0


class SpeechSource(Protocol):
    """Renders what is to be spoken: :class:`voicebot.speech.PromptCache`."""

    def ready(self, speech: Speech) -> bytes | None: ...

    def stream(self, speech: Speech) -> AsyncGenerator[bytes, None]: ...


@dataclass(frozen=True, slots=True)
class PromptAudio:
    """Where the audio of prompts comes from: words, our own apologies by kind, files by URL.

    ``file`` raises :class:`SpeechUnavailable` for what cannot be had.
    """

    speech: SpeechSource
    canned: Callable[[str, AudioFormat], bytes]
    file: Callable[[str, AudioFormat], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class PromptVoice:
    """Who speaks, and in which language where a prompt does not say."""

    name: str
    language: str


class Playback:
    """The prompts of one call. ``on_audio(play)`` tells when the first byte of a prompt is there.

    ``voice`` may be replaced; it counts for what is played from then on.
    """

    def __init__(
        self, playout: Playout, audio: PromptAudio, voice: PromptVoice, on_audio: Callable[[Play], None]
    ) -> None:
        self.voice = voice
        self._playout = playout
        self._audio = audio
        self._on_audio = on_audio
        self._rendering = BackgroundTasks(logger)
        self._one_file = asyncio.Lock()
        """A call fetches one file after the other: a bot that names a thousand keeps nobody else waiting."""

    def play(self, command: Play) -> None:
        """Queue a prompt. What becomes of it is told by the playout's events."""
        clip = Clip(command.utterance, self._playout.audio)
        if command.canned is not None:
            audio: bytes | None = self._audio.canned(command.canned.value, self._playout.audio)
        elif command.audio:
            audio = None
            self._start(command, self._fetch(command, clip))
        else:
            speech = self._speech(command)
            audio = self._audio.speech.ready(speech)
            if audio is None:
                self._start(command, self._render(command, speech, clip))
        if audio is not None:
            clip.feed(audio)
            clip.finish()
            self._on_audio(command)
        self._playout.append(clip)

    def _speech(self, command: Play) -> Speech:
        language = command.locale or self.voice.language
        return Speech(text=command.speak, voice=self.voice.name, language=language, audio=self._playout.audio)

    def drop(self) -> None:
        """Stop within one frame, and stop rendering what will not be heard."""
        self._rendering.cancel()
        self._playout.clear()

    async def close(self) -> None:
        """End all rendering; nothing is played any more."""
        self.drop()
        await self._rendering.close()

    def _start(self, command: Play, work: Coroutine[Any, Any, None]) -> None:
        self._rendering.spawn(work, f"rendering utterance {command.utterance}")

    async def _fetch(self, command: Play, clip: Clip) -> None:
        try:
            async with self._one_file:
                audio = await self._audio.file(command.audio, self._playout.audio)
        except SpeechUnavailable as error:
            logger.warning("not played: %s", error)
            if not command.speak:
                clip.fail(str(error))
                return
            await self._render(command, self._speech(command), clip)
        except Exception:
            logger.exception("fetching %.200r", command.audio)
            clip.fail("internal error")
        else:
            self._on_audio(command)
            clip.feed(audio)
            clip.finish()

    async def _render(self, command: Play, speech: Speech, clip: Clip) -> None:
        give_up = asyncio.get_running_loop().time() + RETRY_FOR_S
        try:
            while (error := await self._attempt(command, speech, clip)) is not None:
                if error.permanent or asyncio.get_running_loop().time() >= give_up:
                    clip.fail(str(error))
                    return
                if not len(clip):
                    clip.feed(self._audio.canned("wait", self._playout.audio))
                logger.warning("utterance %d is tried again: %s", command.utterance, error)
                await asyncio.sleep(RETRY_PAUSE_S)
            clip.finish()
        except Exception:
            logger.exception("rendering utterance %d", command.utterance)
            clip.fail("internal error")

    async def _attempt(self, command: Play, speech: Speech, clip: Clip) -> SpeechUnavailable | None:
        """Render once. What broke off in the middle has failed for good: its beginning was heard already."""
        first = True
        try:
            async with aclosing(self._audio.speech.stream(speech)) as chunks:
                async for chunk in chunks:
                    if first:
                        self._on_audio(command)
                        first = False
                    clip.feed(chunk)
        except SpeechUnavailable as error:
            return error if first else SpeechUnavailable(str(error), permanent=True)
        return None

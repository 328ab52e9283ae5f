"""Plays prompts: gets the audio of each and queues it for the playout, in order.

Synthesis of a prompt begins when the bot has sent it, while the one before is still playing. A prompt that is in the
cache is queued whole at once. Apologies (``Canned``) are recordings, so that they need no speech service.

A speech service that cannot be reached usually comes back. So a prompt whose synthesis fails is tried again for
:data:`RETRY_FOR_S`; when its turn in the queue comes meanwhile, the caller hears "one moment, please". Only then has it
failed. An audio file is fetched while the prompts before it are playing; if that fails, the message's text is spoken.
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
from voicebot.speech import HeldPrompt, PromptVoice, Speech, SpeechUnavailable, Urgency
from voicebot.tasks import BackgroundTasks
from voicebot.turns import Play

logger = logging.getLogger(__name__)

RETRY_FOR_S = 6.0
"""Long enough for a restart of the embedded speech service, and another attempt after it."""
RETRY_PAUSE_S = 1.0


class SpeechSource(Protocol):
    """Synthesises speech: :class:`voicebot.speech.PromptCache`."""

    def ready(self, speech: Speech) -> bytes | None:
        """All of its audio, if that is in memory now."""

    def prepare(self, speech: Speech, urgency: Urgency) -> HeldPrompt | None:
        """Have it rendered, because it may be said; who asks releases what is given. None: there is nothing to hold."""

    def stream(self, speech: Speech) -> AsyncGenerator[bytes, None]:
        """Its audio in pieces, as they come. Raises :class:`~voicebot.speech.SpeechUnavailable`."""


@dataclass(frozen=True, slots=True)
class PromptAudio:
    """Where the audio of prompts comes from. ``speech``: that of texts. ``canned(kind, format)``: the recorded
    apologies. ``file(url, format)``: audio files; raises :class:`SpeechUnavailable`."""

    speech: SpeechSource
    canned: Callable[[str, AudioFormat], bytes]
    file: Callable[[str, AudioFormat], Awaitable[bytes]]


class Playback:
    """The prompts of one call. ``on_audio(play)`` is called when the first audio of a prompt is available.

    ``voice`` may be replaced; the new one is used for the prompts that are queued after that.
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
        """Queue a prompt. The playout's events tell when it begins and ends, or fails."""
        clip = Clip(command.utterance, self._playout.audio)
        if command.canned is not None:
            audio: bytes | None = self._audio.canned(command.canned.value, self._playout.audio)
        elif command.audio:
            audio = None
            self._start(command, self._fetch(command, clip))
        else:
            speech = self.speech(command)
            audio = self._audio.speech.ready(speech)
            if audio is None:
                self._start(command, self._render(command, speech, clip))
        if audio is not None:
            clip.feed(audio)
            clip.finish()
            self._on_audio(command)
        self._playout.append(clip)

    def speech(self, command: Play) -> Speech:
        """The text of a prompt, in the voice in which it is spoken now."""
        return self.voice.speech(command.speak, command.locale, self._playout.audio)

    def pause(self) -> None:
        """Stop within one frame; what is queued stays queued."""
        self._playout.pause()

    def resume(self) -> None:
        """Continue where :meth:`pause` stopped."""
        self._playout.resume()

    def drop(self) -> None:
        """Stop within one frame, and drop all prompts that are queued."""
        self._rendering.cancel()
        self._playout.clear()

    async def close(self) -> None:
        """Stop, and wait until all synthesis and fetching has ended."""
        self.drop()
        await self._rendering.close()

    def _start(self, command: Play, work: Coroutine[Any, Any, None]) -> None:
        self._rendering.spawn(work, f"rendering utterance {command.utterance}")

    async def _fetch(self, command: Play, clip: Clip) -> None:
        try:
            async with self._one_file:
                audio = await self._audio.file(command.audio, self._playout.audio)
        except SpeechUnavailable as error:
            logger.warning("an audio file cannot be played: %s", error)
            if not command.speak:
                clip.fail(str(error))
                return
            await self._render(command, self.speech(command), clip)
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
                logger.warning("the synthesis of utterance %d failed and is tried again: %s", command.utterance, error)
                await asyncio.sleep(RETRY_PAUSE_S)
            clip.finish()
        except Exception:
            logger.exception("rendering utterance %d", command.utterance)
            clip.fail("internal error")

    async def _attempt(self, command: Play, speech: Speech, clip: Clip) -> SpeechUnavailable | None:
        """Synthesise once. A failure in the middle is permanent: the caller has heard the beginning already."""
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

"""Synthesises the fixed prompts of the dialogs before a caller needs them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from voicebot.audio import AudioFormat
from voicebot.bots import DialogHostClient, HostUnavailable
from voicebot.calls import AudioFiles
from voicebot.speech import PromptCache, PromptVoice
from voicebot.speech_markup import fit_for_speech
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

AGAIN_S = 5.0
LAST_AGAIN_S = 300.0
"""Prompts that failed are tried again after pauses that double from ``AGAIN_S`` to ``LAST_AGAIN_S``."""


class PromptWarming:
    """Fills ``cache`` and ``files`` in all ``formats``. ``voice``: its language is that of prompts without a locale."""

    def __init__(
        self, cache: PromptCache, files: AudioFiles, voice: PromptVoice, formats: Sequence[AudioFormat]
    ) -> None:
        self._cache = cache
        self._files = files
        self._voice = voice
        self._formats = formats
        self._tasks = BackgroundTasks(logger)

    async def render(self, client: DialogHostClient) -> tuple[int, int]:
        """Synthesise the prompts of the dialogs behind ``client``. Returns how many are ready, and of how many.

        Raises :class:`HostUnavailable`.
        """
        prompts = await client.prompts()
        await self._files.warm([prompt.audio for prompt in prompts if prompt.audio], self._formats)
        voice = self._voice
        said = [(fit_for_speech(prompt.text).speak, prompt.locale) for prompt in prompts]
        wanted = [voice.speech(text, locale, audio) for audio in self._formats for text, locale in said]
        return await self._cache.warm(wanted), len(wanted)

    def keep(self, client: DialogHostClient) -> None:
        """Try in the background until all prompts are ready. Ends this for the dialogs of an earlier call."""
        self._tasks.cancel()
        self._tasks.spawn(self._until_ready(client), "warming the prompts")

    async def close(self) -> None:
        await self._tasks.close()

    async def _until_ready(self, client: DialogHostClient) -> None:
        pause_s = AGAIN_S
        while True:
            with contextlib.suppress(HostUnavailable):  # it is being restarted
                ready, wanted = await self.render(client)
                if ready == wanted:
                    break
                logger.warning("%d of %d prompts are ready; the others are tried again", ready, wanted)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_AGAIN_S)
        logger.info("%d prompts are ready", ready)

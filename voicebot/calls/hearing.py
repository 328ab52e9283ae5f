"""What a call hears of the caller: each frame, without our own echo, goes to voice activity and to the recogniser."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.audio import AudioFormat
from voicebot.calls.services import CallServices
from voicebot.events import Event, RecognitionLost, SpeechStarted
from voicebot.speech import EchoGuard, SpeechUnavailable, VoiceActivity


class Hearing:
    """One call's. ``tell`` gets the events of voice activity and of the recogniser."""

    def __init__(
        self,
        audio: AudioFormat,
        services: CallServices,
        tell: Callable[[Event], None],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self.listening = True
        """False: the bot does not want to listen, and every frame counts as silence."""
        self._audio = audio
        self._services = services
        self._tell = tell
        self._log = log
        self._silence = audio.frame_of_silence
        self._onset = 0.0
        self._voice_activity = VoiceActivity(audio, start_ms=services.rules.vad_start_ms)
        self._echo = EchoGuard(audio)
        self._recognizer = services.recognizer(audio, tell, services.rules.language)
        self._phrases: tuple[str, ...] = ()
        self._switching = asyncio.Lock()

    async def start(self) -> None:
        """Connect the recogniser; when that fails, :class:`RecognitionLost` is told."""
        try:
            await self._recognizer.start()
        except SpeechUnavailable as error:
            self._log.error("no recognition: %s", error)
            self._tell(RecognitionLost(asyncio.get_running_loop().time(), str(error)))

    async def stop(self) -> None:
        """Release the recogniser."""
        await self._recognizer.stop()

    def frame(self, payload: bytes, at: float, *, muted: bool) -> None:
        """20 ms of the caller, which count as silence when they are ``muted``."""
        voice = self._silence if muted or not self.listening else self._echo.without_echo(payload)
        self._recognizer.write(voice, at)
        for event in self._voice_activity.feed(voice, at):
            if isinstance(event, SpeechStarted):
                self._onset = event.onset
            else:
                self._recognizer.result_due(self._onset, event.offset)
            self._tell(event)

    def sent(self, payload: bytes) -> None:
        """20 ms of ours: what may come back as an echo."""
        self._echo.sent(payload)

    def gate(self, bot_audible: bool) -> None:
        """While we are audible, faint sounds are our echo."""
        self._voice_activity.gate_dbfs = self._services.rules.vad_echo_gate_dbfs if bot_audible else None

    def expect(self, phrases: tuple[str, ...]) -> None:
        """Bias the recogniser towards ``phrases``."""
        self._phrases = phrases
        self._recognizer.set_phrases(phrases)

    async def listen_in(self, language: str) -> None:
        """Recognise ``language``: the recogniser is replaced when another one is ready; until then it goes on."""
        async with self._switching:
            other = self._services.recognizer(self._audio, self._tell, language)
            try:
                await other.start()
                other.set_phrases(self._phrases)
                self._recognizer, other = other, self._recognizer
                self._log.info("listening in %s", language)
            except SpeechUnavailable as error:
                self._log.error("not listening in %s: %s", language, error)
            finally:
                await other.stop()

"""The caller's audio: each frame, without the bot's echo, goes to voice activity detection and to the recogniser.

Both hear the same: what voice activity detection ignores is silence for the recogniser.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from voicebot.audio import FRAME_S, AudioFormat
from voicebot.calls.services import HEARD_S, CallServices
from voicebot.events import Event, NoMatch, RecognitionLost, SpeechStarted, SpeechStopped, TurnScored
from voicebot.speech import DetectedFrames, EchoGuard, NoiseGate, SpeechUnavailable, VoiceActivity
from voicebot.speech.noise_gate import Frame
from voicebot.speech.voice_activity import VoiceEvent


class _Heard(NamedTuple):
    """A frame, without an echo that was in it. ``deaf``: it counts as silence. ``doubtful``: when it came, it was still
    to be found out whether the caller speaks."""

    voice: bytes
    at: float
    deaf: bool
    doubtful: bool


class Hearing:
    """Of one call. ``tell`` gets the events of voice activity detection and of the recogniser."""

    def __init__(
        self,
        audio: AudioFormat,
        services: CallServices,
        tell: Callable[[Event], None],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self.listening = True
        """False: the bot has switched recognition off, and every frame counts as silence."""
        self._audio = audio
        self._services = services
        self._tell = tell
        self._log = log
        self._silence = audio.frame_of_silence
        self._onset = 0.0
        self._bot_speaks = self._bot_paused = False
        self._echo = EchoGuard(audio)
        self._voice_activity = VoiceActivity(
            audio,
            start_ms=services.rules.vad_start_ms,
            gate_dbfs=services.rules.vad_echo_gate_dbfs,
            whose=self._echo.whose,
        )
        self._detected = DetectedFrames(self._voice_activity, services.detector)
        self._noise_gate = NoiseGate(audio)
        self._recognizer = services.recognizer(audio, tell, services.rules.language)
        self._heard: deque[bytes] = deque(maxlen=round(HEARD_S / FRAME_S))
        self._stopped = False
        self._phrases: tuple[str, ...] = ()
        self._switching = asyncio.Lock()

    async def start(self) -> None:
        """Connect the recogniser. If that fails, ``tell`` gets a :class:`RecognitionLost`."""
        try:
            await self._recognizer.start()
        except SpeechUnavailable as error:
            self._log.error("no recognition: %s", error)
            self._tell(RecognitionLost(asyncio.get_running_loop().time(), str(error)))

    async def stop(self) -> None:
        """Release the recogniser. ``tell`` gets nothing after that."""
        self._stopped = True
        self._detected.end()
        await self._recognizer.stop()

    def frame(self, payload: bytes, at: float, *, muted: bool) -> None:
        """20 ms from the caller; ``muted``: they count as silence."""
        if self._stopped:
            return
        self._detected.settle()
        voice = self._echo.without_echo(payload)
        deaf = muted or not self.listening
        if deaf:
            voice = self._silence
        activity = self._voice_activity
        activity.bot_speaks = self._bot_speaks or self._bot_paused
        activity.echo_may_come = self._echo.audible
        heard = _Heard(voice, at, deaf, activity.doubtful)
        self._detected.hear(voice, at, partial(self._pass_on, heard))

    def _pass_on(self, heard: _Heard, events: list[VoiceEvent]) -> None:
        """To the recogniser, and what it means to the call."""
        activity, at = self._voice_activity, heard.at
        doubtful = heard.doubtful
        for event in events:
            if isinstance(event, SpeechStarted):
                self._onset, doubtful = event.onset, True
        if heard.deaf:
            self._write([*self._noise_gate.flush(), (heard.voice, at)])
        else:
            self._write(self._passed(heard.voice, at, doubtful))
        for event in events:
            self._tell(event)
            if isinstance(event, SpeechStopped):
                if activity.others:
                    self._tell(NoMatch(at, self._onset, event.offset))  # the recogniser got nothing of it
                else:
                    self._recognizer.result_due(self._onset, event.offset)

    def _passed(self, voice: bytes, at: float, doubtful: bool) -> list[Frame]:
        """What the recogniser gets. ``doubtful``: it had to be found out whether the caller speaks."""
        activity = self._voice_activity
        if activity.doubtful:
            return self._noise_gate.frame(voice, at, None, doubtful_since=self._onset)
        callers = activity.speaking or (doubtful and not activity.others)
        since = self._onset if callers else None if activity.ignores() else at
        return self._noise_gate.frame(voice, at, since)

    def _write(self, frames: list[Frame]) -> None:
        urgent, last = self._voice_activity.may_speak, len(frames) - 1
        for number, (payload, at) in enumerate(frames):
            self._recognizer.write(payload, at, urgent=urgent and number == last)
            self._heard.append(payload)

    def sent(self, payload: bytes) -> None:
        """20 ms that were sent to the caller and may come back as an echo."""
        self._echo.sent(payload)

    def gate(self, bot_speaks: bool, *, paused: bool = False) -> None:
        """While the bot speaks, or its prompt is ``paused``, only the voice of the caller counts."""
        if bot_speaks and not self._bot_speaks and not self._voice_activity.speaking:
            self._noise_gate.shut()
        self._bot_speaks, self._bot_paused = bot_speaks, paused

    def expect(self, phrases: tuple[str, ...]) -> None:
        """Bias the recogniser towards ``phrases``."""
        self._phrases = phrases
        self._recognizer.set_phrases(phrases)

    def commit(self) -> None:
        """Have the recogniser finish the phrase with the audio so far."""
        self._write(self._noise_gate.flush())
        self._recognizer.commit()

    def score(self, offset: float) -> None:
        """Have the sound of the caller's turn scored. If that can be told in time, ``tell`` gets a
        :class:`TurnScored` with this ``offset``."""

        def answer(probability: float) -> None:
            if not self._stopped:
                self._tell(TurnScored(asyncio.get_running_loop().time(), offset, probability))

        self._services.score_turn(b"".join(self._heard), self._audio, answer)

    async def listen_in(self, language: str) -> None:
        """Recognise ``language``. The present recogniser goes on until the one for ``language`` is connected."""
        async with self._switching:
            other = self._services.recognizer(self._audio, self._tell, language)
            try:
                await other.start()
                other.set_phrases(self._phrases)
                self._recognizer, other = other, self._recognizer
                self._log.info("listening in %s", language)
            except SpeechUnavailable as error:
                self._log.error("cannot listen in %s: %s", language, error)
            finally:
                await other.stop()

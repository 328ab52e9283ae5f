"""The speech side, made from the settings: the service, its recognisers and synthesisers, and the prompt cache."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voicebot.audio import LINEAR_16K, AudioFormat
from voicebot.calls import CallRecognizer
from voicebot.events import Event
from voicebot.json_body import number_within
from voicebot.log import log_options
from voicebot.service.http_health import HttpHealth
from voicebot.service.ports import require_free
from voicebot.service.sip import codecs_in_use
from voicebot.service.speech_client import SpeechClient
from voicebot.service.speech_watch import SpeechWatch, http_address
from voicebot.service.supervisor import ChildProcess
from voicebot.settings import Settings, for_children
from voicebot.speech import (
    PromptCache,
    Recognizer,
    SpeechEndpoint,
    SpeechUnavailable,
    SynthesisTimeouts,
    SynthesizerPool,
    Voices,
)
from voicebot.speechsdk.drivers import SpeechSdk

LEAST_SESSIONS = 200
"""Of the process; a call may have two: the next language's recogniser is connected before the last one's is closed."""
KEY_ENV = "LOCALSPEECH_KEY"
HANG_S = 15.0
"""A process of ours that does not answer for so long is restarted."""
_MAX_WAIT_S = 60.0


class SpeechService:
    """The service that recognises and synthesises speech. ``process``: ours, with ``speech.service = "local"``; else
    None. It serves only clients with its key: ``speech.key``, or a new one at each start. ``client``: the process in
    which the Speech SDK runs, with ``speech.client_process = "own"``; its socket is in the folder ``runtime``."""

    def __init__(self, settings: Settings, runtime: Path) -> None:
        self._settings = settings
        self._local: SpeechEndpoint | None = None
        self._health = HttpHealth()
        self._final_wait_s = 0.0
        self._key = settings.speech.secret() or secrets.token_urlsafe()
        self._log_options = log_options(settings.log.level, settings.log.json_lines)
        self.process = self._child() if settings.speech.service == "local" else None
        self._watch = SpeechWatch(self.endpoint) if self.process is None else None
        self.client: SpeechClient | None = None
        if settings.speech.client_process == "own":
            self.client = SpeechClient(runtime / "speech.sock", self._log_options, for_children(settings))
            self._sdk: SpeechSdk = self.client.sdk
        else:
            from voicebot.speechsdk.in_process import InProcessSdk  # only where it is wanted: it loads the SDK

            self._sdk = InProcessSdk()

    @property
    def processes(self) -> list[ChildProcess]:
        """Those that calls depend on."""
        client = self.client.process if self.client is not None else None
        return [child for child in (self.process, client) if child is not None]

    async def start(self) -> None:
        """Start the processes. Raises :class:`~voicebot.service.supervisor.NotReady`."""
        if self.process is not None:
            require_free(self._settings.speech.local_port, "speech.local_port")
        await asyncio.gather(*(part.start() for part in (self.process, self.client) if part is not None))
        if self._watch is not None:
            self._watch.start()

    async def stop(self) -> None:
        """End the processes."""
        await asyncio.gather(*(part.stop() for part in (self.process, self.client) if part is not None))
        if self._watch is not None:
            await self._watch.close()
        await self._health.close()

    @property
    def trouble(self) -> str:
        """Why a service elsewhere would not serve now; empty: it would."""
        return self._watch.trouble if self._watch is not None else ""

    @property
    def url(self) -> str | None:
        """The address of the process; None if the service is not ours."""
        return self._local.host if self._local is not None else None

    def endpoint(self) -> SpeechEndpoint:
        """The address and key of the service. Call it for each connection: a restarted process has another port, and
        the file with the key may have been replaced.

        Raises :class:`SpeechUnavailable` as long as the process has never been ready.
        """
        if self.process is None:
            return self._settings.speech.remote()
        if self._local is None:
            raise SpeechUnavailable("the speech service is being started")
        return self._local

    def recognizer(self, audio: AudioFormat, on_event: Callable[[Event], None], language: str) -> CallRecognizer:
        """A recogniser for one call, or for another language during it."""
        speech = self._settings.speech
        return Recognizer(
            self._sdk,
            self.endpoint,
            audio=audio,
            language=language,
            on_event=on_event,
            segmentation_silence_ms=speech.segmentation_silence_ms,
            connect_timeout_s=speech.connect_timeout_s,
        )

    @property
    def unsent(self) -> int:
        """Bytes that wait for the recognisers of all calls."""
        return self.client.sdk.unsent if self.client is not None else 0

    @property
    def final_wait_s(self) -> float | None:
        """The longest that a final result waited for our own recogniser in the last second. None: it is not ours."""
        return self._final_wait_s if self.process is not None else None

    def score_turn(self, heard: bytes, audio: AudioFormat, answer: Callable[[float], None]) -> None:
        """Have a turn scored by its sound, in the speech client; without that process, there is no score."""
        if self.client is not None:
            self.client.sdk.score(heard, audio, answer)

    def synthesizers(self) -> SynthesizerPool:
        """The synthesisers for all calls, in every format that a call may have."""
        speech = self._settings.speech
        return SynthesizerPool(
            self._sdk,
            self.endpoint,
            size=speech.synthesizers,
            formats=audio_formats(self._settings),
            timeouts=SynthesisTimeouts(first_audio=speech.first_audio_timeout_s),
        )

    def _child(self) -> ChildProcess:
        argv = [sys.executable, "-m", "voicebot.localspeech", "--exit-with-parent"]
        argv += ["--host", "127.0.0.1", "--port", str(self._settings.speech.local_port)]
        argv += ["--key-env", KEY_ENV, "--max-sessions", str(max(LEAST_SESSIONS, 2 * self._settings.sip.max_calls))]
        argv += self._log_options
        environment = for_children(self._settings) | {KEY_ENV: self._key}  # no argument: process lists show those
        return ChildProcess(
            "speech service",
            argv,
            on_ready=self._ready,
            healthy=self._healthy,
            environment=environment,
            hang_timeout_s=HANG_S,
        )

    def _ready(self, ready: dict[str, Any]) -> None:
        self._local = SpeechEndpoint(host=f"ws://127.0.0.1:{ready['port']}", key=self._key)
        self._final_wait_s = 0.0

    async def _healthy(self) -> bool:
        assert self._local is not None and self._local.host is not None, "it is ready"
        told = await self._health.ask(http_address(self._local).rstrip("/"))
        if told is not None:
            self._final_wait_s = number_within(told.get("final_wait_s"), 0.0, _MAX_WAIT_S) or 0.0
        return told is not None


def audio_formats(settings: Settings) -> list[AudioFormat]:
    """All formats that the audio of a call may have, each once."""
    by_acs = [LINEAR_16K] if settings.acs.endpoint and settings.acs.mode == "stream" else []
    return list(dict.fromkeys([*(codec.audio for codec in codecs_in_use(settings)), *by_acs]))


def voices(settings: Settings) -> Voices:
    """The voices of all languages."""
    speech = settings.speech
    return Voices(speech.voice, speech.language, speech.voices)


def prompt_cache(settings: Settings, pool: SynthesizerPool) -> PromptCache:
    """The cache of what ``pool`` synthesises."""
    return PromptCache(pool, memory_bytes=settings.speech.prompt_cache_mb << 20, directory=prompt_directory(settings))


def prompt_directory(settings: Settings) -> Path | None:
    """The folder of the prompt cache, or None. Each speech service has its own, because voices of the same name sound
    different there."""
    speech = settings.speech
    if speech.prompt_cache_dir is None:
        return None
    where = "".join(c if c.isalnum() else "-" for c in speech.url or speech.endpoint or speech.region)
    return speech.prompt_cache_dir / (speech.service if speech.service == "local" else f"{speech.service}-{where}")

"""The language side, made from the settings: the service, its client, and what sums up calls."""

from __future__ import annotations

import secrets
import sys
from typing import Any

from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.analysis_client import LanguageClient
from voicebot.assist.analyst import AnalysisOptions, MakeBot, ServiceAnalysis
from voicebot.assist.bot_suggestions import BotSuggestions, MakeConversation
from voicebot.assist.endpoints import LanguageEndpoint
from voicebot.assist.summary import ExtractiveSummariser, Summariser
from voicebot.assist.summary_chat import ChatSummariser
from voicebot.log import log_options
from voicebot.service.http_health import HttpHealth
from voicebot.service.ports import require_free
from voicebot.service.supervisor import ChildProcess
from voicebot.settings import Settings, for_children

KEY_ENV = "LOCALLANGUAGE_KEY"
HEALTH_EVERY_S = 5.0
HANG_S = 15.0
"""A process that does not answer for so long is restarted."""


class LanguageService:
    """The service that analyses what is said. ``process``: ours, with ``language.service = "local"``; else None. It
    serves only clients with its key: ``language.key``, or a new one at each start. ``client``: None with ``"off"``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        language = settings.language
        self._local: LanguageEndpoint | None = None
        self._key = secrets.token_urlsafe()
        self._health = HttpHealth()
        self.process: ChildProcess | None = None
        if language.service == "local":
            self._key = language.secret() or self._key
            self.process = self._child()
        self.client = LanguageClient(self.endpoint) if language.service != "off" else None

    @property
    def summariser(self) -> Summariser | None:
        """What sums up calls; None: nothing does."""
        language = self._settings.language
        if language.summary == "chat":
            return ChatSummariser(language.chat)
        return ExtractiveSummariser(self.client) if language.summary == "extractive" and self.client else None

    def analysis(self, options: AnalysisOptions, bot: MakeBot | None = None) -> ServiceAnalysis:
        """The analysis of all calls. ``bot``: see :func:`bot_that_suggests`."""
        return ServiceAnalysis(options, self.client, self.summariser, bot)

    async def start(self) -> None:
        """Start the process, and then the client. Raises :class:`~voicebot.service.supervisor.NotReady`."""
        if self.process is not None:
            require_free(self._settings.language.local_port, "language.local_port")
            await self.process.start()
        if self.client is not None:
            await self.client.start()

    async def stop(self) -> None:
        """End the client and the process. Harmless when repeated."""
        if self.client is not None:
            await self.client.close()
        if self.process is not None:
            await self.process.stop()
        await self._health.close()

    def endpoint(self) -> LanguageEndpoint:
        """Where the service is. Asked for each request: a restarted process has another port. Raises
        :class:`AnalysisUnavailable`, and ValueError if the file with the key cannot be read."""
        if self._settings.language.service == "azure":
            return self._settings.language.remote()
        if self._local is None:
            raise AnalysisUnavailable("the language service is being started")
        return self._local

    def _child(self) -> ChildProcess:
        argv = [sys.executable, "-m", "voicebot.locallanguage", "--exit-with-parent"]
        argv += ["--host", "127.0.0.1", "--port", str(self._settings.language.local_port), "--key-env", KEY_ENV]
        argv += log_options(self._settings.log.level, self._settings.log.json_lines)
        environment = for_children(self._settings) | {KEY_ENV: self._key}  # no argument: process lists show those
        return ChildProcess(
            "language service",
            argv,
            on_ready=self._ready,
            healthy=self._healthy,
            environment=environment,
            hang_timeout_s=HANG_S,
            health_every_s=HEALTH_EVERY_S,
        )

    def _ready(self, ready: dict[str, Any]) -> None:
        self._local = LanguageEndpoint(f"http://127.0.0.1:{ready['port']}", self._key)

    async def _healthy(self) -> bool:
        assert self._local is not None, "it is ready"
        return await self._health.ask(self._local.url) is not None


def bot_that_suggests(make: MakeConversation, name: str, locale: str) -> MakeBot:
    """The bot ``name`` of the settings as the engine of suggestions. ``make``: of :class:`~.channels.Channels`."""
    return lambda call_id, on_suggestion: BotSuggestions(make, name, call_id, on_suggestion, locale)

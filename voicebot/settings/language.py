"""The settings of [language]: the service that analyses what is said in calls that are listened to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr, model_validator

from voicebot.assist.endpoints import ChatEndpoint, LanguageEndpoint
from voicebot.loopback import is_loopback_url
from voicebot.settings.values import Port, Seconds, Section, default, text_in


class LanguageSettings(Section):
    """[language] moods, key phrases and summaries. ``service``: ``local`` is the embedded one, ``azure`` Azure AI
    Language, ``off`` none of it."""

    service: Literal["local", "azure", "off"] = "local"
    endpoint: str = ""
    """``service = "azure"``: its address, ``https://<name>.cognitiveservices.azure.com``."""
    key: SecretStr = SecretStr("")
    """With ``service = "local"`` what the embedded service wants of its clients; empty: a new one at each start."""
    key_file: Path | None = None
    local_port: Port = 0
    """``service = "local"``: the port of the embedded service on 127.0.0.1; 0 picks a free one."""
    summary: Literal["extractive", "chat", "off"] = "extractive"
    """``extractive``: sentences of the call, ranked by the service. ``chat``: a language model at ``chat_url``."""
    chat_url: str = ""
    """What ``/chat/completions`` is appended to: ``https://api.openai.com/v1``, or a server of your own."""
    chat_model: str = ""
    chat_key: SecretStr = SecretStr("")
    chat_key_file: Path | None = None
    chat_timeout_s: Seconds = default(ChatEndpoint, "timeout_s")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.service == "azure":
            _check_url("endpoint", self.endpoint)
            if not (self.key.get_secret_value() or self.key_file):
                raise ValueError('service = "azure" needs VOICEBOT_LANGUAGE__KEY in the environment, or key_file')
        if self.summary == "chat":
            _check_url("chat_url", self.chat_url)
            if not self.chat_model:
                raise ValueError('summary = "chat" needs chat_model')
        return self

    def remote(self) -> LanguageEndpoint:
        """Azure's service. A key in a file is read each time. Raises ValueError."""
        return LanguageEndpoint(self.endpoint, self.secret())

    def secret(self) -> str:
        """The key, or ``""``. Raises ValueError: its file cannot be read."""
        return text_in(self.key_file, "key_file") or self.key.get_secret_value()

    def chat(self) -> ChatEndpoint:
        """The language model. A key in a file is read each time. Raises ValueError."""
        key = text_in(self.chat_key_file, "chat_key_file") or self.chat_key.get_secret_value()
        return ChatEndpoint(self.chat_url, self.chat_model, key, self.chat_timeout_s)


def _check_url(name: str, url: str) -> None:
    """What is said in calls travels in the open over http, so that is for this machine only."""
    if not (url.startswith("https://") or (url.startswith("http://") and is_loopback_url(url))):
        raise ValueError(f"{name} must be set, and begin with https:// (or http:// on this machine)")

"""The settings of our HTTP servers: [console] for operators, [connector] for bots that run elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from voicebot.assist.access import AccessTokens
from voicebot.settings.values import Port, Section, text_in


class ConsoleSettings(Section):
    """[console] HTTP for operators: health, metrics, calls (docs/operations.md)."""

    host: str = "127.0.0.1"
    port: Port = 3979
    """0 picks a free port."""
    public_url: str = ""
    """The URL by which browsers reach it through a proxy with TLS, for the page of agents."""
    token: SecretStr = SecretStr("")
    """The token that ``/v1`` requires as ``Authorization: Bearer ...``: ``VOICEBOT_CONSOLE__TOKEN`` in the environment,
    or ``token_file``. Without one, ``/v1`` is closed."""
    token_file: Path | None = None
    assist_key: SecretStr = SecretStr("")
    """What the tokens of ``/v1/assist`` are signed with: ``VOICEBOT_CONSOLE__ASSIST_KEY`` in the environment, or
    ``assist_key_file``. Without one, tokens end with the service."""
    assist_key_file: Path | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.public_url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", self.public_url):
            raise ValueError('public_url must look like "https://assist.example.com/"')
        self.tokens()
        return self

    def tokens(self) -> AccessTokens:
        """The tokens of agents, supervisors and links. Raises ValueError."""
        return AccessTokens(text_in(self.assist_key_file, "assist_key_file") or self.assist_key.get_secret_value())

    def secret(self) -> str:
        """The token, or ``""``. If it is in a file, that is read each time. Raises OSError."""
        if self.token_file is not None:
            return self.token_file.read_text().strip()
        return self.token.get_secret_value()


class ConnectorSettings(Section):
    """[connector] the server to which bots of kind ``bot-framework`` send their replies."""

    host: str = "127.0.0.1"
    port: Port = 3980
    public_url: str = ""
    """The URL by which bots reach it, usually of a proxy with TLS. Empty: made of ``host`` and ``port``, which only
    bots on this machine can reach."""

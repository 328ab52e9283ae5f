"""The settings of our HTTP servers: [console] for operators, [connector] for bots that run elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from voicebot.assist.access import AccessTokens
from voicebot.loopback import is_loopback
from voicebot.settings.values import Port, Section, text_in


class ConsoleSettings(Section):
    """[console] HTTP for operators: health, metrics, calls (docs/operations.md)."""

    host: str = "127.0.0.1"
    port: Port = 3979
    """0 picks a free port."""
    public_url: str = ""
    """The URL by which browsers reach it through a proxy with TLS, for the pages."""
    certificate: Path | None = None
    """With ``key``: browsers elsewhere reach it by TLS without a proxy. They need that to use a microphone."""
    key: Path | None = None
    phone_calls: int = Field(4, ge=0, le=1000)
    """Calls at once from the page ``/``; 0: there is no phone in it. They need the token; without one, only who sits
    at this machine may call, as long as there is neither trunk nor account."""
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
        if (self.key is None) != (self.certificate is None):
            raise ValueError("certificate and key belong together")
        for file in (self.certificate, self.key):
            if file is not None and not file.is_file():
                raise ValueError(f"there is no file {file}")
        self.tokens()
        return self

    @property
    def is_private(self) -> bool:
        """Whether only who sits at this machine reaches it."""
        return is_loopback(self.host) and not self.public_url

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

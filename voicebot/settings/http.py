"""The settings of our HTTP servers: [console] for operators, [connector] for bots that run elsewhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from voicebot.assist.access import AccessTokens
from voicebot.loopback import is_loopback
from voicebot.settings.values import Port, Section, text_in


class TokenSettings(Section):
    """[[console.tokens]] a token with a role (docs/operations.md)."""

    name: str = Field(pattern=r"^[\w.@ -]{1,64}$")
    """What the audit log calls its holder."""
    role: Literal["viewer", "agent", "operator", "admin"]
    token_file: Path | None = None
    token_env: str = ""
    """The environment variable that holds the token, if there is no ``token_file``."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.token_file is None) == (not self.token_env):
            raise ValueError("write token_file or token_env")
        return self

    def secret(self) -> str:
        """The token. If it is in a file, that is read each time. Raises OSError and UnicodeDecodeError."""
        if self.token_file is not None:
            return self.token_file.read_text().strip()
        return os.environ.get(self.token_env, "")


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
    """Calls at once from the page ``/``; 0: there is no phone in it."""
    token: SecretStr = SecretStr("")
    """The token that opens all of ``/v1`` (the role ``admin``) as ``Authorization: Bearer ...``:
    ``VOICEBOT_CONSOLE__TOKEN`` in the environment, or ``token_file``. Without any token, who sits at this machine is
    let in, as long as there are no lines to others; from elsewhere, nobody."""
    token_file: Path | None = None
    tokens: tuple[TokenSettings, ...] = Field((), max_length=64)
    """Further tokens, with a role each."""
    audit_log: Path | None = None
    """Who did what to which call, a JSON object a line. Unset: ``audit.jsonl`` beside the folder ``calls.records``."""
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
        names = [token.name for token in self.tokens]
        if taken := [name for name in names if names.count(name) > 1 or name in ("console", "this machine")]:
            raise ValueError(f"tokens: the name {taken[0]!r} is in use already")
        self.assist_tokens()
        return self

    @property
    def is_private(self) -> bool:
        """Whether only who sits at this machine reaches it."""
        return is_loopback(self.host) and not self.public_url

    def assist_tokens(self) -> AccessTokens:
        """The tokens of agents, supervisors and links. Raises ValueError."""
        return AccessTokens(text_in(self.assist_key_file, "assist_key_file") or self.assist_key.get_secret_value())

    @property
    def has_token(self) -> bool:
        """Whether ``token`` or ``token_file`` is set, whatever is in that file."""
        return self.token_file is not None or bool(self.token.get_secret_value())

    def secret(self) -> str:
        """``token``, or ``""``. If it is in a file, that is read each time. Raises OSError."""
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

"""The settings of what we serve over HTTP: [console] for whoever runs the service, [connector] for bots of others."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from voicebot.settings.values import Port, Section


class ConsoleSettings(Section):
    """[console] HTTP for whoever runs the service: health, metrics, calls (docs/operations.md)."""

    host: str = "127.0.0.1"
    port: Port = 3979
    """0 picks a free port."""
    token: SecretStr = SecretStr("")
    """What ``/v1`` wants as ``Authorization: Bearer ...``; ``VOICEBOT_CONSOLE__TOKEN`` in the environment."""
    token_file: Path | None = None

    def secret(self) -> str:
        """The token, read anew where it is in a file; empty when there is none. Raises OSError."""
        if self.token_file is not None:
            return self.token_file.read_text().strip()
        return self.token.get_secret_value()


class ConnectorSettings(Section):
    """[connector] where bots of kind ``bot-framework`` send what they say."""

    host: str = "127.0.0.1"
    port: Port = 3980
    public_url: str = ""
    """How bots reach it, with TLS in front; empty: by ``host`` and ``port``, which only bots on this machine can."""

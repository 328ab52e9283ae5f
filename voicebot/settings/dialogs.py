"""The settings of [bot]: the dialogs that our dialog host runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import field_validator

from voicebot.bots.conversation import TURN_TIMEOUT_S
from voicebot.host.sdk_choice import BOTBUILDER, SdkName
from voicebot.loopback import is_loopback_url
from voicebot.redis_server import RedisAddress
from voicebot.settings.values import Port, Seconds, Section


class BotSettings(Section):
    """[bot] the dialogs and their host."""

    dialogs: Path = Path("dialogs")
    sdk: SdkName = BOTBUILDER
    """The SDK on which the dialogs run: Bot Framework SDK 4.17, or its successor, the Microsoft 365 Agents SDK (an
    extra of this name), which serves calls but not ``/api/messages``."""
    reload: bool = True
    """Follow changes of ``dialogs``: when a change is saved and has no faults, it serves the next call (the rules:
    ``voicebot/service/dialog_versions.py``). False: the files that were there at the start serve, from the folder
    itself."""
    state_file: Path | None = None
    """The SQLite file for conversation state. Unset: a temporary one, which is kept when the dialog host restarts, but
    not when the service does."""
    state_url: str = ""
    """Store state here instead of in the file: a Redis server, ``redis://host:6379/0`` (extra ``redis``; other forms:
    `voicebot/redis_server.py`), or a container of Azure Blob Storage,
    ``https://account.blob.core.windows.net/container`` (extra ``azure-blob``). The password, or the account's key or
    signature, comes from ``VOICEBOT_STATE_PASSWORD`` in the environment."""
    turn_timeout_s: Seconds = TURN_TIMEOUT_S
    """If the bot takes longer for one turn, the turn has failed and the caller hears an apology."""
    hang_timeout_s: Seconds = 5.0
    """A dialog host that does not answer for so long is restarted."""
    transfer: Literal["blind", "attended"] = "blind"
    """Transfers: by the caller's side alone, or after we have called the target (docs/bots.md)."""
    http_port: Port = 3978
    """``/api/messages`` on 127.0.0.1 for the Emulator and other channels; 0 picks a free port."""
    service_hosts: tuple[str, ...] = ()
    """Hosts that replies at ``/api/messages`` may go to (patterns as in `voicebot/web_access.py`), beside the
    ``serviceUrl`` in the token of a channel, and this machine where there is no app id."""

    @field_validator("state_url")
    @classmethod
    def _state_server(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme in ("https", "http"):
            if parts.scheme == "http" and not is_loopback_url(value):
                raise ValueError("must begin with https://: state would be sent in the clear")
            if not parts.path.strip("/"):
                raise ValueError("needs a container: https://account.blob.core.windows.net/container")
        else:
            try:
                RedisAddress.parse(value)
            except ValueError as error:
                raise ValueError(f"{error}; or https:// for a container of Blob Storage") from error
        if parts.password or "sig=" in parts.query:
            raise ValueError("has a password, which process lists would show: put it into VOICEBOT_STATE_PASSWORD")
        return value

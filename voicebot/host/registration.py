"""Who the bot is at Azure Bot Service, and whom it may be served to."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.loopback import is_loopback


class NotLoopback(Exception):
    """The host would serve strangers without authentication."""


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """The bot's identity at Azure Bot Service; without ``app_id`` there is no authentication."""

    app_id: str = ""
    password: str = ""
    kind: str = "MultiTenant"
    tenant: str = ""

    def __repr__(self) -> str:
        return f"AppRegistration(app_id={self.app_id!r}, kind={self.kind!r}, tenant={self.tenant!r})"


def require_loopback(host: str, app: AppRegistration) -> None:
    """Raise :class:`NotLoopback` unless ``host`` may be served with this registration."""
    if not app.app_id and not is_loopback(host):
        raise NotLoopback(
            f"/api/messages on {host}: without an app id (MicrosoftAppId) anybody could talk to the dialogs; "
            "set one, or listen on 127.0.0.1"
        )

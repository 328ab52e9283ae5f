"""The bot's registration at Azure Bot Service, and the rule that follows from having none."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.loopback import is_loopback


class NotLoopback(Exception):
    """``/api/messages`` would be open to other machines without authentication."""


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
    """Raise :class:`NotLoopback` if ``/api/messages`` on ``host`` would be open to other machines unauthenticated."""
    if not app.app_id and not is_loopback(host):
        raise NotLoopback(
            f"/api/messages on {host}: without an app id (MicrosoftAppId) anybody could talk to the dialogs; "
            "set one, or listen on 127.0.0.1"
        )

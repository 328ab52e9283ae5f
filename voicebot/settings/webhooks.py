"""The settings of [[webhooks]]: programs that are told of calls that are listened to."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator

from voicebot.assist.webhooks import Webhook
from voicebot.settings.values import Section, default, options, text_in


class WebhookSettings(Section):
    """[[webhooks]] a program that gets what is told of calls, signed (docs/assist.md)."""

    url: str
    """It begins with ``https://``; ``http://`` for a program on this machine."""
    secret_file: Path
    """The secret of the signatures."""
    partial: bool = default(Webhook, "partial")
    """Tell hypotheses, too: what a party is just saying."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.webhook()
        return self

    def webhook(self) -> Webhook:
        """Raises ValueError."""
        return options(Webhook, self, secret=text_in(self.secret_file, "secret_file"))

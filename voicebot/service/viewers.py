"""Who watches the calls that are listened to: pages and programs by the console, other programs by webhooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from voicebot.assist.entries import Suggestion
from voicebot.assist.roster import Roster
from voicebot.assist.webhooks import Webhooks
from voicebot.listening import Bounds
from voicebot.listening.descriptors import Allowance
from voicebot.listening.http import HTTP_BOUNDS
from voicebot.settings import Settings
from voicebot.web import Access, AssistApi, Figure, Gate

OTHERS = 64
"""Connections of the console that viewers from one address, such as a proxy, leave to others."""


class Viewers:
    """``roster``: of the calls that they see. ``search``: the knowledge, as soon as there is any. ``access``: to the
    console."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self.search: Callable[[str], Sequence[Suggestion]] = lambda _: ()
        self._webhooks = Webhooks([hook.webhook() for hook in settings.webhooks])
        self.roster = Roster(self._webhooks.began)
        gate = Gate(settings.console.assist_tokens(), access)
        self.api = AssistApi(self.roster, gate, self._found, settings.console.public_url)

    async def close(self) -> None:
        await self._webhooks.close()

    def figures(self) -> list[Figure]:
        """The metrics of streams and webhooks."""
        return [
            Figure("assist_streams", "Open streams of calls", {"": len(self.api.streams)}, "", "gauge"),
            Figure("assist_webhook_entries", "Entries of calls, for webhooks", self._webhooks.counts, "outcome"),
        ]

    def _found(self, words: str) -> Sequence[Suggestion]:
        return self.search(words)


def viewer_bounds(allowed: Allowance) -> Bounds:
    """How many connections the console takes that has viewers."""
    total = allowed.of_http + allowed.of_viewers
    usual = HTTP_BOUNDS.within(allowed.of_http)
    return replace(usual, total=total, of_source=max(usual.of_source, total - OTHERS))

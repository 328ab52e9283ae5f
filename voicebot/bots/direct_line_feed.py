"""What comes on a Direct Line stream, or is fetched without one: sets of activities with a watermark. Pure.

A frame is ``{"activities": [...], "watermark": "7"}``; an empty frame keeps the connection alive. After a reconnection
the service replays everything since the watermark that it was told, so an activity can come twice: it is known by its
id. Typing has no id and is never replayed. What we sent ourselves comes back as well (the log is for all clients), with
the id that it got, by which answers name it; ``channelData.clientActivityID`` tells which it is, as in Microsoft's
client.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from voicebot.json_body import parse_json

MAX_FRAME = 1 << 20
MAX_ACTIVITIES = 500
MAX_REMEMBERED = 2000


class DirectLineFeed:
    """One conversation's stream. ``user`` is our own id in it."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.watermark = ""
        """Where a reconnection continues; empty before the first."""
        self.malformed = 0
        """Frames and activities that made no sense and were dropped."""
        self.duplicates = 0
        self.named: list[tuple[str, str]] = []
        """Of what we sent: our own name for it and the service's, as far as the last frame told."""
        self.unreadable = ""
        """Why the last frame could not be read; empty when it could."""
        self._seen: OrderedDict[str, None] = OrderedDict()

    def frame(self, text: str) -> list[dict[str, Any]]:
        """The bot's activities in one frame, each once, in order."""
        self.named, self.unreadable = [], ""
        if not text.strip():
            return []
        try:
            content = parse_json(text, MAX_FRAME)
        except ValueError as error:
            self.malformed += 1
            self.unreadable = str(error)
            return []
        return self.take(content)

    def take(self, content: Any) -> list[dict[str, Any]]:
        """The same of a set that was fetched, or parsed."""
        self.named, self.unreadable = [], ""
        if not isinstance(content, dict):
            self.malformed += 1
            return []
        watermark = content.get("watermark")
        if isinstance(watermark, str | int) and not isinstance(watermark, bool):
            self.watermark = str(watermark)[:100] or self.watermark
        activities = content.get("activities")
        found = activities[:MAX_ACTIVITIES] if isinstance(activities, list) else []
        return [activity for activity in found if self._wanted(activity)]

    def _wanted(self, activity: Any) -> bool:
        if not isinstance(activity, dict) or not isinstance(activity.get("type"), str):
            self.malformed += 1
            return False
        sender = activity.get("from")
        if isinstance(sender, dict) and (sender.get("id") == self.user or sender.get("role") == "user"):
            self._note_own(activity)
            return False
        identity = activity.get("id")
        if not isinstance(identity, str) or not identity or activity["type"] == "typing":
            return True
        if identity in self._seen:
            self.duplicates += 1
            return False
        self._seen[identity] = None
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _note_own(self, activity: dict[str, Any]) -> None:
        data = activity.get("channelData")
        ours = data.get("clientActivityID") if isinstance(data, dict) else None
        identity = activity.get("id")
        if isinstance(ours, str) and isinstance(identity, str) and identity:
            self.named.append((ours, identity))

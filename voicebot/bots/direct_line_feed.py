"""The frames of a Direct Line stream, and what is polled without one: sets of activities with a watermark. Pure.

A frame is ``{"activities": [...], "watermark": "7"}``; an empty frame keeps the connection alive. After a reconnection
the service replays everything since the watermark that we name, so an activity can come twice: the second is recognised
by its id. Typing has no id and is never replayed. Frames may overtake one another (``direct_line_order.py``). Our own
activities come back as well, because the log is for all clients of the conversation. They carry the id that the service
gave them, which the bot's ``replyToId`` refers to, and our own number in ``channelData.clientActivityID``, as in
Microsoft's client.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from voicebot.bots.direct_line_order import ActivityOrder
from voicebot.json_body import parse_json

MAX_FRAME = 1 << 20
MAX_ACTIVITIES = 500
MAX_REMEMBERED = 2000


class DirectLineFeed:
    """What has come of one conversation. ``user`` is our own id in it."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.watermark = ""
        """Where a reconnection continues; empty before the first frame. While an activity waits for an earlier one, it
        stays where it was: the earlier one has to be sent again."""
        self._newest = ""
        self.order = ActivityOrder()
        self.malformed = 0
        """Frames and activities that could not be read and were dropped."""
        self.duplicates = 0
        self.named: list[tuple[str, str]] = []
        """Our own activities in the last frame: our number of each, and the service's id."""
        self.unreadable = ""
        """Why the last frame could not be read; empty when it could."""
        self._seen: OrderedDict[str, None] = OrderedDict()

    def frame(self, text: str, now: float = 0.0) -> list[dict[str, Any]]:
        """The bot's activities that are to be said after one frame, each once, in order."""
        self.named, self.unreadable = [], ""
        if not text.strip():
            return []
        try:
            content = parse_json(text, MAX_FRAME)
        except ValueError as error:
            self.malformed += 1
            self.unreadable = str(error)
            return []
        return self.take(content, now)

    def take(self, content: Any, now: float = 0.0) -> list[dict[str, Any]]:
        """The same for a set that was polled, or parsed from a frame."""
        self.named, self.unreadable = [], ""
        if not isinstance(content, dict):
            self.malformed += 1
            return []
        watermark = content.get("watermark")
        if isinstance(watermark, str | int) and not isinstance(watermark, bool):
            self._newest = _later(self._newest, str(watermark)[:100])
        activities = content.get("activities")
        found = activities[:MAX_ACTIVITIES] if isinstance(activities, list) else []
        return self._confirmed(self.order.take([activity for activity in found if self._wanted(activity)], now))

    def due(self, now: float) -> list[dict[str, Any]]:
        """What has waited too long for an earlier activity, at ``order.deadline``."""
        self.named, self.unreadable = [], ""
        return self._confirmed(self.order.due(now))

    def _confirmed(self, ready: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.order.waits:
            self.watermark = self._newest
        return ready

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
            self.order.sent(ours, identity)


def _later(one: str, other: str) -> str:
    """The later of two watermarks. They are numbers; what is none is taken as it comes."""
    if one.isdecimal() and other.isdecimal() and int(other) < int(one):
        return one
    return other or one

"""The checklist of one call: what the agent has done of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.assist.analysis import SpokenLine
from voicebot.assist.entries import ChecklistItem
from voicebot.assist.rules import MAX_WORDS, Item
from voicebot.spoken_phrases import SpokenWords

BY_AGENT = "agent"


class Checklist:
    """An item that is done stays done."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = {item.key: item for item in items}
        self._done_by: dict[str, str] = {}

    @property
    def items(self) -> list[ChecklistItem]:
        """All items as they are now."""
        return [self._shown(key) for key in self._items]

    def heard(self, line: SpokenLine) -> list[ChecklistItem]:
        """The items that a final utterance has ticked."""
        spoken = SpokenWords(line.text, MAX_WORDS)
        said = [
            key
            for key, item in self._items.items()
            if key not in self._done_by and any(one.by(line.role, spoken) for one in item.when)
        ]
        self._done_by |= dict.fromkeys(said, line.utterance_id)
        return [self._shown(key) for key in said]

    def tick(self, item_id: str) -> ChecklistItem | None:
        """The agent ticks an item. None: there is none, or it is done already."""
        if item_id not in self._items or item_id in self._done_by:
            return None
        self._done_by[item_id] = BY_AGENT
        return self._shown(item_id)

    def _shown(self, key: str) -> ChecklistItem:
        return ChecklistItem(key, self._items[key].text, self._done_by.get(key, ""))

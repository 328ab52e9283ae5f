"""Items in a storage, as turns keep them there: plain JSON, with the version in ``e_tag``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from voicebot.host.storage import ItemWrite, Storage


async def read(storage: Storage, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The items of ``keys`` that exist."""
    found = await storage.read(keys)
    return {key: {**json.loads(item.text), "e_tag": item.version} for key, item in found.items()}


async def write(storage: Storage, items: Mapping[str, dict[str, Any]]) -> None:
    """Write ``items``, and put their new versions into them. Without ``e_tag``, an item replaces any version."""
    versions = await storage.write([ItemWrite(key, item.get("e_tag"), _text(item)) for key, item in items.items()])
    for key, item in items.items():
        item["e_tag"] = versions[key]


def _text(item: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in item.items() if name != "e_tag"}, separators=(",", ":"))

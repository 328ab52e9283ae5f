"""What a node tells the others of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from voicebot.json_body import parse_json


@dataclass(frozen=True, slots=True)
class NodeState:
    """``name``: for people; ``calls``: how many it has. ``draining``: it takes no new ones. ``settings`` and
    ``dialogs``: digests, which are the same at nodes that do the same."""

    name: str
    calls: int = 0
    draining: bool = False
    version: str = ""
    settings: str = ""
    dialogs: str = ""

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> NodeState | None:
        """None for what no node has written. Fields that only later versions know are passed over."""
        try:
            told = parse_json(text)
        except ValueError:
            return None
        if not isinstance(told, dict) or not isinstance(told.get("name"), str):
            return None
        known = {one.name: type(one.default) for one in fields(cls) if one.name != "name"}
        values = {name: told[name] for name, kind in known.items() if type(told.get(name)) is kind}
        return cls(told["name"], **values)

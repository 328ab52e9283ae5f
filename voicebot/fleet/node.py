"""What a node tells the others of itself, and in what nodes differ that should do the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from voicebot.json_body import parse_json


@dataclass(frozen=True, slots=True)
class NodeState:
    """``name``: for people; ``calls``: how many it has. ``draining``: it takes no new ones. ``settings`` and
    ``dialogs``: digests, which are the same at nodes that do the same; that of the settings has one for each section
    (``bot:1f09 calls:77aa``)."""

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


def differences(nodes: Iterable[NodeState]) -> list[str]:
    """What differs between ``nodes``, for people; empty if nothing does."""
    there = sorted(nodes, key=lambda node: node.name)
    told = []
    if len({node.settings for node in there}) > 1:
        sections = [dict(_section(part) for part in node.settings.split()) for node in there]
        names = sorted({name for one in sections for name in one})
        differ = [name for name in names if len({one.get(name) for one in sections}) > 1]
        told.append(f"the settings of {_and(node.name for node in there)} differ: {_and(f'[{one}]' for one in differ)}")
    if len({node.dialogs for node in there}) > 1:
        told.append("the dialogs differ: " + ", ".join(f"{node.name} has {node.dialogs or 'none'}" for node in there))
    return told


def _section(part: str) -> tuple[str, str]:
    name, _, digest = part.partition(":")
    return name, digest


def _and(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last

"""What a client asks for before it sends audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_EXPECTED = 200
MAX_PHRASE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Options:
    """What the client asked for in ``speech.context`` and in the address.

    After a reconnect ``continuation`` says which turn is continued (``previous_tag``) and from which offset. The offset
    is left to the SDK: it sends the audio from there on, and adds the offset to the times that it gets by itself.
    """

    mode: str = "conversation"
    segmentation_s: float = 0.35
    initial_silence_s: float = 5.0
    expected: tuple[str, ...] = ()
    previous_tag: str = ""

    @classmethod
    def from_context(cls, context: dict[str, Any], mode: str, query: dict[str, str]) -> Options:
        """Read ``speech.context``; whatever is missing, odd or out of range keeps its default."""
        detection = _mapping(context.get("phraseDetection"))
        segmentation_ms: float = 350.0
        initial_ms: float = 5000.0
        for holder in (detection, *(_mapping(detection.get(name)) for name in (mode, mode.upper(), mode.capitalize()))):
            segmentation = _mapping(holder.get("segmentation"))
            segmentation_ms = _number(segmentation.get("segmentationSilenceTimeoutMs"), 100, 5000, segmentation_ms)
            initial_ms = _number(holder.get("initialSilenceTimeout"), 100, 120_000, initial_ms)
        segmentation_ms = _number(query.get("segmentationSilenceTimeoutMs"), 100, 5000, segmentation_ms)
        initial_ms = _number(query.get("initialSilenceTimeoutMs"), 100, 120_000, initial_ms)
        expected: list[str] = []
        for group in _sequence(_mapping(context.get("dgi")).get("Groups")):
            for item in _sequence(_mapping(group).get("Items")):
                text = _mapping(item).get("Text")
                if isinstance(text, str) and 0 < len(text) <= MAX_PHRASE_LENGTH and len(expected) < MAX_EXPECTED:
                    expected.append(text)
        continuation = _mapping(context.get("continuation"))
        tag = continuation.get("previousServiceTag")
        return cls(
            mode=mode,
            segmentation_s=segmentation_ms / 1000,
            initial_silence_s=initial_ms / 1000,
            expected=tuple(dict.fromkeys(expected)),
            previous_tag=tag if isinstance(tag, str) else "",
        )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value[:MAX_EXPECTED] if isinstance(value, list) else []


def _number(value: Any, least: float, most: float, default: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if least <= number <= most else default

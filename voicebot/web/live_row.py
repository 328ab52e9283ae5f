"""What is told of a running call in one row: the latest words of both, how long the caller waited for answers. Pure.

It is made of the call's timeline, line by line, as the record has it: what is masked there is masked here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, Final

MOST_GAPS: Final = 20
MOST_UTTERANCES: Final = 32
"""Prompts whose text is remembered until they are played."""
_ASKED_FOR: Final = ("speech", "key")


class Row:
    """Give it every line of the timeline, in order."""

    def __init__(self) -> None:
        self.lines = 0
        """How many it has had."""
        self.caller_said = ""
        self.caller_saying = ""
        """What is being recognised, and may still change."""
        self.bot_said = ""
        self.step = ""
        """Where the call is in our own dialogs."""
        self.gaps_ms: deque[float] = deque(maxlen=MOST_GAPS)
        """From the end of what the caller said or pressed to the first packet of the answer, the latest last."""
        self._caller_until: float | None = None
        self._waited_since: OrderedDict[int, float] = OrderedDict()
        self._utterances: OrderedDict[int, tuple[int, str]] = OrderedDict()

    def take(self, line: Mapping[str, Any]) -> None:
        """One line of the timeline. Unknown events are nothing to tell."""
        self.lines += 1
        match line["event"]:
            case "hypothesis":
                self.caller_saying = line["text"]
            case "final":
                self.caller_said, self.caller_saying = line["text"] or self.caller_said, ""
            case "speech_stopped":
                self._caller_until = line["offset_ms"]
            case "key_pressed":
                self.caller_said, self._caller_until = line["key"], line["at_ms"]
            case "asked" if line["kind"] in _ASKED_FOR and self._caller_until is not None:
                _keep(self._waited_since, line["request"], self._caller_until)
            case "first_audio":
                _keep(self._utterances, line["utterance"], (line["request"], line["text"]))
            case "step_reached":
                self.step = line["step"]
            case "playback_started":
                request, self.bot_said = self._utterances.pop(line["utterance"], (0, self.bot_said))
                if (since := self._waited_since.pop(request, None)) is not None and line["at_ms"] >= since:
                    self.gaps_ms.append(round(line["at_ms"] - since, 1))

    def as_json(self, *, words: bool) -> dict[str, Any]:
        """``words``: whether what was said is told."""
        said = (self.caller_said, self.caller_saying, self.bot_said) if words else ("", "", "")
        names = ("caller_said", "caller_saying", "bot_said")
        return {**dict(zip(names, said, strict=True)), "step": self.step, "gaps_ms": list(self.gaps_ms)}


def _keep(kept: OrderedDict[int, Any], name: int, value: Any) -> None:
    kept[name] = value
    if len(kept) > MOST_UTTERANCES:
        kept.popitem(last=False)

"""The latest warnings and errors of the log, for the page of operations: bounded, and without what comes from callers.

A line of the log is a text with places for values. Values may be numbers, addresses or names of callers: who may see
those sees the whole line, without numbers and addresses all the same; for others the places stay empty.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

MOST: Final = 50
"""Kinds of lines that are kept: those that came last."""
MAX_TEXT: Final = 500
_HIDDEN: Final = "…"
_PLACE: Final = re.compile(r"%[^a-zA-Z%]{0,8}[a-zA-Z]")
_SCHEMES: Final = ("sip:", "sips:", "tel:", "mailto:")
_DIGITS: Final = 6
"""From so many on a number may be a telephone's."""


@dataclass(slots=True)
class _Kind:
    """Lines with the same text, but for its values."""

    level: str
    logger: str
    text: str
    whole: str = ""
    last: float = 0.0
    count: int = 0


class Troubles(logging.Handler):
    """Keeps them from :meth:`watch` to :meth:`unwatch`."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kinds: OrderedDict[tuple[str, str, str], _Kind] = OrderedDict()

    def watch(self) -> None:
        logging.getLogger().addHandler(self)

    def unwatch(self) -> None:
        """Harmless when repeated."""
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        text = _PLACE.sub(_HIDDEN, str(record.msg)) if record.args else str(record.msg)
        name = (record.levelname, record.name, text)
        kind = self._kinds.pop(name, None) or _Kind(record.levelname, record.name.removeprefix("voicebot."), text)
        kind.count += 1
        kind.last = record.created
        kind.whole = record.getMessage()
        self._kinds[name] = kind
        if len(self._kinds) > MOST:
            self._kinds.popitem(last=False)

    def latest(self, whole: bool) -> Sequence[Mapping[str, Any]]:
        """The latest first: ``time`` of the last one, ``count``, ``level``, ``logger``, ``text``. ``whole``: with its
        values."""
        self.acquire()  # lines may come from any thread
        try:
            kinds = list(self._kinds.values())
        finally:
            self.release()
        return [
            {
                "time": datetime.fromtimestamp(kind.last, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "count": kind.count,
                "level": kind.level,
                "logger": kind.logger,
                "text": without_people((kind.whole if whole else kind.text)[:MAX_TEXT]),
            }
            for kind in reversed(kinds)
        ]


def without_people(text: str) -> str:
    """``text`` without telephone numbers and addresses of people."""
    return " ".join(_HIDDEN if _is_somebody(word) else word for word in text.split(" "))


def _is_somebody(word: str) -> bool:
    bare = word.strip("\"'()<>[],;:.!?").lower()
    digits = bare.removeprefix("+")
    return "@" in bare or bare.startswith(_SCHEMES) or (len(digits) >= _DIGITS and digits.isdigit())

"""What the body of an Adaptive Card says to somebody who cannot see it, in the order of the page, and what it offers.

https://adaptivecards.io/explorer/ has the elements. Pure, bounded, never raises. What is not visible is not read. Of an
element that we do not know, what it contains is, else its ``fallback``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

MAX_ELEMENTS: Final = 200
"""Of one card."""
MAX_DEPTH: Final = 8
_ANSWERING: Final = frozenset({"imback", "postback", "messageback", "action.submit", "action.execute"})
_CONTAINERS: Final = ("items", "columns", "rows", "cells", "pages", "images")
_HELD: Final = frozenset(_CONTAINERS)


class CardText(NamedTuple):
    """``text``: Markdown. ``alone``: it means something by itself, so it need not be said when it was said before. The
    cells of a table and the values of facts do not."""

    text: str
    alone: bool


class CardElements:
    """The elements of one body, of which no more than ``most`` are looked at.

    ``texts`` and ``choices``: what has been read so far. ``cut_short``: there was more.
    """

    def __init__(self, most: int = MAX_ELEMENTS) -> None:
        self.texts: list[CardText] = []
        self.choices: list[str] = []
        self.cut_short = False
        self._left = most

    def read(self, body: Any, depth: int = 0) -> None:
        """Read ``body``, a list of elements."""
        if depth > MAX_DEPTH:
            return
        for element in self.limited(body):
            if not isinstance(element, dict) or element.get("isVisible") is False:
                continue
            kind = element.get("type")
            reader = _READERS.get(kind) if isinstance(kind, str) else None
            if reader is not None:
                reader(self, element, depth)
            elif not _HELD.isdisjoint(element):
                for name in _CONTAINERS:
                    if name in element:
                        self.read(element[name], depth + 1)
            elif isinstance(element.get("fallback"), dict):
                self.read([element["fallback"]], depth + 1)

    def limited(self, body: Any) -> list[Any]:
        """What is still looked at of ``body``, a list; an empty one of anything else."""
        if not isinstance(body, list):
            return []
        looked_at = body[: self._left]
        self._left -= len(looked_at)
        self.cut_short = self.cut_short or len(looked_at) < len(body)
        return looked_at

    def _say(self, text: str, *, alone: bool = True) -> None:
        if text:
            self.texts.append(CardText(text, alone))

    def _block(self, element: dict[str, Any], _: int) -> None:
        self._say(plain(element.get("text")))

    def _rich_text(self, element: dict[str, Any], _: int) -> None:
        self._say("".join(map(_run, self.limited(element.get("inlines")))))

    def _picture(self, element: dict[str, Any], _: int) -> None:
        self._say(plain(element.get("altText")))

    def _facts(self, element: dict[str, Any], _: int) -> None:
        for fact in dicts(self.limited(element.get("facts"))):
            self._say(fact_line(fact.get("title"), fact.get("value")), alone=False)

    def _table(self, element: dict[str, Any], depth: int) -> None:
        """The cells of a row are one line."""
        for row in self.limited(element.get("rows")):
            if not isinstance(row, dict) or row.get("isVisible") is False:
                continue
            before, cells = self.texts, []
            for cell in self.limited(row.get("cells")):
                self.texts = []
                if isinstance(cell, dict):
                    self.read(cell.get("items"), depth + 2)
                cells.append(" ".join([text for text, _ in self.texts]))
            self.texts = before
            self._say(", ".join(filter(None, cells)), alone=False)

    def _input(self, element: dict[str, Any], _: int) -> None:
        """What it asks for: its label, else what stands in it while it is empty."""
        asked = plain(element.get("label")) or (
            plain(element.get("title")) if element["type"] == "Input.Toggle" else ""
        )
        asked = (asked or plain(element.get("placeholder"))).strip()
        self._say(asked if not asked or asked[-1] in ".!?:…" else f"{asked}?")
        self.choices += filter(None, [plain(choice.get("title")) for choice in dicts(element.get("choices"))])

    def _actions(self, element: dict[str, Any], _: int) -> None:
        self.choices += offered(element.get("actions"))


_READERS: Final[dict[str, Callable[[CardElements, dict[str, Any], int], None]]] = {
    "TextBlock": CardElements._block,
    "Badge": CardElements._block,
    "RichTextBlock": CardElements._rich_text,
    "Image": CardElements._picture,
    "Media": CardElements._picture,
    "FactSet": CardElements._facts,
    "Table": CardElements._table,
    "ActionSet": CardElements._actions,
} | {
    f"Input.{kind}": CardElements._input for kind in ("Text", "Number", "Date", "Time", "Toggle", "ChoiceSet", "Rating")
}


def offered(actions: Any) -> list[str]:
    """The titles of the actions, or buttons, that answer the bot."""
    named = [plain(action.get("title")) or plain(action.get("value")) for action in answering(actions)]
    return list(filter(None, named))


def answering(actions: Any) -> list[dict[str, Any]]:
    """The actions, or buttons, that answer the bot."""
    return [action for action in dicts(actions) if _answers(action)]


def _answers(action: dict[str, Any]) -> bool:
    """Whether a button, or a suggested action, sends something to the bot."""
    kind = action.get("type") or "imBack"
    return isinstance(kind, str) and kind.lower() in _ANSWERING and action.get("isEnabled") is not False


def fact_line(title: Any, value: Any) -> str:
    """``Due: Friday``; ``""`` unless there is a value."""
    name, said = plain(title).rstrip(": "), plain(value)
    return f"{name}: {said}" if name and said else said


def plain(value: Any) -> str:
    """A text, or else a number."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, as far as it is looked at; none in anything else."""
    return [item for item in limited(value) if isinstance(item, dict)]


def limited(value: Any) -> list[Any]:
    """A list, as far as it is looked at; an empty one for anything else."""
    return value[:MAX_ELEMENTS] if isinstance(value, list) else []


def _run(inline: Any) -> str:
    """The text of a part of a RichTextBlock. Citations are not read."""
    if isinstance(inline, dict):
        return "" if inline.get("type") == "CitationRun" else plain(inline.get("text"))
    return plain(inline)

"""Cards as speech, for somebody who cannot see them. Pure, bounded, never raises.

A card's own ``speak`` comes first. Without it, a hero, thumbnail, receipt or other classic card gives its title,
subtitle and text, an Adaptive Card its text blocks and facts, in order. Buttons that send an answer are choices;
buttons that open a page are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from voicebot.bots.spoken import MAX_TEXT, spoken

MAX_ELEMENTS = 200
"""Of one card."""
MAX_ALL_ELEMENTS = 600
"""Of all cards of a message, which share them equally."""
LEAST = 20
"""Characters that a text of a card counts as, however short it is."""
MAX_DEPTH = 8
MAX_CHOICES = 12

_ANSWERING = frozenset({"imback", "postback", "messageback", "action.submit", "action.execute"})


def card_text(*attachments: Any) -> str:
    """What cards say, one after the other; ``""`` for what is no card, or has nothing to say. Of what is written for
    the eye, no more than :data:`voicebot.bots.spoken.MAX_TEXT` characters are looked at in all cards together."""
    said, room = [], MAX_TEXT
    for content in map(_content, attachments):
        speak = content.get("speak")
        if isinstance(speak, str) and speak:
            said.append(speak)
            continue
        texts = []
        for text in _written(content, _most(len(attachments))):
            if room <= 0:
                break
            texts.append(text[:room])
            room -= max(len(text) + 1, LEAST)
        if part := spoken("\n".join(texts)):
            said.append(part if part[-1] in ".!?:" else f"{part}.")
    return " ".join(said)


def card_choices(attachment: Any, cards: int = 1) -> list[str]:
    """The answers that the card offers, one of ``cards`` in its message: the titles of its buttons and of the choices
    in its choice sets."""
    content = _content(attachment)
    found: list[Any] = [
        button.get("title") or button.get("value")
        for name in ("buttons", "actions")
        for button in _dicts(content.get(name))
        if str(button.get("type", "imBack")).lower() in _ANSWERING
    ]
    for element in _elements(content.get("body"), _most(cards)):
        if element.get("type") == "Input.ChoiceSet":
            found += [choice.get("title") for choice in _dicts(element.get("choices"))]
        elif element.get("type") == "ActionSet":
            found += [a.get("title") for a in _dicts(element.get("actions")) if _answers(a)]
    return [choice for choice in found if isinstance(choice, str) and choice][:MAX_CHOICES]


def _answers(action: dict[str, Any]) -> bool:
    return str(action.get("type", "")).lower() in _ANSWERING


def _most(cards: int) -> int:
    """How many elements are looked at in each of ``cards``."""
    return min(MAX_ELEMENTS, MAX_ALL_ELEMENTS // max(cards, 1))


def _written(content: dict[str, Any], most: int) -> Iterator[str]:
    """The texts of a card, in order, of no more than ``most`` elements."""
    yield from (content[name] for name in ("title", "subtitle", "text") if isinstance(content.get(name), str))
    for element in _elements(content.get("body"), most):
        if element.get("type") == "TextBlock" and isinstance(element.get("text"), str):
            yield element["text"]
        elif element.get("type") == "FactSet":
            facts = [(fact.get("title"), fact.get("value")) for fact in _dicts(element.get("facts"))]
            yield from (f"{_plain(title).rstrip(': ')}: {_plain(value)}" for title, value in facts if title and value)


def _plain(value: Any) -> str:
    """The title or the value of a fact: a text, or else a number."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _elements(body: Any, most: int, depth: int = 0) -> list[dict[str, Any]]:
    """The elements of an Adaptive Card, those in containers and columns included."""
    found: list[dict[str, Any]] = []
    for element in _dicts(body, most):
        if element.get("isVisible") is False:
            continue
        found.append(element)
        if depth < MAX_DEPTH:
            for name in ("items", "columns"):
                if (inner := element.get(name)) and len(found) < most:
                    found += _elements(inner, most - len(found), depth + 1)
        if len(found) >= most:
            break
    return found[:most]


def _content(attachment: Any) -> dict[str, Any]:
    content = attachment.get("content") if isinstance(attachment, dict) else None
    return content if isinstance(content, dict) else {}


def _dicts(value: Any, most: int = MAX_ELEMENTS) -> list[dict[str, Any]]:
    return [item for item in value[:most] if isinstance(item, dict)] if isinstance(value, list) else []

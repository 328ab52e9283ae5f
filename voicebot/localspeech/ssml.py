"""Parses SSML (W3C 1.1, the part that the Speech service supports) into a list of texts, each with its style, and
pauses.

Supported: ``speak``, ``voice``, ``p``, ``s``, ``break``, ``prosody rate``, ``say-as``, ``sub``, and ``audio``, whose
content is spoken instead. The content of any other element is spoken. Document types are refused, and with them
entities that expand without bound; so is deep nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree import ElementTree

MAX_LENGTH = 64 * 1024
MAX_DEPTH = 32
MAX_BREAK_S = 5.0

SENTENCE_PAUSE_S = 0.3
PARAGRAPH_PAUSE_S = 0.6

_STRENGTHS = {"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.33, "x-fast": 1.75}
_TIME = re.compile(r"\s*\+?(\d+(?:\.\d*)?|\.\d+)\s*(ms|s)\s*")
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(%?)")


class InvalidSsml(ValueError):
    """The SSML cannot be spoken. The message is sent to the client as the reason of closure."""


@dataclass(frozen=True, slots=True)
class SsmlText:
    """Words to say. ``rate``: 2 is twice as fast. ``interpret_as``, ``format``, ``detail`` come from ``say-as``."""

    text: str
    rate: float = 1.0
    interpret_as: str = ""
    format: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SsmlPause:
    """Silence for ``seconds``."""

    seconds: float


SsmlSpan = SsmlText | SsmlPause


@dataclass(frozen=True, slots=True)
class SsmlDocument:
    """A parsed document: what to say, and the names of the voices asked for, in order."""

    spans: list[SsmlSpan]
    voices: tuple[str, ...]


def parse(document: str) -> SsmlDocument:
    """Parse an SSML document.

    Raises:
        InvalidSsml: not well-formed, not SSML, or beyond the limits above.
    """
    if len(document) > MAX_LENGTH:
        raise InvalidSsml("SSML is longer than 64 KB")
    if "<!" in document.replace("<!--", "").replace("<![CDATA[", ""):
        raise InvalidSsml("SSML parsing error: document types are not allowed")
    builder = _Builder()
    parser = ElementTree.XMLParser(target=builder)
    try:
        parser.feed(document.strip())
        parser.close()
    except ElementTree.ParseError as error:
        raise InvalidSsml(f"SSML parsing error: {error}") from error
    return SsmlDocument(builder.spans, tuple(builder.voices))


@dataclass(slots=True)
class _Context:
    name: str
    rate: float = 1.0
    interpret_as: str = ""
    format: str = ""
    detail: str = ""
    silent: bool = False


class _Builder:
    """Target of the XML parser: keeps the styles of the open elements on a stack."""

    def __init__(self) -> None:
        self.spans: list[SsmlSpan] = []
        self.voices: list[str] = []
        self._stack: list[_Context] = []
        self._say_as_edge = False
        """A ``say-as`` has begun or ended since the last text: two numbers must not be read as one."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if not self._stack and name != "speak":
            raise InvalidSsml(f"SSML parsing error: the root element is <{name}>, want <speak>")
        if len(self._stack) >= MAX_DEPTH:
            raise InvalidSsml("SSML is nested too deeply")
        outer = self._stack[-1] if self._stack else _Context("")
        context = _Context(name, outer.rate, outer.interpret_as, outer.format, outer.detail, outer.silent)
        self._stack.append(context)
        if name in ("p", "s") and not outer.silent:
            self._pause(PARAGRAPH_PAUSE_S if name == "p" else SENTENCE_PAUSE_S, joins=True)
        if name == "break":
            self._pause(_break(attributes))
        elif name == "prosody" and "rate" in attributes:
            context.rate = min(max(outer.rate * _rate(attributes["rate"]), 0.5), 2.0)
        elif name == "say-as":
            self._say_as_edge = True
            context.interpret_as = attributes.get("interpret-as", "").strip().lower()
            context.format = attributes.get("format", "").strip().lower()
            context.detail = attributes.get("detail", "").strip()
        elif name == "sub":
            self._say(attributes.get("alias", ""))
            context.silent = True
        elif name in ("desc", "metadata", "meta", "lexicon"):
            context.silent = True
        elif name == "voice" and attributes.get("name"):
            self.voices.append(attributes["name"])

    def data(self, text: str) -> None:
        self._say(text)

    def end(self, tag: str) -> None:
        context = self._stack.pop()
        if context.name == "say-as":
            self._say_as_edge = True
        if context.name in ("p", "s"):
            self._pause(PARAGRAPH_PAUSE_S if context.name == "p" else SENTENCE_PAUSE_S, joins=True)

    def close(self) -> None:
        while self.spans and isinstance(self.spans[-1], SsmlText) and not self.spans[-1].text.strip():
            self.spans.pop()

    def _say(self, text: str) -> None:
        context = self._stack[-1]
        if context.silent or not text:
            return
        span = SsmlText(text, context.rate, context.interpret_as, context.format, context.detail)
        last = self.spans[-1] if self.spans else None
        # The parser may pass one piece of text in several calls.
        if isinstance(last, SsmlText) and not self._say_as_edge and replace(last, text=text) == span:
            self.spans[-1] = replace(last, text=last.text + text)
        else:
            self.spans.append(span)
        self._say_as_edge = False

    def _pause(self, seconds: float, joins: bool = False) -> None:
        """``joins``: the end of a sentence in a paragraph that ends is one pause, not two."""
        if self._stack and self._stack[-1].silent:
            return
        while self.spans and isinstance(self.spans[-1], SsmlText) and not self.spans[-1].text.strip():
            self.spans.pop()
        if joins and self.spans and isinstance(self.spans[-1], SsmlPause):
            self.spans[-1] = SsmlPause(max(seconds, self.spans[-1].seconds))
        elif joins and not self.spans:
            return
        elif seconds > 0:
            self.spans.append(SsmlPause(seconds))


def _break(attributes: dict[str, str]) -> float:
    if "time" in attributes:
        match = _TIME.fullmatch(attributes["time"])
        if match is None:
            raise InvalidSsml(
                f"SSML parsing error: break time {attributes['time']!r} is not a time such as 500ms or 1s"
            )
        seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
        return min(seconds, MAX_BREAK_S)
    return _STRENGTHS.get(attributes.get("strength", "medium").strip().lower(), 0.75)


def _rate(value: str) -> float:
    value = value.strip().lower()
    if value in _RATES:
        return _RATES[value]
    match = _NUMBER.fullmatch(value)
    if match is None:
        raise InvalidSsml(f"SSML parsing error: prosody rate {value!r} is not a rate")
    sign, number, percent = match.groups()
    amount = float(number)
    if percent:
        amount = 1 + (-amount if sign == "-" else amount) / 100
    elif sign:
        amount = 1 + (-amount if sign == "-" else amount)
    return min(max(amount, 0.5), 2.0)

"""Written text as it should be read out: a bot that was made for chat sends Markdown, links and emoji.

Used only for messages without ``speak``; what a bot gives as speech is left alone.
"""

from __future__ import annotations

import html
import re
import unicodedata

_REPLACEMENTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"```.*?(?:```|\Z)", re.DOTALL), " "),
    (re.compile(r"<\s*(?:br|/p|/li|/tr|/h\d)\s*/?>", re.IGNORECASE), "\n"),
    (re.compile(r"</?[a-zA-Z][^<>]{0,500}>"), " "),
    (re.compile(r"!\[([^\[\]\n]{0,200})\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\b(?:https?://|www\.)(?:www\.)?([\w.-]{1,253})(?::\d+)?(?:/[^\s<>()]*(?<![.,;:!?]))?"), r"\1"),
    (re.compile(r"^[ \t]*\|?[ \t:|-]*-{3,}[ \t:|-]*\|?[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*\|(.*?)[ \t]*\|[ \t]*$", re.MULTILINE), r"\1."),
    (re.compile(r"[ \t]*\|[ \t]*"), ", "),
    (re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE), r"\1."),
    (re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*[-*+•‣◦][ \t]+(.*)$", re.MULTILINE), r"\1."),
    (re.compile(r"\((\d{1,2})\)[ \t]+"), r"\1, "),  # the SDK's choices: "(1) small, or (2) large"
    (re.compile(r"(\*\*\*|\*\*|\*|~~|`)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<!\w)(__|_)(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
)
_PRIVATE = 0xE000
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")  # hidden as private characters while mark-up is removed
_HIDDEN = re.compile("[\ue021-\ue07e]")
_ENDS = re.compile(r"[.!?:;,…][\"')\]]*$")
_DOUBLED = re.compile(r"([.!?:;,])[ \t]*\.(?!\.)")

_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[ ,.:;!?'’%€$-])*")
"""Nothing but words, on one line: most of what bots say needs no second look."""

MAX_TEXT = 4000
"""Five minutes of speech; the rest is cut off."""


def spoken(text: str) -> str:
    """``text`` for the ear: no Markdown, HTML, emoji; links by their words, addresses by their host; one line."""
    text = text[:MAX_TEXT]
    if _PLAIN.fullmatch(text) and "www." not in text:
        return _DOUBLED.sub(r"\1", " ".join(text.split()))
    return _without_markup(text)


def _without_markup(text: str) -> str:
    text = html.unescape(text)
    text = _ESCAPED.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    text = _HIDDEN.sub(lambda match: chr(ord(match[0]) - _PRIVATE), text)
    text = "".join(character for character in text if _audible(character))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if any(character.isalnum() for character in line)]
    joined = " ".join(line if index == len(lines) - 1 or _ENDS.search(line) else f"{line}." for index, line in
                      enumerate(lines))  # fmt: skip
    return _DOUBLED.sub(r"\1", joined)


def _audible(character: str) -> bool:
    if character in "\n\t":
        return True
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Co", "Cs", "Cn"):
        return False
    # Symbols: emoji and arrows go, what has a name in speech (degree, copyright, currency) stays.
    if "\U0001f3fb" <= character <= "\U0001f3ff":
        return False  # skin tones
    return category != "So" or character in "°©®™" or character.isalnum()

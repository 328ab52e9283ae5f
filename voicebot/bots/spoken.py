"""Written text as it should be read out: a bot that was made for chat sends Markdown, links and emoji.

Used only for messages without ``speak``; what a bot gives as speech is left alone. Takes time that is linear in the
text, whatever the text: all calls wait for it.
"""

from __future__ import annotations

import html
import re
import unicodedata

_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<\s*(?:br|/p|/li|/tr|/h\d)\s*/?>", re.IGNORECASE), "\n"),
    (re.compile(r"</?[a-zA-Z][^<>]{0,500}>"), " "),
    (re.compile(r"!\[([^\[\]\n]{0,200})\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\b(?:https?://|www\.)(?:www\.)?([\w.-]{1,253})(?::\d+)?(?:/[^\s<>()]*(?<![.,;:!?]))?"), r"\1"),
)
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+")
_QUOTE = re.compile(r"[ \t]*>[ \t]?")
_BULLET = re.compile(r"[ \t]*[-*+•‣◦][ \t]+")
_CHOICE = re.compile(r"\((\d{1,2})\)[ \t]+")
"""As the SDK writes choices: "(1) small, or (2) large"."""
_MARK = re.compile(r"(\*{1,3}|~~|`|__?)")
_RULE = frozenset(" \t:|-")
"""What the line between the head of a table and its rows is made of."""
_PRIVATE = 0xE000
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")  # hidden as private characters while mark-up is removed
_HIDDEN = re.compile("[\ue021-\ue07e]")
_ENDS = re.compile(r"[.!?:;,…][\"')\]]*$")
_DOUBLED = re.compile(r"([.!?:;,])[ \t]*\.(?!\.)")

_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[ ,.:;!?'’%€$-])*")
"""Nothing but words, on one line: most of what bots say needs no second look."""

MAX_TEXT = 4000
"""Five minutes of speech; the rest is cut off."""
MAX_LINES = 100
MAX_MARKS = 100
"""Of one line; where there are more, all are left out, whatever they mean."""


def spoken(text: str) -> str:
    """``text`` for the ear: no Markdown, HTML, emoji; links by their words, addresses by their host; one line."""
    text = text[:MAX_TEXT]
    if _PLAIN.fullmatch(text) and "www." not in text:
        return _DOUBLED.sub(r"\1", " ".join(text.split()))
    return _without_markup(text)


def _without_markup(text: str) -> str:
    text = html.unescape(text)
    text = _ESCAPED.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)
    text = " ".join(text.split("```")[::2])  # no code
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    written = [line for line in text.splitlines() if line and not line.isspace()][:MAX_LINES]
    text = "\n".join(_without_marks(_CHOICE.sub(r"\1, ", _line(line))) for line in written)
    text = _HIDDEN.sub(lambda match: chr(ord(match[0]) - _PRIVATE), text)
    inaudible = {ord(character): None for character in set(text) if not _audible(character)}
    lines = [" ".join(line.split()) for line in text.translate(inaudible).splitlines()]
    lines = [line for line in lines if any(character.isalnum() for character in line)]
    joined = " ".join(line if index == len(lines) - 1 or _ENDS.search(line) else f"{line}." for index, line in
                      enumerate(lines))  # fmt: skip
    return _DOUBLED.sub(r"\1", joined)


def _line(line: str) -> str:
    """``line`` without what makes it a row of a table, a heading, a quotation or an item of a list."""
    if "---" in line and _RULE.issuperset(line):
        return ""
    if "|" in line:
        cells = line.strip(" \t")
        if len(cells) > 1 and cells[0] == cells[-1] == "|":
            line = cells[1:-1].rstrip(" \t") + "."
        line = ", ".join(cell.strip(" \t") for cell in line.split("|"))
    if heading := _HEADING.match(line):
        line = line[heading.end() :].rstrip(" \t#") + "."
    if quote := _QUOTE.match(line):
        line = line[quote.end() :]
    if bullet := _BULLET.match(line):
        line = line[bullet.end() :] + "."
    return line


def _without_marks(line: str) -> str:
    """``line`` without pairs of ``*``, ``**``, ``***``, ``_``, ``__``, ``~~`` and backticks around words."""
    parts = _MARK.split(line)
    if len(parts) > 2 * MAX_MARKS:
        return "".join(parts[::2])
    marks = ["", *parts[1::2], ""]
    opened: dict[str, int] = {}
    for at in range(1, len(parts), 2):
        left = parts[at]
        before = parts[at - 1][-1:] or marks[at // 2][-1:]
        after = parts[at + 1][:1] or marks[at // 2 + 2][:1]
        word = left[0] == "_"
        if before and not before.isspace() and not (word and _in_word(after)):
            while left and (mark := _open_mark(left, opened)):
                place = opened.pop(mark)
                parts[place] = parts[place].removesuffix(mark)
                left = left[len(mark) :]
        parts[at] = left
        if left and after and not after.isspace() and not (word and _in_word(before)):
            opened.setdefault(left, at)
    return "".join(parts)


def _open_mark(marks: str, opened: dict[str, int]) -> str:
    """The longest that ``marks`` begins with and that is open."""
    return next((marks[:length] for length in (3, 2, 1) if len(marks) >= length and marks[:length] in opened), "")


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


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

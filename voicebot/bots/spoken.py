"""Written text as it should be read out: a bot that was made for chat sends Markdown, links, citations and emoji.

Used only for messages without ``speak``; what a bot gives as speech is left alone. Takes time that is linear in the
text, whatever the text: all calls wait for it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Literal

from voicebot.bots.citations import without_citations
from voicebot.bots.sentences import cut

TextFormat = Literal["markdown", "plain", "xml"]
"""How a text is written (Bot Framework: ``textFormat``). Plain text has no mark-up, XML has tags and entities."""

_BREAK = re.compile(r"<\s*(?:br|/p|/li|/tr|/h\d)\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_POINTED: tuple[re.Pattern[str], ...] = (
    re.compile(r"<(https?://[^<>\s]{1,2000})>"),
    re.compile(r"<(?:mailto:)?([^<>\s@/=\"':]{1,100}@[^<>\s@/=\"']{1,253})>"),
)
"""Addresses that are not tags."""
_NAMED: tuple[re.Pattern[str], ...] = (
    re.compile(r"!\[([^\[\]\n]{0,200})\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\)"),
    re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\)"),
    re.compile(r"\b(?:https?://|www\.)(?:www\.)?([\w.-]{1,253})(?::\d+)?(?:/[^\s<>()]*(?<![.,;:!?]))?"),
)
"""Of each only its group is read out: of a picture and a link its words, of an address its host."""
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+")
_QUOTE = re.compile(r"[ \t]*>[ \t]?")
_BULLET = re.compile(r"[ \t]*[-*+•‣◦][ \t]+")
_CHOICE = re.compile(r"\((\d{1,2})\)[ \t]+")
"""As the SDK writes choices: "(1) small, or (2) large"."""
_MARK = re.compile(r"(\*{1,3}|~~|`|__?)")
_RULE = frozenset(" \t:|-")
"""What the line between the head of a table and its rows is made of."""
_PRIVATE = 0xE000
_HIDDEN = {character: chr(_PRIVATE + ord(character)) for character in "\\`*_{}[]()#+.!|>~-"}
"""What a backslash keeps from being mark-up, and the private character that it is while mark-up is removed. The
backslash is the first: a pair of them is one, whatever follows it."""
_SHOWN = {ord(hidden): character for character, hidden in _HIDDEN.items()}
_SILENT = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "So"})
"""Categories of what is not read out: control characters, emoji, arrows."""
_READ_OUT = frozenset("\n\t°©®™")
"""Of those categories, what has a name in speech, and what separates words."""
_SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))
_ENDS = re.compile(r"[.!?:;,…][\"')\]]*$")
_DOUBLED = re.compile(r"([.!?:;,])[ \t]*\.(?!\.)")

_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[ ,.:;!?'’%€$-])*")
"""Nothing but words, on one line: most of what bots say needs no second look."""

_RAISED = re.compile("[¹²³⁰⁴-⁹]")

MAX_TEXT = 4000
"""Five minutes of speech; the rest is cut off."""
MAX_DIFFERENT = 1500
"""Different characters in one text; in Chinese it has some 800. Where there are more, only ASCII is read out."""
MAX_LINES = 100
MAX_ENTITIES = 400
"""Characters written as ``&...;``; where there are more ``&``, all are left as they are."""
MAX_MARKS = 100
"""Of one line; where there are more, all are left out, whatever they mean."""
MAX_ALL_MARKS = 400
"""Of all lines together; likewise."""


def spoken(text: str, form: TextFormat = "markdown", *, cited: bool = False) -> str:
    """``text`` for the ear: no mark-up of its ``form``, no citations, no emoji; addresses by their host; one line.

    ``cited``: the activity says that the text cites.
    """
    text = cut(text, MAX_TEXT)
    if _PLAIN.fullmatch(text) and "www." not in text and not _RAISED.search(text):
        return _once_stopped(" ".join(text.split()))
    return _without_markup(text, form, cited)


def _without_markup(text: str, form: TextFormat = "markdown", cited: bool = False) -> str:
    # Patterns are split by, not replaced with functions or groups: those cost a call in Python for each match.
    if len(set(text)) > MAX_DIFFERENT:
        text = text.encode("ascii", "ignore").decode()
    if form != "plain" and text.count("&") <= MAX_ENTITIES:
        text = html.unescape(text)
    if form == "markdown":
        if "\\" in text:
            for character, hidden in _HIDDEN.items():
                text = text.replace("\\" + character, hidden)
        text = " ".join(text.split("```")[::2])  # no code
    text = without_citations(text, plain=form != "markdown", cited=cited)
    if form != "plain":
        for pattern in _POINTED:
            text = "".join(pattern.split(text))
        text = _TAG.sub(" ", _BREAK.sub("\n", text))
    for pattern in _NAMED if form == "markdown" else _NAMED[-1:]:
        text = "".join(pattern.split(text))
    written = [line for line in text.splitlines() if line and not line.isspace()][:MAX_LINES]
    if form == "markdown":
        text = _without_marks([_choices_numbered(_line(line)) for line in written]).translate(_SHOWN)
    else:
        text = "\n".join(written)
    lines = [" ".join(line.split()) for line in text.translate(_inaudible(text)).splitlines()]
    lines = [line for line in lines if any(map(str.isalnum, line))]
    joined = " ".join(line if index == len(lines) - 1 or _ENDS.search(line) else f"{line}." for index, line in
                      enumerate(lines))  # fmt: skip
    return _once_stopped(joined)


def _once_stopped(text: str) -> str:
    """``text`` without full stops behind other marks that end a sentence or a part of one."""
    return "".join(_DOUBLED.split(text))


def _choices_numbered(line: str) -> str:
    parts = _CHOICE.split(line)
    parts[1::2] = [f"{number}, " for number in parts[1::2]]
    return "".join(parts)


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


def _without_marks(lines: list[str]) -> str:
    """``lines`` without pairs of ``*``, ``**``, ``***``, ``_``, ``__``, ``~~`` and backticks around words."""
    split = [_MARK.split(line) for line in lines]
    most = MAX_MARKS if sum(map(len, split)) <= 2 * MAX_ALL_MARKS + len(split) else 0
    return "\n".join("".join(parts[::2]) if len(parts) > 2 * most else _unpaired(parts) for parts in split)


def _unpaired(parts: list[str]) -> str:
    """A line in ``parts``, every second of which is a mark, without the marks that belong together."""
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


def _inaudible(text: str) -> dict[int, None]:
    """What of ``text`` is not read out, for :meth:`str.translate`."""
    category = unicodedata.category
    unread = [ord(one) for one in set(text) - _READ_OUT if category(one) in _SILENT and not one.isalnum()]
    return {**_SKIN_TONES, **dict.fromkeys(unread)}

"""What PyYAML finds wrong with a file, in plain words: the place that is at fault, what is wrong there, and the mend.

The parser tells where it could not go on. That is often the line below the mistake, because a text may go on there.
So first it is looked whether that line, or the one above it, has one of the mistakes that can be told from a line by
itself (:data:`_LINES`); only then it counts what the parser says (:data:`_SAYINGS`).
"""

from __future__ import annotations

import re

import yaml

UNSEEN = re.compile("[\u00a0\u00ad\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]")
"""Spaces that are none to YAML, and what cannot be seen at all: web pages and word processors leave them in what is
copied."""
NO_SIGN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML has no place for: control characters, and halves of surrogate pairs."""
LOOKED_UP = 200
"""Lines above in which a quote may have been opened."""

_OPENED = {'"': re.compile(r"""[:-] +("[^"]*)$"""), "'": re.compile(r"""[:-] +('[^']*)$""")}
"""A quote that a line opens and does not close."""

Told = tuple[int, int, str, str]
"""Line and column, from 1; what is wrong; the mend."""

QUOTES = 'put the whole text in quotes: "..."'

_LINES = (
    (re.compile(r"\A *\t"), "a tab at the beginning of a line", "indent with spaces"),
    (re.compile(rf"\A(?: *(?:- *)?|.*?[:-]){UNSEEN.pattern}"),
     "a sign that looks like a space, or cannot be seen, and is none", "delete it, and type a space"),
    (re.compile(r"\A(?:<{7}|={7}|>{7})(?: |$)"), "two versions of the file, which git could not join",
     "keep one of the two, and delete such lines"),
    (re.compile(r"\A *-[\w'\"]"), "no space after the dash", "write a space behind it: - id: ..."),
    (re.compile(r"\A *[\u2010-\u2015\u2022\u2212] "), "a sign that is no dash", "write -, a plain hyphen"),
    (re.compile(r"\A *(?:- )?[A-Za-z]\w*:[^\s/]"), "no space after the colon", "write a space behind it"),
    (re.compile(r"\A.*?: +[\u2018-\u201f\u00ab\u00bb]"), "quotes of a word processor", 'write straight ones: "..."'),
)  # fmt: skip
"""What a line is like, what is wrong with it, and the mend."""

_SAYINGS = (
    ("nested deeper", None, 'put a text that has { or [ in quotes: "..."'),
    ("'\\t'", "a tab at the beginning of a line", "indent with spaces"),
    ("another document", "a line --- in the middle of the file", "leave it out: a file is one dialog"),
    ("<document start>", "a line ... ends the file, and more follows", "leave it out"),
    ("comment or line break", "a text behind | or > in the same line", QUOTES),
    ("mapping values are not allowed", "a colon in a text without quotes", QUOTES),
    ("not allowed in this context", "a text that begins with a sign that has a meaning of its own", QUOTES),
    ("could not find expected ':'", "a line without a word and a colon",
     "write them before it, or indent it further than the line that it belongs to"),
    ("block mapping", "this line does not fit the ones above", "compare its indentation with theirs"),
    ("expected '-'", "this line does not fit the ones above", "compare its indentation with theirs"),
    ("block end", "this line does not fit the ones above", "compare its indentation with theirs"),
    ("flow", "a { or [ that is not closed, or a text that begins with one", 'put a text that has { in quotes: "..."'),
)  # fmt: skip
"""A part of what the parser says, what is wrong then (None: what it says), and the mend."""


def told_plainly(error: yaml.MarkedYAMLError, text: str) -> Told:
    """What is wrong with ``text``, in which the parser has found ``error``."""
    problem, context = error.problem or "this is not YAML", error.context or ""
    begins = "expected ':'" in problem or ("end of stream" in problem and "quoted" in context)
    mark = (error.context_mark if begins else None) or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    there = lines[line - 1] if line <= len(lines) else ""
    if "nested deeper" in problem:
        return line, column, problem, 'put a text that has { or [ in quotes: "..."'
    return (
        _of_a_line(lines, line)
        or _of_a_quote(lines, line, column, unclosed=begins and "quoted" in context)
        or _of_a_text(lines, line, column, problem)
        or (line, column, *_said(problem, context, there))
    )


def told_unreadable(error: Exception, text: str) -> Told:
    """The same of a text with which no parser begins."""
    found = NO_SIGN.search(text)
    if found is None:
        return 1, 1, f"this is not YAML: {error}", QUOTES
    at = found.start()
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return line, column, f"a sign that cannot be seen (U+{ord(found[0]):04X})", "delete it"


def _of_a_line(lines: list[str], line: int) -> Told | None:
    for number in (line, line - 1):
        there = lines[number - 1] if 0 < number <= len(lines) else ""
        for like, said, mend in _LINES:
            if found := like.match(there):
                return number, max(1, found.end()), said, mend
    return None


def _of_a_quote(lines: list[str], line: int, column: int, *, unclosed: bool) -> Told | None:
    """A quote that is not closed, or is closed within the text."""
    if unclosed:
        return line, column, "a quote is opened and never closed", "close it at the end of the text"
    before = lines[line - 1][: column - 1].rstrip() if line <= len(lines) else ""
    if before[-1:] not in ('"', "'"):
        return None
    quote = before[-1]
    for number in range(line - 1, max(0, line - LOOKED_UP), -1):
        if opened := _OPENED[quote].search(lines[number - 1]):
            return number, opened.start(1) + 1, "a quote is opened and never closed", "close it at the end of the text"
    other = '"' if quote == "'" else "'"
    said = f"the text goes on behind the {quote} that closes it"
    return line, column, said, f"put the whole text in {other}...{other}, or write no {quote} at its beginning"


def _of_a_text(lines: list[str], line: int, column: int, problem: str) -> Told | None:
    """A line that begins too far to the right, and a text that begins with a sign."""
    there = lines[line - 1] if line <= len(lines) else ""
    above = next((one for one in reversed(lines[: line - 1]) if one.strip()), "")
    further = _indent(there) > _indent(above) and not above.rstrip().endswith(":")
    if "mapping values" in problem and further and re.match(r"\s*[\w-]+:( |$)", there):
        said = "this line begins further to the right than the one above"
        return line, column, said, "begin it where the one above begins"
    if "mapping values" not in problem and (_goes_on_after_braces(there) or re.search(r"[-:]\s+[@`%*&]", there)):
        return line, column, "a text that begins with a sign that has a meaning of its own", QUOTES
    return None


def _said(problem: str, context: str, there: str) -> tuple[str, str]:
    for part, said, mend in _SAYINGS:
        if part in problem or part in context:
            return said or problem, mend
    return f"this line cannot be read: {problem}", 'put a text with signs such as { [ : # @ * & in quotes: "..."'


def _goes_on_after_braces(line: str) -> bool:
    """Whether a text follows what is in braces or brackets: ``say: {name}, hello``."""
    value = line.partition(": ")[2].strip()
    rest = value[max(value.rfind("}"), value.rfind("]")) + 1 :].strip()
    return value[:1] in ("{", "[") and rest not in (value, "") and rest[0] != "#"


def _indent(line: str) -> int:
    """Where what ``line`` says begins; behind the dash of a list's item."""
    return len(line) - len(line.lstrip(" -"))

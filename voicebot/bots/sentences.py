"""Where sentences end, and texts that are cut there because they are too long. Pure, and linear in the text."""

from __future__ import annotations

import re
from itertools import islice

from voicebot.speech_markup import TAG, is_ssml, not_well_formed, words

_END = re.compile(r"[.!?…][\"'”’)\]*_]*(?=\s+\S)|[。！？][」』）]*|(?<!\s)(?P<line>[^\S\n]*+\n)\s*+(?=\S)")
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|vs|etc|e\.g|i\.e|z\.B|[A-Za-z])\.\Z")
_NUMBERED = re.compile(r"\s*\d{1,3}\.")
_SPOKEN_END = re.compile(r"[.!?…。！？][\"'”’)]*(?=\s|\Z)")
LONGEST = 8
"""Characters within which all of :data:`_ABBREVIATED` and :data:`_NUMBERED` are told from others."""
LAST = 1000
"""A text is cut at the end of a sentence within this many characters before its limit; else between two words."""
MAX_TRIED = 20
"""Ends of sentences that are tried, from the last one backwards."""
MAX_TAGS = 400
"""Tags of SSML that is cut; where there are more, its words are cut."""


def ends(text: str, begin: int, most: int) -> list[int]:
    """Where sentences end, of ``most`` places that look like it. Not within mark-up that is still open: it would be
    read out."""
    found = []
    counted, code, bold, brackets = begin, 0, 0, 0
    for match in islice(_END.finditer(text, begin), most):
        piece = text[counted : match.end()]
        counted = match.end()
        code += piece.count("```")
        bold += piece.count("**")
        brackets += piece.count("[") - piece.count("]")
        if code % 2 or bold % 2 or brackets > 0:
            continue
        if _goes_on(text, begin, match.end() if match["line"] is None else match.start()):
            continue
        found.append(match.end())
        begin, code, bold, brackets = match.end(), 0, 0, 0
    return found


def cut(text: str, limit: int) -> str:
    """``text``, plain or SSML, in ``limit`` characters: up to the end of a sentence, of a word if there is none."""
    if len(text) <= limit:
        return text
    if is_ssml(text):
        return _cut_document(text, limit)
    begin = max(limit - LAST, 0)
    found = [match.end() for match in _END.finditer(text[: limit + 2], begin)]
    for end in found[: -1 - MAX_TRIED : -1]:
        if end <= limit and not _goes_on(text, begin, end):
            return text[:end].rstrip()
    before, space, _ = text[begin : limit + 1].rpartition(" ")
    return text[: begin + len(before)].rstrip() if space and before else text[:limit]


def _cut_document(document: str, limit: int) -> str:
    head = document[:limit]
    tags = list(islice(TAG.finditer(head), MAX_TAGS + 1))
    if len(tags) <= MAX_TAGS and (end := _last_end(head, [tag.span() for tag in tags])):
        whole = head[:end] + "".join(f"</{name}>" for name in reversed(_open_elements(head[:end])))
        if not not_well_formed(whole):
            return whole
    said = words(head[: head.rfind("<")] if head.rfind("<") > head.rfind(">") else head)
    return cut(said, len(said) - 1) if said else ""


def _last_end(head: str, tags: list[tuple[int, int]]) -> int:
    """Where the last sentence outside ``tags`` ends; 0 for none within :data:`LAST` characters."""
    found, earliest = 0, max(len(head) - LAST, 0)
    edges = [0, *(edge for tag in tags for edge in tag), len(head)]
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end > earliest:
            first = max(begin, earliest)
            for match in _SPOKEN_END.finditer(head[first:end].partition("<")[0]):
                found = first + match.end()
    return found


def _open_elements(markup: str) -> list[str]:
    names: list[str] = []
    for tag in TAG.findall(markup):
        if tag.startswith("</"):
            if names:
                names.pop()
        elif not tag.endswith("/>") and not tag.startswith(("<?", "<!")):
            names.append(tag[1:-1].split(None, 1)[0])
    return names


def _goes_on(text: str, begin: int, end: int) -> bool:
    """Whether the full stop before ``end`` is that of an abbreviation, or of a number at the beginning of a line."""
    tail = text[max(begin, end - LONGEST) : end]
    if _ABBREVIATED.search(tail) is not None:
        return True
    _, newline, line = tail.rpartition("\n")
    return (bool(newline) or end - begin <= LONGEST) and _NUMBERED.fullmatch(line) is not None

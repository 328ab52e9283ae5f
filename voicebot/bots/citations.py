"""Citations of generated answers, which are for the eye: marks such as ``[1]``, ``[doc1]``, ``【1†source】``, ``[^1^]``
or ``¹``, and the list of references at the end. Pure, and linear in the text.

Some marks are never anything else. ``[1]`` may be content: an index, a paragraph of a law. It is a citation when the
text defines it (``[1]: https://…``), when an entity of the activity says that it cites, when other marks of the text
are certain, or by its place: directly behind a sentence, a part of one, or its last word. The place says nothing in
plain text. https://github.com/microsoft/BotFramework-WebChat/blob/main/docs/CITATION.md has the form that Copilot
Studio sends.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

MAX_LINES = 40
"""Lines at the end of a text that may be its references."""
MAX_WORDS = 8
"""Of the name of a file."""
MAX_MARKS = 200
"""Marks that are judged by their place; the further ones are as the last of these."""

_HINT = re.compile(r"[\[【¹²³⁰⁴-⁹\ue200\n]|[^\W\d_]{2}:")
_SUP = re.compile(r"<sup>[ \t]?\[?(\d{1,3})\]?[ \t]?</sup>", re.IGNORECASE)
_RAISED_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_CERTAIN = re.compile(
    r"[ \t]?(?:\[\^\d{1,3}\^?\]|\[doc\d{1,3}\]|【[^【】\n†]{0,60}†[^【】\n]{0,200}】"
    r"|\[[^\[\]\n]{1,100}\.(?:pdf|docx?|pptx?|xlsx?|html?|txt|md|aspx|csv|json)(?:#[\w=-]{1,20})?\](?!\()"
    r"|\ue200[^\ue200\ue201\n]{0,200}\ue201"
    r"|\[(?:\[\^?\d{1,3}\^?\]|\^?\d{1,3}\^?)\]\([^()\s]{0,2000}(?:\s+\"[^\"]*\")?\))"
)
"""Footnotes, Azure OpenAI, OpenAI's assistants, names of files, ChatGPT, Microsoft 365 Copilot's numbered links."""
_MARK = re.compile(r"([ \t]?(?:\[\d{1,3}(?:[,–-][ ]?\d{1,3}){0,5}\]|【\d{1,3}】))")
_RAISED = re.compile(r"([¹²³⁰⁴-⁹]{1,3})")
_NUMBER = re.compile(r"\d{1,3}")
_DEFINITION = re.compile(r"[ \t]{0,3}\[\^?(?P<label>[\w.-]{1,40})\^?\]:[ \t]*+(?P<target>.*)")
_SINGLE = re.compile(r"\S+(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*")
_HEADING = re.compile(
    r"[ \t]{0,3}(?:#{1,6}[ \t]?|\*{1,3}|_{1,2})?"
    r"(?:sources?|references?|citations?|learn more|quellen?|quellenangaben?|referenzen|belege|fuentes?|referencias?"
    r"|citas|références?|fonti|riferimenti|bronnen|referenties|fontes|źródła|källor|kilder|kaynaklar|参考文献|参考资料|来源|出典"
    r"|출처)(?!\w)(?P<rest>.*)",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[[^\[\]\n]{0,200}\]\([^()\s]{0,2000}\)")
_FILE = re.compile(r"\.(?:pdf|docx?|pptx?|xlsx?|html?|txt|md|aspx|csv)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"[ \t]*(?:\d{1,3}[.):]|\[\^?(?:doc)?\d{1,3}\^?\]:?|[¹²³⁰⁴-⁹]{1,3}|【\d{1,3}】)[ \t]*")
_REFERRED = re.compile(r"\[([^\[\]\n]{1,200})\]\[([^\[\]\n]{0,40})\]")
_SENTENCE_ENDS = frozenset('.!?…。！？"”»')
_PART_ENDS = frozenset(",;:")
_POINTING = frozenset((
    "in", "see", "of", "to", "and", "or", "for", "from", "under", "press", "key", "option", "number", "item",
    "line", "article", "section", "paragraph", "clause", "chapter", "page", "step", "siehe", "nach", "aus",
    "und", "oder", "art", "artikel", "absatz", "abschnitt", "ziffer", "nummer", "taste", "punkt", "seite", "en",
    "ver", "de", "y", "o", "artículo", "sección", "párrafo", "opción", "número", "tecla", "página", "voir",
    "dans", "alinéa", "touche", "numéro", "et", "ou",
))  # fmt: skip
"""Words that a number in brackets belongs to as content."""


def says_that_it_cites(activity: dict[str, Any]) -> bool:
    """Whether an entity of ``activity`` is a claim that is cited, or lists what the text cites."""
    entities = activity.get("entities")
    for entity in islice(entities, 50) if isinstance(entities, list) else ():
        if isinstance(entity, dict):
            kind = entity.get("type") or entity.get("@type")
            if isinstance(kind, str) and kind.rpartition("/")[2].lower() in ("claim", "citation"):
                return True
            cited = entity.get("citation")
            if isinstance(cited, list) and cited:
                return True
    return False


def heads_references(line: str) -> bool:
    """Whether ``line`` is the heading of a list of references, and nothing else."""
    heading = _HEADING.fullmatch(line)
    return heading is not None and not heading["rest"].strip(" \t:*_")


def without_citations(text: str, *, plain: bool = False, cited: bool = False) -> str:
    """``text`` without what cites. ``plain``: it is no Markdown; ``cited``: the activity says that it cites."""
    if _HINT.search(text) is None:
        return text
    if "<sup>" in text:
        parts = _SUP.split(text)
        parts[1::2] = [number.translate(_RAISED_DIGITS) for number in parts[1::2]]
        text = "".join(parts)
    labels: set[str] = set()
    lines = text.split("\n")
    if "]:" in text:
        lines = [line for line in (_defined(line, labels, plain) for line in lines) if line is not None]
    has_marks = _MARK.search(text) is not None or _CERTAIN.search(text) is not None
    kept = _without_references(lines, numbered=has_marks or bool(labels) or cited)
    evidence = cited or len(kept) < len(lines)
    text = "\n".join(kept)
    if labels and "][" in text:
        text = _without_labels(text, labels)
    certain = _CERTAIN.split(text)
    evidence = evidence or len(certain) > 1
    return _without_raised(_without_marks("".join(certain), labels, plain, evidence), evidence or bool(labels))


def _defined(line: str, labels: set[str], plain: bool) -> str | None:
    """``line``, None if it defines what a mark refers to. Of a footnote in words, the words."""
    found = _DEFINITION.fullmatch(line) if "]:" in line else None
    if found is None:
        return line
    target = found["target"]
    if _refers(target) or (not plain and _SINGLE.fullmatch(target)):
        labels.add(found["label"])
        return None
    return target if "[^" in line[: found.start("target")] else line


def _without_labels(text: str, labels: set[str]) -> str:
    """``[our policies][1]`` as ``our policies``, where the label is defined."""
    parts = _REFERRED.split(text)
    for at in range(1, len(parts), 3):
        words, label = parts[at], parts[at + 1]
        if (label or words) not in labels or (words.isdecimal() and label.isdecimal()):
            parts[at], parts[at + 1] = f"[{words}]", f"[{label}]"
        else:
            parts[at], parts[at + 1] = "" if words.isdecimal() else words, ""
    return "".join(parts)


def _refers(line: str) -> bool:
    """Whether ``line`` has an address, a link or the name of a file."""
    if "://" in line or "](" in line or "www." in line or "cite:" in line:
        return True
    return len(line) <= 200 and _FILE.search(line) is not None


def _without_references(lines: list[str], *, numbered: bool) -> list[str]:
    """``lines`` without the references at their end. ``numbered``: whether the text has marks, to which a list of
    numbered addresses belongs."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    first, bare = end, 0
    while first and end - first < MAX_LINES and (not (line := lines[first - 1]).strip() or _refers(line)):
        heading = _HEADING.fullmatch(line)
        if heading is not None and heading["rest"].lstrip(" *_").startswith(":") and _only_refers(heading["rest"]):
            return lines[: first - 1]
        first -= 1
        numbers = _NUMBERED.match(line) is not None
        bare += not line.strip() or (numbers and (line.lstrip().startswith("[") or _only_refers(line)))
    if first and heads_references(lines[first - 1]):
        return lines[: first - 1]
    return lines[:first] if numbered and 0 < first < end and bare == end - first else lines


def _only_refers(line: str) -> bool:
    """Whether nothing is left of ``line`` without its links, addresses and names of files."""
    number = _NUMBERED.match(line)
    words = _LINK.sub("", line[number.end() :] if number else line).split()
    left = " ".join(word for word in words if "://" not in word and "www." not in word)
    return not left.strip(" \t:*_,;|•·-–()[]") or (_FILE.search(left) is not None and len(left.split()) <= MAX_WORDS)


def _without_marks(text: str, labels: set[str], plain: bool, evidence: bool) -> str:
    parts = _MARK.split(text)
    if len(parts) == 1:
        return text
    cites = before = False
    index_from_zero = any(part.endswith("[0]") for part in parts[1 : 2 * MAX_MARKS : 2])
    for at in range(1, min(len(parts), 2 * MAX_MARKS), 2):
        mark, previous, following = parts[at], parts[at - 1], parts[at + 1]
        if evidence or (labels and not labels.isdisjoint(_NUMBER.findall(mark))):
            cites = True
        elif plain or index_from_zero:
            cites = False
        elif previous or not before:
            cites = _by_place(previous, mark[0] in " \t", following)
        if cites:
            parts[at] = ""
        before = cites
    if cites:
        parts[2 * MAX_MARKS + 1 :: 2] = [""] * len(parts[2 * MAX_MARKS + 1 :: 2])
    return "".join(parts)


def _by_place(previous: str, spaced: bool, following: str) -> bool:
    """Whether a mark between these is a citation. ``spaced``: a space is before it."""
    last, after, then = previous[-1:], following[:1], following[1:2]
    at_end = not after or after == "\n" or (after in ".!?…。！？" and not then.isalnum())
    if after == ":":
        return False  # it is the number of what follows
    if last in _SENTENCE_ENDS:
        return not after.isalnum() or not spaced
    if spaced:
        return at_end and last.isalnum() and previous[-40:].rsplit(maxsplit=1)[-1].lower() not in _POINTING
    if last in _PART_ENDS:
        return True
    if last.isdigit():
        return at_end
    return (last.isalpha() or last in ")%") and bool(last) and (
        at_end or (after in ",;:)" and not then.isalnum()) or bool(not following.strip() or following[0] == "[")
    )  # fmt: skip


def _without_raised(text: str, evidence: bool) -> str:
    """``text`` without raised digits that are marks; those of units and powers stay."""
    parts = _RAISED.split(text)
    for at in range(1, min(len(parts), 2 * MAX_MARKS), 2):
        previous, raised = parts[at - 1], parts[at]
        last = previous[-1:]
        if (last and last in _SENTENCE_ENDS | _PART_ENDS) or (
            previous[-4:].isalpha() and len(previous) > 3 and (evidence or raised not in "²³")
        ):
            parts[at] = ""
    return "".join(parts)

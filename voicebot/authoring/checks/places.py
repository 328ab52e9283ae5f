"""A problem at a position of a document."""

from __future__ import annotations

from voicebot.authoring.document import Document, YamlPath
from voicebot.authoring.problems import Problem, Severity


def at_key(document: Document, path: YamlPath, code: str, message: str, mend: str, *, error: bool = False) -> Problem:
    """At the key that ``path`` ends with."""
    return at(document, document.key_at(path), code, message, mend, error=error)


def at_value(document: Document, path: YamlPath, code: str, message: str, mend: str, *, error: bool = False) -> Problem:
    """At the value behind the key that ``path`` ends with."""
    return at(document, document.value_at(path), code, message, mend, error=error)


def at(
    document: Document, place: tuple[int, int], code: str, message: str, mend: str, *, error: bool = False
) -> Problem:
    """At line and column."""
    severity = Severity.ERROR if error else Severity.WARNING
    return Problem(document.file, *place, code, message, mend, severity)

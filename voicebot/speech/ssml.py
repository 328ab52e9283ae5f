"""What is sent to the synthesiser: always a complete SSML document (W3C SSML 1.1, with Microsoft's `mstts`).

Bots give plain text, whole documents, or something in between (``<speak>`` without version, language or voice). The
service refuses what is not complete, so the missing parts are added; what is there is passed on untouched.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_NAMESPACES: Final = {
    "xmlns": "http://www.w3.org/2001/10/synthesis",
    "xmlns:mstts": "https://www.w3.org/2001/mstts",
}
_OPENING: Final = re.compile(r"\A\s*(?:<\?xml[^>]*\?>\s*)?<speak(?P<attributes>(?:[\s/][^<>]*)?)>")
_CLOSING: Final = re.compile(r"</speak\s*>\s*\Z")
_NOT_XML: Final = re.compile("[^\t\n\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_TAG: Final = re.compile(r"<[^<>]*>")


def is_ssml(text: str) -> bool:
    """Whether ``text`` is meant as SSML: it begins with ``<speak`` (after an optional XML declaration)."""
    return _OPENING.match(text) is not None


def plain_text(text: str) -> str:
    """The words without markup, single spaces between them (for logs, digit checks and as a last resort)."""
    return " ".join(_TAG.sub(" ", text).split()) if is_ssml(text) else text


def document(text: str, *, voice: str, language: str) -> str:
    """A complete SSML document for ``text`` (plain or SSML). SSML that is not well-formed is spoken as its words."""
    if is_ssml(text):
        if _well_formed(text):
            completed = _completed(text, voice, language)
            if _namespaces_declared(completed):
                return completed
        text = plain_text(text)
    return _wrapped(escape(_NOT_XML.sub(" ", text)), voice, language)


def _wrapped(content: str, voice: str, language: str) -> str:
    head = " ".join(f"{name}={quoteattr(value)}" for name, value in _NAMESPACES.items())
    return f'<speak version="1.0" {head} xml:lang={quoteattr(language)}>{_voiced(content, voice)}</speak>'


def _voiced(content: str, voice: str) -> str:
    return f"<voice name={quoteattr(voice)}>{content}</voice>"


def _completed(text: str, voice: str, language: str) -> str:
    opening = _OPENING.match(text)
    assert opening is not None
    attributes = opening["attributes"].strip()
    if attributes.endswith("/"):
        attributes, content = attributes[:-1].rstrip(), ""
    else:
        closing = _CLOSING.search(text)
        assert closing is not None
        content = text[opening.end() : closing.start()]
    wanted = {"version": "1.0", **_NAMESPACES, "xml:lang": language}
    present = set(re.findall(r"(?:\A|\s)([\w:.-]+)\s*=", re.sub(r"\"[^\"]*\"|'[^']*'", '""', attributes)))
    missing = " ".join(f"{name}={quoteattr(value)}" for name, value in wanted.items() if name not in present)
    if not re.search(r"<voice[\s/>]", content):
        content = _voiced(content, voice)
    return f"<speak {' '.join(part for part in (missing, attributes) if part)}>{content}</speak>"


class _Refused(Exception):
    pass


def _well_formed(text: str) -> bool:
    """Well-formed, ``speak`` at the root, and without a document type (entities have no place in a prompt)."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise _Refused

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, _Refused):
        return False
    return _CLOSING.search(text) is not None or _OPENING.fullmatch(text.rstrip()) is not None


def _namespaces_declared(document: str) -> bool:
    """Whether every prefix of the well-formed ``document`` has its namespace: the service refuses one that has not."""
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(document.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        return False
    return True

"""What is sent to the synthesiser: always a complete SSML document (W3C SSML 1.1, with Microsoft's `mstts`).

Bots give plain text, whole documents, or something in between (``<speak>`` without version, language or voice). The
service refuses what is not complete, so the missing parts are added; what is there is passed on untouched.
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from voicebot.speech_markup import (
    NAMESPACES,
    in_xml,
    is_ssml,
    not_well_formed,
    plain_text,
    root_and_content,
    tags_end_at_first,
)

_VOICE: Final = re.compile(r"(</?voice(?:[\s/][^<>]*)?>)")
_SETTING: Final = re.compile(r"(?:\s|<mstts:backgroundaudio[^<>]*>|</mstts:backgroundaudio>|<!--[^<>]*-->)*+")
"""What may stand beside a voice."""


def document(text: str, *, voice: str, language: str) -> str:
    """A complete SSML document for ``text`` (plain or SSML). SSML that is not well-formed is spoken as its words."""
    if is_ssml(text):
        text = tags_end_at_first(text)
        if not not_well_formed(text):
            return _completed(text, voice, language)
        text = plain_text(text)
    return _wrapped(escape(in_xml(text)), voice, language)


def _wrapped(content: str, voice: str, language: str) -> str:
    head = " ".join(f"{name}={quoteattr(value)}" for name, value in NAMESPACES.items())
    return f'<speak version="1.0" {head} xml:lang={quoteattr(language)}>{_voiced(content, voice)}</speak>'


def _voiced(content: str, voice: str) -> str:
    return f"<voice name={quoteattr(voice)}>{content}</voice>"


def _completed(text: str, voice: str, language: str) -> str:
    attributes, content = root_and_content(text)
    wanted = {"version": "1.0", **NAMESPACES, "xml:lang": language}
    present = set(re.findall(r"(?:\A|\s)([\w:.-]+)\s*=", re.sub(r"\"[^\"]*\"|'[^']*'", '""', attributes)))
    missing = " ".join(f"{name}={quoteattr(value)}" for name, value in wanted.items() if name not in present)
    return f"<speak {' '.join(part for part in (missing, attributes) if part)}>{_all_voiced(content, voice)}</speak>"


def _all_voiced(content: str, voice: str) -> str:
    """``content`` with a voice for everything: the service refuses what is said beside a ``<voice>``."""
    if not _VOICE.search(content):
        return _voiced(content, voice)
    outside, inside = _VOICE.split(content)[::2], _VOICE.findall(content)
    depth, pieces = 0, []
    for piece, tag in zip(outside, [*inside, ""], strict=True):
        said = depth == 0 and not _SETTING.fullmatch(piece)
        if said and not_well_formed(f"<speak>{piece}</speak>"):
            return content  # the voice is within another element
        pieces += [_voiced(piece, voice) if said else piece, tag]
        depth += 0 if tag.endswith("/>") or not tag else -1 if tag.startswith("</") else 1
    return "".join(pieces)

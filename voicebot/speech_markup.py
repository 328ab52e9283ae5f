"""SSML (W3C SSML 1.1) as bots write it: whole documents, fragments without ``<speak>``, and what only looks like it.

What is SSML, and whether it can be spoken as such, is decided here; ``speech/ssml.py`` completes it for the Speech
service. Pure, and linear in the text.
"""

from __future__ import annotations

import html
import re
from typing import Final, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape

MAX_ENTITIES: Final = 400
"""Characters written as ``&...;`` in what is spoken as words; where there are more, all are left as they are."""
MAX_MENDED: Final = 200
"""Characters that are escaped; where more would have to be, the words are spoken."""
TAG: Final = re.compile(r"<[^<>]*>")
NAMESPACES: Final = {
    "xmlns": "http://www.w3.org/2001/10/synthesis",
    "xmlns:mstts": "https://www.w3.org/2001/mstts",
}
_QUOTED_VALUES: Final = re.compile(r"<[A-Za-z][^<>\"']*+(?:(?:\"[^\"<]*+\"|'[^'<]*+')[^<>\"']*+)++>")
"""A tag with quoted values, in which a ``>`` may stand as well."""
_NOT_XML: Final = re.compile("[^\t\n\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_OPENING: Final = re.compile(r"\A\s*(?:<\?xml[^>]*\?>\s*)?<speak(?P<attributes>(?:[\s/][^<>]*)?)>")
_CLOSING: Final = re.compile(r"</speak\s*>\s*\Z")
_DECLARATION: Final = re.compile(r"\A\s*<\?xml[^<>]*\?>")
_ROOT_TAG: Final = re.compile(r"</?speak(?:[\s/][^<>]*)?>")

_ONLY_SSML: Final = "break|prosody|emphasis|say-as|phoneme|voice|lang|bookmark|(?:mstts|amazon|google):[a-z-]{1,40}"
_HTML_AS_WELL: Final = "speak|s|p|sub|audio|mark|w|token|sentence|paragraph|lexicon"
_ELEMENT: Final = re.compile(rf"</?(?:{_ONLY_SSML}|{_HTML_AS_WELL})(?:[\s/][^<>]*)?>")
_UNMISTAKABLE: Final = re.compile(rf"<(?:{_ONLY_SSML})(?:[\s/][^<>]*)?>")
_HTML: Final = re.compile(r"</?(?:a|b|i|u|em|strong|small|big|font|span|code)(?:[\s/][^<>]*)?>", re.IGNORECASE)
_HTML_BREAK: Final = re.compile(r"</?(?:br|hr|div|ul|ol|li|h[1-6]|pre)(?:[\s/][^<>]*)?>", re.IGNORECASE)
_IN_WORDS: Final = re.compile(r"</?(?:emphasis|prosody|say-as|phoneme|sub|lang|w|token|mark|bookmark)(?:[\s/][^<>]*)?>")
"""Tags that stand within words or before their full stops."""
_OTHER_PREFIX: Final = re.compile(r"</?(?!mstts:)[A-Za-z][\w-]{0,40}:[^<>]*>")
_PREFIX: Final = re.compile(
    r"xmlns:([A-Za-z][\w-]{0,40})\s{0,9}=\s{0,9}[\"']http://www\.w3\.org/2001/10/synthesis[\"']"
)
_STRAY: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)|<(?![A-Za-z/!?])")
_PLAIN_ROOT: Final = re.compile(r"(?:\s+(?:version|xmlns(?::mstts)?)=(?:\"[^\"]*\"|'[^']*'))*+\s*")


class Markup(NamedTuple):
    """``speak``: SSML, or plain words. ``fault``: why the words of what was meant as SSML are spoken without it."""

    speak: str
    fault: str = ""


def in_xml(text: str) -> str:
    """``text`` without the characters that no XML document can hold."""
    return _NOT_XML.sub(" ", text)


def tags_end_at_first(text: str) -> str:
    """``text`` with ``>`` escaped where it stands in the quoted values of tags, so that the first one ends a tag."""
    return _QUOTED_VALUES.sub(lambda tag: tag[0][:-1].replace(">", "&gt;") + ">", text)


def is_ssml(text: str) -> bool:
    """Whether ``text`` is an SSML document: it begins with ``<speak`` (after an optional XML declaration)."""
    return _OPENING.match(text) is not None


def is_unmistakable(text: str) -> bool:
    """Whether ``text``, which was written to be read, is SSML all the same: it has elements that HTML has not."""
    return "<" in text and (is_ssml(text) or _UNMISTAKABLE.search(text) is not None)


def words(markup: str) -> str:
    """The words of SSML, well-formed or not, single spaces between them."""
    text = TAG.sub(" ", _IN_WORDS.sub("", markup))
    return " ".join((html.unescape(text) if text.count("&") <= MAX_ENTITIES else text).split())


def plain_text(text: str) -> str:
    """The words of ``text``: without markup if it is SSML (for logs, digit checks and as a last resort)."""
    return words(text) if is_ssml(text) else text


def fit_for_speech(text: str) -> Markup:
    """What to speak for ``text``, which a bot wants spoken.

    A fragment becomes a document, as do several. Tags of HTML and of other makers of speech are left out, a stray ``&``
    or ``<`` is escaped. What is not well-formed even then is spoken as its words.
    """
    if "<" not in text:
        return Markup(text)
    wanted = _HTML_BREAK.sub(" ", _HTML.sub("", _without_prefix(tags_end_at_first(in_xml(text)))))
    if "<" not in wanted or not (is_ssml(wanted) or _ELEMENT.search(wanted)):
        return Markup(wanted if wanted == text else " ".join(html.unescape(wanted).split()))
    if not (is_ssml(wanted) and len(_ROOT_TAG.findall(wanted)) == 2 and _CLOSING.search(wanted)):
        wanted = f"<speak>{_ROOT_TAG.sub(' ', _DECLARATION.sub('', wanted))}</speak>"
    fault = not_well_formed(wanted)
    if fault:
        if wanted.count("&") > MAX_MENDED or wanted.count("< ") > MAX_MENDED:
            return Markup(words(wanted), fault)
        mended = _STRAY.sub(_escaped, _named_characters(_OTHER_PREFIX.sub(" ", wanted)))
        if not_well_formed(mended):
            return Markup(words(wanted), fault)
        wanted = mended
    return Markup(wanted)


def root_and_content(document: str) -> tuple[str, str]:
    """The attributes of the root of a well-formed ``document``, and what is in it."""
    opening = _OPENING.match(document)
    assert opening is not None
    attributes = opening["attributes"].strip()
    if attributes.endswith("/"):
        return attributes[:-1].rstrip(), ""
    closing = _CLOSING.search(document)
    assert closing is not None
    return attributes, document[opening.end() : closing.start()]


def joined(parts: list[str]) -> str | None:
    """``parts``, plain or documents, as one; None if a document says something of the whole of it, such as its
    language."""
    documents = [is_ssml(part) and not not_well_formed(part) for part in parts]
    if not any(documents):
        return " ".join(parts)
    contents = []
    for part, is_document in zip(parts, documents, strict=True):
        attributes, content = root_and_content(part) if is_document else ("", escape(in_xml(part)))
        if not _PLAIN_ROOT.fullmatch(f" {attributes}"):
            return None
        contents.append(content)
    return f"<speak>{' '.join(contents)}</speak>"


def not_well_formed(document: str) -> str:
    """Why ``document`` is no XML with ``speak`` at its root, or has a prefix without its namespace, or a document type
    (entities have no place in a prompt); empty: it is fine."""
    if not is_ssml(document):
        return "it does not begin with <speak>"
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(document.encode("utf-8", "replace"), True)
        declared = f'<speak xmlns:mstts="{NAMESPACES["xmlns:mstts"]}">{_DECLARATION.sub("", document)}</speak>'
        expat.ParserCreate(namespace_separator=" ").Parse(declared.encode("utf-8", "replace"), True)
    except (expat.ExpatError, _Refused) as error:
        return str(error)
    return ""


class _Refused(Exception):
    pass


def _refuse(*_: object) -> None:
    raise _Refused("a document type")


def _without_prefix(text: str) -> str:
    """``text`` without the prefix of SSML's own elements, declared or not."""
    if ":" not in text:
        return text
    declared = _PREFIX.search(text)
    prefix = declared[1] if declared else "ssml"
    return text.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</")


def _escaped(stray: re.Match[str]) -> str:
    return "&amp;" if stray[0] == "&" else "&lt;"


def _named_characters(text: str) -> str:
    """``text`` with the characters that HTML has names for and XML has not."""
    return "".join(
        piece if index % 2 == 0 else _XML_NAMES.get(piece) or html.unescape(piece)
        for index, piece in enumerate(_NAMED.split(text))
    )


_NAMED: Final = re.compile(r"(&[A-Za-z]{2,20};)")
_XML_NAMES: Final = {name: name for name in ("&amp;", "&lt;", "&gt;", "&quot;", "&apos;")}

"""The parts of a message body (RFC 5621, RFC 2046). Pure, bounded, and of linear cost.

Gateways put ISUP, a location or recording metadata beside the session description. A body that is no multipart is one
part. A ``multipart/alternative`` stands for the last of its parts that is wanted, every other multipart for all of its
parts. One that cannot be read (no boundary, too deep, too many parts) stands for itself, as a type that nobody wants.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from voicebot.sip.message import SDP_TYPE

MAX_PARTS: Final = 32
MAX_DEPTH: Final = 4
MAX_HEADERS: Final = 32
"""The most header lines of one part."""

Handling = Literal["required", "optional", ""]

_TYPE_RE: Final = re.compile(r"([^\s/;,]{1,127})[ \t]*+/[ \t]*+([^\s/;,]{1,127})")
_PARAMETER_RE: Final = re.compile(
    r'[ \t]*+;[ \t;]*+([^\s=;"]++)[ \t]*+(?:=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))[^;"]*+)?'
)
_COMPACT: Final = {"c": "content-type", "e": "content-encoding"}


@dataclass(frozen=True, slots=True)
class BodyPart:
    """``content_type``: ``type/subtype`` in lower case, empty if there is none. ``handling``: empty if it is not said.

    ``content``: decoded; None if it is in an encoding that we do not know.
    """

    content_type: str
    disposition: str
    handling: Handling
    content: bytes | None

    def is_one_of(self, types: Collection[str]) -> bool:
        """Whether it can be read and is of one of ``types``. A part that is for early media (RFC 3959) is of none."""
        return self.content_type in types and self.content is not None and self.disposition != "early-session"


def read_parts(headers: Mapping[str, str], content: bytes, wanted: Collection[str]) -> list[BodyPart]:
    """The parts of a body, in their order. ``headers``: its Content- headers, with names in lower case; ``wanted``: the
    types that decide about an alternative."""
    return _parts(headers, content, wanted, "", 0)


def _parts(
    headers: Mapping[str, str], content: bytes, wanted: Collection[str], outer: Handling, depth: int
) -> list[BodyPart]:
    kind, parameters = _parse(headers.get("content-type", ""))
    match = _TYPE_RE.match(kind)
    content_type = f"{match[1]}/{match[2]}".lower() if match is not None else ""
    if not content_type and content.lstrip().startswith(b"v=0"):
        content_type = SDP_TYPE  # some leave it out
    disposition, options = _parse(headers.get("content-disposition", ""))
    handling = _handling(options.get("handling", "")) or outer
    whole = BodyPart(content_type, disposition.lower(), handling, _decoded(headers, content))
    if not content_type.startswith("multipart/") or whole.content is None or depth == MAX_DEPTH:
        return [whole]
    sections = _sections(whole.content, parameters.get("boundary", ""))
    if not 0 < len(sections) <= MAX_PARTS:
        return [whole]
    inner = [_parts(*_section(section), wanted, handling, depth + 1) for section in sections]
    if content_type == "multipart/alternative":
        fit = [parts for parts in inner if any(part.is_one_of(wanted) for part in parts)]
        inner = (fit or inner)[-1:]
    parts = [part for parts in inner for part in parts]
    return parts if len(parts) <= MAX_PARTS else [whole]


def _handling(text: str) -> Handling:
    text = text.lower()
    return "required" if text == "required" else "optional" if text == "optional" else ""


def _parse(value: str) -> tuple[str, dict[str, str]]:
    """A header value and its parameters, as far as they can be read: names in lower case, without quotes."""
    first, _, _ = value.partition(";")
    parameters: dict[str, str] = {}
    at = len(first)
    while (match := _PARAMETER_RE.match(value, at)) is not None:
        quoted = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        parameters.setdefault(match[1].lower(), quoted or "")
        at = match.end()
    return first.strip(), parameters


def _sections(content: bytes, boundary: str) -> list[bytes]:
    """What stands between the delimiter lines, which may end in CRLF or LF. The last one need not be there."""
    if not boundary:
        return []
    delimiter = b"--" + boundary.encode("utf-8", "surrogateescape")
    sections: list[list[bytes]] = []
    for line in content.split(b"\n"):
        rest = line[len(delimiter) :].strip(b" \t\r") if line.startswith(delimiter) else None
        if rest == b"--" and sections:
            break
        if rest == b"":
            sections.append([])
        elif sections:
            sections[-1].append(line)
    return [b"\n".join(lines).removesuffix(b"\r") for lines in sections]


def _section(section: bytes) -> tuple[dict[str, str], bytes]:
    """The headers of a part, with their names in lower case, and its content."""
    headers: dict[str, str] = {}
    name, at = "", 0
    for _ in range(MAX_HEADERS):
        end = section.find(b"\n", at)
        line = (section[at:] if end < 0 else section[at:end]).rstrip(b"\r").decode("utf-8", "surrogateescape")
        at = len(section) if end < 0 else end + 1
        if not line.strip():
            break
        if line[0] in " \t" and name:
            headers[name] += " " + line.strip()
            continue
        name, _, value = line.partition(":")
        name = _COMPACT.get(name.strip().lower(), name.strip().lower())
        headers[name] = value.strip()
    return headers, section[at:]


def _decoded(headers: Mapping[str, str], content: bytes) -> bytes | None:
    if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        return None
    match headers.get("content-transfer-encoding", "").strip().lower():
        case "" | "7bit" | "8bit" | "binary":
            return content
        case "quoted-printable":
            return binascii.a2b_qp(content)
        case "base64":
            try:
                return binascii.a2b_base64(content)
            except binascii.Error:
                return None
    return None

"""Header values: lists, parameters, addresses, URIs, Via (RFC 3261 sections 19.1, 20 and 25).

Values that must be sent back unchanged are kept as raw text beside their parsed form: proxies keep state in
Record-Route parameters and expect it back byte for byte. (`sipmessage` percent-decodes parameters, so only its grammar
is used here.) Sizes are limited, and every pattern matches in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from sipmessage import grammar

MAX_URI = 2_048
MAX_LIST = 64
"""Values of one list header (Via, Record-Route, Contact, ...), all its lines together."""
MAX_PARAMS = 64
"""Parameters of one value."""


_QUOTED = r'"(?:[^"\\]|\\.)*"'
_USER = rf"(?:{grammar.cset(grammar.C_USER_SAFE + '#')}|{grammar.ESCAPED})+"
"""Also with ``#`` as it is: RFC 3261 wants it escaped, but many a phone that dials ``*31#`` does not do that."""
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])"
TOKEN_RE = re.compile(f"{grammar.TOKEN}\\Z")
_QUOTED_RE = re.compile(_QUOTED, re.DOTALL)
_PARAM_RE = re.compile(rf"\s*;\s*({grammar.TOKEN})\s*(?:=\s*({_QUOTED}|[^\s;,\"<>=][^\s;,\"<>]*)\s*)?", re.DOTALL)
_LIST_RE = re.compile(rf"(?:{_QUOTED}|<[^>]*>|[^,\"<])+", re.DOTALL)
_SCHEME_RE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):\S+\Z")
_SIP_URI_RE = re.compile(
    rf"(?P<scheme>sips?):(?:(?P<user>{_USER})(?::{grammar.cset(grammar.C_PASSWORD_SAFE + '%')}*)?@)?"
    rf"(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?(?P<params>(?:;[^;?,\s<>\"]+)*)\Z",
    re.IGNORECASE,
)
_TEL_URI_RE = re.compile(
    r"tel:(?P<user>(?:[0-9A-Fa-f+*#.()\-]|%[0-9A-Fa-f]{2}){1,64})(?P<params>(?:;\S*)?)\Z", re.IGNORECASE
)
_VIA_RE = re.compile(
    rf"\s*SIP\s*/\s*2\.0\s*/\s*(?P<transport>{grammar.TOKEN})\s+(?P<host>{_HOST})\s*(?::\s*(?P<port>[0-9]{{1,5}})\s*)?",
    re.IGNORECASE,
)


class SipSyntaxError(ValueError):
    """Text that does not follow RFC 3261. ``status``: for the response to a request with it."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def parse_params(text: str) -> dict[str, str | None]:
    """``;name=value;flag`` as a dict; names in lower case, values raw (quotes and escapes kept)."""
    params: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        match = _PARAM_RE.match(text, at)
        if match is None:
            if text[at:].strip():
                raise SipSyntaxError("malformed parameters")
            break
        params[match[1].lower()] = match[2]
        if len(params) > MAX_PARAMS:
            raise SipSyntaxError("too many parameters")
        at = match.end()
    return params


def format_params(params: Mapping[str, str | None]) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params.items())


def split_list(value: str) -> list[str]:
    """The elements of a comma-separated header; commas within quotes or angle brackets do not separate."""
    elements: list[str] = []
    at = 0
    while True:
        match = _LIST_RE.match(value, at)
        if match is None or not match[0].strip() or len(elements) == MAX_LIST:
            raise SipSyntaxError("malformed list")
        elements.append(match[0].strip())
        at = match.end()
        if at == len(value):
            return elements
        if value[at] != ",":
            raise SipSyntaxError("unbalanced quotes or brackets")
        at += 1


@dataclass(frozen=True, slots=True)
class SipUri:
    """A parsed sip, sips or tel URI. ``user`` is unescaped; ``host`` is empty for tel. ``port``: some write 0 where
    they know none."""

    scheme: str
    user: str
    host: str
    port: int | None = None
    params: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Raises :class:`SipSyntaxError`, with status 416 for an unknown scheme, else 400."""
        if len(text) > MAX_URI:
            raise SipSyntaxError("URI too long")
        scheme = _SCHEME_RE.match(text)
        if scheme is None:
            raise SipSyntaxError("malformed URI")
        if scheme[1].lower() == "tel":
            tel = _TEL_URI_RE.match(text)
            if tel is None:
                raise SipSyntaxError("malformed tel URI")
            return cls("tel", unquote(tel["user"]), "", params=_uri_params(tel["params"]))
        if scheme[1].lower() not in ("sip", "sips"):
            raise SipSyntaxError("unsupported URI scheme", 416)
        match = _SIP_URI_RE.match(text)
        if match is None:
            raise SipSyntaxError("malformed SIP URI")
        user, port = unquote(match["user"] or ""), _port(match["port"])
        return cls(match["scheme"].lower(), user, match["host"], port, _uri_params(match["params"]))


@dataclass(frozen=True, slots=True)
class NameAddr:
    """``"display" <uri>;params`` or ``uri;params``. ``uri`` is raw text; ``display`` is unquoted."""

    uri: str
    display: str = ""
    params: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, value: str) -> NameAddr:
        value = value.strip()
        display = ""
        start = 0
        if value.startswith('"'):
            quoted = _QUOTED_RE.match(value)
            if quoted is None:
                raise SipSyntaxError("unbalanced quotes")
            display = re.sub(r"\\(.)", r"\1", quoted[0][1:-1], flags=re.DOTALL)
            start = quoted.end()
        bracket = value.find("<", start)
        if bracket >= 0:
            # Unquoted display names often have characters that are not token characters. Harmless, except for a comma.
            unquoted = value[start:bracket].strip()
            if (start and unquoted) or re.search(r'[,"]', unquoted):
                raise SipSyntaxError("malformed display name")
            display = display or unquoted
            end = value.find(">", bracket)
            if end < 0:
                raise SipSyntaxError("unbalanced angle brackets")
            uri, rest = value[bracket + 1 : end], value[end + 1 :]
        else:
            uri, semicolon, rest = value.partition(";")
            uri, rest = uri.strip(), semicolon + rest
            if start or re.search(r"[,?]", uri):
                # A URI with a comma or question mark must be in angle brackets (RFC 3261 section 20).
                raise SipSyntaxError("malformed address")
        if len(uri) > MAX_URI or _SCHEME_RE.match(uri) is None:
            raise SipSyntaxError("malformed URI in address")
        return cls(uri, display, parse_params(rest))

    @property
    def tag(self) -> str:
        return self.params.get("tag") or ""


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value. ``params`` keep their order and raw values, and ``port`` 0 is kept, so that it can be sent back
    unchanged."""

    transport: str
    host: str
    port: int | None = None
    params: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, value: str) -> Via:
        match = _VIA_RE.match(value)
        if match is None:
            raise SipSyntaxError("malformed Via")
        return cls(
            match["transport"].upper(), match["host"].lower(), _port(match["port"]), parse_params(value[match.end() :])
        )

    @property
    def branch(self) -> str:
        return self.params.get("branch") or ""

    @property
    def sent_by(self) -> str:
        return f"{self.host}:{self.port or (5061 if self.transport == 'TLS' else 5060)}"

    def stamped(self, host: str, port: int) -> Via:
        """This Via with ``received`` and ``rport`` as a server fills them in (RFC 3261 18.2.1, RFC 3581 section 4)."""
        params = dict(self.params)
        if "rport" in params:
            params["rport"] = str(port)
        if "rport" in params or self.host.strip("[]") != host:
            params["received"] = host
        return replace(self, params=params)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port is not None else ""
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_params(self.params)}"


def _uri_params(text: str) -> dict[str, str | None]:
    """``;name=value;flag`` of a URI; names in lower case, values raw."""
    pairs = (param.partition("=") for param in text.split(";") if param)
    return {name.lower(): value if has_value else None for name, has_value, value in pairs}


def _port(text: str | None) -> int | None:
    port = int(text) if text else None
    if port is not None and port > 65_535:
        raise SipSyntaxError("port out of range")
    return port

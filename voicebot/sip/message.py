"""SIP messages, parsed and checked, or built (RFC 3261 sections 7, 18.3, 20 and 25).

The header container and the grammar come from `sipmessage`; only this module and `header` import it. Its message parser
is not used: it refuses folded lines, a space before a colon, other URI schemes and bytes that are not UTF-8, and does
not check lengths or missing headers.

Even a malformed request usually says where to send the response: :class:`MalformedMessage` has as much of it as could
be read, so that a 400 can be sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from sipmessage import Headers, grammar
from sipmessage.message import COMPACT_FORMS

from voicebot.sip.header import MAX_LIST, TOKEN_RE, NameAddr, SipSyntaxError, SipUri, Via, split_list

SDP_TYPE = "application/sdp"
MAX_MESSAGE = 65_535
"""The most bytes of one message, as many as a UDP datagram can hold."""
MAX_HEADERS = 200
MAX_LINE = 8_192
"""Characters of one unfolded header line."""
_MAX_SEQUENCE = 2**31 - 1
_MAX_32_BITS = 2**32 - 1
_SINGLE = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires", "Refer-To")

_CSEQ_RE = re.compile(rf"([0-9]{{1,10}})\s+({grammar.TOKEN})\Z")
_MEDIA_TYPE_RE = re.compile(rf"({grammar.TOKEN})\s*/\s*({grammar.TOKEN})")
_REQUEST_LINE_RE = re.compile(r"(\S+) (\S+) SIP/2\.0\Z")
_STATUS_LINE_RE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?\Z")
_VERSION_RE = re.compile(r"SIP/[0-9]+\.[0-9]+\s*\Z")
_DATE_RE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\Z")
_BRANCH_RE = re.compile(rb"[Bb][Rr][Aa][Nn][Cc][Hh][ \t\r\n]{0,8}=[ \t\r\n]{0,8}(z9hG4bK[0-9a-f]{1,40})")
_CALL_ID_RE = re.compile(rb"\n(?:Call-ID|i)[ \t]{0,8}:([^\r\n]+)", re.IGNORECASE)

REASONS: Mapping[int, str] = MappingProxyType(
    {
        100: "Trying",
        180: "Ringing",
        183: "Session Progress",
        200: "OK",
        202: "Accepted",
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        406: "Not Acceptable",
        407: "Proxy Authentication Required",
        408: "Request Timeout",
        415: "Unsupported Media Type",
        416: "Unsupported URI Scheme",
        420: "Bad Extension",
        421: "Extension Required",
        422: "Session Interval Too Small",
        423: "Interval Too Brief",
        469: "Bad Info Package",
        480: "Temporarily Unavailable",
        481: "Call/Transaction Does Not Exist",
        482: "Loop Detected",
        486: "Busy Here",
        487: "Request Terminated",
        488: "Not Acceptable Here",
        489: "Bad Event",
        491: "Request Pending",
        500: "Server Internal Error",
        501: "Not Implemented",
        503: "Service Unavailable",
        505: "Version Not Supported",
        513: "Message Too Large",
        603: "Decline",
    }
)


class _Message:
    """The common part of requests and responses. The parsed headers are properties, parsed on first use and kept."""

    def __init__(self, body: bytes = b"") -> None:
        self.headers = Headers()
        self.body = body

    def values(self, name: str) -> list[str]:
        """The elements of a comma-separated header, of all its lines. Raises :class:`SipSyntaxError`."""
        elements: list[str] = []
        for line in self.headers.getlist(name):
            elements += split_list(line) if line else []
            if len(elements) > MAX_LIST:
                raise SipSyntaxError(f"too many values of {name}")
        return elements

    def tokens(self, name: str) -> list[str]:
        """The elements of a header that lists tokens (option tags, methods), without empty ones."""
        return [t.strip() for line in self.headers.getlist(name) for t in line.split(",") if t.strip()]

    @cached_property
    def via(self) -> list[Via]:
        return [Via.parse(value) for value in self.values("Via")]

    @cached_property
    def sender(self) -> NameAddr:
        """The From header."""
        return NameAddr.parse(self.headers.get("From") or "")

    @cached_property
    def recipient(self) -> NameAddr:
        """The To header."""
        return NameAddr.parse(self.headers.get("To") or "")

    @cached_property
    def contact(self) -> list[NameAddr]:
        return [NameAddr.parse(value) for value in self.values("Contact") if value != "*"]

    @cached_property
    def cseq(self) -> tuple[int, str]:
        match = _CSEQ_RE.match(self.headers.get("CSeq") or "")
        if match is None or int(match[1]) > _MAX_SEQUENCE:
            raise SipSyntaxError("malformed CSeq")
        return int(match[1]), match[2]

    @property
    def call_id(self) -> str:
        return self.headers.get("Call-ID") or ""

    @property
    def content_type(self) -> str:
        """``type/subtype`` in lower case, without parameters; empty without a valid Content-Type."""
        match = _MEDIA_TYPE_RE.match(self.headers.get("Content-Type") or "")
        return f"{match[1]}/{match[2]}".lower() if match else ""

    def _encode(self, start_line: str) -> bytes:
        self.headers.set("Content-Length", str(len(self.body)))
        return f"{start_line}\r\n{self.headers}".encode("utf-8", "surrogateescape") + self.body


class SipRequest(_Message):
    """A request. ``uri`` is the raw Request-URI."""

    def __init__(self, method: str, uri: str, body: bytes = b"") -> None:
        super().__init__(body)
        self.method = method
        self.uri = uri

    def __bytes__(self) -> bytes:
        return self._encode(f"{self.method} {self.uri} SIP/2.0")

    def copy(self) -> SipRequest:
        """A copy to be modified, for another attempt."""
        other = SipRequest(self.method, self.uri, self.body)
        for name in dict.fromkeys(self.headers.keys()):
            other.headers.setlist(name, list(self.headers.getlist(name)))
        return other

    def stamp(self, host: str, port: int) -> None:
        """Note in the topmost Via where the request came from (RFC 3261 18.2.1)."""
        self.via[0] = self.via[0].stamped(host, port)
        self.headers.setlist("Via", [str(via) for via in self.via])


class SipResponse(_Message):
    """A response."""

    def __init__(self, status: int, reason: str = "", body: bytes = b"") -> None:
        super().__init__(body)
        self.status = status
        self.reason = reason or REASONS.get(status, "")

    def __bytes__(self) -> bytes:
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")


class MalformedMessage(SipSyntaxError):
    """A message that is refused. ``request``: as much of it as could be read; None if nothing, or for a response."""

    def __init__(self, reason: str, status: int = 400, request: SipRequest | None = None) -> None:
        super().__init__(reason, status)
        self.request = request


def response_to(request: SipRequest, status: int, reason: str = "", *, to_tag: str = "") -> SipResponse:
    """A response with the headers that RFC 3261 8.2.6 copies from the request: Via, From, To (with our tag), Call-ID,
    CSeq."""
    response = SipResponse(status, reason)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        if lines := request.headers.getlist(name):
            response.headers.setlist(name, list(lines) if name == "Via" else lines[:1])
    to = response.headers.get("To")
    if to_tag and to is not None and status > 100:
        try:
            tagged = bool(request.recipient.tag)
        except SipSyntaxError:
            tagged = False
        if not tagged:
            response.headers.set("To", f"{to};tag={to_tag}")
    if status == 100 and (timestamp := request.headers.get("Timestamp")):
        response.headers.set("Timestamp", timestamp)
    return response


def put_headers(message: SipRequest | SipResponse, headers: Mapping[str, str]) -> None:
    """Add headers from outside this package. Raises ValueError for one that would not be a single header line."""
    for name, value in headers.items():
        if not name.isascii() or not name or any(c in name for c in " :\r\n\t") or "\r" in value or "\n" in value:
            raise ValueError(f"malformed header {name!r}")
        message.headers.set(name, value)


def method_of(data: bytes) -> str:
    """The first word of a message that is not parsed yet: the method of a request."""
    return data[:64].lstrip(b"\r\n").partition(b" ")[0].decode("ascii", "replace")


def call_id_of(data: bytes) -> str:
    """The Call-ID of a message that is not parsed yet; empty where it does not stand on one line."""
    found = _CALL_ID_RE.search(data)
    return found[1].strip().decode("utf-8", "surrogateescape") if found else ""


def branches_in(data: bytes) -> list[str]:
    """The branches of ours (:mod:`voicebot.sip.transaction_layer`) that stand in a message that is not parsed yet."""
    return [found.decode("ascii") for found in _BRANCH_RE.findall(data)]


def parse_message(data: bytes) -> SipRequest | SipResponse:
    """The message in one datagram; bytes after ``Content-Length`` bytes of body are dropped (RFC 3261 18.3).

    Raises :class:`MalformedMessage` for everything that RFC 4475 calls invalid, and for what exceeds our limits.
    """
    if len(data) > MAX_MESSAGE:
        raise MalformedMessage("message too long")
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n" not in text:
        raise MalformedMessage("no header")
    start_line, _, header_text = text.partition("\r\n")
    message, problem = _start_line(start_line)
    message.body = body
    request = message if isinstance(message, SipRequest) else None
    try:
        _read_headers(message, header_text)
        if problem is not None:
            raise problem
        if not separator:
            raise SipSyntaxError("headers not ended by an empty line")
        _check(message)
    except SipSyntaxError as error:
        raise MalformedMessage(str(error), error.status, request) from error
    return message


def _start_line(line: str) -> tuple[SipRequest | SipResponse, SipSyntaxError | None]:
    if match := _STATUS_LINE_RE.match(line):
        return SipResponse(int(match[1]), match[2] or ""), None
    if (match := _REQUEST_LINE_RE.match(line)) and TOKEN_RE.match(match[1]):
        return SipRequest(match[1], match[2]), None
    method, _, rest = line.partition(" ")
    if not TOKEN_RE.match(method) or not (version := _VERSION_RE.search(rest)):
        raise MalformedMessage("neither request nor response")
    bad_version = version[0].strip() != "SIP/2.0"
    return SipRequest(method, rest), SipSyntaxError("malformed request line", 505 if bad_version else 400)


def _read_headers(message: _Message, text: str) -> None:
    lines = re.sub(r"\r\n[ \t]+", " ", text.removesuffix("\r\n")).split("\r\n")
    if len(lines) > MAX_HEADERS:
        raise SipSyntaxError("too many headers")
    problem = ""
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not TOKEN_RE.match(name) or len(line) > MAX_LINE or "\r" in line or "\n" in line:
            # Read on: the valid headers are needed for the response.
            problem = "malformed header line"
            continue
        message.headers.add(COMPACT_FORMS.get(name.lower(), name), value.strip())
    if problem:
        raise SipSyntaxError(problem)


def _check(message: SipRequest | SipResponse) -> None:
    """Raise if any header that we use is missing, repeated, out of range or malformed."""
    headers = message.headers
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        if not headers.get(name):
            raise SipSyntaxError(f"missing {name}")
    for name in _SINGLE:
        if len(headers.getlist(name)) > 1:
            raise SipSyntaxError(f"more than one {name}")
    if re.search(r"\s", message.call_id):
        raise SipSyntaxError("malformed Call-ID")
    _check_length(message)
    # The answer to a REGISTER lists the bindings of others, too: `bindings` reads of it what can be read.
    lists_bindings = isinstance(message, SipResponse) and message.cseq[1] == "REGISTER"
    for name, limit in (("Max-Forwards", 255), ("Expires", _MAX_32_BITS))[: 1 if lists_bindings else 2]:
        if (value := headers.get(name)) is not None and (not re.match(r"[0-9]{1,10}\Z", value) or int(value) > limit):
            raise SipSyntaxError(f"{name} out of range")
    if (date := headers.get("Date")) is not None and not _DATE_RE.match(date):
        raise SipSyntaxError("malformed Date")
    # Parsed here, and kept by the cached properties, so that later code need not expect errors from them.
    for address in (message.sender, message.recipient, *([] if lists_bindings else message.contact)):
        _check_address(address)
    message.via  # noqa: B018
    for name in ("Record-Route", "Route"):
        for value in message.values(name):
            NameAddr.parse(value)
    _, method = message.cseq
    if isinstance(message, SipRequest):
        if method != message.method:
            raise SipSyntaxError("CSeq method does not match")
        SipUri.parse(message.uri)


def _check_length(message: _Message) -> None:
    length = message.headers.get("Content-Length")
    if length is None:
        return
    if not re.match(r"[0-9]{1,9}\Z", length) or int(length) > len(message.body):
        raise SipSyntaxError("wrong Content-Length")
    message.body = message.body[: int(length)]


def _check_address(address: NameAddr) -> None:
    uri = address.uri
    if uri[:5].lower().startswith(("sip:", "sips:")):
        headers = uri.find("?", uri.rfind("@") + 1)
        SipUri.parse(uri if headers < 0 else uri[:headers])
    expires = address.params.get("expires")
    if expires is not None and (not re.match(r"[0-9]{1,10}\Z", expires) or int(expires) > _MAX_32_BITS):
        raise SipSyntaxError("expires out of range")

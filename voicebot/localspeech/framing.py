"""Messages of the Universal Speech Protocol ("USP", the websocket sub-protocol of the Speech service).

A message has headers like HTTP and a body. As a text frame: headers, an empty line, a body of JSON (or SSML). As a
binary frame: two bytes, big-endian, with the length of the headers; the headers; the body. Header names compare
without case. Source: "Speech SDK websocket protocol" (Microsoft) and what azure-cognitiveservices-speech 1.53 puts on
the wire.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from voicebot.json_body import parse_json

MAX_BODY = 1 << 20
"""Bytes, or characters, of JSON that are read at most."""
MAX_HEADERS = 8192
"""Bytes of headers that are read at most; the SDK sends about 200."""


class FramingError(ValueError):
    """The frame is not a message of this protocol."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``headers`` have lower-case names; ``body`` is text of a text frame, bytes of a binary frame."""

    headers: dict[str, str]
    text: str = ""
    data: bytes = b""
    binary: bool = False
    path: str = field(init=False)
    request_id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.headers.get("path", "").lower())
        object.__setattr__(self, "request_id", self.headers.get("x-requestid", ""))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            FramingError: it is none.
        """
        try:
            value = parse_json(self.text or self.data, MAX_BODY)
        except ValueError as error:
            raise FramingError(f"the body of {self.path or 'a message'} is not JSON") from error
        if not isinstance(value, dict):
            raise FramingError(f"the body of {self.path or 'a message'} is not a JSON object")
        return value


def _headers(block: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split("\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise FramingError("a header line has no name")
        headers[name.strip().lower()] = value.strip()
    return headers


def parse_text(frame: str) -> Message:
    """Parse a text frame.

    Raises:
        FramingError: no empty line, a line that is no header, or headers that are too long.
    """
    head, separator, body = frame.partition("\r\n\r\n")
    if not separator or len(head) > MAX_HEADERS:
        raise FramingError("a text frame without a proper header block")
    return Message(_headers(head), text=body)


def parse_binary(frame: bytes) -> Message:
    """Parse a binary frame.

    Raises:
        FramingError: shorter than it says, headers that are not ASCII, or headers that are too long.
    """
    if len(frame) < 2:
        raise FramingError("a binary frame without a header length")
    length = int.from_bytes(frame[:2], "big")
    if length > MAX_HEADERS or len(frame) < 2 + length:
        raise FramingError("a binary frame shorter than its headers")
    try:
        head = frame[2 : 2 + length].decode("ascii")
    except UnicodeDecodeError as error:
        raise FramingError("binary frame headers are not ASCII") from error
    return Message(_headers(head), data=frame[2 + length :], binary=True)


def text_frame(request_id: str, path: str, body: dict[str, Any]) -> str:
    """A text frame from the service with a JSON body."""
    head = f"X-RequestId:{request_id}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"
    return head + json.dumps(body, ensure_ascii=False)


def malformed_frame() -> bytes:
    """A binary frame whose headers are one byte shorter than it says."""
    frame = audio_frame("0" * 32, "0" * 32, b"")
    return (int.from_bytes(frame[:2], "big") + 1).to_bytes(2, "big") + frame[2:]


def audio_frame(request_id: str, stream_id: str, data: bytes, content_type: str = "") -> bytes:
    """A binary ``audio`` frame from the service; without ``data`` it ends the stream."""
    kind = f"Content-Type:{content_type}\r\n" if content_type and data else ""
    head = f"X-RequestId:{request_id}\r\n{kind}X-StreamId:{stream_id}\r\nPath:audio\r\n".encode("ascii")
    return len(head).to_bytes(2, "big") + head + data

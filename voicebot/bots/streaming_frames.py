"""Bot Framework Protocol 3 with Streaming Extensions: frames, requests and responses. Sans-I/O.

A frame is a header of 48 ASCII bytes, ``T.LLLLLL.<uuid>.E\\n``, and ``LLLLLL`` bytes. ``T``: ``A`` the head of a
request, ``B`` of a response, ``S`` a piece of a stream, ``X`` cancel all, ``C`` cancel one stream; ``E``: 1 with the
last piece. A head is JSON: ``verb`` and ``path``, or ``statusCode``, and the ids of the streams that hold its bodies. A
request and its response have the same id. (microsoft/botframework-sdk, "Bot Framework Protocol with Streaming
Extensions"; botbuilder ``PayloadTypes``.)

Lengths and ids are the peer's choice, so everything is bounded. Beyond a bound there is a :class:`ProtocolError`, and
the connection cannot be used any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from voicebot.json_body import parse_json

HEADER = 48
MAX_PIECE = 4096
"""Bytes in a frame that we send; peers may send up to 999,999."""
MAX_HEAD = 64 * 1024
MAX_HEAD_VALUES = 200
MAX_BODY = 1 << 20
MAX_STREAMS = 16
"""Of one request or response; nearly always it is one."""
MAX_UNFINISHED = 4 << 20
"""Bytes of streams that wait for their head."""
MAX_OPEN = 1024
"""Requests, responses and streams that are incomplete at the same time."""
PIECE = 2048
"""Bytes to be fed at a time: a frame costs as much as many bytes, and may have none."""
JSON_TYPE = "application/json; charset=utf-8"

_HEADER = re.compile(rb"([A-Z])\.(\d{6})\.([0-9A-Fa-f-]{36})\.([01])\n")


class ProtocolError(Exception):
    """The peer does not keep to the protocol, or exceeds a bound."""


@dataclass(frozen=True, slots=True)
class StreamingRequest:
    """A whole request. ``body``: the content of its streams, of which there is nearly always one."""

    id: str
    verb: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamingResponse:
    """The answer to the request with the same ``id``."""

    id: str
    status: int
    body: bytes


Whole = StreamingRequest | StreamingResponse


def encode_request(request_id: str, verb: str, path: str, body: bytes | None) -> Iterator[bytes]:
    """The bytes of a request, in the pieces in which they are sent."""
    return _encode(b"A", request_id, {"verb": verb, "path": path}, body)


def encode_response(request_id: str, status: int, body: bytes | None = None) -> Iterator[bytes]:
    """The bytes of a response, in the same way. Bots in Python cannot read a response with a body."""
    return _encode(b"B", request_id, {"statusCode": status}, body)


def _encode(kind: bytes, payload_id: str, head: dict[str, Any], body: bytes | None) -> Iterator[bytes]:
    stream_id = str(uuid4())
    if body is not None:
        head["streams"] = [{"id": stream_id, "type": JSON_TYPE, "length": len(body)}]
    yield from _frames(kind, payload_id, json.dumps(head, separators=(",", ":")).encode())
    if body is not None:
        yield from _frames(b"S", stream_id, body)


def _frames(kind: bytes, payload_id: str, data: bytes) -> Iterator[bytes]:
    for at in range(0, max(len(data), 1), MAX_PIECE):
        piece = data[at : at + MAX_PIECE]
        last = at + MAX_PIECE >= len(data)
        yield b"%s.%06d.%s.%d\n" % (kind, len(piece), payload_id.encode(), last)
        if piece:
            yield piece


@dataclass(slots=True)
class _Head:
    kind: str
    id: str
    content: dict[str, Any]
    streams: list[str]
    missing: set[str] = field(default_factory=set)


class StreamingDecoder:
    """Bytes in, requests and responses out, whole. ``feed`` raises :class:`ProtocolError`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._partial: dict[tuple[str, str], bytearray] = {}
        self._bodies: dict[str, tuple[bytearray, bool]] = {}
        self._waiting: dict[str, _Head] = {}
        self._unfinished = 0

    def feed(self, data: bytes) -> list[Whole]:
        """Take the bytes of a websocket message, which need not be whole frames; the requests and responses that they
        complete."""
        self._buffer += data
        whole: list[Whole] = []
        at = 0
        while len(self._buffer) - at >= HEADER:
            match = _HEADER.match(self._buffer, at)
            if match is None:
                raise ProtocolError("not a frame header")
            length = int(match[2])
            if len(self._buffer) - at - HEADER < length:
                break
            at += HEADER
            payload = bytes(self._buffer[at : at + length])
            at += length
            whole += self._frame(match[1].decode(), match[3].decode(), payload, match[4] == b"1")
        del self._buffer[:at]
        return whole

    def _frame(self, kind: str, payload_id: str, payload: bytes, last: bool) -> list[Whole]:
        if kind in "AB":
            return self._head(kind, payload_id, payload, last)
        if kind == "S":
            return self._stream(payload_id.lower(), payload, last)
        if kind == "X":
            raise ProtocolError("the bot cancelled everything")
        if kind == "C":
            return self._stream(payload_id.lower(), b"", True)
        return []  # of a later version

    def _head(self, kind: str, payload_id: str, payload: bytes, last: bool) -> list[Whole]:
        partial = self._partial.setdefault((kind, payload_id), bytearray())
        partial += payload
        if len(partial) > MAX_HEAD or len(self._partial) > MAX_OPEN:
            raise ProtocolError("too much in heads")
        if not last:
            return []
        del self._partial[kind, payload_id]
        try:
            content = parse_json(partial, MAX_HEAD, MAX_HEAD_VALUES)
            streams = [str(stream["id"]).lower() for stream in content.get("streams") or []]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProtocolError("a head that makes no sense") from error
        if len(streams) > MAX_STREAMS:
            raise ProtocolError("too many streams in one head")
        head = _Head(kind, payload_id, content, streams)
        head.missing = {stream for stream in streams if not self._bodies.get(stream, (b"", False))[1]}
        if not head.missing:
            return self._complete(head)
        for stream in head.missing:
            self._waiting[stream] = head
        if len(self._waiting) > MAX_OPEN:
            raise ProtocolError("too many requests at once")
        return []

    def _stream(self, stream_id: str, payload: bytes, last: bool) -> list[Whole]:
        body, _ = self._bodies.get(stream_id, (bytearray(), False))
        body += payload
        self._bodies[stream_id] = (body, last)
        self._unfinished += len(payload)
        if len(body) > MAX_BODY or self._unfinished > MAX_UNFINISHED or len(self._bodies) > MAX_OPEN:
            raise ProtocolError("too much in streams")
        head = self._waiting.get(stream_id)
        if head is None or not last:
            return []
        del self._waiting[stream_id]
        head.missing.discard(stream_id)
        return [] if head.missing else self._complete(head)

    def _complete(self, head: _Head) -> list[Whole]:
        body = b"".join(bytes(self._bodies.pop(stream, (b"", True))[0]) for stream in head.streams)
        self._unfinished -= len(body)
        if head.kind == "A":
            verb, path = head.content.get("verb"), head.content.get("path")
            if not isinstance(verb, str) or not isinstance(path, str):
                raise ProtocolError("a request without verb or path")
            return [StreamingRequest(head.id, verb.upper(), path, body)]
        status = head.content.get("statusCode")
        if not isinstance(status, int):
            raise ProtocolError("a response without a status")
        return [StreamingResponse(head.id.lower(), status, body)]

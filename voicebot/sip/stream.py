"""Splits a byte stream into messages (RFC 3261 18.3, RFC 5626 4.4.1): bounded, in linear time, without sockets.

On TCP and TLS only Content-Length tells where a message ends. If it is wrong, or the head is too long, the next message
cannot be found, and the connection must be closed. All other errors are left to the parser.
"""

from __future__ import annotations

import re

from voicebot.sip.header import SipSyntaxError
from voicebot.sip.message import MAX_MESSAGE

MAX_HEAD = 32_768
PING = b"\r\n\r\n"
PONG = b"\r\n"
_LENGTH_RE = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t\r\n]*([0-9]{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)


class StreamFramer:
    """``pings`` counts the double CRLFs received, to each of which a CRLF is the answer; ``pongs`` the single ones."""

    def __init__(self) -> None:
        self.pings = 0
        self.pongs = 0
        self._buffer = bytearray()
        self._searched = 0
        self._needed = 0

    @property
    def idle(self) -> bool:
        """Whether no message is incomplete."""
        return not self._buffer

    def feed(self, data: bytes) -> list[bytes]:
        """Add ``data``. Returns the messages that are complete now. Raises :class:`SipSyntaxError` if the next message
        cannot be found."""
        self._buffer += data
        messages: list[bytes] = []
        while self._buffer:
            if not self._needed:
                if self._skip_keepalives() or not self._buffer:
                    break
                end = self._buffer.find(b"\r\n\r\n", self._searched)
                if end < 0:
                    if len(self._buffer) > MAX_HEAD:
                        raise SipSyntaxError("head too long")
                    self._searched = max(0, len(self._buffer) - 3)
                    break
                self._needed = end + 4 + self._body_length(end)
            if len(self._buffer) < self._needed:
                break
            messages.append(bytes(self._buffer[: self._needed]))
            del self._buffer[: self._needed]
            self._searched = self._needed = 0
        return messages

    def _skip_keepalives(self) -> bool:
        """Drop and count CRLFs between messages. True: half a CRLF is left, so more must come first."""
        at = 0
        while self._buffer.startswith(PING, at):
            self.pings += 1
            at += 4
        while self._buffer.startswith(PONG, at):
            self.pongs += 1
            at += 2
        del self._buffer[:at]
        return bytes(self._buffer) == b"\r"

    def _body_length(self, end: int) -> int:
        if end > MAX_HEAD:
            raise SipSyntaxError("head too long")
        lengths = _LENGTH_RE.findall(self._buffer, 0, end + 2)
        if len(set(lengths)) > 1:
            raise SipSyntaxError("more than one Content-Length")
        length = int(lengths[0]) if lengths else 0
        if length > MAX_MESSAGE - MAX_HEAD:
            raise SipSyntaxError("body too long")
        return length

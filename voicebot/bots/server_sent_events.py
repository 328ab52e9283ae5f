"""Server-sent events (WHATWG HTML, "event stream interpretation"), as far as bots use them. Pure.

Bytes in, ``(event, data)`` out. Lines end in LF, CRLF or CR; several ``data`` lines are one text; comments, which keep
the connection alive, are skipped. An event of more than :data:`MAX_EVENT` bytes is dropped and counted.
"""

from __future__ import annotations

MAX_EVENT = 1 << 19
"""Twice what an activity may have."""
PIECE = 2048
"""Bytes to be fed at a time: a line costs as much as a hundred of its bytes, and may have none."""


class EventStream:
    """Reads the body of one response."""

    def __init__(self) -> None:
        self.dropped = 0
        """Events that were too long."""
        self._line = bytearray()
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """The events that ``chunk`` completes."""
        events: list[tuple[str, str]] = []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the other half of a CRLF
        for part in chunk.splitlines(keepends=True):
            ended = part.endswith((b"\n", b"\r"))
            self._length += len(part)
            if self._length <= MAX_EVENT:
                self._line += part.rstrip(b"\r\n")
            if ended:
                self._end_of_line(events)
        self._after_cr = chunk.endswith(b"\r") if chunk else False
        return events

    def _end_of_line(self, events: list[tuple[str, str]]) -> None:
        line, self._line = self._line.decode("utf-8", "replace"), bytearray()
        if not line:
            if self._length > MAX_EVENT:
                self.dropped += 1
            elif self._data:
                events.append((self._event or "message", "\n".join(self._data)))
            self._event, self._data, self._length = "", [], 0
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)

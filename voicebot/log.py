"""Logging of all our processes: plain lines or JSON lines on standard error, with the call's id if there is a call, and
in JSON lines its SIP Call-ID and the ids of its trace, by OpenTelemetry's names."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

_FIELDS = ("call", "call_id", "trace_id", "span_id")
MAX_MESSAGE = 10_000
"""Characters of a message; it may hold what a caller, a bot or a service has sent."""

_INVISIBLE = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09}
_INVISIBLE |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_INVISIBLE[0x0A] = "\n    "
"""Control characters, which terminals obey, and marks of direction. A further line is indented, so that what others
have sent is never taken for a line of ours."""


about: Final[ContextVar[Mapping[str, str]]] = ContextVar("about", default=MappingProxyType({}))
"""What the lines of this task are about (:func:`log_fields`), if they do not say so themselves."""


def log_fields(call: str, call_id: str = "", trace: tuple[str, str] = ("", "")) -> dict[str, str]:
    """What a line that is about ``call`` has beside its text. ``trace``: the ids of its trace and of a span of that, as
    far as it has any."""
    trace_id, span_id = trace
    return {"call": call, "call_id": call_id[:200], "trace_id": trace_id, "span_id": span_id}


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    return message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}... ({len(message)} characters)"


def _field(record: logging.LogRecord, name: str) -> str:
    told: str = getattr(record, name, "") or about.get().get(name, "")
    return told


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        call = _field(record, "call")
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        level = "" if record.levelno == logging.INFO else f" {record.levelname}"
        text = f"{time}{level} {record.name.removeprefix('voicebot.')}{f' [{call[:12]}]' if call else ''}: "
        text += _message(record).translate(_INVISIBLE)
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        for name in _FIELDS:
            if told := _field(record, name):
                line[name] = told
        if record.exc_info:  # asyncio passes False where there is none
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Renaming(logging.Formatter):
    """Replaces paths that mean nothing to the reader (a temporary copy) by names."""

    def __init__(self, formatter: logging.Formatter, names: Mapping[str, str]) -> None:
        super().__init__()
        self._formatter = formatter
        self._names = names

    def format(self, record: logging.LogRecord) -> str:
        text = self._formatter.format(record)
        for path, name in self._names.items():
            text = text.replace(path, name)
        return text


def log_options(level: str, json_lines: bool) -> list[str]:
    """The command-line options that make a child process log with this level and format."""
    return ["--log-level", level, *(["--log-json"] if json_lines else [])]


def configure_logging(level: str = "INFO", json_lines: bool = False, names: Mapping[str, str] | None = None) -> None:
    """Send all log records to standard error. Calling it again replaces the format and the level.

    ``names``: what to write instead of certain paths.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = _JsonFormatter() if json_lines else _PlainFormatter()
    handler.setFormatter(_Renaming(formatter, names) if names else formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiohttp.access", "msrest", "urllib3", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

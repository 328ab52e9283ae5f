"""Which trace what we do belongs to, told to others: W3C Trace Context (https://www.w3.org/TR/trace-context/). Pure.

The id of a call is 128 random bits in hexadecimal digits, and so is that of a trace: a call's trace has the call's id.
The ids of its spans follow from that. So a bot can be told the span of its turn while that lasts, though the spans are
made when the call is over (:mod:`voicebot.traces`), perhaps by another process, which goes on with the call.

We tell, and are told nothing: a ``traceparent`` that a caller, a bot or a web page sends is ignored. Whoever could
choose the trace of a call could hide it among others', or have all of them exported.
"""

from __future__ import annotations

import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

TRACEPARENT: Final = "traceparent"
"""The header of HTTP."""
ROOT: Final = 0
"""In the place of a request: the call as a whole."""
_SAMPLED: Final = "01"
_NOT_SAMPLED: Final = "00"


def span_id(call: str, *what: object) -> str:
    """The id of the span of ``call`` that ``what`` names: 16 hexadecimal digits; without it, that of the whole call."""
    name = "/".join([call, *map(str, what)])
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def bot_span_id(call: str, part: int, request: int) -> str:
    """The id of the span in which the bot answers ``request``. ``part``: how many processes have had the call before,
    each of which counts requests from 1."""
    return span_id(call, "bot", part, request) if request != ROOT else span_id(call)


def is_sampled(call: str, share: float) -> bool:
    """Whether the trace of ``call`` is one of the ``share`` (0 to 1) that are exported: by its id, as OpenTelemetry's
    ``TraceIdRatioBased`` decides, so that all who sample by it decide alike."""
    return int(call[-16:], 16) < round(share * (1 << 64))


_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
current: Final[ContextVar[str]] = ContextVar("traceparent", default="")
"""The ``traceparent`` of what this task does, for what it asks of other services; ``""``: it belongs to no trace."""


def ids_in(traceparent: str) -> tuple[str, str]:
    """The ids of the trace and of the span; both ``""`` if it is none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return (found[1], found[2]) if found else ("", "")


@dataclass(frozen=True, slots=True)
class CallTrace:
    """The trace of ``call``. ``sampled``: whether its spans will be exported. ``part``: see :func:`bot_span_id`."""

    call: str
    sampled: bool = True
    part: int = 0

    def traceparent(self, request: int) -> str:
        """The value of the header ``traceparent`` for what is done because of ``request``."""
        flags = _SAMPLED if self.sampled else _NOT_SAMPLED
        return f"00-{self.call}-{bot_span_id(self.call, self.part, request)}-{flags}"

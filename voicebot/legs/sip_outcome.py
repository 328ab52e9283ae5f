"""Why a call of ours was not answered, as people say it: busy, no answer, declined, unreachable. Pure.

The statuses are those of RFC 3261 section 21 and RFC 8197 (607). What gateways make of telephone causes (RFC 3398
7.2.4.1) falls into place: cause 17 comes as 486, 18 and 19 as 408 and 480, 21 as 403 or 603, 1 as 404, 22 as 410.
"""

from __future__ import annotations

from voicebot.events import NotReached
from voicebot.sip import CallEnded

_BY_STATUS = {
    401: NotReached.REFUSED,
    402: NotReached.REFUSED,
    403: NotReached.REFUSED,
    404: NotReached.UNREACHABLE,
    407: NotReached.REFUSED,
    408: NotReached.NO_ANSWER,
    410: NotReached.UNREACHABLE,
    416: NotReached.UNREACHABLE,
    480: NotReached.NO_ANSWER,
    484: NotReached.UNREACHABLE,
    485: NotReached.UNREACHABLE,
    486: NotReached.BUSY,
    487: NotReached.NO_ANSWER,
    502: NotReached.UNREACHABLE,
    503: NotReached.UNREACHABLE,
    504: NotReached.UNREACHABLE,
    600: NotReached.BUSY,
    603: NotReached.DECLINED,
    604: NotReached.UNREACHABLE,
    607: NotReached.DECLINED,
    608: NotReached.DECLINED,
}


def not_reached(end: CallEnded, *, answered_at_all: bool) -> NotReached:
    """``end`` of a call of ours that was never up; ``answered_at_all``: whether any response to it came."""
    if end.cause == "timeout":
        return NotReached.NO_ANSWER if answered_at_all else NotReached.UNREACHABLE
    if end.cause == "rejected":
        if 300 <= end.status < 400:
            return NotReached.REFUSED  # we do not follow: it could lead anywhere
        return _BY_STATUS.get(end.status, NotReached.ERROR)
    return NotReached.CANCELLED if end.cause == "local" else NotReached.ERROR

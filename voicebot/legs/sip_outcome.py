"""Why an outgoing call was not answered: busy, no answer, declined, unreachable, ... Pure.

The statuses are from RFC 3261 section 21 and RFC 8197 (607). Gateways map the causes of the telephone network to them
(RFC 3398 7.2.4.1): cause 17 to 486, 18 and 19 to 408 and 480, 21 to 403 or 603, 1 to 404, 22 to 410.
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


def not_reached(end: CallEnded, *, responded: bool) -> NotReached:
    """``end``: of an outgoing call that was never up. ``responded``: whether any response came."""
    if end.cause == "timeout":
        return NotReached.NO_ANSWER if responded else NotReached.UNREACHABLE
    if end.cause == "rejected":
        return refused_with(end.status)
    return NotReached.CANCELLED if end.cause == "local" else NotReached.ERROR


def refused_with(status: int) -> NotReached:
    """What the final SIP status of a call that was not answered means."""
    if 300 <= status < 400:
        return NotReached.REFUSED  # we do not follow redirections, because they could lead anywhere
    return _BY_STATUS.get(status, NotReached.ERROR)

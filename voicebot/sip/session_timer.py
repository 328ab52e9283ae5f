"""Session timers (RFC 4028): whoever is the refresher shows now and then that the call is still there.

    not ours   refreshed in time ──▶ starts anew;  not refreshed ──▶ BYE, a little before the end
    ours       half of the time gone ──▶ refresh ──2xx──▶ starts anew;  408, 481, silence ──▶ BYE

We ask for a timer in our INVITE, and in the 200 to a caller who knows timers but asks for none; there we refresh
ourselves. A caller that asks for shorter intervals than 90 s, the RFC's own minimum, gets 422; a 422 to us raises what
we ask for, up to a bound.
"""

from __future__ import annotations

import re

from voicebot.sip.message import SipRequest, SipResponse

MIN_SE = 90
_LONGEST = 86_400
_SE_RE = re.compile(r"\s*([0-9]{1,9})\s*((?:;[^,]*)?)\Z")
_MIN_SE_RE = re.compile(r"\s*([0-9]{1,9})\s*(?:;.*)?\Z")
_REFRESHER_RE = re.compile(r";\s*refresher\s*=\s*(uac|uas)\b", re.IGNORECASE)


def session_expires(message: SipRequest | SipResponse) -> tuple[int, str] | None:
    """Interval in seconds and refresher (``uac``, ``uas`` or empty); None without, or for one that cannot be read."""
    match = _SE_RE.match(message.headers.get("Session-Expires") or "")
    if match is None:
        return None
    refresher = _REFRESHER_RE.search(match[2])
    return int(match[1]), refresher[1].lower() if refresher else ""


def too_short(request: SipRequest) -> bool:
    """Whether a request is to be refused with 422 and ``Min-SE``."""
    asked = session_expires(request)
    return asked is not None and asked[0] < MIN_SE and _supports(request)


def min_se(message: SipRequest | SipResponse) -> int:
    """The other side's shortest interval; ours, and the RFC's, when it names none."""
    match = _MIN_SE_RE.match(message.headers.get("Min-SE") or "")
    return max(MIN_SE, int(match[1])) if match is not None else MIN_SE


class SessionTimer:
    """The timer of one dialog. ``deadline``: when :meth:`due` wants to be asked.

    ``wanted``: the interval that we ask for, in seconds; 0: we don't.
    """

    def __init__(self, wanted: int = 0) -> None:
        self.interval = 0
        self._wanted = wanted
        self.ours = False
        self.deadline: float | None = None
        self._end_at = 0.0
        self._refreshing = False

    def answer(self, request: SipRequest, response: SipResponse, now: float) -> None:
        """Put into our 2xx what it needs, and start anew. Where nobody wants a timer there is none."""
        asked = session_expires(request)
        if asked is None and self._wanted and _supports(request):
            asked = max(self._wanted, min_se(request)), "uas"
        if asked is None:
            self.stop()
            return
        interval, refresher = asked
        refresher = refresher or ("uac" if _supports(request) else "uas")
        response.headers.set("Session-Expires", f"{interval};refresher={refresher}")
        if refresher == "uac":
            response.headers.set("Require", "timer")
        self._start(interval, refresher == "uas", now)

    def answered(self, response: SipResponse, now: float) -> None:
        """A 2xx to a request of ours has come."""
        agreed = session_expires(response)
        if agreed is None:
            self.stop()
        else:
            self._start(max(agreed[0], MIN_SE), agreed[1] != "uas", now)

    def ask_in(self, invite: SipRequest) -> None:
        """Ask for a timer in the INVITE of a call of ours; who refreshes is the other side's to choose."""
        if self._wanted:
            invite.headers.set("Session-Expires", str(self._wanted))

    def raised(self, refusal: SipResponse, request: SipRequest) -> bool:
        """Whether ``request`` can be sent again after a 422 (7.3): it asks for as much as ``refusal`` wants then."""
        asked, least = session_expires(request), min_se(refusal)
        if asked is None or not asked[0] < least <= _LONGEST:
            return False
        self._wanted = max(self._wanted, least)
        self.interval = max(self.interval, least) if self.interval else 0
        refresher = f";refresher={asked[1]}" if asked[1] else ""
        request.headers.set("Session-Expires", f"{least}{refresher}")
        request.headers.set("Min-SE", str(least))
        return True

    def put_in(self, request: SipRequest) -> None:
        """Keep the timer as it is with a re-INVITE or UPDATE of ours."""
        request.headers.set("Supported", "timer")
        if self.interval:
            refresher = "uac" if self.ours else "uas"
            request.headers.set("Session-Expires", f"{self.interval};refresher={refresher}")

    def due(self, now: float) -> str:
        """``refresh``, ``expired`` or empty: what is to be done now."""
        if self.deadline is None or self.deadline > now:
            return ""
        if self.ours and not self._refreshing:
            self._refreshing = True
            self.deadline = self._end_at
            return "refresh"
        self.stop()
        return "expired"

    def again(self, now: float, pause: float) -> None:
        """The refresh could not be made now: once more after a pause, if there is time."""
        if self.deadline is not None and self._refreshing and now + pause < self._end_at:
            self._refreshing, self.deadline = False, now + pause

    def stop(self) -> None:
        self.interval, self.deadline, self._refreshing = 0, None, False

    def _start(self, interval: int, ours: bool, now: float) -> None:
        self.interval, self.ours, self._refreshing = interval, ours, False
        self._end_at = now + interval - min(32, interval / 3)
        self.deadline = now + interval / 2 if ours else self._end_at


def _supports(request: SipRequest) -> bool:
    return "timer" in request.tokens("Supported") + request.tokens("Require")

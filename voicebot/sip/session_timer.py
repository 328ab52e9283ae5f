"""Session timers (RFC 4028): one side, the refresher, shows at intervals that the call still exists.

    they refresh   refreshed in time ──▶ restart;  not refreshed ──▶ BYE, a little before the interval ends
    we refresh     half of the interval over ──▶ refresh ──2xx──▶ restart;  408, 481, no response ──▶ BYE;
                   any other refusal ──▶ try again;  refused until the interval ends ──▶ restart

Who refuses a refresh, other than by 408 and 481, shows that it has the call: there are telephones and servers that
never take one, and their calls live on (RFC 4028 section 10 wants BYE where there is no response).

We ask for a timer in our INVITE. If a caller supports timers but asks for none, our 200 sets one that we refresh. A
caller that asks for less than 90 s, the RFC's minimum, gets 422; a 422 from the other side raises the interval that we
ask for, up to a limit.
"""

from __future__ import annotations

import re

from voicebot.sip.message import SipRequest, SipResponse

MIN_SE = 90
_LONGEST = 86_400
_SHORTEST = 30
"""Who asks for an interval that is shorter, against the RFC, gets no more refreshes than for this one."""
_LEAST_PAUSE_S = 4.0
_SE_RE = re.compile(r"\s*([0-9]{1,10})\s*((?:;[^,]*)?)\Z")
_MIN_SE_RE = re.compile(r"\s*([0-9]{1,10})\s*(?:;.*)?\Z")
_REFRESHER_RE = re.compile(r";\s*refresher\s*=\s*\"?(uac|uas)\b", re.IGNORECASE)


def session_expires(message: SipRequest | SipResponse) -> tuple[int, str] | None:
    """Interval in seconds and refresher (``uac``, ``uas`` or empty) of Session-Expires; None without a valid one."""
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
    """The other side's minimum interval in seconds; at least the RFC's minimum of 90."""
    match = _MIN_SE_RE.match(message.headers.get("Min-SE") or "")
    return max(MIN_SE, int(match[1])) if match is not None else MIN_SE


class SessionTimer:
    """The timer of one dialog. ``deadline``: when to call :meth:`due`.

    ``wanted``: the interval that we ask for, in seconds; 0 to ask for none.
    """

    def __init__(self, wanted: int = 0) -> None:
        self.interval = 0
        self._wanted = wanted
        self.ours = False
        self.deadline: float | None = None
        self._end_at = 0.0
        self._refreshing = False
        self._refused = False
        """Whether they have refused a refresh in this interval."""
        self._they_know = False
        """Whether a request of theirs has said that they support timers; not all repeat it in each."""

    def go_on(self, interval: int, ours: bool, now: float) -> None:
        """Another process had agreed on this timer: go on with it. 0: there is none."""
        if interval:
            self._start(interval, ours, now)

    def answer(self, request: SipRequest, response: SipResponse, now: float) -> None:
        """Put the timer into our 2xx, and restart it. If neither side wants one, there is none."""
        asked = session_expires(request)
        self._they_know = self._they_know or _supports(request)
        if asked is None and self._wanted and _supports(request):
            asked = max(self._wanted, min_se(request)), "uas"
        if asked is None:
            self.stop()
            return
        interval, refresher = asked
        # A proxy may ask for a timer, and even for the refresher, in the name of a caller who does not know timers.
        refresher = (refresher or "uac") if self._they_know else "uas"
        response.headers.set("Session-Expires", f"{interval};refresher={refresher}")
        if refresher == "uac":
            response.headers.set("Require", "timer")
        self._start(interval, refresher == "uas", now)

    def answered(self, response: SipResponse, now: float) -> None:
        """A 2xx to our request has come: restart the timer as it says."""
        agreed = session_expires(response)
        if agreed is None:
            self.stop()
        else:
            self._start(agreed[0], agreed[1] != "uas", now)

    def ask_in(self, invite: SipRequest) -> None:
        """Ask for a timer in our INVITE; the other side chooses the refresher."""
        if self._wanted:
            invite.headers.set("Session-Expires", str(self._wanted))

    def raised(self, refusal: SipResponse, request: SipRequest) -> bool:
        """After a 422, raise the interval in ``request`` to the one that ``refusal`` requires (7.3). False: it cannot
        be sent again, because that interval is over our limit, or not the reason for the refusal."""
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
        """Put the timer as it is into our re-INVITE or UPDATE."""
        request.headers.set("Supported", "timer")
        if self.interval:
            refresher = "uac" if self.ours else "uas"
            request.headers.set("Session-Expires", f"{self.interval};refresher={refresher}")

    def due(self, now: float) -> str:
        """What is to be done now: ``refresh``, ``expired`` or nothing (empty)."""
        if self.deadline is None or self.deadline > now:
            return ""
        if self.ours and not self._refreshing:
            self._refreshing = True
            self.deadline = self._end_at
            return "refresh"
        if self._refused:
            self._start(self.interval, True, now)
            return ""
        self.stop()
        return "expired"

    def again(self, now: float, pause: float) -> None:
        """The refresh could not be made: try again after ``pause`` seconds, if the interval lasts that long."""
        if self.deadline is not None and self._refreshing and now + pause < self._end_at:
            self._refreshing, self.deadline = False, now + pause

    def refused(self, now: float, pause: float | None = None) -> None:
        """What may have been a refresh was refused: try again after ``pause``, by default after half of what is left of
        the interval, so that it is not tried all the time (RFC 4028 section 10)."""
        self._refused = self._refused or self._refreshing
        self.again(now, max(_LEAST_PAUSE_S, (self._end_at - now) / 2) if pause is None else pause)

    def stop(self) -> None:
        self.interval, self.deadline, self._refreshing = 0, None, False

    def _start(self, interval: int, ours: bool, now: float) -> None:
        self.interval, self.ours, self._refreshing, self._refused = interval, ours, False, False
        interval = max(interval, _SHORTEST)
        self._end_at = now + interval - min(32, interval / 3)
        self.deadline = now + interval / 2 if ours else self._end_at


def _supports(request: SipRequest) -> bool:
    return "timer" in request.tokens("Supported") + request.tokens("Require")

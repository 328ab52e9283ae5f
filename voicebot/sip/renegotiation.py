"""Changing the session of a call: re-INVITE and UPDATE, theirs and ours (RFC 3261 section 14, RFC 3311, RFC 3264).

There is one change at a time. An offer from the other side while ours is pending gets 491. If our offer gets 491, we
repeat it after a pause: 2.1 to 4 s if we made the call, else up to 2 s (14.1), so that the two sides do not collide
again. If it gets 500 with Retry-After, an earlier one is not over on the other side (14.2), and we wait as long as that
says. If our offer is refused, the session stays as it was; 408 and 481 mean that the other side no longer has the call.

Another process may have had the call, and have ended between its offer and the ACK. Then we send that ACK: without it,
the other side would go on to refuse every offer, and hang up after 32 s.

A session timer is refreshed by UPDATE where the other side allows that. Not all that allow it also serve it, so any
other refusal leads to a re-INVITE, from then on.

Before the call is answered, the session may be changed by UPDATE, once the first offer has been answered.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.body import has_session, metadata_in, put_session, session_in
from voicebot.sip.call_state import CallState
from voicebot.sip.client_request import ClientRequest
from voicebot.sip.dialog import SipDialog
from voicebot.sip.inspection import ALLOW
from voicebot.sip.message import SipRequest, SipResponse, response_to
from voicebot.sip.outputs import CallEnded, MetadataReceived, SessionAnswered, SessionOffered, SessionRefused
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import MIN_SE, SessionTimer, too_short
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.wire import Wire

_MAX_TRIES = 6
_MAX_AFTER_S = 10.0
"""The longest Retry-After (14.2)."""
_ACKNOWLEDGED_S = 0.1
"""The pause after the ACK that another process has left out."""
_GONE = (408, 481)
_FEW = 3
"""The most requests that a process sends between two notes of its calls, an offer among them."""


@dataclass(slots=True, eq=False)
class _Change:
    """Our offer in ``dialog``, until it is answered. ``again_at``: when to repeat it, because it came in the way.

    ``request``: its latest re-INVITE, until that is answered or the call is over; ``invite``: what was sent of it.
    """

    dialog: SipDialog
    session: SessionDescription
    tries: int = 0
    again_at: float | None = None
    request: ClientRequest | None = None
    invite: SipRequest | None = None

    def answered(self) -> None:
        """Only the ACK may have to be sent again. The request has whoever is told of responses, and so this change: in
        a circle, both would wait for a collection of garbage."""
        if self.request is not None:
            self.invite, self.request = self.request.request, None


class Renegotiation:
    """The changes of one call's session."""

    def __init__(
        self,
        wire: Wire,
        state: CallState,
        timer: SessionTimer,
        acceptance: Acceptance,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._wire = wire
        self._state = state
        self._timer = timer
        self._acceptance = acceptance
        self._chance = chance
        self._theirs: ServerTransaction | None = None
        self._asking = False
        """Whether our re-INVITE or UPDATE has no answer yet."""
        self._change: _Change | None = None
        self._update: ClientRequest | None = None
        """Our UPDATE, until it is answered."""
        self._update_refused = False
        """Whether they have refused one: refreshes are re-INVITEs from then on."""
        self._left: tuple[int, ...] = ()
        """What may be the number of an offer of another process that waits for its ACK."""

    @property
    def deadline(self) -> float | None:
        return self._change.again_at if self._change is not None else None

    def timeout(self, now: float) -> None:
        change = self._change
        if change is not None and change.again_at is not None and change.again_at <= now:
            self._ask(change, now)

    def stop(self, now: float) -> None:
        """The call is over."""
        self.refuse(now, 487)
        if self._change is not None:
            self._change.answered()
        self._change = self._update = None

    # --- theirs

    def on_request(
        self, request: SipRequest, transaction: ServerTransaction, dialog: SipDialog, now: float, *, early: bool
    ) -> None:
        """A re-INVITE or an UPDATE in ``dialog``. ``early``: an offer is allowed although the call is not up."""
        if self._theirs is not None:
            self._wire.refuse(transaction, 500, now, retry_after_s=1)  # 14.2: one at a time
            return
        without_offer = request.method == "UPDATE" and not has_session(request)
        may_come = self._state.is_up or (request.method == "UPDATE" and early) or without_offer
        only_tells = self._state.recording and without_offer  # metadata, which no offer of ours stands in the way of
        if not may_come or ((self._acceptance.pending or self._asking) and not only_tells):
            self._wire.refuse(transaction, 491, now)
            return
        if too_short(request):
            self._wire.refuse(transaction, 422, now, headers={"Min-SE": str(MIN_SE)})
            return
        try:
            offer = session_in(request)
        except SdpError:
            self._wire.refuse(transaction, 400, now)
            return
        dialog.refresh_target(request)
        self._theirs = transaction
        if self._state.recording and (metadata := metadata_in(request)) is not None:
            self._wire.emit(MetadataReceived(metadata))
        if request.method == "UPDATE" and offer is None:
            self.accept(None, now)
        else:
            self._wire.emit(SessionOffered(offer))

    def accept(self, session: SessionDescription | None, now: float) -> None:
        """Reply to :class:`SessionOffered` with our answer (or our offer, if it had none)."""
        theirs, self._theirs = self._theirs, None
        if theirs is not None:
            self._acceptance.send(theirs, session, now)

    def refuse(self, now: float, status: int = 488) -> None:
        """Refuse the offer of :class:`SessionOffered`; the session stays as it was."""
        theirs, self._theirs = self._theirs, None
        if theirs is not None:
            self._wire.respond(theirs, response_to(theirs.request, status), now)

    # --- ours

    @property
    def is_free(self) -> bool:
        """Whether we may offer now: the call is up, and we have no other change pending."""
        return self._state.is_up and self._change is None and not self._asking

    @property
    def asked(self) -> int | None:
        """The number of our re-INVITE, as long as its ACK has not been sent."""
        change = self._change
        return change.request.request.cseq[0] if self._asking and change is not None and change.request else None

    def go_on(self, asked: int | None, last: int) -> None:
        """Another process had the call, whose last request was number ``last`` when that was noted, or was followed by
        a few. ``asked``: :attr:`asked` of then, for which the ACK is sent now; it does no harm where there is no 2xx.
        """
        if asked is not None:
            self._acknowledge((asked,))
        self._left = tuple(range(last + 1, last + 1 + _FEW))

    def offer(self, session: SessionDescription, now: float) -> bool:
        """Offer ``session`` in a re-INVITE. False: not now."""
        dialog = self._state.dialog
        if dialog is None or not self.is_free:
            return False
        self._change = _Change(dialog, session)
        self._ask(self._change, now)
        return True

    def refresh(self, now: float) -> bool:
        """Refresh the session timer: with UPDATE if the other side supports it, else with a re-INVITE that offers the
        same session again.

        False: another change is pending, which may or may not refresh the timer too.
        """
        state, session = self._state, self._acceptance.session
        if state.dialog is None or not state.is_up or self._asking or self._theirs is not None:
            return False
        if not state.peer_takes_update or self._update_refused:
            return session is not None and self.offer(session, now)
        request = state.dialog.request("UPDATE")
        request.headers.set("Contact", state.contact)
        self._timer.put_in(request)
        self._asking = True
        self._update = self._wire.request_in(state.dialog, request, self._updated, now)
        return True

    def _ask(self, change: _Change, now: float) -> None:
        if self._theirs is not None or self._acceptance.pending:
            self._later(change, now)
            return
        request = change.dialog.request("INVITE")
        request.headers.set("Contact", self._state.contact)
        request.headers.set("Allow", ALLOW)
        self._timer.put_in(request)
        put_session(request, change.session)
        self._asking = True
        change.tries += 1
        change.again_at = None

        def answered(response: SipResponse | None, at: float) -> None:
            self._answered(change, response, at)

        change.request = self._wire.request_in(change.dialog, request, answered, now)

    def _later(self, change: _Change, now: float) -> None:
        change.again_at = now + self._pause()
        self._wire.arm()

    def _pause(self) -> float:
        low, high = (2.1, 4.0) if self._state.outgoing else (0.0, 2.0)
        return low + (high - low) * self._chance()

    def _pause_after(self, refusal: SipResponse | None) -> float | None:
        """How long after ``refusal`` to offer again; None: not at all."""
        if refusal is None:
            return None
        later = refusal.headers.get("Retry-After") if refusal.status == 500 else None
        if refusal.status != 491 and later is None:
            return None
        if self._left:
            self._acknowledge(self._left)
            self._left = ()
            return _ACKNOWLEDGED_S
        seconds = (later or "").split("(")[0].split(";")[0].strip()
        return min(float(seconds), _MAX_AFTER_S) if seconds.isdecimal() else self._pause()

    def _acknowledge(self, numbers: Iterable[int]) -> None:
        if (dialog := self._state.dialog) is not None:
            for number in numbers:
                self._wire.acknowledge(dialog, self._state.invite, number)

    def _answered(self, change: _Change, response: SipResponse | None, now: float) -> None:
        if response is not None and response.status < 200:
            return
        if response is not None and response.status < 300:
            change.answered()
            if change.invite is not None:
                change.dialog.refresh_target(response)
                self._wire.acknowledge(change.dialog, change.invite, response.cseq[0])
        if change is not self._change:
            return  # a repeated 2xx, because its ACK was lost; or the call is over
        if response is not None and response.status == 422 and self._longer(change.request, response, now):
            return
        change.answered()
        self._asking = False
        if response is not None and response.status >= 300 and response.status not in _GONE:
            self._timer.refused(now)
            self._wire.arm()
        pause = self._pause_after(response) if change.tries < _MAX_TRIES else None
        if pause is not None:
            change.again_at = now + pause
            self._wire.arm()
            return
        self._change = None
        if response is None or response.status in _GONE:
            self._gone(now)
        elif response.status >= 300:
            self._wire.emit(SessionRefused(response.status, response.reason))
        else:
            self._accepted(response, change.session, now)

    def _accepted(self, response: SipResponse, session: SessionDescription, now: float) -> None:
        self._timer.answered(response, now)
        self._acceptance.note(session)
        self._wire.arm()
        try:
            answer = session_in(response) if has_session(response) else None
        except SdpError:
            answer = None
        if answer is None:
            self._wire.emit(SessionRefused(response.status, "no answer in the 200"))
        else:
            self._wire.emit(SessionAnswered(answer))

    def _updated(self, response: SipResponse | None, now: float) -> None:
        if not self._state.is_up or (response is not None and response.status < 200):
            return
        if response is not None and response.status == 422 and self._longer(self._update, response, now):
            return
        self._asking, self._update = False, None
        if response is None or response.status in _GONE:
            self._gone(now)
        elif response.status < 300:
            self._timer.answered(response, now)
            self._wire.arm()
        elif response.status == 491 or (response.status == 500 and response.headers.get("Retry-After") is not None):
            self._timer.refused(now, self._pause())  # a change of theirs is in the way (RFC 3311 5.2)
            self._wire.arm()
        else:
            self._update_refused = True
            if not self.refresh(now):
                self._timer.refused(now)
                self._wire.arm()

    def _longer(self, request: ClientRequest | None, refusal: SipResponse, now: float) -> bool:
        """Send ``request`` again, with the session interval that the other side wants. False: it wants too much."""
        return request is not None and request.again(lambda again: self._timer.raised(refusal, again), now)

    def _gone(self, now: float) -> None:
        """End the call: the other side does not know it (408, 481 or no response)."""
        self._wire.end(CallEnded("expired", 481, "the other side does not know the call"), now)

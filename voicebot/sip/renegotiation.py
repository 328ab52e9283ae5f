"""Changing the session of a call that is up: re-INVITE and UPDATE, theirs and ours (RFC 3261 14, 3311, 3264).

One change at a time. An offer of theirs while one of ours is under way gets 491, and an offer of ours that meets 491 is
made again after a while: 2.1 to 4 s for the side that made the call, up to 2 s for the other (14.1), so that they don't
meet again. An offer of ours that is refused changes nothing; 408 and 481 tell that the call is gone.

Before a call is answered the session may change, too, by UPDATE, once the first offer has its answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from voicebot.sip.body import has_session, put_session, session_in
from voicebot.sip.client_request import ClientRequest
from voicebot.sip.message import SipRequest, SipResponse, response_to
from voicebot.sip.outputs import SessionAnswered, SessionOffered, SessionRefused
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import MIN_SE, too_short
from voicebot.sip.transaction import ServerTransaction

if TYPE_CHECKING:
    from voicebot.sip.call import SipCall
    from voicebot.sip.user_agent import UserAgent

_MAX_TRIES = 6


class Renegotiation:
    """The changes of one call's session."""

    def __init__(self, call: SipCall, ua: UserAgent, chance: Callable[[], float] = random.random) -> None:
        self._call = call
        self._ua = ua
        self._chance = chance
        self._theirs: ServerTransaction | None = None
        self._asking = False
        self._request: ClientRequest | None = None
        """Our latest re-INVITE or UPDATE."""
        self._wanted: SessionDescription | None = None
        """Our offer that is under way, or that waits for its next try."""
        self._tries = 0
        self.changed_early = False
        """The session was changed before the call was answered."""
        self.deadline: float | None = None

    def timeout(self, now: float) -> None:
        if self.deadline is not None and self.deadline <= now:
            self.deadline = None
            self._ask(now)

    def stop(self, now: float) -> None:
        """The call is over."""
        if self._theirs is not None:
            self._ua.respond(self._theirs, response_to(self._theirs.request, 487), now)
        self._theirs = self._wanted = self.deadline = None

    # --- theirs

    def on_request(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        call = self._call
        dialog = call.dialog_of(request)
        assert dialog is not None
        if self._theirs is not None:
            self._ua.refuse(transaction, 500, now, retry_after_s=1)  # 14.2: one at a time
            return
        early = not call.is_up and request.method == "UPDATE" and call.takes_offer_early(request)
        without_offer = request.method == "UPDATE" and not has_session(request)
        if not (call.is_up or early or without_offer) or call.unacknowledged or self._asking:
            self._ua.refuse(transaction, 491, now)
            return
        if too_short(request):
            self._ua.refuse(transaction, 422, now, headers={"Min-SE": str(MIN_SE)})
            return
        try:
            offer = session_in(request)
        except SdpError:
            self._ua.refuse(transaction, 400, now)
            return
        dialog.refresh_target(request)
        self._theirs = transaction
        self.changed_early = self.changed_early or (early and offer is not None)
        if request.method == "UPDATE" and offer is None:
            self.accept(None, now)
            return
        self._ua.emit(SessionOffered(call, offer))

    def accept(self, session: SessionDescription | None, now: float) -> None:
        theirs, self._theirs = self._theirs, None
        if theirs is None:
            return
        if theirs.request.method == "INVITE":
            self._call.accept(theirs, session, now)
        else:
            response = self._call.dialog_response(theirs.request, 200)
            if self._call.is_up:  # before there is no session that could time out
                self._call.timer.answer(theirs.request, response, now)
            put_session(response, session)
            if session is not None:
                self._call.local_session = session
            self._ua.respond(theirs, response, now)

    def refuse(self, now: float, status: int = 488) -> None:
        theirs, self._theirs = self._theirs, None
        if theirs is not None:
            self._ua.respond(theirs, response_to(theirs.request, status), now)

    # --- ours

    def offer(self, session: SessionDescription, now: float) -> bool:
        """Offer ``session`` in a re-INVITE. False: not now, the call is not up or another change is under way."""
        if not self._call.is_up or self._wanted is not None or self._asking:
            return False
        self._wanted, self._tries = session, 0
        self._ask(now)
        return True

    def refresh(self, now: float) -> bool:
        """Show that the call is there: UPDATE where the other side knows it, else the same session once more.

        False: another change is under way, which may or may not do it.
        """
        call = self._call
        if call.dialog is None or not call.is_up or self._asking or self._theirs is not None:
            return False
        if not call.peer_takes_update:
            return call.local_session is not None and self.offer(call.local_session, now)
        request = call.dialog.request("UPDATE")
        request.headers.set("Contact", call.contact)
        call.timer.put_in(request)
        self._asking = True
        self._request = call.request_in(call.dialog, request, self._updated, now)
        return True

    def _ask(self, now: float) -> None:
        call = self._call
        if call.dialog is None or not call.is_up or self._wanted is None:
            self._wanted = None
            return
        if self._theirs is not None or call.unacknowledged:
            self._later(now)
            return
        request = call.dialog.request("INVITE")
        request.headers.set("Contact", call.contact)
        request.headers.set("Allow", self._ua.allow)
        call.timer.put_in(request)
        put_session(request, self._wanted)
        self._asking = True
        self._tries += 1
        self._request = call.request_in(call.dialog, request, self._answered, now)

    def _later(self, now: float) -> None:
        self.deadline = now + self._pause()
        self._ua.arm(self._call)

    def _pause(self) -> float:
        low, high = (2.1, 4.0) if self._call.outgoing else (0.0, 2.0)
        return low + (high - low) * self._chance()

    def _answered(self, response: SipResponse | None, now: float) -> None:
        call = self._call
        if response is not None and response.status < 200:
            return
        if response is not None and response.status < 300 and call.dialog is not None:
            call.dialog.refresh_target(response)
            call.acknowledge(call.dialog, response.cseq[0])
        if not self._asking:
            return  # a 2xx once more: its ACK was lost
        if response is not None and response.status == 422 and self._longer(response, now):
            return
        self._asking = False
        wanted, self._wanted = self._wanted, None
        if not call.is_up or wanted is None:
            return
        if response is None or response.status in (408, 481):
            call.gone(now)
        elif response.status == 491 and self._tries < _MAX_TRIES:
            self._wanted = wanted
            self._later(now)
        elif response.status >= 300:
            self._ua.emit(SessionRefused(call, response.status, response.reason))
        else:
            self._accepted(response, wanted, now)

    def _accepted(self, response: SipResponse, wanted: SessionDescription, now: float) -> None:
        call = self._call
        call.timer.answered(response, now)
        call.local_session = wanted
        self._ua.arm(call)
        try:
            answer = session_in(response) if has_session(response) else None
        except SdpError:
            answer = None
        if answer is None:
            self._ua.emit(SessionRefused(call, response.status, "no answer in the 200"))
        else:
            self._ua.emit(SessionAnswered(call, answer))

    def _updated(self, response: SipResponse | None, now: float) -> None:
        if response is not None and response.status < 200:
            return
        if response is not None and response.status == 422 and self._longer(response, now):
            return
        self._asking = False
        if not self._call.is_up:
            return
        if response is None or response.status in (408, 481):
            self._call.gone(now)
        elif response.status < 300:
            self._call.timer.answered(response, now)
            self._ua.arm(self._call)
        elif response.status in (491, 500):
            self._call.timer.again(now, self._pause())
            self._ua.arm(self._call)
        # Refused otherwise: the end of the interval decides.

    def _longer(self, refusal: SipResponse, now: float) -> bool:
        """The same once more, with a session timer as long as the other side wants."""
        call = self._call
        if self._request is None or not call.is_up:
            return False
        return self._request.again(lambda request: call.timer.raised(refusal, request), now)

"""A call as the user of the endpoint sees it: commands as methods, events as callbacks and awaitables.

A handle connects the core's :class:`~voicebot.sip.call.SipCall` to the event loop (its time, its futures); it has no
logic of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from voicebot.address import Address
from voicebot.sip.answering import IncomingSipCall
from voicebot.sip.call import SipCall
from voicebot.sip.calling import OutgoingSipCall
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallEvent,
    CallProgress,
    EarlyMediaAcknowledged,
    KeyReceived,
    MetadataReceived,
    ReferProgress,
    ReferReceived,
    SessionAnswered,
    SessionOffered,
    SessionRefused,
)
from voicebot.sip.sdp import SessionDescription


class CallClosed(Exception):
    """The call ended before the awaited event. ``end``: how it ended."""

    def __init__(self, end: CallEnded) -> None:
        super().__init__(f"{end.cause} {end.status or ''} {end.reason}".strip())
        self.end = end


class CallHandle:
    """One call, incoming or outgoing. Set its ``on_...`` callbacks at once; they are called on the event loop, and not
    any more when the call has ended.

    ``on_session`` gets a new offer from the other side (re-INVITE, UPDATE), or None if we are to offer. It returns our
    session description, or None to refuse with 488 and leave the session as it is. ``on_metadata`` gets the metadata
    of a recording session, before the offer that came with it. ``on_refer`` gets a target URI and the Referred-By
    header, and returns whether we call the target; if so, :meth:`notify_refer` must report the outcome.

    ``flush`` carries out the outputs of a command.
    """

    def __init__(self, core: SipCall, loop: asyncio.AbstractEventLoop, flush: Callable[[], None]) -> None:
        self._core = core
        self._loop = loop
        self._flush = flush
        self._up: asyncio.Future[CallConfirmed | CallEnded] = loop.create_future()
        """An end is none of its exceptions: that would have the frames that it has passed, and these have the call."""
        self._referred: asyncio.Future[ReferProgress] | None = None
        self.ended: CallEnded | None = None
        self._tell_nobody()

    def _tell_nobody(self) -> None:
        """There are no callbacks: not yet, and not any more after the end. Whoever is called has the handle, which must
        not have him then: both would wait for a collection of garbage."""
        self.on_end: Callable[[CallEnded], None] | None = None
        self.on_over: Callable[[], None] | None = None
        """For whoever counts calls: the call has ended."""
        self.on_session: Callable[[SessionDescription | None], SessionDescription | None] | None = None
        self.on_metadata: Callable[[bytes], None] | None = None
        self.on_session_answer: Callable[[SessionDescription], None] | None = None
        self.on_session_refused: Callable[[], None] | None = None
        self.on_key: Callable[[str], None] | None = None
        self.on_refer: Callable[[str, str], bool] | None = None
        self.on_refer_progress: Callable[[ReferProgress], None] | None = None
        self.on_progress: Callable[[CallProgress], None] | None = None
        self.on_early_media_acknowledged: Callable[[], None] | None = None

    @property
    def request(self) -> SipRequest:
        """The INVITE."""
        return self._core.request

    @property
    def call_id(self) -> str:
        return self._core.request.call_id

    @property
    def remote_address(self) -> Hop:
        return self._core.source

    @property
    def outgoing(self) -> bool:
        return self._core.outgoing

    @property
    def trunk(self) -> str:
        """The name of the call's trunk or account."""
        return self._core.trunk

    @property
    def is_up(self) -> bool:
        return self._core.is_up

    def kept(self) -> dict[str, Any] | None:
        """What another process needs to go on with the call, as JSON; None if it cannot."""
        return self._core.kept()

    def give_up(self) -> None:
        """Another process has the call: it ends here, and the other side is not told."""
        self._core.give_up(self._loop.time())
        self._flush()

    def bye(self) -> None:
        """End the call in whatever state it is, by BYE, CANCEL or 480. No effect if it has ended."""
        self._core.bye(self._loop.time())
        self._flush()

    async def refer(
        self,
        target: Address,
        *,
        timeout_s: float = 30.0,
        headers: Mapping[str, str] | None = None,
        replaces: CallHandle | None = None,
    ) -> ReferProgress:
        """Ask the other side to call ``target`` (RFC 3515). Returns the last :class:`ReferProgress`; the call stays up.

        ``headers``: for the target. ``replaces``: our own call with the target, which the new call replaces (attended
        transfer, RFC 3891); without it the transfer is blind.
        Raises ValueError if the target has no domain, :class:`CallClosed` if the call has ended.
        """
        if self.ended is not None:
            raise CallClosed(self.ended)
        if self._referred is None and self._core.referral.ask(
            target.uri,
            self._loop.time(),
            timeout_s=timeout_s,
            headers=headers,
            replaces=replaces._core.dialog if replaces is not None else None,
        ):
            self._referred = self._loop.create_future()
            self._flush()
            try:
                return await self._referred
            finally:
                self._referred = None
        return ReferProgress(491, "the call is not up, or is being transferred", accepted=False, final=True)

    async def inform(self, headers: Mapping[str, str], *, timeout_s: float = 2.0) -> int:
        """Send an INFO with ``headers``. Returns the status of its response; 408: none has come in time, and 491: the
        call is not up."""
        informed: asyncio.Future[int] = self._loop.create_future()

        def told(status: int) -> None:
            if not informed.done():
                informed.set_result(status)

        if not self._core.inform(headers, told, self._loop.time()):
            return 491
        self._flush()
        try:
            async with asyncio.timeout(timeout_s):
                return await informed
        except TimeoutError:
            return 408

    def notify_refer(self, status: int, reason: str = "") -> None:
        """Report the outcome of the transfer that ``on_refer`` agreed to: the SIP status from the target."""
        self._core.referral.notify(status, self._loop.time(), reason)
        self._flush()

    @property
    def can_reoffer(self) -> bool:
        """Whether the call is up and we have no other offer pending."""
        return self._core.renegotiation.is_free

    def reoffer(self, session: SessionDescription) -> bool:
        """Offer ``session`` in a re-INVITE (hold, another codec). Either ``on_session_answer`` gets the answer, or
        ``on_session_refused`` is called, and the session stays as it was.

        False: not possible now, see :attr:`can_reoffer`.
        """
        offered = self._core.renegotiation.offer(session, self._loop.time())
        self._flush()
        return offered

    def ask_whether_alive(self) -> None:
        """Refresh the session, so that the call ends if the other side no longer has it. No effect while the session is
        being changed, which shows the same."""
        self._core.renegotiation.refresh(self._loop.time())
        self._flush()

    def deliver(self, event: CallEvent) -> None:
        """Handle an event of this call. Called by the endpoint."""
        match event:
            case CallConfirmed():
                if not self._up.done():
                    self._up.set_result(event)
            case CallEnded():
                self._end(event)
            case SessionOffered():
                self._answer_session(event.offer)
            case MetadataReceived():
                if self.on_metadata:
                    self.on_metadata(event.content)
            case SessionAnswered():
                if self.on_session_answer:
                    self.on_session_answer(event.answer)
            case SessionRefused():
                if self.on_session_refused:
                    self.on_session_refused()
            case KeyReceived():
                if self.on_key:
                    self.on_key(event.key)
            case CallProgress():
                if self.on_progress:
                    self.on_progress(event)
            case EarlyMediaAcknowledged():
                if self.on_early_media_acknowledged:
                    self.on_early_media_acknowledged()
            case ReferReceived():
                self._answer_refer(event)
            case ReferProgress():
                if self.on_refer_progress:
                    self.on_refer_progress(event)
                if event.final and self._referred is not None and not self._referred.done():
                    self._referred.set_result(event)

    def _answer_session(self, offer: SessionDescription | None) -> None:
        now = self._loop.time()
        try:
            session = self.on_session(offer) if self.on_session else None
        except Exception:
            self._core.refuse_session(now, 500)
            raise
        if session is None:
            self._core.refuse_session(now)
        else:
            self._core.accept_session(session, now)

    def _answer_refer(self, event: ReferReceived) -> None:
        if self.on_refer and self.on_refer(event.target, event.referred_by):
            self._core.referral.accept(self._loop.time())
        else:
            self._core.referral.refuse(self._loop.time())

    async def _confirmed(self) -> SessionDescription | None:
        """Wait until the call is up. Returns the other side's answer, if the offer was ours. Raises
        :class:`CallClosed`."""
        became = await asyncio.shield(self._up)
        if isinstance(became, CallEnded):
            raise CallClosed(became)
        return became.answer

    def _end(self, event: CallEnded) -> None:
        if self.ended is not None:
            return
        self.ended = event
        if not self._up.done():
            self._up.set_result(event)
        if self._referred is not None and not self._referred.done():
            self._referred.set_exception(CallClosed(event))
        on_over, on_end = self.on_over, self.on_end
        self._tell_nobody()
        if on_over:
            on_over()
        if on_end:
            on_end(event)


class IncomingCall(CallHandle):
    """A call that comes in; 100 was sent. ``offer``: the session description in its INVITE, None if we are to offer."""

    _core: IncomingSipCall

    @property
    def offer(self) -> SessionDescription | None:
        return self._core.offer

    @property
    def recording(self) -> bool:
        """Whether it is a recording session (RFC 7866)."""
        return self._core.recording

    def ring(self) -> None:
        """Send 180."""
        self._core.ring(self._loop.time())
        self._flush()

    def progress(self, session: SessionDescription) -> None:
        """Send 183 with our answer, for early media. :meth:`answer` must then be called with the same ``session``."""
        self._core.progress(session, self._loop.time())
        self._flush()

    async def answer(self, session: SessionDescription) -> SessionDescription | None:
        """Send 200. Returns when the ACK has come, with the other side's answer if ``session`` was our offer.

        Raises :class:`CallClosed` if the call ends first: without an ACK, after 64*T1 (32 s).
        """
        self._core.answer(session, self._loop.time())
        self._flush()
        return await self._confirmed()

    def reject(self, status: int, reason: str = "", *, retry_after_s: int | None = None) -> None:
        """Refuse the unanswered call."""
        self._core.reject(status, self._loop.time(), reason, retry_after_s=retry_after_s)
        self._flush()


class OutgoingCall(CallHandle):
    """A call that we place."""

    _core: OutgoingSipCall

    @property
    def responded(self) -> bool:
        """Whether any response has come."""
        return self._core.responded

    async def established(
        self, *, timeout_s: float = 60.0, response_timeout_s: float | None = None
    ) -> SessionDescription:
        """Wait until the other side accepts. Returns its answer. Raises :class:`CallClosed`.

        We give up after ``timeout_s``, and after ``response_timeout_s`` if no response at all has come by then.
        """
        try:
            async with asyncio.timeout(timeout_s):
                if response_timeout_s is not None:
                    await asyncio.wait({self._up}, timeout=response_timeout_s)
                    if not self._up.done() and not self.responded:
                        raise TimeoutError
                session = await self._confirmed()
        except TimeoutError as error:
            self.bye()
            reason = "not answered in time" if self.responded else "no response"
            raise CallClosed(CallEnded("timeout", 408, reason)) from error
        except asyncio.CancelledError:
            self.bye()
            raise
        assert session is not None
        return session

"""An outgoing SIP call as a leg: :func:`place` begins one, :func:`dial` also waits until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from voicebot.address import Address
from voicebot.events import CallNotAnswered, CallRinging, EarlyMediaReceived, Event, NotReached
from voicebot.legs import LegClosed, LegInfo, LegSink
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_info import leg_info
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.sip_outcome import not_reached
from voicebot.legs.sip_session import LegSession
from voicebot.sip import CallClosed, CallEnded, CallProgress, OutgoingCall, SipEndpoint
from voicebot.tasks import BackgroundTasks


@dataclass(frozen=True, slots=True)
class OutgoingOptions:
    """Options of an outgoing call.

    ``line``: the trunk or account to call through; empty: directly. ``sender`` and ``display_name``: for From, by
    default those of the line. ``headers``: for the INVITE. ``ring_timeout_s``: how long to wait for an answer;
    ``response_timeout_s``: how long to wait for the first response, None: as long as for the answer.
    """

    line: str = ""
    sender: Address | None = None
    display_name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    ring_timeout_s: float = 60.0
    response_timeout_s: float | None = None


async def place(
    endpoint: SipEndpoint,
    media: MediaOptions,
    to: Address,
    options: OutgoingOptions,
    tasks: BackgroundTasks | None = None,
) -> OutgoingSipLeg:
    """Call ``to`` and return the leg at once. Connect it first; its ``answer()`` waits for the answer.

    Raises ValueError if ``to`` has no domain, or for a malformed header or an unknown line; OSError or
    :class:`~voicebot.rtp.PortsExhausted` without a free port.
    """
    session = LegSession.open(media)
    try:
        call = endpoint.invite(
            to,
            session.offer(),
            line=options.line,
            sender=options.sender,
            display_name=options.display_name,
            headers=options.headers,
        )
        info = leg_info(call, media.preferences.codecs[0], endpoint.lines)
        info = replace(info, direction="outbound", trunk=options.line)
        return OutgoingSipLeg(call, session, info, tasks or BackgroundTasks(), options)
    except BaseException:
        await session.rtp.close()
        raise


async def dial(
    endpoint: SipEndpoint,
    media: MediaOptions,
    to: Address,
    options: OutgoingOptions | None = None,
    *,
    sink: LegSink | None = None,
) -> OutgoingSipLeg:
    """Call ``to`` and return the leg when it has been answered; ``sink`` is connected before.

    Raises :class:`~voicebot.legs.LegClosed` if the call is refused or not answered in time, and what :func:`place`
    raises. Cancelling this coroutine cancels the call.
    """
    leg = await place(endpoint, media, to, options or OutgoingOptions())
    try:
        if sink is not None:
            leg.connect(sink)
        await leg.answer()
    except BaseException:
        await leg.hang_up()
        raise
    return leg


class OutgoingSipLeg(SipLeg):
    """See :class:`voicebot.legs.Leg`. Made by :func:`place` and :func:`dial`."""

    _call: OutgoingCall

    def __init__(
        self,
        call: OutgoingCall,
        session: LegSession,
        info: LegInfo,
        tasks: BackgroundTasks,
        options: OutgoingOptions,
    ) -> None:
        self._options = options
        self._awaited = True
        """Whether the answer is still to come."""
        self._progress: set[type[Event]] = set()
        """The kinds of events reported before the answer; each is reported once."""
        super().__init__(call, session, info, tasks)
        if call.ended is None:
            call.on_progress = self._progressed

    def ring(self) -> None:
        """No effect: here the other side is the one that rings."""

    def early_media(self) -> bool:
        return False

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        """No effect: there is nothing to refuse."""

    async def answer(self) -> None:
        """Wait for the answer."""
        self._told.check_not_ended()
        options = self._options
        try:
            answer = await self._call.established(
                timeout_s=options.ring_timeout_s, response_timeout_s=options.response_timeout_s
            )
        except CallClosed as closed:
            self._call_ended(closed.end)  # if we gave up, the call itself ends only after our CANCEL
            raise LegClosed(str(closed)) from closed
        except asyncio.CancelledError:
            self._finish("cancelled")
            raise
        self._awaited = False
        self._session.rtp.enter("up")
        self._session.expect_audio()
        if not self.session_answered(answer):
            raise LegClosed("no common codec in the answer")
        self._reoffer()

    async def hang_up(self) -> None:
        if self._awaited:
            self._not_answered(NotReached.CANCELLED)
        await super().hang_up()

    def media_timed_out(self) -> None:
        """As for every leg once it is answered. Early media may be silent; ``ring_timeout_s`` limits it."""
        if not self._awaited:
            super().media_timed_out()

    def _call_ended(self, end: CallEnded) -> None:
        if self._awaited:
            self._not_answered(not_reached(end, responded=self._call.responded), end.status, end.reason)
        else:
            super()._call_ended(end)

    def _not_answered(self, outcome: NotReached, status: int = 0, reason: str = "") -> None:
        self._told.fact(CallNotAnswered(self._loop.time(), outcome, status, reason))
        self._finish(outcome.value)

    def _progressed(self, progress: CallProgress) -> None:
        """A provisional response came. If it has a session description, early media is passed on from now on."""
        agreed = self._session.agreed_by_answer(progress.early) if progress.early is not None else None
        now = self._loop.time()
        event = CallRinging(now, progress.status) if agreed is None else EarlyMediaReceived(now, progress.status)
        if agreed is not None:
            self._session.rtp.enter("early")
            self._put_into_force(agreed)
        if type(event) not in self._progress:
            self._progress.add(type(event))
            self._told.fact(event)

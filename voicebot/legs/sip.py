"""One SIP call as a leg: `sip` signals, `rtp` carries the voice, a :class:`SipLeg` is both.

The format of the audio above is fixed when the leg is made. A re-INVITE may change the codec of the wire; the RTP
session translates then. :mod:`voicebot.legs.sip_front_end` makes legs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from voicebot.address import Address
from voicebot.events import CallNotAnswered, CallRinging, EarlyMediaReceived, Event, HoldEnded, HoldStarted, NotReached
from voicebot.legs import Leg, LegClosed, LegInfo, LegSink, TransferOutcome
from voicebot.legs.sip_keys import LegKeys
from voicebot.legs.sip_media import LegMedia, MediaOptions
from voicebot.legs.sip_outcome import not_reached
from voicebot.rtp import MediaQuality, Playout, RtpSession
from voicebot.sip import (
    AudioAgreement,
    CallClosed,
    CallEnded,
    CallHandle,
    CallProgress,
    IncomingCall,
    OutgoingCall,
    ReferProgress,
    SessionDescription,
    sdp,
)
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

_REASONS = {
    "bye": "caller",
    "local": "bot",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "no-ack": "no-ack",
    "timeout": "no-answer",
    "expired": "expired",
    "error": "error",
}
"""How a call ended, in the words of :class:`~voicebot.events.LegEnded`."""


class SipLeg:
    """One SIP call with its media; see :class:`voicebot.legs.Leg`.

    Made by :class:`SipFrontEnd`, :func:`place` and :func:`dial`. ``ring_timeout_s``: how long a call of ours may go
    unanswered; ``response_timeout_s``: how long without any response at all.
    """

    def __init__(
        self,
        call: CallHandle,
        rtp: RtpSession,
        media: LegMedia,
        options: MediaOptions,
        info: LegInfo,
        tasks: BackgroundTasks,
        keys: LegKeys | None = None,
        *,
        ring_timeout_s: float = 60.0,
        response_timeout_s: float | None = None,
    ) -> None:
        self.on_transfer_asked: Callable[[str], bool] | None = None
        """The other side asks us to call another target (REFER): return whether we do, then :meth:`transfer_result`."""
        self._call = call
        self._rtp = rtp
        self._media = media
        self._options = options
        self._info = info
        self._tasks = tasks
        self._keys = keys or LegKeys()
        self._ring_timeout_s = ring_timeout_s
        self._response_timeout_s = response_timeout_s
        self._awaited = isinstance(call, OutgoingCall)
        """We call, and nobody has answered yet."""
        self._progress: set[type[Event]] = set()
        self._untold: list[Event] = []
        """Facts that came before there was a sink: one of each kind at most."""
        self._held = False
        """The other side has put us on hold."""
        self._holds = self._hold_offered = False
        """We have put the other side on hold; what we told it last."""
        self._early_answer: SessionDescription | None = None
        self._loop = asyncio.get_running_loop()
        self._sink: LegSink | None = None
        self._ended: tuple[str, float] | None = None
        self._transferred = False
        self._closing: asyncio.Task[None] | None = None
        self._description_version = 0
        media.attach(self)
        call.on_end = self._call_ended
        call.on_key = lambda key: self.deliver_key(key, self._loop.time())
        call.on_session = self._session_offered
        call.on_session_answer = self._session_answered_late
        call.on_session_refused = self._offer_hold
        call.on_refer = lambda target, _by: self.on_transfer_asked is not None and self.on_transfer_asked(target)
        call.on_refer_progress = self._refer_progress
        call.on_progress = self._progressed
        if call.ended is not None:
            self._call_ended(call.ended)

    # --- Leg

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def playout(self) -> Playout:
        return self._rtp.playout

    @property
    def local_port(self) -> int:
        """The RTP port of our side."""
        return self._rtp.local_port

    def connect(self, sink: LegSink) -> None:
        self._sink = sink
        for event in self._untold:
            self._loop.call_soon(sink.fact, event)
        self._untold.clear()
        if self._ended is not None:
            self._loop.call_soon(sink.ended, *self._ended)
            return
        self._media.connect(sink)

    def ring(self) -> None:
        if isinstance(self._call, IncomingCall):
            self._call.ring()

    def early_media(self) -> bool:
        """183 with our answer: what we play is heard before the call is answered. False: only ringing is possible."""
        call, offer = self._call, self._call.offer if isinstance(self._call, IncomingCall) else None
        agreed = self._options.select(offer) if offer is not None and self._ended is None else None
        if offer is None or agreed is None or not isinstance(call, IncomingCall):
            self.ring()
            return False
        self._apply(agreed)
        self._early_answer = self._answer_to(offer, agreed)
        call.progress(self._early_answer)
        return True

    def hold(self, held: bool) -> None:
        """Put the other side on hold (``sendonly``: it hears what we play, and is not heard), or take it off again."""
        self._holds = held
        self._offer_hold()

    def _offer_hold(self) -> None:
        """Offer what is wanted, unless an offer is under way: then it is looked at again when that is answered."""
        if self._holds is self._hold_offered or self._ended is not None:
            return
        if self._call.reoffer(self._offer("sendonly" if self._holds else "sendrecv")):
            self._hold_offered = self._holds

    async def answer(self) -> None:
        if self._ended is not None:
            raise LegClosed(self._ended[0])
        if isinstance(self._call, OutgoingCall):
            await self._wait_for_answer(self._call)
            return
        assert isinstance(self._call, IncomingCall)
        offer = self._call.offer
        agreed = self._options.select(offer) if offer is not None else None
        if self._early_answer is not None:
            session = self._early_answer  # RFC 3264 allows one answer only
        elif offer is not None and agreed is not None:
            self._apply(agreed)
            session = self._answer_to(offer, agreed)
        else:
            session = self._offer()
        try:
            answer = await self._call.answer(session)
        except CallClosed as closed:
            raise LegClosed(str(closed)) from None
        if answer is not None and not self.session_answered(answer):
            raise LegClosed("no common codec")

    async def _wait_for_answer(self, call: OutgoingCall) -> None:
        try:
            answer = await call.established(timeout_s=self._ring_timeout_s, response_timeout_s=self._response_timeout_s)
        except CallClosed as closed:
            self._call_ended(closed.end)  # when we gave up, the CANCEL is still on its way
            raise LegClosed(str(closed)) from None
        except asyncio.CancelledError:
            self._finish("cancelled")
            raise
        self._awaited = False
        self._rtp.set_direction(send=True, receive=False)  # whatever early media did, its silence counts from now
        if not self.session_answered(answer):
            raise LegClosed("no common codec in the answer")

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        if isinstance(self._call, IncomingCall):
            self._call.reject(status, reason, retry_after_s=retry_after_s)

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferOutcome:
        consulted = replaces._call if isinstance(replaces, SipLeg) else None
        if consulted is not None and not consulted.is_up:
            return TransferOutcome(False, 0, "the target has hung up")
        try:
            progress = await self._call.refer(target, headers=headers, replaces=consulted)
        except CallClosed:
            return TransferOutcome(False, 0, "the call has ended")
        except ValueError as error:
            return TransferOutcome(False, 0, str(error))
        if progress.accepted:
            self._call.bye()
        return TransferOutcome(progress.accepted, progress.status, progress.reason)

    async def hang_up(self) -> None:
        if self._awaited:
            self._not_answered(NotReached.CANCELLED)
        self._call.bye()
        self._finish("bot")
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def send_keys(self, keys: str) -> None:
        if self._ended is None:
            self._rtp.send_keys(keys)

    def quality(self) -> MediaQuality:
        return self._rtp.quality()

    def transfer_result(self, status: int, reason: str = "") -> None:
        """Tell the side that asked for a transfer how its target answered."""
        self._call.notify_refer(status, reason)

    # --- from the media

    def deliver_key(self, key: str, at: float) -> None:
        if self._sink is not None and self._ended is None:
            self._sink.key(key, at)

    def media_timed_out(self) -> None:
        """Nothing has been heard for the silence timeout: the other side is gone without a BYE."""
        if self._awaited or self._held:
            return  # an early session and a hold may be silent; other limits end them
        self._finish("media-timeout")
        self._call.bye()

    # --- from the signalling

    def _call_ended(self, end: CallEnded) -> None:
        if self._awaited and isinstance(self._call, OutgoingCall):
            self._not_answered(not_reached(end, answered_at_all=self._call.responded), end.status, end.reason)
            return
        self._finish("transfer" if self._transferred else _REASONS[end.cause])

    def _refer_progress(self, progress: ReferProgress) -> None:
        self._transferred = self._transferred or (progress.final and progress.accepted)

    def _not_answered(self, outcome: NotReached, status: int = 0, reason: str = "") -> None:
        self._tell(CallNotAnswered(self._loop.time(), outcome, status, reason))
        self._finish(outcome.value)

    def _progressed(self, progress: CallProgress) -> None:
        """A provisional response to our INVITE; audio that comes with it is passed on."""
        agreed = self._agreed_in(progress.early) if progress.early is not None else None
        now = self._loop.time()
        event = CallRinging(now, progress.status) if agreed is None else EarlyMediaReceived(now, progress.status)
        if agreed is not None:
            self._apply(agreed)
        if type(event) not in self._progress:
            self._progress.add(type(event))
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if self._ended is None:
            self._sink.fact(event) if self._sink is not None else self._untold.append(event)

    def _session_offered(self, offer: SessionDescription | None) -> SessionDescription | None:
        """A re-INVITE or UPDATE: other address, other codec, hold, resume. None refuses it and changes nothing."""
        if offer is None:
            return self._offer()
        agreed = self._options.select(offer)
        if agreed is None:
            return None
        self._apply(agreed)
        return self._answer_to(offer, agreed)

    def _session_answered_late(self, answer: SessionDescription) -> None:
        self.session_answered(answer)
        self._offer_hold()

    def session_answered(self, answer: SessionDescription) -> bool:
        """Put the answer to our offer into force. False, and the call ends, when we cannot carry it."""
        agreed = self._agreed_in(answer)
        if agreed is None:
            self._finish("error")
            self._call.bye()
            return False
        self._apply(agreed)
        return True

    def _agreed_in(self, answer: SessionDescription) -> AudioAgreement | None:
        """What an answer to our offer agrees to; nothing where it asks for a handshake that we have not offered."""
        agreed = self._options.select(answer)
        unasked = agreed is not None and agreed.handshake is not None and not self._keys.by_handshake
        return None if unasked else agreed

    def _apply(self, agreed: AudioAgreement) -> None:
        if self._ended is not None:
            return
        self._keys.put_into_force(agreed, self._rtp)
        self._rtp.hear_keys(self._options.inband_dtmf and agreed.telephone_event is None)
        self._rtp.retune(
            codec=agreed.codec,
            payload_type=agreed.payload_type,
            telephone_event=agreed.telephone_event,
            ptime_ms=agreed.ptime_ms,
        )
        host, port = self._options.remote(agreed)
        self._rtp.set_remote(host, port, rtcp_port=agreed.rtcp_port)
        if self._held:
            self._rtp.set_direction(send=False, receive=False)  # silence is counted anew when the hold ends
        listened_to = agreed.direction in ("sendrecv", "sendonly")
        self._rtp.set_direction(send=listened_to, receive=agreed.direction in ("sendrecv", "recvonly"))
        # RFC 3264 8.4: the way of old to hold was an address of zeroes
        self._hold(not listened_to or (not agreed.by_checks and (agreed.port == 0 or agreed.host in ("0.0.0.0", "::"))))

    def _hold(self, held: bool) -> None:
        if held is not self._held:
            self._held = held
            self._tell((HoldStarted if held else HoldEnded)(self._loop.time()))

    def _offer(self, direction: sdp.Direction = "sendrecv") -> SessionDescription:
        self._description_version += 1
        options = self._options
        here = options.host, self._rtp.local_port
        crypto, handshake = self._keys.in_offer(options.srtp == "required", here)
        return sdp.offer(
            options.host,
            self._rtp.local_port,
            codecs=options.codecs,
            telephone_event=options.telephone_event,
            session_id=self._rtp.local_port,
            version=self._description_version,
            direction=direction,
            crypto=crypto,
            handshake=handshake,
            ptime_ms=options.ptime_ms,
        )

    def _answer_to(self, offer: SessionDescription, agreed: AudioAgreement) -> SessionDescription:
        self._description_version += 1
        crypto, handshake = self._keys.in_answer(agreed, (self._options.host, self._rtp.local_port))
        return sdp.answer(
            offer,
            agreed,
            self._options.host,
            self._rtp.local_port,
            session_id=self._rtp.local_port,
            version=self._description_version,
            crypto=crypto,
            handshake=handshake,
            ptime_ms=self._options.ptime_ms,
        )

    def _finish(self, reason: str) -> None:
        if self._ended is not None:
            return
        self._ended = (reason, self._loop.time())
        self._media.mute()
        self._closing = self._tasks.spawn(self._rtp.close(), "closing the media of a call")
        if self._sink is not None:
            self._sink.ended(*self._ended)

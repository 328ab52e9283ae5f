"""One SIP call as a leg: a :class:`SipLeg` combines the signalling of `sip` with the media of `rtp`.

This file has what incoming and outgoing calls share. `sip_incoming.py` and `sip_outgoing.py` have the rest, and
`sip_session.py` what is agreed about the audio.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal

from voicebot.address import Address
from voicebot.events import TAKEN, HoldEnded, HoldStarted, TransferEnded
from voicebot.legs import Leg, LegInfo, LegSink
from voicebot.legs.sip_session import LegSession
from voicebot.legs.told import Told
from voicebot.rtp import MediaQuality, Playout
from voicebot.rtp.doubled_keys import DoubledKeys, Way
from voicebot.sip import AudioAgreement, CallClosed, CallEnded, CallHandle, ReferProgress, SessionDescription
from voicebot.sip.siprec import on_demand
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
    "taken": TAKEN,
}
"""The ``reason`` of :class:`~voicebot.events.LegEnded` for the cause of a :class:`~voicebot.sip.CallEnded`."""


class SipLeg:
    """One SIP call with its media; see :class:`voicebot.legs.Leg`."""

    def __init__(self, call: CallHandle, session: LegSession, info: LegInfo, tasks: BackgroundTasks) -> None:
        self.on_transfer_asked: Callable[[str], bool] | None = None
        """Called with the target if the other side sends REFER. It returns whether we call the target; if so,
        :meth:`transfer_result` must follow."""
        self.recording_group = ""
        """The IP group of the AudioCodes SBC on the other side in which it is asked to record, for a transfer; empty:
        it is not asked."""
        self.place = ""
        """The id of its place among the calls of several processes; empty: it has none."""
        self._call = call
        self._session = session
        self._info = info
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._told = Told()
        self._keys = DoubledKeys()
        self._transferred = False
        self._closing: asyncio.Task[None] | None = None
        session.media.attach(self)
        session.expect_from(call.remote_address.host)
        if call.ended is not None:
            self._call_ended(call.ended)
            return
        call.on_end = self._call_ended
        call.on_key = lambda key: self._press(key, "info", self._loop.time())
        call.on_session = self._session_offered
        call.on_session_answer = self._session_answered_late
        call.on_session_refused = self._reoffer
        call.on_refer = lambda target, _by: self.on_transfer_asked is not None and self.on_transfer_asked(target)
        call.on_refer_progress = self._refer_progress

    def when_over(self, over: Callable[[], None]) -> None:
        """Call ``over`` when the call has ended; at once if it has."""
        if self._call.ended is not None:
            over()
        else:
            self._call.on_over = over

    def kept(self) -> dict[str, Any] | None:
        """What another process needs to go on with the call, as JSON; None if it cannot."""
        call = self._call.kept() if self._told.ended is None else None
        return {"sip": call, "media": self._session.kept(), "place": self.place} if call is not None else None

    def give_up(self) -> None:
        """Another process has the call: it ends here, and the other side is not told."""
        self._session.rtp.give_up()
        self._call.give_up()

    # --- Leg

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def playout(self) -> Playout:
        return self._session.rtp.playout

    @property
    def audible(self) -> bool:
        return self._session.rtp.audible

    @property
    def local_port(self) -> int:
        """Our RTP port."""
        return self._session.rtp.local_port

    def connect(self, sink: LegSink) -> None:
        self._told.connect(sink)
        if self._told.ended is None:
            self._session.media.connect(sink)

    def hold(self, on: bool) -> None:
        """Put the other side on hold (``sendonly``: it hears what we play, and its audio is dropped), or end that."""
        self._session.direction = "sendonly" if on else "sendrecv"
        self._reoffer()

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        consulted = replaces._call if isinstance(replaces, SipLeg) else None
        if consulted is not None and not consulted.is_up:
            return TransferEnded(self._loop.time(), False, 0, "the target has hung up")
        await self._ask_to_record("start")
        ended = await self._refer(target, headers, consulted)
        if not ended.accepted:
            await self._ask_to_record("stop")
        return ended

    async def _refer(
        self, target: Address, headers: Mapping[str, str] | None, consulted: CallHandle | None
    ) -> TransferEnded:
        try:
            progress = await self._call.refer(target, headers=headers, replaces=consulted)
        except CallClosed:
            return TransferEnded(self._loop.time(), False, 0, "the call has ended")
        except ValueError as error:
            return TransferEnded(self._loop.time(), False, 0, str(error))
        if progress.accepted:
            self._call.bye()
        return TransferEnded(self._loop.time(), progress.accepted, progress.status, progress.reason)

    async def _ask_to_record(self, action: Literal["start", "stop"]) -> None:
        """Have the SBC record its other leg, or end that. Without success, the transfer goes on all the same."""
        if not self.recording_group or self._told.ended is not None:
            return
        status = await self._call.inform(on_demand(action, self.recording_group))
        if not 200 <= status < 300:
            logger.warning("asked to %s recording, the SBC answered %d", action, status)

    async def hang_up(self) -> None:
        self._call.bye()
        self._finish("bot")
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def send_keys(self, keys: str) -> None:
        if self._told.ended is None:
            self._session.rtp.send_keys(keys)

    def quality(self) -> MediaQuality:
        return self._session.rtp.quality()

    def transfer_result(self, status: int, reason: str = "") -> None:
        """Report to the side that requested a transfer how its target responded."""
        self._call.notify_refer(status, reason)

    # --- from the media

    def deliver_key(self, key: str, at: float) -> None:
        self._press(key, "media", at)

    def _press(self, key: str, way: Way, at: float) -> None:
        sink = self._told.sink
        if sink is not None and self._told.ended is None and self._keys.is_new(key, way, at):
            sink.key(key, at)

    def media_timed_out(self) -> None:
        """Nothing has come for the silence timeout: end the call, unless the other side has put us on hold."""
        if not self._session.held:
            self._finish("media-timeout")
            self._call.bye()

    # --- from the signalling

    def _call_ended(self, end: CallEnded) -> None:
        self._finish("transfer" if self._transferred else _REASONS[end.cause])

    def _refer_progress(self, progress: ReferProgress) -> None:
        self._transferred = self._transferred or (progress.final and progress.accepted)

    def _session_offered(self, offer: SessionDescription | None) -> SessionDescription | None:
        """A re-INVITE or UPDATE came: another address, another codec, hold, resume. None refuses it."""
        if offer is None:
            return self._session.offer()
        agreed = self._session.agreed_by_offer(offer)
        if agreed is None:
            return None
        self._put_into_force(agreed)
        return self._session.answer(offer, agreed)

    def _session_answered_late(self, answer: SessionDescription) -> None:
        """The answer to an offer of ours in mid-call. One that we do not support changes nothing, like a refusal."""
        agreed = self._session.agreed_by_answer(answer)
        if agreed is not None:
            self._put_into_force(agreed)
        self._reoffer()

    def session_answered(self, answer: SessionDescription) -> bool:
        """Put the answer to our first offer into force. False: we do not support it, and the call ends."""
        agreed = self._session.agreed_by_answer(answer)
        if agreed is None:
            self._finish("error")
            self._call.bye()
            return False
        self._put_into_force(agreed)
        return True

    def _reoffer(self) -> None:
        """Offer our direction if it has changed. If another offer is pending, this is called again after its answer."""
        if self._session.wants_offer and self._told.ended is None and self._call.can_reoffer:
            self._call.reoffer(self._session.offer())

    def _put_into_force(self, agreed: AudioAgreement) -> None:
        session = self._session
        if self._told.ended is not None:
            return
        was_held = session.held
        session.put_into_force(agreed)
        if session.held is not was_held:
            self._told.fact((HoldStarted if session.held else HoldEnded)(self._loop.time()))

    def _finish(self, reason: str) -> None:
        if not self._told.end(reason):
            return
        self._session.media.mute()
        self._closing = self._tasks.spawn(self._session.rtp.close(), "closing the media of a call")
        self._told.tell_end()

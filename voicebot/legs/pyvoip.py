"""A pyVoIP call as a leg: its signalling, and what a leg can do. Its audio: ``pyvoip_audio.py``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from voicebot.address import Address
from voicebot.events import TransferEnded
from voicebot.legs import Leg, LegInfo, LegSink
from voicebot.legs.pyvoip_audio import CallAudio
from voicebot.legs.pyvoip_invite import audio_of
from voicebot.legs.pyvoip_phone import Client, PhoneCall, parsed
from voicebot.legs.pyvoip_repeat import Repeated
from voicebot.legs.told import Told
from voicebot.rtp import MediaClock, MediaQuality, Playout
from voicebot.sip import AudioAgreement, SipRequest
from voicebot.sip.message import REASONS

logger = logging.getLogger(__name__)


class PyVoipLeg:
    """One call; see :class:`voicebot.legs.Leg`. Made by :class:`~voicebot.legs.pyvoip_front_end.PyVoipFrontEnd`.

    ``released`` is called once, when the leg no longer needs its sockets.
    """

    def __init__(
        self,
        client: Client,
        invite: SipRequest,
        info: LegInfo,
        clock: MediaClock,
        silence_timeout_s: float,
        released: Callable[[PyVoipLeg], None],
    ) -> None:
        self._client = client
        self._invite = invite
        self._info = info
        self._clock = clock
        self._released = released
        self._loop = asyncio.get_running_loop()
        self.audio = CallAudio(info.remote_address, silence_timeout_s, self._audio_lost)
        self._call: PhoneCall | None = None
        self._told = Told()
        self._answered = False
        self._sequence = invite.cseq[0]
        self._answer = ""
        self._repeated: Repeated | None = None

    # --- for the front end

    def begin(self, call: PhoneCall, audio: AudioAgreement) -> None:
        """Set pyVoIP's call, which is ringing, and the stream that its INVITE offers."""
        self._call = call
        self.audio.put_in_force(audio)

    # --- Leg

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def playout(self) -> Playout:
        return self.audio.playout

    @property
    def audible(self) -> bool:
        return True

    def connect(self, sink: LegSink) -> None:
        if self._told.ended is None:
            self.audio.sink = sink
        self._told.connect(sink)

    def ring(self) -> None:
        """No effect: the front end sends 180 as soon as the call comes."""

    def early_media(self) -> bool:
        """Not possible: pyVoIP cannot send 183."""
        return False

    def hold(self, on: bool) -> None:
        """pyVoIP cannot send a re-INVITE, so the other side is not told; its audio is replaced by silence."""
        self.audio.deaf = on

    async def answer(self) -> None:
        self._told.check_not_ended()
        call = self._call
        assert call is not None
        if self._answered:
            return
        self._answered = True
        self.audio.open(self._loop.time())
        self._answer = self._client.gen_answer(call.request, call.session_id, call.gen_ms(), self.audio.direction)
        self._repeated = Repeated(self._client, self._answer, self._not_acknowledged)
        self._clock.add(self)

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        if self._answered or self._told.ended is not None or self._call is None:
            return
        busy = self._client.gen_busy(self._call.request)
        text = busy.replace("486 Busy Here", f"{status} {reason or REASONS.get(status, 'Rejected')}", 1)
        if retry_after_s is not None:
            text = text.replace("\r\nContent-Length", f"\r\nRetry-After: {retry_after_s}\r\nContent-Length", 1)
        self._client.send(text)
        self._finish("rejected")

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        return TransferEnded(asyncio.get_running_loop().time(), False, 501, "pyVoIP cannot transfer calls")

    async def hang_up(self) -> None:
        if self._told.ended is not None:
            return
        if not self._answered:
            self.reject(480, "Temporarily Unavailable")
            return
        self._say_goodbye()
        self._finish("bot")

    def send_keys(self, keys: str) -> None:
        logger.warning("call %s: pyVoIP cannot send keys: %d dropped", self._info.call_id, len(keys))

    def quality(self) -> MediaQuality:
        return self.audio.quality()

    # --- from the signalling

    def invited_again(self, request: SipRequest) -> None:
        """A retransmitted INVITE, or a re-INVITE: another address, hold, resume."""
        call = self._call
        if not self._answered or call is None:
            return
        if request.cseq[0] == self._sequence:
            self._client.send(self._answer)
            return
        self._sequence = request.cseq[0]
        audio = audio_of(request)
        if audio is None:
            self._answer = self._client.gen_busy(call.request).replace("486 Busy Here", "488 Not Acceptable Here", 1)
            self._client.send(self._answer)
            return
        self.audio.put_in_force(audio)
        self._answer = self._client.gen_answer(parsed(request, audio), call.session_id, call.gen_ms(), audio.direction)
        self._stop_repeating()
        self._repeated = Repeated(self._client, self._answer, self._not_acknowledged)

    def acknowledged(self) -> None:
        self.audio.reached()
        self._stop_repeating()

    def cancelled(self) -> bool:
        """The caller sent CANCEL. False: too late, the call was answered or has ended."""
        if self._answered or self._told.ended is not None or self._call is None:
            return False
        busy = self._client.gen_busy(self._call.request)
        self._client.send(busy.replace("486 Busy Here", "487 Request Terminated", 1))
        self._finish("cancelled")
        return True

    def hung_up(self) -> None:
        """The caller sent BYE."""
        self._finish("caller")

    def goodbye_received(self) -> None:
        """A response to our BYE came, or none is expected any more."""
        self._stop_repeating()
        self._released(self)

    def end(self, reason: str) -> None:
        """End the call, in whatever state it is."""
        if self._told.ended is None and not self._answered:
            self.reject(480, "")
        elif self._told.ended is None:
            self._say_goodbye()
            self._finish(reason)

    def _not_acknowledged(self) -> None:
        self._repeated = None
        self.end("no-ack")

    def _say_goodbye(self) -> None:
        self._stop_repeating()
        self._repeated = Repeated(self._client, self._client.bye_for(self._invite), self.goodbye_received)

    def _stop_repeating(self) -> None:
        if self._repeated is not None:
            self._repeated.stop()
            self._repeated = None

    def _finish(self, reason: str) -> None:
        if not self._told.end(reason):
            return
        self._clock.remove(self)
        self.audio.stop()
        if reason in ("caller", "cancelled", "rejected"):
            self._stop_repeating()
            self._released(self)
        self._told.tell_end()

    # --- from the audio and its clock

    def tick(self, at: float, skipped: int) -> None:
        """Called by the media clock every 20 ms."""
        if self._answered and self._told.ended is None:
            self.audio.tick(at)

    def _audio_lost(self, reason: str) -> None:
        if reason == "error":
            logger.error("call %s: ended, because a media thread of pyVoIP failed", self._info.call_id)
        self.end(reason)

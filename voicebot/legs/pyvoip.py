"""A pyVoIP call as a leg: pyVoIP's threads send and receive, everything else happens on the event loop.

One frame is always ready for the sending thread. When the thread takes it, the event loop reports it as sent and pulls
the next one from the playout. So pyVoIP's clock paces the call, and playing stops within one frame. Received packets go
through the same source check, receive buffer and key receiver as in a SIP leg.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from voicebot.address import Address
from voicebot.audio import FRAME_S, PCMU
from voicebot.audio.codecs import FIRST_DYNAMIC
from voicebot.events import HoldEnded, HoldStarted, TransferEnded
from voicebot.legs import Leg, LegClosed, LegInfo, LegSink
from voicebot.legs.pyvoip_invite import audio_of
from voicebot.legs.pyvoip_phone import Client, PhoneCall, Stream, parsed
from voicebot.legs.pyvoip_repeat import Repeated
from voicebot.rtp import MediaClock, MediaQuality, Playout
from voicebot.rtp.estimate import estimated_mos
from voicebot.rtp.histogram import Histogram
from voicebot.rtp.packet import MalformedPacket, RtpPacket, is_rtcp, parse
from voicebot.rtp.reorder import ReceiveBuffer
from voicebot.rtp.source import SocketAddress, SourceLock
from voicebot.rtp.telephone_event import TelephoneEventReceiver, is_plain_event
from voicebot.sip import AudioAgreement, SipRequest
from voicebot.sip.message import REASONS

logger = logging.getLogger(__name__)

_SILENCE: Final = PCMU.frame_of_silence


class ReadyFrames:
    """Replaces pyVoIP's packet manager: its sending thread reads from it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, taken: Callable[[bytes, float], None]) -> None:
        self.frames: deque[bytes] = deque()
        self.late = 0
        """Frames of silence that were sent because the event loop had no frame ready."""
        self._loop, self._taken = loop, taken

    def read(self, _length: int = 160) -> bytes:
        try:
            frame = self.frames.popleft()
        except IndexError:
            frame = _SILENCE
            self.late += 1
        try:
            self._loop.call_soon_threadsafe(self._taken, frame, time.monotonic())
        except RuntimeError:  # the event loop is closed, and the call is about to be
            return _SILENCE
        return frame


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
        self._silence_timeout_s = silence_timeout_s
        self._released = released
        self._loop = asyncio.get_running_loop()
        self._playout = Playout(PCMU)
        self._ready = ReadyFrames(self._loop, self._taken)
        self._call: PhoneCall | None = None
        self._stream: Stream | None = None
        self._sink: LegSink | None = None
        self._ended: tuple[str, float] | None = None
        self._answered = False
        self._sequence = invite.cseq[0]
        self._answer = ""
        self._repeated: Repeated | None = None

        self._source = SourceLock()
        self._source.expect(info.remote_address)
        self._buffer: ReceiveBuffer | None = None
        self._keys = TelephoneEventReceiver()
        self._event_type: int | None = None
        self._receive = True
        self._deaf = False
        self._direction = "sendrecv"
        self._last_packet_at = 0.0
        self._taken_at: float | None = None
        self._deviation = Histogram()
        self._received = self._malformed = self._foreign = self._discarded = 0

    # --- for the front end

    def make_stream(self, formats: Mapping[int, Any], remote: SocketAddress, bound: socket.socket) -> Stream:
        """The stream of this call on the socket ``bound``, which the stream closes."""
        self._event_type = next((number for number in formats if number != 0), None)
        self._stream = Stream(
            formats,
            bound,
            remote,
            source=self._ready,
            received=lambda: self._from_thread(self._read_inbox),
            failed=lambda: self._from_thread(self._stream_died),
        )
        return self._stream

    def begin(self, call: PhoneCall, audio: AudioAgreement) -> None:
        """Set pyVoIP's call, which is ringing, and the stream that its INVITE offers."""
        self._call = call
        self._put_in_force(audio)

    def _put_in_force(self, audio: AudioAgreement) -> None:
        assert self._stream is not None
        self._direction = audio.direction
        self._receive = audio.direction in ("sendrecv", "recvonly")
        held = audio.direction in ("recvonly", "inactive") or audio.host == "0.0.0.0"
        if held is not self._stream.held and self._sink is not None:
            self._sink.fact((HoldStarted if held else HoldEnded)(self._loop.time()))
        self._stream.held = held
        self._stream.outIP, self._stream.outPort = audio.host, audio.port
        self._last_packet_at = self._loop.time()
        if audio.host != "0.0.0.0":
            self._source.signal((audio.host, audio.port), self._last_packet_at)
        self._stream.answered = self._source.locked is not None

    def _from_thread(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(callback)

    # --- Leg

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def playout(self) -> Playout:
        return self._playout

    @property
    def audible(self) -> bool:
        return True

    def connect(self, sink: LegSink) -> None:
        self._sink = sink
        if self._ended is not None:
            self._loop.call_soon(sink.ended, *self._ended)

    def ring(self) -> None:
        """No effect: the front end sends 180 as soon as the call comes."""

    def early_media(self) -> bool:
        """Not possible: pyVoIP cannot send 183."""
        return False

    def hold(self, on: bool) -> None:
        """pyVoIP cannot send a re-INVITE, so the other side is not told; its audio is replaced by silence."""
        self._deaf = on

    async def answer(self) -> None:
        if self._ended is not None:
            raise LegClosed(self._ended[0])
        call = self._call
        assert call is not None
        if self._answered:
            return
        self._answered = True
        at = self._last_packet_at = self._loop.time()
        self._buffer = ReceiveBuffer(PCMU, at)
        self._ready.frames.append(self._playout.next_frame(at))
        self._answer = self._client.gen_answer(call.request, call.session_id, call.gen_ms(), self._direction)
        self._repeated = Repeated(self._client, self._answer, self._not_acknowledged)
        self._clock.add(self)

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        if self._answered or self._ended is not None or self._call is None:
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
        if self._ended is not None:
            return
        if not self._answered:
            self.reject(480, "Temporarily Unavailable")
            return
        self._say_goodbye()
        self._finish("bot")

    def send_keys(self, keys: str) -> None:
        logger.warning("call %s: pyVoIP cannot send keys: %d dropped", self._info.call_id, len(keys))

    def quality(self) -> MediaQuality:
        buffer, stream = self._buffer, self._stream
        missed = buffer.lost + buffer.late if buffer else 0
        return MediaQuality(
            packets_sent=stream.packets_sent if stream else 0,
            packets_received=self._received,
            lost=buffer.lost if buffer else 0,
            late=buffer.late if buffer else 0,
            duplicate=buffer.duplicate if buffer else 0,
            reordered=buffer.reordered if buffer else 0,
            concealed_frames=buffer.concealed_frames if buffer else 0,
            silence_frames=buffer.silence_frames if buffer else 0,
            dropped_frames=buffer.dropped_frames if buffer else 0,
            discarded=self._discarded + (stream.dropped if stream else 0) + (buffer.discarded if buffer else 0),
            foreign_packets=self._foreign,
            malformed=self._malformed,
            mos=estimated_mos(self._received - (buffer.late if buffer else 0), missed, None),
            send_deviation_p50_ms=self._deviation.percentile_ms(0.5),
            send_deviation_p99_ms=self._deviation.percentile_ms(0.99),
            send_deviation_max_ms=self._deviation.max_ms if self._deviation.count else None,
            socket_errors=stream.socket_errors if stream else 0,
            underruns=self._playout.underruns + self._ready.late,
            ssrc_changes=buffer.ssrc_changes if buffer else 0,
            sequence_restarts=buffer.sequence_restarts if buffer else 0,
        )

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
        self._put_in_force(audio)
        self._answer = self._client.gen_answer(parsed(request, audio), call.session_id, call.gen_ms(), audio.direction)
        self._stop_repeating()
        self._repeated = Repeated(self._client, self._answer, self._not_acknowledged)

    def acknowledged(self) -> None:
        if self._stream is not None:
            self._stream.reach.enter("up")
        self._stop_repeating()

    def cancelled(self) -> bool:
        """The caller sent CANCEL. False: too late, the call was answered or has ended."""
        if self._answered or self._ended is not None or self._call is None:
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
        if self._ended is None and not self._answered:
            self.reject(480, "")
        elif self._ended is None:
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
        if self._ended is not None:
            return
        self._ended = (reason, self._loop.time())
        self._clock.remove(self)
        if self._stream is not None:
            self._stream.stop()
        if reason in ("caller", "cancelled", "rejected"):
            self._stop_repeating()
            self._released(self)
        if self._sink is not None:
            self._sink.ended(*self._ended)

    # --- the audio

    def _taken(self, frame: bytes, at: float) -> None:
        """The sending thread took ``frame`` and sends it now."""
        if self._ended is not None or self._stream is None:
            return
        if self._taken_at is not None:
            self._deviation.add(abs(at - self._taken_at - FRAME_S))
        self._taken_at = at
        if self._sink is not None and not self._stream.held:
            self._sink.sent(frame, at)
        if not self._ready.frames and self._ended is None:
            held = self._stream.held
            self._ready.frames.append(_SILENCE if held else self._playout.next_frame(self._loop.time()))

    def _read_inbox(self) -> None:
        inbox = self._stream.inbox if self._stream is not None else deque()
        while inbox:
            datagram = inbox.popleft()
            if self._ended is None:
                self._datagram(*datagram)

    def _datagram(self, data: bytes, source: SocketAddress, at: float) -> None:
        if is_rtcp(data):
            return
        try:
            packet = parse(data)
        except MalformedPacket:
            self._malformed += 1
            return
        kind, audio = packet.payload_type, packet.payload_type == 0
        event = kind == self._event_type or (kind >= FIRST_DYNAMIC and is_plain_event(packet.payload))
        if not (audio or event):
            self._discarded += 1
            return
        if not self._source.admits(source, at):
            self._foreign += 1
            return
        if self._stream is not None and self._source.target is not None:
            self._stream.outIP, self._stream.outPort = self._source.target
            self._stream.answered = True
        self._received += 1
        self._last_packet_at = at
        buffer = self._buffer
        if buffer is None or not self._receive:
            self._discarded += 1
            return
        payload = packet.payload if audio else b""
        for frame in buffer.push(packet.sequence, packet.timestamp, packet.ssrc, payload, at):
            self._deliver(frame, at)
        if event:
            self._key(packet, at)

    def _key(self, packet: RtpPacket, at: float) -> None:
        try:
            key = self._keys.receive(packet, at)
        except MalformedPacket:
            self._malformed += 1
            return
        if key is not None and self._sink is not None and self._ended is None:
            self._sink.key(key, at)

    def _deliver(self, frame: bytes, at: float) -> None:
        if self._sink is not None and self._ended is None:
            self._sink.frame(_SILENCE if self._deaf else frame, at)

    def tick(self, at: float, skipped: int) -> None:
        """Called by the media clock every 20 ms: deliver silence if nothing came, and end the call after too long."""
        if self._buffer is None or self._ended is not None:
            return
        for frame in self._buffer.tick(at):
            self._deliver(frame, at)
        held = self._stream is not None and self._stream.held
        expected = not held and (self._receive or not self._received)
        if expected and at - self._last_packet_at >= self._silence_timeout_s > 0:
            self.end("media-timeout")

    def _stream_died(self) -> None:
        if self._ended is None:
            logger.error("call %s: ended, because a media thread of pyVoIP failed", self._info.call_id)
            self.end("error")

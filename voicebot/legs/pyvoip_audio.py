"""The audio of one pyVoIP call: pyVoIP's threads send and receive, everything else happens on the event loop.

One frame is always ready for the sending thread. When the thread takes it, the event loop reports it as sent and pulls
the next one from the playout. So pyVoIP's clock paces the call, and playing stops within one frame. Received packets go
through the same source check, receive buffer and key receiver as in a SIP leg.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from voicebot.audio import FRAME_S, PCMU
from voicebot.audio.codecs import FIRST_DYNAMIC
from voicebot.events import HoldEnded, HoldStarted
from voicebot.legs import LegSink
from voicebot.legs.pyvoip_phone import Stream
from voicebot.rtp import MediaQuality, Playout
from voicebot.rtp.estimate import estimated_mos
from voicebot.rtp.histogram import Histogram
from voicebot.rtp.packet import MalformedPacket, RtpPacket, is_rtcp, parse
from voicebot.rtp.reorder import ReceiveBuffer
from voicebot.rtp.source import SocketAddress, SourceLock
from voicebot.rtp.telephone_event import TelephoneEventReceiver, is_plain_event
from voicebot.sip import AudioAgreement
from voicebot.sip.sdp import Direction

_SILENCE: Final = PCMU.frame_of_silence


class ReadyFrames:
    """Replaces pyVoIP's packet manager: its sending thread reads from it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, taken: Callable[[bytes, float], None]) -> None:
        self.frames: deque[bytes] = deque()
        self.late = 0
        """Frames of silence that were sent because the event loop had no frame ready."""
        self._loop = loop
        self._taken: Callable[[bytes, float], None] | None = taken

    def end(self) -> None:
        """Nobody is told any more what is read."""
        self._taken = None

    def read(self, _length: int = 160) -> bytes:
        try:
            frame = self.frames.popleft()
        except IndexError:
            frame = _SILENCE
            self.late += 1
        taken = self._taken
        if taken is None:
            return _SILENCE
        try:
            self._loop.call_soon_threadsafe(taken, frame, time.monotonic())
        except RuntimeError:  # the event loop is closed, and the call is about to be
            return _SILENCE
        return frame


class CallAudio:
    """From the INVITE to the end of the call. ``caller``: the IP address that it came from; ``silence_timeout_s``: the
    call is lost after so long without a packet (0: never); ``lost`` is called with the reason to end it for."""

    def __init__(self, caller: str, silence_timeout_s: float, lost: Callable[[str], None]) -> None:
        self._silence_timeout_s = silence_timeout_s
        self._lost: Callable[[str], None] | None = lost
        self._loop = asyncio.get_running_loop()
        self.playout = Playout(PCMU)
        self.sink: LegSink | None = None
        self.deaf = False
        """Whether silence is delivered instead of what the caller says."""
        self.direction: Direction = "sendrecv"
        """The one that the caller has agreed to."""
        self.stream: Stream | None = None
        self._ready = ReadyFrames(self._loop, self._taken)
        self._stopped = False
        self._source = SourceLock()
        self._source.expect(caller)
        self._buffer: ReceiveBuffer | None = None
        self._keys = TelephoneEventReceiver()
        self._event_type: int | None = None
        self._receive = True
        self._last_packet_at = 0.0
        self._taken_at: float | None = None
        self._deviation = Histogram()
        self._received = self._malformed = self._foreign = self._discarded = 0

    def make_stream(self, formats: Mapping[int, Any], remote: SocketAddress, bound: socket.socket) -> Stream:
        """The stream of this call on the socket ``bound``, which the stream closes."""
        self._event_type = next((number for number in formats if number != 0), None)
        self.stream = Stream(
            formats,
            bound,
            remote,
            source=self._ready,
            received=lambda: self._from_thread(self._read_inbox),
            failed=lambda: self._from_thread(self._died),
        )
        return self.stream

    def put_in_force(self, audio: AudioAgreement) -> None:
        """Send to where ``audio`` says, in the directions that it has; tell the sink of hold and its end."""
        assert self.stream is not None
        self.direction = audio.direction
        self._receive = audio.direction in ("sendrecv", "recvonly")
        held = audio.direction in ("recvonly", "inactive") or audio.host == "0.0.0.0"
        if held is not self.stream.held and self.sink is not None:
            self.sink.fact((HoldStarted if held else HoldEnded)(self._loop.time()))
        self.stream.held = held
        self.stream.outIP, self.stream.outPort = audio.host, audio.port
        self._last_packet_at = self._loop.time()
        if audio.host != "0.0.0.0":
            self._source.signal((audio.host, audio.port), self._last_packet_at)
        self.stream.answered = self._source.locked is not None

    def open(self, at: float) -> None:
        """The call has been answered."""
        self._last_packet_at = at
        self._buffer = ReceiveBuffer(PCMU, at)
        self._ready.frames.append(self.playout.next_frame(at))

    def reached(self) -> None:
        """The caller has acknowledged the answer, and so has our address."""
        if self.stream is not None:
            self.stream.reach.enter("up")

    def stop(self) -> None:
        """Nothing more is sent, delivered or told: who is told has this, and would be kept by it."""
        self._stopped = True
        self.sink = self._lost = None
        self._ready.end()
        if self.stream is not None:
            self.stream.stop()

    def tick(self, at: float) -> None:
        """Deliver silence if nothing came within 20 ms; tell that the call is lost after too long."""
        if self._buffer is None or self._stopped:
            return
        for frame in self._buffer.tick(at):
            self._deliver(frame, at)
        held = self.stream is not None and self.stream.held
        expected = not held and (self._receive or not self._received)
        if expected and at - self._last_packet_at >= self._silence_timeout_s > 0:
            self._tell_lost("media-timeout")

    def quality(self) -> MediaQuality:
        buffer, stream = self._buffer, self.stream
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
            underruns=self.playout.underruns + self._ready.late,
            ssrc_changes=buffer.ssrc_changes if buffer else 0,
            sequence_restarts=buffer.sequence_restarts if buffer else 0,
        )

    # --- from the threads, on the loop

    def _from_thread(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(callback)

    def _died(self) -> None:
        self._tell_lost("error")

    def _tell_lost(self, reason: str) -> None:
        if self._lost is not None:
            self._lost(reason)

    def _taken(self, frame: bytes, at: float) -> None:
        """The sending thread took ``frame`` and sends it now."""
        if self._stopped or self.stream is None:
            return
        if self._taken_at is not None:
            self._deviation.add(abs(at - self._taken_at - FRAME_S))
        self._taken_at = at
        if self.sink is not None and not self.stream.held:
            self.sink.sent(frame, at)
        if not self._ready.frames and not self._stopped:
            held = self.stream.held
            self._ready.frames.append(_SILENCE if held else self.playout.next_frame(self._loop.time()))

    def _read_inbox(self) -> None:
        inbox = self.stream.inbox if self.stream is not None else deque()
        while inbox:
            datagram = inbox.popleft()
            if not self._stopped:
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
        if self.stream is not None and self._source.target is not None:
            self.stream.outIP, self.stream.outPort = self._source.target
            self.stream.answered = True
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
        if key is not None and self.sink is not None and not self._stopped:
            self.sink.key(key, at)

    def _deliver(self, frame: bytes, at: float) -> None:
        if self.sink is not None and not self._stopped:
            self.sink.frame(_SILENCE if self.deaf else frame, at)

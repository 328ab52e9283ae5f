"""The audio of one call by Azure Communication Services: what a leg hears and says on the media websocket.

**Sending.** The service plays what it gets at its own pace, and has to have it a little before it is due. So a prompt
is sent ``lead`` ahead of what the caller hears, each frame by our own clock, and nothing is sent between prompts. The
playout is pulled as in a call by RTP, a frame every 20 ms: that is what the caller hears, to within the lead, and what
was sent ahead was only looked at (:meth:`voicebot.rtp.Playout.look`). When a prompt is paused or dropped, ``StopAudio``
makes the service forget what it has not played, which is what we have not pulled; it goes on from there.

**Receiving.** Frames come over TCP: none is lost, but any may be late. The receive buffer of RTP calls keeps the stream
to wall time; a service that sends nothing is silent.

While there is no connection, the playout stands still, and the recogniser gets silence.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from voicebot.audio import FRAME_S, LINEAR_16K
from voicebot.legs import LegSink
from voicebot.legs.acs_frames import (
    STOP_AUDIO,
    MediaAudio,
    MediaFormat,
    MediaTone,
    audio_message,
    parse_media,
)
from voicebot.rtp import MediaQuality, Playout
from voicebot.rtp.histogram import Histogram
from voicebot.rtp.reorder import ReceiveBuffer

logger = logging.getLogger(__name__)

_SILENCE: Final = LINEAR_16K.frame_of_silence


class MediaSocket(Protocol):
    """A websocket of the service."""

    def send(self, message: str) -> None:
        """Send a text, without waiting."""

    def interrupt(self, message: str) -> None:
        """Drop what has not left yet, and send ``message``."""

    def close(self) -> None:
        """End the connection."""


class CallMedia:
    """``caller``: the raw id of who is at the other end. ``call``: what logs call the call. ``began`` is called when
    the format of a connection is known.

    Who makes it has it ticked by the media clock once the call is up.
    """

    def __init__(self, call: str, caller: str, lead_ms: int, began: Callable[[], None]) -> None:
        self.playout = Playout(LINEAR_16K)
        self.playout.on_cut = self._cut
        self.sink: LegSink | None = None
        self.deaf = False
        """Whether silence is delivered instead of what the caller says."""
        self.live = asyncio.Event()
        """There is a connection, and its format is known."""
        self.unusable = ""
        """Why the audio of the last connection cannot be used."""
        self._call = call
        self._began: Callable[[], None] | None = began
        self._caller = caller
        self._speaker = ""
        """Whose audio is delivered: the caller's; until that comes, the first participant's."""
        self._lead = round(lead_ms / 1000 / FRAME_S)
        self._ahead = 0
        """Frames that were sent and not pulled."""
        self._wire: MediaSocket | None = None
        self._buffer: ReceiveBuffer | None = None
        self._stopped = False
        self._sequence = self._connections = 0
        self._sent_at: float | None = None
        self._deviation = Histogram()
        self._sent = self._received = self._malformed = self._foreign = self._skipped = 0

    @property
    def connected(self) -> bool:
        return self._wire is not None

    # --- the connection

    def attach(self, wire: MediaSocket) -> None:
        """There is a connection again; there may be one at a time."""
        assert self._wire is None
        self._wire, self._ahead = wire, 0
        self._connections += 1

    def detach(self) -> None:
        """The connection is gone."""
        self._wire, self._ahead, self._sent_at = None, 0, None
        self.live.clear()
        if self._buffer is not None:
            self._buffer.resume()

    def stop(self) -> None:
        """Nothing more is sent, delivered or told: who is told has this, and would be kept by it."""
        self._stopped = True
        self.sink = self._began = self.playout.on_cut = None
        if self._wire is not None:
            self._wire.close()

    def receive(self, text: str, at: float) -> None:
        """A message has come."""
        try:
            message = parse_media(text)
        except ValueError as error:
            self._malformed += 1
            if self._malformed == 1:
                logger.warning("call %s: a message on the media connection is ignored: %s", self._call, error)
            return
        match message:
            case MediaAudio():
                self._heard(message, at)
            case MediaTone(key):
                if self.sink is not None and not self._stopped:
                    self.sink.key(key, at)
            case MediaFormat():
                self._begins(message, at)

    def _begins(self, form: MediaFormat, at: float) -> None:
        if not form.usable:
            self.unusable = f"{form.encoding}, {form.rate} Hz, {form.channels} channels"
            logger.error("call %s: its audio cannot be used: %s", self._call, self.unusable)
        else:
            self.unusable = ""
            if self._buffer is None:
                self._buffer = ReceiveBuffer(LINEAR_16K, at)
            self.live.set()
        if self._began is not None:
            self._began()

    def _heard(self, audio: MediaAudio, at: float) -> None:
        if audio.participant != self._speaker and not self._speaks(audio.participant):
            self._foreign += 1
            return
        self._received += 1
        if self._buffer is None or self._stopped:
            return
        self._sequence += 1
        stamp = self._sequence * LINEAR_16K.frame_samples & 0xFFFFFFFF
        for frame in self._buffer.push(self._sequence & 0xFFFF, stamp, self._connections, audio.samples, at):
            self._deliver(frame, at)

    def _speaks(self, participant: str) -> bool:
        """Whether it is this one's audio that is delivered from now on."""
        if self._speaker and participant != self._caller:
            return False
        self._speaker = participant
        return True

    def _deliver(self, frame: bytes, at: float) -> None:
        if self.sink is not None and not self._stopped:
            self.sink.frame(_SILENCE if self.deaf else frame, at)

    # --- the clock

    def tick(self, at: float, skipped: int) -> None:
        """Called by the media clock every 20 ms, while the call is up."""
        if self._buffer is not None:
            for frame in self._buffer.tick(at):
                self._deliver(frame, at)
        if not self.live.is_set() or self._stopped:
            return
        for _ in range(min(skipped, self._ahead)):  # they were heard while we stood still
            self._play(at)
        self._skipped += skipped if self.playout.active else 0
        self._play(at)
        before = self._sent
        while self._ahead < self._lead and (coming := self.playout.look(self._ahead)) is not None:
            self._send(coming)
            self._ahead += 1
        self._measure(at, self._sent - before)

    def _play(self, at: float) -> None:
        """Pull the frame that the caller hears now; it is sent now if it was not sent ahead."""
        begins = self.playout.look(0) if not self._ahead else None
        if begins is not None:
            self._send(begins)
        heard = self.playout.next_frame(at)
        self._ahead = max(0, self._ahead - 1)
        if self.sink is not None and not self._stopped:
            self.sink.sent(heard, at)

    def _send(self, frame: bytes) -> None:
        self._sent += 1
        if self._wire is not None:
            self._wire.send(audio_message(frame))

    def _measure(self, at: float, sent: int) -> None:
        """A prompt that goes on sends one frame a tick."""
        if sent == 1 and self._sent_at is not None:
            self._deviation.add(abs(at - self._sent_at - FRAME_S))
        self._sent_at = at if sent else None

    def _cut(self) -> None:
        self._ahead = 0
        self._sent_at = None
        if self._wire is not None and self.live.is_set():
            self._wire.interrupt(STOP_AUDIO)

    def quality(self) -> MediaQuality:
        """What is known without RTCP: nothing of the service's way to the caller."""
        buffer, deviation = self._buffer, self._deviation
        return MediaQuality(
            packets_sent=self._sent,
            packets_received=self._received,
            silence_frames=buffer.silence_frames if buffer else 0,
            dropped_frames=buffer.dropped_frames if buffer else 0,
            discarded=buffer.discarded if buffer else 0,
            foreign_packets=self._foreign,
            malformed=self._malformed,
            send_deviation_p50_ms=deviation.percentile_ms(0.5),
            send_deviation_p99_ms=deviation.percentile_ms(0.99),
            send_deviation_max_ms=deviation.max_ms if deviation.count else None,
            send_skipped=self._skipped,
            underruns=self.playout.underruns,
        )

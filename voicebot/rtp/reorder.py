"""The receive buffer: RTP packets in, an unbroken stream of 20 ms frames out. Pure; the time is passed in.

The listener is a recogniser, not a person. So there is no playout delay: a packet that is in order is released at once,
even in a burst. Only behind a gap do packets wait for the missing ones, for up to :data:`MAX_WAIT_S`; then the hole is
concealed.

Recogniser, voice activity and recordings take the time from the number of samples, so the stream keeps to wall time:

* A jump of the timestamp (silence suppression, a long hole) is filled with silence, but not beyond wall time.
* While nothing arrives, the clock's tick inserts silence: after :data:`PATIENCE_S` for all that time at once, then
  frame by frame, up to wall time.
* Packets that come after silence took their place (a stalled network) are released all the same, because they are
  speech. The stream is then ahead of wall time, and quiet frames are dropped until it no longer is.
* A sender with a slow clock falls behind by milliseconds a minute. If all packets of the last ten seconds were a frame
  too late, a frame of silence is inserted in a quiet moment. (A fast sender's quiet frames are dropped, as above.)
* Packets of a peer that sends more than real time are discarded from :data:`MAX_AHEAD_S` on.

Sequence numbers decide the order, timestamps the length of a hole, also of a sender who begins to number
(:mod:`voicebot.rtp.strays`) or counts (:mod:`voicebot.rtp.sender_clock`) in a way of its own. A packet without audio
(keypad event, comfort noise) is pushed with an empty payload: it takes its place in the sequence and releases nothing.

Payloads of a codec with state are pushed with its decoder, and decoded when they are released: in order, and with the
packet after a hole available for filling it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from voicebot.audio import FRAME_S, AudioFormat
from voicebot.audio.codecs import Decoder
from voicebot.audio.concealment import LONGEST_S, conceal
from voicebot.rtp.burst import BurstsAndGaps, LossPattern
from voicebot.rtp.packet import MAX_DROPOUT
from voicebot.rtp.sender_clock import HASTE, SenderClock
from voicebot.rtp.strays import Stray, Strays, may_be_loss

MAX_WAIT_S: Final = 0.060
"""How long packets wait behind a gap for the missing ones."""
MAX_WAITING: Final = 8
"""How many packets wait behind a gap; with one more, the missing ones are given up."""
PATIENCE_S: Final = 0.100
"""After this time without audio the tick inserts silence (later if packets are longer than half of it)."""
MAX_AHEAD_S: Final = 2.0
"""How far the stream may be ahead of wall time before packets are discarded."""
DRIFT_WINDOW_S: Final = 10.0
"""How long packets are observed to tell a slow clock from jitter: jitter delays some of them, a slow clock all."""

_DRIFT_PATIENCE_S: Final = 0.1  # if the stream is this far behind, silence is inserted even if it is not quiet
_MAX_MISORDER: Final = 100
_PAST_S: Final = 10.0  # the timestamp of a packet that is not new is no older than this
_MAX_MISSED: Final = 128  # sequence numbers of given-up packets that are remembered, to tell late from duplicate ones
_EVEN_S: Final = 0.1  # a difference to wall time that may be jitter, and is left alone
_AWAY_S: Final = 0.050  # a tick this late means that the process stalled: packets are waiting to be read
_NOTHING: Final[tuple[bytes, ...]] = ()


class ReceiveBuffer:
    """The receive buffer of one call, in the leg's format; every returned frame has 20 ms.

    The counters count packets, and 20 ms frames where their names say so. ``sequence_restarts``: how often the sender
    has begun to number anew, without another SSRC.
    """

    __slots__ = (
        "_audio",
        "_clock_rate",
        "_drift_due",
        "_emitted",
        "_even",
        "_frame_bytes",
        "_frame_step",
        "_gap_since",
        "_given_up",
        "_hole",
        "_least_late",
        "_losses",
        "_missed",
        "_next",
        "_next_timestamp",
        "_origin",
        "_owed",
        "_rate",
        "_recent",
        "_released_at",
        "_residue",
        "_sender_clock",
        "_since_loss",
        "_size",
        "_ssrc",
        "_started",
        "_starved",
        "_strays",
        "_ticked_at",
        "_waiting",
        "concealed_frames",
        "discarded",
        "dropped_frames",
        "duplicate",
        "late",
        "reordered",
        "sequence_restarts",
        "silence_frames",
        "ssrc_changes",
    )

    def __init__(self, audio: AudioFormat, at: float) -> None:
        """``at``: when the stream begins, with silence until the first packet."""
        self._audio = audio
        self._rate = self._clock_rate = audio.rate
        self._frame_bytes = audio.frame_bytes
        self._even = round(_EVEN_S * audio.rate)
        self._ssrc: int | None = None
        self._next = 0  # the next sequence number
        self._next_timestamp: int | None = None
        self._waiting: dict[int, tuple[int, bytes, Decoder | None]] = {}
        self._gap_since = at
        self._missed: dict[int, None] = {}
        self._strays = Strays()
        self._sender_clock = SenderClock()
        self._frame_step = audio.frame_samples  # by how much a packet of one frame moves the sender's timestamp on
        self._losses = LossPattern()
        self._since_loss = 0  # the sequence number after the last lost one
        self._hole = 0  # packets that were given up since the last audio: then the next jump is loss, not a pause
        self._residue = bytearray()
        self._recent: deque[bytes] = deque(maxlen=3)
        self._origin = at  # when the stream's first sample was due
        self._emitted = 0  # samples so far, including the residue
        self._started = False
        self._released_at = self._ticked_at = at
        self._starved = 0  # frames of silence that ticks have inserted since the last audio
        self._size = 0  # of the last packet, in samples
        self._least_late = float("inf")  # the least delay, in samples, of the packets in this window
        self._drift_due = at + DRIFT_WINDOW_S
        self._owed = 0.0  # samples by which a slow clock is behind
        self._given_up = 0
        self.late = self.duplicate = self.reordered = self.discarded = 0
        self.concealed_frames = self.silence_frames = self.dropped_frames = 0
        self.ssrc_changes = self.sequence_restarts = 0

    def losses(self) -> BurstsAndGaps:
        """The bursts and gaps of losses so far; late packets count as lost."""
        return self._losses.summary((self._next - self._since_loss) & 0xFFFF)

    @property
    def lost(self) -> int:
        """Packets that were given up and never came."""
        return self._given_up - self.late

    def push(
        self, sequence: int, timestamp: int, ssrc: int, payload: bytes, at: float, decoder: Decoder | None = None
    ) -> Sequence[bytes]:
        """Add a packet that was received at ``at``. Returns the frames that it releases.

        Without a ``decoder`` the payload is audio in the leg's format.
        """
        if (  # a faster path for nearly every packet: in order, in time, one frame long
            sequence == self._next
            and timestamp == self._next_timestamp
            and ssrc == self._ssrc
            and len(payload) == self._frame_bytes
            and decoder is None
            and not self._waiting
            and not self._residue
            and (behind := (at - self._origin) * self._rate - self._emitted) >= -self._even
        ):
            samples = self._audio.frame_samples
            self._least_late = min(self._least_late, behind - samples)
            self._next = (sequence + 1) & 0xFFFF
            self._emitted += samples
            self._recent.append(payload)
            self._hole = 0  # as in `_released`
            self._next_timestamp = (timestamp + self._frame_step) & 0xFFFFFFFF
            self._released_at = at
            self._starved = 0
            self._size = samples
            return (payload,)
        out: list[bytes] = []
        if ssrc != self._ssrc:
            self._restart(sequence, ssrc, at, out)
        ahead = (sequence - self._next) & 0xFFFF
        if ahead == 0:
            self._next = (sequence + 1) & 0xFFFF
            self._release(timestamp, payload, decoder, at, out)
            if self._waiting:
                self.reordered += 1
                self._release_waiting(at, out)
        else:
            jumped_s = self._jumped_s(timestamp, payload)
            if ahead < MAX_DROPOUT and may_be_loss(ahead, at - self._released_at, jumped_s):
                self._wait(sequence, timestamp, payload, decoder, at, out)
                return out
            past = ahead >= 0x10000 - _MAX_MISORDER and -_PAST_S <= jumped_s < 0
            if past and sequence in self._missed:
                del self._missed[sequence]
                self.late += 1
            else:
                self._stray(Stray(sequence, timestamp, payload, decoder, past), at, out)
        return out

    def tick(self, at: float) -> Sequence[bytes]:
        """20 ms have passed. Returns the frames that are due without a packet."""
        away = at - self._ticked_at
        self._ticked_at = at
        if away > _AWAY_S:  # the socket was not read in this time, so that nothing came means nothing
            self._released_at += away
            self._gap_since += away
        starving = at - self._released_at >= max(PATIENCE_S, 2 * self._size / self._rate)
        if self._waiting:
            if not starving and at - self._gap_since < MAX_WAIT_S:
                return _NOTHING
            out: list[bytes] = []
            self._give_up(at, out)
            return out
        if not starving:
            return self._make_up_for_drift(at)
        out = []
        frame, rate = self._audio.frame_samples, self._rate
        behind = (at - self._origin) * rate - self._emitted  # where the stream is ahead, after a stall, none is needed
        for _ in range(int(min((at - self._released_at) * rate - self._starved * frame, behind) // frame)):
            self._starved += 1
            self.silence_frames += 1
            self._append(self._audio.frame_of_silence, out)
        return out

    def _make_up_for_drift(self, at: float) -> Sequence[bytes]:
        if at >= self._drift_due:
            self._owed = self._least_late if self._least_late < float("inf") else 0.0
            self._least_late = float("inf")
            self._drift_due = at + DRIFT_WINDOW_S
        if self._owed < self._audio.frame_samples or self._residue:
            return _NOTHING
        if self._owed < _DRIFT_PATIENCE_S * self._rate and not self._audio.is_quiet(self._recent[-1]):
            return _NOTHING
        self._owed -= self._audio.frame_samples
        self._least_late = float("inf")  # delays before the inserted frame do not compare with those after it
        self.silence_frames += 1
        out: list[bytes] = []
        self._append(self._audio.frame_of_silence, out)
        return out

    def resume(self) -> None:
        """Packets were not pushed for a while (hold): start again with the next one, without counting losses."""
        self._ssrc = None
        self._waiting.clear()

    # --- order --------------------------------------------------------------------------------------------------

    def _restart(self, sequence: int, ssrc: int, at: float, out: list[bytes]) -> None:
        """Start with a new stream, after releasing the waiting packets of the old one."""
        while self._waiting:
            self._give_up(at, out)
        if self._ssrc is not None and ssrc != self._ssrc:
            self.ssrc_changes += 1
            self._sender_clock, self._frame_step = SenderClock(), self._audio.frame_samples
        self._ssrc = ssrc
        self._next = self._since_loss = sequence
        self._next_timestamp = None
        self._missed.clear()

    def _jumped_s(self, timestamp: int, payload: bytes) -> float:
        """How far a packet's timestamp is ahead; negative if it is of the past, or does not say when it was sent."""
        expected = self._next_timestamp
        if expected is None or not payload or self._sender_clock.stands_still:
            return -FRAME_S
        jump = (timestamp - expected) & 0xFFFFFFFF
        return (jump if jump < 0x80000000 else jump - 0x100000000) / self._clock_rate

    def _stray(self, stray: Stray, at: float, out: list[bytes]) -> None:
        """Drop a packet that does not fit, or follow a sender who numbers anew."""
        run = self._strays.add(stray, self._next)
        if not run:
            self.duplicate += stray.past
            self.discarded += not stray.past
            return
        assert self._ssrc is not None
        for one in run[:-1]:
            self.duplicate -= one.past
            self.discarded -= not one.past
        self.sequence_restarts += 1
        self._restart(run[0].sequence, self._ssrc, at, out)
        for one in run:
            out += self.push(one.sequence, one.timestamp, self._ssrc, one.payload, at, one.decoder)

    def _wait(
        self, sequence: int, timestamp: int, payload: bytes, decoder: Decoder | None, at: float, out: list[bytes]
    ) -> None:
        if sequence in self._waiting:
            self.duplicate += 1
            return
        if not self._waiting:
            self._gap_since = at
        self._waiting[sequence] = (timestamp, payload, decoder)
        # After silence was inserted there is no waiting: the gap is too old for reordering.
        if self._starved or len(self._waiting) > MAX_WAITING or at - self._gap_since >= MAX_WAIT_S:
            self._give_up(at, out)

    def _release_waiting(self, at: float, out: list[bytes]) -> None:
        while (packet := self._waiting.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            self._release(*packet, at, out)
        self._gap_since = at

    def _give_up(self, at: float, out: list[bytes]) -> None:
        """Give up the missing packets before the first waiting one, and release it and what follows."""
        missing = min((sequence - self._next) & 0xFFFF for sequence in self._waiting)
        self._given_up += missing
        self._losses.lost((self._next - self._since_loss) & 0xFFFF, missing)
        self._since_loss = (self._next + missing) & 0xFFFF
        first = (self._next + missing) & 0xFFFF
        for back in range(min(missing, _MAX_MISSED), 0, -1):
            self._missed[(first - back) & 0xFFFF] = None
        while len(self._missed) > _MAX_MISSED:
            del self._missed[next(iter(self._missed))]
        self._next = first
        self._hole += missing
        self._release_waiting(at, out)

    # --- time ---------------------------------------------------------------------------------------------------

    def _release(self, timestamp: int, payload: bytes, decoder: Decoder | None, at: float, out: list[bytes]) -> None:
        """Add the audio of the next packet to the stream, after filling the hole that its timestamp shows."""
        size = len(payload) // self._audio.width if decoder is None else decoder.samples(payload)
        if not size:
            return
        clock_rate = self._rate if decoder is None else decoder.clock_rate
        if clock_rate != self._clock_rate:  # another codec, whose timestamps do not continue the former ones
            self._clock_rate, self._next_timestamp = clock_rate, None
            self._sender_clock, self._frame_step = SenderClock(), self._audio.frame_samples
        if not self._started:  # with the first packet, wall time and stream time are the same
            self._started = True
            self._origin = at - (self._emitted + size) / self._rate
        behind = (at - self._origin) * self._rate - self._emitted
        self._least_late = min(self._least_late, behind - size)
        missing = self._missing(timestamp, behind, size, at)
        if behind < -MAX_AHEAD_S * self._rate:
            self.discarded += 1
        else:
            if missing > 0:
                self._fill(missing, payload, decoder, out)
                behind -= missing
            audio = payload if decoder is None else decoder.decode(payload)
            # While the stream is ahead of wall time, quiet packets are dropped.
            if behind >= -self._even or not self._audio.is_quiet(audio):
                self._append(audio, out)
            else:
                self.dropped_frames += -(-size // self._audio.frame_samples)
        self._released(timestamp, size, at)

    def _missing(self, timestamp: int, behind: float, size: int, at: float) -> int:
        """How many samples are missing before a packet, by its timestamp and as far as wall time bears it out."""
        if self._next_timestamp is None or (timestamp == self._next_timestamp and not self._hole):
            return 0
        clock, clock_rate, rate = self._sender_clock, self._clock_rate, self._rate
        sequence, jump = (self._next - 1) & 0xFFFF, (timestamp - self._next_timestamp) & 0xFFFFFFFF
        passed = (at - self._released_at) * rate
        missing = clock.missing(sequence, jump, self._size * clock_rate // rate, self._hole, passed * clock_rate / rate)
        self._frame_step = clock.step(self._audio.frame_samples)
        missing = missing * rate // clock_rate
        # Where the timestamp jumped, but there was no pause, nothing is missing.
        hasty = not self._hole and passed < HASTE * (self._size + missing)
        return min(missing - self._starved * self._audio.frame_samples, int(behind) + (-size if hasty else self._even))

    def _released(self, timestamp: int, size: int, at: float) -> None:
        self._hole = 0
        self._next_timestamp = (timestamp + self._sender_clock.step(size * self._clock_rate // self._rate)) & 0xFFFFFFFF
        self._released_at = at
        self._starved = 0
        self._size = size

    def _fill(self, samples: int, following: bytes, decoder: Decoder | None, out: list[bytes]) -> None:
        frame = self._audio.frame_samples
        concealed = min(samples, round(LONGEST_S * self._rate)) if self._hole else 0
        self.concealed_frames += -(-concealed // frame)
        self.silence_frames += -(-(samples - concealed) // frame)
        made_up = decoder.conceal(samples, following) if concealed and decoder is not None else None
        if made_up is None and concealed:
            made_up = conceal(b"".join((*self._recent, self._residue)), samples, self._audio)
        self._append(made_up or self._audio.silence(samples), out)

    def _append(self, audio: bytes, out: list[bytes]) -> None:
        """Add samples to the stream, and cut it into frames whatever the packets' length."""
        self._emitted += len(audio) // self._audio.width
        size = self._frame_bytes
        if len(audio) == size and not self._residue:
            out.append(audio)
            self._recent.append(audio)
            return
        residue = self._residue
        residue += audio
        whole = len(residue) - len(residue) % size
        for start in range(0, whole, size):
            frame = bytes(residue[start : start + size])
            out.append(frame)
            self._recent.append(frame)
        del residue[:whole]

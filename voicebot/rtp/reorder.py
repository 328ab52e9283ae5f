"""The receive buffer: RTP packets in, an unbroken stream of 20 ms frames out. Pure; the time is passed in.

The listener is a recogniser, not an ear. So there is no playout delay: a packet that is in order is released at once,
in a burst as well, and only a gap makes later packets wait, for what is missing, up to :data:`HOLD_S`. Then the hole is
concealed.

Recogniser, voice activity and recordings count samples to know the time, so the stream keeps to wall time:

* a jump of the timestamp (silence suppression, a long hole) is filled with silence, as far as wall time bears it out;
* when nothing arrives, the clock's tick fills in silence: what was missed after a short patience, then frame by frame;
* when what was missed comes after all (a stalled network), it is released, for it is speech; the stream is then ahead
  of wall time, and quiet frames are left out until it is even again;
* a sender whose clock is slow falls behind by milliseconds a minute: when every packet of the last ten seconds was a
  frame too late, a frame of silence is put in where it is quiet (a fast one's are left out by the rule above);
* a peer that sends more than time allows is cut off at :data:`MAX_AHEAD_S`.

Sequence numbers decide the order, timestamps the length of a hole. A packet without audio (keypad event, comfort
noise) is pushed with an empty payload: it takes its place in the sequence and releases nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from voicebot.events import Law
from voicebot.g711 import FRAME_BYTES, SAMPLE_RATE, SILENCE, is_quiet, silence
from voicebot.rtp.concealment import LONGEST, conceal

HOLD_S: Final = 0.060
"""How long packets wait behind a gap."""
HOLD_PACKETS: Final = 8
"""How many packets wait behind a gap; one more gives the missing ones up."""
PATIENCE_S: Final = 0.100
"""After this time without audio the tick fills in silence (later where a packet is longer than half of it)."""
MAX_AHEAD_S: Final = 2.0
"""How far the stream may run ahead of wall time before packets are discarded."""
DRIFT_WINDOW_S: Final = 10.0
"""How long packets are watched to tell a slow clock from jitter: jitter delays some of them, a slow clock all."""

_DRIFT_PATIENCE: Final = SAMPLE_RATE // 10  # samples behind, from which on it need not be quiet
_MAX_DROPOUT: Final = 3000  # RFC 3550 A.1: a jump further ahead is a restart of the sender, not loss
_MAX_MISORDER: Final = 100
_MAX_MISSED: Final = 128  # sequence numbers of given-up packets that are remembered, to tell late from duplicate
_EVEN: Final = SAMPLE_RATE // 10  # samples: no nearer to wall time than jitter allows
_AWAY_S: Final = 0.050  # a tick this late means that the process was held up: packets are waiting to be read
_NOTHING: Final[tuple[bytes, ...]] = ()


class ReceiveBuffer:
    """One call's receive side. All payloads in and out are in ``law``; every returned frame has 160 bytes.

    The counters are packets, ``concealed_frames``/``silence_frames`` are 20 ms units.
    """

    __slots__ = (
        "_bad",
        "_drift_due",
        "_emitted",
        "_gap_since",
        "_given_up",
        "_heard",
        "_held",
        "_law",
        "_least_late",
        "_lossy",
        "_missed",
        "_next",
        "_next_timestamp",
        "_origin",
        "_owed",
        "_patience",
        "_recent",
        "_released_at",
        "_residue",
        "_silence",
        "_ssrc",
        "_starved",
        "_ticked_at",
        "concealed_frames",
        "discarded",
        "duplicate",
        "late",
        "reordered",
        "silence_frames",
        "ssrc_changes",
    )

    def __init__(self, law: Law, at: float) -> None:
        """``at``: from when on the stream is owed; silence is filled in from there until something comes."""
        self._law: Law = law
        self._silence = silence(law)
        self._ssrc: int | None = None
        self._next = 0  # sequence number that is due
        self._next_timestamp: int | None = None
        self._held: dict[int, tuple[int, bytes]] = {}
        self._gap_since = at
        self._missed: dict[int, None] = {}
        self._bad: int | None = None
        self._lossy = False  # a hole was given up and no audio came since: the next jump is loss, not a pause
        self._residue = bytearray()
        self._recent: deque[bytes] = deque(maxlen=3)
        self._origin = at  # when the stream's first sample was due
        self._emitted = 0  # samples so far, those in the residue included
        self._heard = False
        self._released_at = self._ticked_at = at
        self._starved = 0  # frames that ticks filled in since audio was released
        self._patience = PATIENCE_S
        self._least_late = float("inf")  # samples, of the packets in this window
        self._drift_due = at + DRIFT_WINDOW_S
        self._owed = 0.0  # samples that a slow clock is behind
        self._given_up = 0
        self.late = self.duplicate = self.reordered = self.discarded = 0
        self.concealed_frames = self.silence_frames = self.ssrc_changes = 0

    @property
    def lost(self) -> int:
        """Packets that were given up and never came."""
        return self._given_up - self.late

    def push(self, sequence: int, timestamp: int, ssrc: int, payload: bytes, at: float) -> Sequence[bytes]:
        """Take one packet, at the time it was received; return the frames that it releases."""
        if (  # what nearly every packet is: next in order and in time, one frame long
            sequence == self._next
            and timestamp == self._next_timestamp
            and ssrc == self._ssrc
            and len(payload) == FRAME_BYTES
            and not self._held
            and not self._residue
            and (behind := (at - self._origin) * SAMPLE_RATE - self._emitted) >= -_EVEN
        ):
            self._least_late = min(self._least_late, behind - FRAME_BYTES)
            self._next = (sequence + 1) & 0xFFFF
            self._emitted += FRAME_BYTES
            self._recent.append(payload)
            self._released(timestamp, FRAME_BYTES, at)
            return (payload,)
        out: list[bytes] = []
        if ssrc != self._ssrc:
            self._restart(sequence, ssrc, at, out)
        ahead = (sequence - self._next) & 0xFFFF
        if ahead == 0:
            self._next = (sequence + 1) & 0xFFFF
            self._release(timestamp, payload, at, out)
            if self._held:
                self.reordered += 1
                self._release_held(at, out)
        elif ahead < _MAX_DROPOUT:
            self._hold(sequence, timestamp, payload, at, out)
        elif ahead >= 0x10000 - _MAX_MISORDER:
            if sequence in self._missed:
                del self._missed[sequence]
                self.late += 1
            else:
                self.duplicate += 1
        elif sequence == self._bad:  # RFC 3550 A.1: two in a row that far off: the sender restarted
            self._restart(sequence, ssrc, at, out)
            return [*out, *self.push(sequence, timestamp, ssrc, payload, at)]
        else:
            self._bad = (sequence + 1) & 0xFFFF
            self.discarded += 1
        return out

    def tick(self, at: float) -> Sequence[bytes]:
        """20 ms have passed; return the frames that time alone releases."""
        away = at - self._ticked_at
        self._ticked_at = at
        if away > _AWAY_S:  # nobody read the socket in this time, so its silence proves nothing
            self._released_at += away
            self._gap_since += away
        starving = at - self._released_at >= self._patience
        if self._held:
            if not starving and at - self._gap_since < HOLD_S:
                return _NOTHING
            out: list[bytes] = []
            self._give_up(at, out)
            return out
        if not starving:
            return self._make_up_for_drift(at)
        out = []
        while (self._starved + 1) * FRAME_BYTES <= (at - self._released_at) * SAMPLE_RATE:
            self._starved += 1
            self.silence_frames += 1
            self._append(self._silence, out)
        return out

    def _make_up_for_drift(self, at: float) -> Sequence[bytes]:
        if at >= self._drift_due:
            self._owed = self._least_late if self._least_late < float("inf") else 0.0
            self._least_late = float("inf")
            self._drift_due = at + DRIFT_WINDOW_S
        if self._owed < FRAME_BYTES or self._residue or not self._recent:
            return _NOTHING
        if self._owed < _DRIFT_PATIENCE and not is_quiet(self._recent[-1], self._law):
            return _NOTHING
        self._owed -= FRAME_BYTES
        self._least_late = float("inf")  # what was seen before the frame was put in says nothing about the time after
        self.silence_frames += 1
        out: list[bytes] = []
        self._append(self._silence, out)
        return out

    def resume(self) -> None:
        """Packets were kept away for a while (hold): the next one begins anew, and what it skips is not lost."""
        self._ssrc = None
        self._held.clear()

    # --- order --------------------------------------------------------------------------------------------------

    def _restart(self, sequence: int, ssrc: int, at: float, out: list[bytes]) -> None:
        """A new stream takes the old one's place; what waited of the old one is released first."""
        while self._held:
            self._give_up(at, out)
        if self._ssrc is not None and ssrc != self._ssrc:
            self.ssrc_changes += 1
        self._ssrc = ssrc
        self._next = sequence
        self._next_timestamp = None
        self._bad = None
        self._lossy = False
        self._missed.clear()

    def _hold(self, sequence: int, timestamp: int, payload: bytes, at: float, out: list[bytes]) -> None:
        if sequence in self._held:
            self.duplicate += 1
            return
        if not self._held:
            self._gap_since = at
        self._held[sequence] = (timestamp, payload)
        # After starvation nobody waits: the hole is older than a reordered packet could be.
        if self._starved or len(self._held) > HOLD_PACKETS or at - self._gap_since >= HOLD_S:
            self._give_up(at, out)

    def _release_held(self, at: float, out: list[bytes]) -> None:
        while (packet := self._held.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            self._release(*packet, at, out)
        self._gap_since = at

    def _give_up(self, at: float, out: list[bytes]) -> None:
        """Stop waiting for the packets before the first held one, and release it and what follows."""
        missing = min((sequence - self._next) & 0xFFFF for sequence in self._held)
        self._given_up += missing
        first = (self._next + missing) & 0xFFFF
        for back in range(min(missing, _MAX_MISSED), 0, -1):
            self._missed[(first - back) & 0xFFFF] = None
        while len(self._missed) > _MAX_MISSED:
            del self._missed[next(iter(self._missed))]
        self._next = first
        self._lossy = True
        self._release_held(at, out)

    # --- time ---------------------------------------------------------------------------------------------------

    def _release(self, timestamp: int, payload: bytes, at: float, out: list[bytes]) -> None:
        """Let the audio of the packet that is due into the stream, after what its timestamp says is missing."""
        if not payload:
            return
        size = len(payload)
        if not self._heard:  # from here on wall time and stream time are the same
            self._heard = True
            self._origin = at - (self._emitted + size) / SAMPLE_RATE
        behind = (at - self._origin) * SAMPLE_RATE - self._emitted
        self._least_late = min(self._least_late, behind - size)
        if behind < -MAX_AHEAD_S * SAMPLE_RATE:
            self.discarded += 1
        else:
            jump = 0 if self._next_timestamp is None else (timestamp - self._next_timestamp) & 0xFFFFFFFF
            if 0 < jump < 0x80000000:
                missing = min(jump - self._starved * FRAME_BYTES, int(behind) + _EVEN)
                if missing > 0:
                    self._fill(missing, out)
                    behind -= missing
            # A quiet packet is left out while the stream is ahead: this is how it gets back to wall time.
            if behind >= -_EVEN or not is_quiet(payload, self._law):
                self._append(payload, out)
        self._released(timestamp, size, at)

    def _released(self, timestamp: int, size: int, at: float) -> None:
        self._lossy = False
        self._next_timestamp = (timestamp + size) & 0xFFFFFFFF
        self._released_at = at
        self._starved = 0
        self._patience = PATIENCE_S if size <= _EVEN // 2 else 2 * size / SAMPLE_RATE

    def _fill(self, samples: int, out: list[bytes]) -> None:
        concealed = min(samples, LONGEST) if self._lossy else 0
        if concealed:
            self.concealed_frames += -(-concealed // FRAME_BYTES)
            self._append(conceal(b"".join((*self._recent, self._residue)), concealed, self._law), out)
        if samples > concealed:
            self.silence_frames += -(-(samples - concealed) // FRAME_BYTES)
            self._append(bytes([SILENCE[self._law]]) * (samples - concealed), out)

    def _append(self, audio: bytes, out: list[bytes]) -> None:
        """Add samples to the stream, cut in frames whatever the packets' length."""
        self._emitted += len(audio)
        if len(audio) == FRAME_BYTES and not self._residue:
            out.append(audio)
            self._recent.append(audio)
            return
        residue = self._residue
        residue += audio
        whole = len(residue) - len(residue) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            frame = bytes(residue[start : start + FRAME_BYTES])
            out.append(frame)
            self._recent.append(frame)
        del residue[:whole]

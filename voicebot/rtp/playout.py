"""The audio that one leg is to play: clips in order, cut into frames of 20 ms as the clock pulls them.

Nothing is queued between here and the network: the frame that :meth:`Playout.next_frame` returns is sent at once. So
playing stops immediately when it is told to, and what the caller has heard is known to the frame. Where frames have to
be sent before it is their turn, :meth:`Playout.look` shows them, and :attr:`Playout.on_cut` tells when they are not
going to be heard: what the caller has heard is still what :meth:`Playout.next_frame` has returned.

A prompt that was paused goes on from the last word boundary before the pause, faded in, so that the word that was
interrupted is heard whole. If it is paused again soon, it goes back less far, so that no word is repeated for ever.

A clip grows while it is synthesised. If the synthesiser falls behind, silence is sent and the position kept: a slow
service makes a pause in the sentence, but no part of it is lost.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.audio.resumption import faded_in, word_boundary
from voicebot.events import PlaybackEnded, PlaybackFailed, PlaybackStarted

logger = logging.getLogger(__name__)

PlaybackEvent = PlaybackStarted | PlaybackEnded | PlaybackFailed

MAX_CLIPS: Final = 64
"""The most clips that wait in one playout; one more is refused with :class:`PlaybackFailed`."""

BACK_S: Final = 0.5
"""How far a clip goes back after a pause, at the most."""
FORWARD_S: Final = 0.1
"""How much further each resumption begins than the last one, at least, unless the clip was paused even sooner."""


class Clip:
    """The audio of one utterance in the leg's format, growing while it is synthesised.

    ``feed`` and ``finish``/``fail`` are called on the event loop. Audio beyond ``limit_s`` is dropped; the clip then
    ends there, and is reported as not complete.
    """

    __slots__ = (
        "_audio",
        "_earliest",
        "_fades_in",
        "_format",
        "_heard",
        "_limit",
        "_position",
        "failure",
        "finished",
        "truncated",
        "utterance",
    )

    def __init__(self, utterance: int, audio: AudioFormat, *, limit_s: float = 120.0) -> None:
        self.utterance = utterance
        self._position = 0  # of the next frame, in bytes
        self._heard = 0  # bytes that were pulled, so the caller has heard them
        self._earliest = 0  # where the next resumption may begin
        self._fades_in = False
        self.finished = False
        self.failure: str | None = None
        self.truncated = False
        self._audio = bytearray()
        self._format = audio
        self._limit = round(limit_s * audio.rate) * audio.width

    def __len__(self) -> int:
        """Bytes of audio so far, heard or not."""
        return len(self._audio)

    def __bool__(self) -> bool:
        """True also while the clip is empty."""
        return True

    @property
    def heard_s(self) -> float:
        """Seconds that were pulled; what was repeated counts once."""
        return self._heard / self._format.byte_rate

    @property
    def begun(self) -> bool:
        """Whether anything was pulled."""
        return self._heard > 0

    @property
    def whole_s(self) -> float | None:
        """Seconds of all its audio; None while it grows."""
        return len(self._audio) / self._format.byte_rate if self.finished else None

    def feed(self, audio: bytes) -> None:
        """Add audio at the end. Ignored once the clip was finished."""
        if self.finished:
            return
        room = self._limit - len(self._audio)
        if len(audio) > room:
            if not self.truncated:
                logger.warning("utterance %d is longer than %d bytes: cut off", self.utterance, self._limit)
            self.truncated = True
            audio = audio[:room]
        self._audio += audio

    def finish(self) -> None:
        """Mark the end: all audio was fed."""
        self.finished = True

    def fail(self, reason: str) -> None:
        """Mark the end: no more audio will come. What was fed is still played; then the failure is reported."""
        if not self.finished:
            self.failure = reason
            self.finished = True

    @property
    def frames(self) -> int:
        """How many frames can be taken now."""
        whole, rest = divmod(len(self._audio) - self._position, self._format.frame_bytes)
        return whole + bool(rest and self.finished)

    def look(self, ahead: int) -> bytes:
        """The frame that :meth:`take` will return after ``ahead`` others, of those that can be taken now."""
        size = self._format.frame_bytes
        start = self._position + ahead * size
        frame = bytes(self._audio[start : start + size])
        return faded_in(frame, self._format) if self._fades_in and not ahead else frame

    def take(self) -> bytes:
        """The next frame; shorter only at the end of a finished clip; empty if there is none (yet)."""
        if not self.frames:
            return b""
        frame = self.look(0)
        self._position += len(frame)
        self._heard = max(self._heard, self._position)
        self._fades_in = False
        return frame

    def go_back(self) -> None:
        """Go on at the last word boundary, with a frame that is faded in. Without effect before the first frame."""
        if self._position == 0:
            return
        audio, end = self._format, self._position
        start = max(self._earliest, end - round(BACK_S * audio.rate) * audio.width)
        if start < end:
            self._position = start + word_boundary(self._audio[start:end], audio, whole=start == 0)
        self._earliest = self._position + round(FORWARD_S * audio.rate) * audio.width
        self._fades_in = True

    @property
    def exhausted(self) -> bool:
        return self.finished and self._position >= len(self._audio)


class Playout:
    """The clips of one leg, pulled frame by frame. Pure: it has no socket and no clock.

    ``on_event`` is called from within :meth:`next_frame`, :meth:`append` or :meth:`clear`, after the state has changed,
    so it may call any method here.
    """

    __slots__ = ("_at", "_clips", "_silence", "audio", "on_cut", "on_event", "paused", "underruns")

    def __init__(self, audio: AudioFormat) -> None:
        self.audio = audio
        self.on_event: Callable[[PlaybackEvent], None] | None = None
        self.on_cut: Callable[[], None] | None = None
        """Called when a clip is paused or dropped: the frames that :meth:`look` has shown do not follow now."""
        self.paused = False
        self.underruns = 0
        """Frames of silence sent in the middle of a clip because its audio was late."""
        self._clips: deque[Clip] = deque()
        self._silence = audio.frame_of_silence
        self._at = 0.0

    @property
    def active(self) -> bool:
        """Whether any clip is left to play (paused or not)."""
        return bool(self._clips)

    def append(self, clip: Clip) -> None:
        """Play ``clip`` after those that are waiting; if :data:`MAX_CLIPS` are waiting, it is refused with an event."""
        if len(self._clips) >= MAX_CLIPS:
            self._emit(PlaybackFailed(self._at, clip.utterance, 0.0, "too many utterances wait to be played"))
            return
        self._clips.append(clip)

    def pause(self) -> None:
        """Send silence from the next frame on."""
        self._cut()
        self.paused = True

    def resume(self) -> None:
        """Go on after a pause: at the last word boundary before it, faded in."""
        if self.paused and self._clips:
            self._clips[0].go_back()
        self.paused = False

    def clear(self) -> None:
        """Drop all clips, and end a pause.

        Each clip is reported with ``PlaybackEnded(complete=False)``, with the time of the last :meth:`next_frame`.
        """
        self._cut()
        dropped = list(self._clips)
        self._clips.clear()
        self.paused = False
        for clip in dropped:
            self._emit(PlaybackEnded(self._at, clip.utterance, clip.heard_s, False, clip.whole_s))

    def look(self, ahead: int) -> bytes | None:
        """The frame that :meth:`next_frame` will return after ``ahead`` others, if no clip is paused or dropped until
        then; None: silence, or it is not known yet."""
        if self.paused:
            return None
        for clip in self._clips:
            if ahead < clip.frames:
                frame = clip.look(ahead)
                return frame + self._silence[len(frame) :]
            if not clip.finished:
                return None
            ahead -= clip.frames
        return None

    def next_frame(self, at: float) -> bytes:
        """The frame to send now. ``at``: the time, for the events."""
        self._at = at
        if not self._clips or self.paused:
            return self._silence
        events: list[PlaybackEvent] = []
        frame = b""
        while self._clips and not frame:
            clip = self._clips[0]
            begins = not clip.begun
            frame = clip.take()
            if frame and begins:
                events.append(PlaybackStarted(at, clip.utterance))
            if clip.exhausted:
                self._clips.popleft()
                events.append(_ended(clip, at))
            elif not frame:
                self.underruns += not begins
                break
        for event in events:
            self._emit(event)
        if len(frame) == len(self._silence):
            return frame
        return frame + self._silence[len(frame) :]

    def _cut(self) -> None:
        if self.on_cut is not None and self._clips and not self.paused:
            self.on_cut()

    def _emit(self, event: PlaybackEvent) -> None:
        if self.on_event is not None:
            self.on_event(event)


def _ended(clip: Clip, at: float) -> PlaybackEvent:
    if clip.failure is not None:
        return PlaybackFailed(at, clip.utterance, clip.heard_s, clip.failure)
    return PlaybackEnded(at, clip.utterance, clip.heard_s, complete=not clip.truncated)

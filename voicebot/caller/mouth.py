"""Plays the caller's utterances, and notes when their first and last voiced samples left.

An utterance is synthesised before it is said, so its voiced span is found once, on its samples; during the call, only
the departure of frames is noted. A sample leaves with the packet that contains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voicebot.audio import AudioFormat
from voicebot.events import PlaybackEnded, PlaybackFailed, PlaybackStarted
from voicebot.rtp import Clip, Playout

BLOCK_S: Final = 0.005
VOICED_DBFS: Final = -45.0
OVER_NOISE_DB: Final = 12.0
MAX_NOISE_DBFS: Final = -35.0
NEIGHBOURS: Final = 3
"""So many of the four blocks from the first one on, and up to the last one, must be voiced, so that clicks do not
count."""


def voiced_span(audio: bytes, form: AudioFormat) -> tuple[int, int] | None:
    """The indices of the first and the last voiced sample of ``audio``, exact to 5 ms; None if nothing is voiced.

    Voiced is what is louder than -45 dBFS and than 12 dB above the recording's noise (its quietest tenth).
    """
    block = round(BLOCK_S * form.rate)
    count = len(audio) // (block * form.width)
    if count == 0:
        return None
    blocks = form.floats(audio[: count * block * form.width]).astype(np.float64).reshape(count, block)
    level = 10 * np.log10(np.maximum((blocks**2).mean(axis=1), 1e-10))
    noise = min(float(np.percentile(level, 10)), MAX_NOISE_DBFS)
    voiced = (level > max(VOICED_DBFS, noise + OVER_NOISE_DB)).astype(int)
    sums = np.convolve(voiced, np.ones(4, int))
    ahead, behind = sums[3:], sums[:count]  # of the four blocks from each one on, and up to each one
    starts = np.flatnonzero(voiced & (ahead >= NEIGHBOURS))
    ends = np.flatnonzero(voiced & (behind >= NEIGHBOURS))
    if not len(starts) or not len(ends):
        return None
    return int(starts[0]) * block, int(ends[-1]) * block + block - 1


@dataclass(slots=True)
class Spoken:
    """One utterance of ours. ``onset``, ``offset``: when its first and its last voiced sample left; None before."""

    text: str
    frames: int
    first_voiced: int
    last_voiced: int
    """The indices of the frames with the first and the last voiced sample."""
    began: float | None = None
    onset: float | None = None
    offset: float | None = None
    ended: float | None = None
    left: int = 0
    """How many of its frames have left."""

    @property
    def finished(self) -> bool:
        return self.left >= self.frames


class Mouth:
    """Plays utterances by a leg's ``playout``, of which it is the only user; it also sets the playout's ``on_event``.

    :meth:`sent` must get every frame that leaves, in order.
    """

    def __init__(self, playout: Playout) -> None:
        self._playout = playout
        self._waiting: dict[int, Spoken] = {}
        self._current: Spoken | None = None
        self._number = 0
        playout.on_event = self._played

    def say(self, text: str, audio: bytes) -> Spoken:
        """Queue ``audio`` (in the leg's format). Raises ValueError if nothing in it is voiced."""
        form = self._playout.audio
        span = voiced_span(audio, form)
        if span is None:
            raise ValueError(f"nothing is audible in the audio for {text!r}")
        frames = -(-len(audio) // form.frame_bytes)
        spoken = Spoken(text, frames, span[0] // form.frame_samples, span[1] // form.frame_samples)
        self._number += 1
        clip = Clip(self._number, form, limit_s=len(audio) / form.byte_rate)
        clip.feed(audio)
        clip.finish()
        self._waiting[self._number] = spoken
        self._playout.append(clip)
        return spoken

    @property
    def speaking(self) -> bool:
        return self._current is not None or bool(self._waiting)

    def sent(self, payload: bytes, at: float) -> None:
        """One frame has left. Our clips are complete, so from its beginning on, every frame is the utterance's."""
        spoken = self._current
        if spoken is None:
            return
        if spoken.left == 0:
            spoken.began = at
        if spoken.left == spoken.first_voiced:
            spoken.onset = at
        if spoken.left == spoken.last_voiced:
            spoken.offset = at
        spoken.left += 1
        if spoken.finished:
            spoken.ended = at
            self._current = None

    def _played(self, event: PlaybackStarted | PlaybackEnded | PlaybackFailed) -> None:
        match event:
            case PlaybackStarted(utterance=number):
                self._current = self._waiting.pop(number, None)
            case PlaybackEnded(utterance=number, complete=False) | PlaybackFailed(utterance=number):
                self._waiting.pop(number, None)
                self._current = None

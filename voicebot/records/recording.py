"""The recording of a call: a stereo WAV file, made of tracks, one for each voice.

A track lies on the left or on the right; what is on the same side is mixed. The frames of all tracks are placed on one
clock, on which sample 0 is the start of the :class:`Recording`. A frame follows the one before it, even if its time is
up to ``SLACK_S`` off, as jitter buffers and drifting clocks make it. If it is later than that, silence is inserted.

What comes from the network keeps to the time by itself, except that after a stall, of the network or of this process,
many frames come at once. They are speech, so they are kept, and the track is ahead of its time. Until it no longer is,
quiet frames are left out; from ``MAX_AHEAD_S`` on, all are.

On the event loop, frames are only appended to memory. About once a second the collected bytes are appended to a spool
file on a thread of the executor, one write at a time. The spool is unlinked from the start, so that a crash leaves
nothing. When the disk cannot keep up, at most ``MAX_WAITING_S`` of audio wait; what comes after that is replaced by
silence and counted, and the call goes on undisturbed.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import wave
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from voicebot.audio import LINEAR_8K, LINEAR_16K, AudioFormat
from voicebot.audio.conversion import converter
from voicebot.private_files import whole_file

logger = logging.getLogger(__name__)

SLACK_S = 0.1
"""How far a frame's time may be from the end of the audio before it."""
STALL_S = 0.5
"""How much later the caller's frames may be: those of the stall come at once."""
MAX_AHEAD_S = 3.0
"""How much earlier frames may be that are not quiet; more than the receive buffer lets through."""
CHUNK_S = 1
"""Seconds of one side that are collected before they are written to the spool."""
MAX_WAITING_S = 20
"""Seconds of one side that may wait for the disk."""
MAX_S = 4 * 3600
"""The length of a recording, at most. The call may be longer."""
DISK_DEADLINE_S = 20
"""How long the end of a recording waits for a write to the spool that is in progress."""
MAX_TRACKS = 16
MAX_SILENCED = 1000
_BLOCK = 1 << 18
"""Bytes of silence, and samples, that are written at a time."""


class Track:
    """One voice. ``left``: on which side of the file it lies, when that is written. ``dropped``: frames that are
    missing, but for quiet ones. :meth:`Recording.track` makes it."""

    def __init__(self, audio: AudioFormat, *, left: bool, stalls: bool) -> None:
        self.audio = audio
        self.left = left
        self.position = 0  # its length so far, in bytes, with what has been written to the spool
        self.dropped = 0
        self.silenced: list[tuple[float, float]] = []
        self.spool: IO[bytes] | None = None
        self._patience_s = STALL_S if stalls else SLACK_S
        self._paused = False
        self._chunk = bytearray()
        self._waiting: deque[bytes | int] = deque()  # an int is that many bytes of silence
        self._waiting_bytes = 0

    def pause(self) -> None:
        """Frames are kept away from now on: the next one is placed by its time."""
        self._paused = True

    def silence(self, begin: float, end: float) -> None:
        """Nobody is to hear what was said from ``begin`` to ``end``, in seconds since the start."""
        if len(self.silenced) < MAX_SILENCED:
            self.silenced.append((begin, end))
        else:
            self.silenced[-1] = (min(begin, self.silenced[-1][0]), max(end, self.silenced[-1][1]))

    def put(self, payload: bytes, seconds: float) -> None:
        """A frame whose time is ``seconds`` since the start of the recording."""
        ahead = self.position / self.audio.byte_rate - seconds
        if ahead > SLACK_S:
            quiet = self.audio.is_quiet(payload)
            if quiet or ahead > MAX_AHEAD_S:
                self.dropped += not quiet
                return
        if ahead < -(SLACK_S if self._paused else self._patience_s):
            self._hole(round(-ahead * self.audio.rate) * self.audio.width)
        self._paused = False
        self.position += len(payload)
        self._chunk += payload
        if len(self._chunk) >= CHUNK_S * self.audio.byte_rate:
            self._seal()

    def pad_to(self, seconds: float) -> None:
        position = round(seconds * self.audio.rate) * self.audio.width
        if position > self.position:
            self._hole(position - self.position)

    def take(self) -> list[bytes | int]:
        """Everything that is not yet in the spool, including the unfinished chunk."""
        self._seal()
        taken = list(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        return taken

    @property
    def ready(self) -> bool:
        return bool(self._waiting)

    def _seal(self) -> None:
        if not self._chunk:
            return
        if self._waiting_bytes + len(self._chunk) > MAX_WAITING_S * self.audio.byte_rate:
            self.dropped += len(self._chunk) // self.audio.frame_bytes
            self._push_hole(len(self._chunk))
        else:
            self._waiting.append(bytes(self._chunk))
            self._waiting_bytes += len(self._chunk)
        self._chunk.clear()

    def _hole(self, count: int) -> None:
        self._seal()
        self.position += count
        self._push_hole(count)

    def _push_hole(self, count: int) -> None:
        if self._waiting and isinstance(self._waiting[-1], int):
            self._waiting[-1] += count
        else:
            self._waiting.append(count)


class Recording:
    """Records one call. ``started_at``: the loop time of sample 0 (None: now). ``executor``: for the writing (None: the
    loop's own).

    The owner ends it with :meth:`finish` or :meth:`discard`, also if the call has failed.
    """

    def __init__(self, started_at: float | None = None, *, executor: Executor | None = None) -> None:
        self.started_at = started_at if started_at is not None else asyncio.get_running_loop().time()
        self._executor = executor
        self._tracks: list[Track] = []
        self._writing: asyncio.Future[None] | None = None
        self._failed: str | None = None
        self._closed = False
        self._released = False

    @property
    def dropped(self) -> int:
        """How many frames are missing: the disk was too slow, or much more audio came than time has passed."""
        return sum(track.dropped for track in self._tracks)

    @property
    def failed(self) -> str | None:
        """Why there will be no recording, such as a full disk; or None."""
        return self._failed

    def track(self, audio: AudioFormat, *, left: bool, stalls: bool = True) -> Track:
        """A new track. ``stalls``: its frames come from the network. Beyond :data:`MAX_TRACKS`, the last one
        goes on."""
        if len(self._tracks) >= MAX_TRACKS:
            return self._tracks[-1]
        track = Track(audio, left=left, stalls=stalls)
        self._tracks.append(track)
        return track

    def frame(self, track: Track, payload: bytes, at: float) -> None:
        """A frame of ``track``; ``at``: when it was heard, on the loop's clock."""
        seconds = at - self.started_at
        if not self._closed and self._failed is None and 0 <= seconds < MAX_S:
            track.put(payload, seconds)
            if track.ready and self._writing is None:
                self._on_thread(_append, [(one, one.take()) for one in self._tracks])

    def silence(self, track: Track, begin: float, end: float) -> None:
        """Nobody is to hear what was said in ``track`` from ``begin`` to ``end``, on the loop's clock."""
        track.silence(begin - self.started_at, end - self.started_at)

    def pause(self) -> None:
        """Frames are kept away from now on: the next one is placed by its time."""
        for track in self._tracks:
            track.pause()

    async def finish(self, path: Path) -> Path:
        """Write the WAV file ``path``, whole or not at all, and drop the spools. Raises OSError.

        When it is cancelled, because the disk is too slow for its caller, the thread completes the file nevertheless.
        """
        try:
            await self._settle()
            if self._failed is not None:
                raise OSError(self._failed)
            length = max((track.position / track.audio.byte_rate for track in self._tracks), default=0.0)
            for track in self._tracks:
                track.pad_to(length)
            rest = [(track, track.take()) for track in self._tracks]
            await asyncio.shield(self._on_thread(self._assemble, rest, path))
        finally:
            self._drop()
        return path

    async def discard(self) -> None:
        """Drop what was recorded. Harmless after :meth:`finish` or when called again."""
        try:
            await self._settle()
        finally:
            self._drop()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _on_thread(self, work: Callable[..., None], *args: object) -> asyncio.Future[None]:
        self._writing = asyncio.get_running_loop().run_in_executor(self._executor, work, *args)
        self._writing.add_done_callback(self._written)
        return self._writing

    def _written(self, future: asyncio.Future[None]) -> None:
        self._writing = None
        error = None if future.cancelled() else future.exception()
        if error is not None and self._failed is None:
            self._failed = str(error)
            logger.warning("the recording has failed: %s", error)
        if self._released:
            self._drop()

    def _drop(self) -> None:
        """Close the spools; if a thread is still using them, when that has ended."""
        self._released = True
        if self._writing is None:
            for track in self._tracks:
                spool, track.spool = track.spool, None
                if spool is not None:
                    spool.close()

    async def _settle(self) -> None:
        self._closed = True
        if self._writing is None:
            return
        _, pending = await asyncio.wait({self._writing}, timeout=DISK_DEADLINE_S)
        if pending:
            self._failed = f"the disk did not complete a write in {DISK_DEADLINE_S} s"

    def _assemble(self, rest: list[tuple[Track, list[bytes | int]]], path: Path) -> None:
        """On the executor: append ``rest`` to the spools, then write all tracks, decoded and mixed, to the WAV."""
        _append(rest)
        rate = max((track.audio.rate for track in self._tracks), default=LINEAR_8K.rate)
        readers = [_Reader(track, rate) for track in self._tracks]
        with whole_file(path) as file, wave.open(file, "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(rate)
            while True:
                sides = np.zeros((_BLOCK, 2), np.int32)
                length = 0
                for reader in readers:
                    samples = reader.read()
                    sides[: len(samples), 0 if reader.left else 1] += samples
                    length = max(length, len(samples))
                if not length:
                    break
                wav.writeframes(np.clip(sides[:length], -32768, 32767).astype("<i2").tobytes())


class _Reader:
    """Reads the spool of a track as linear samples, ``rate`` a second, in blocks."""

    def __init__(self, track: Track, rate: int) -> None:
        assert track.spool is not None
        track.spool.seek(0)
        self.left = track.left
        self._track = track
        self._spool = track.spool
        self._linear = LINEAR_16K if rate == LINEAR_16K.rate else LINEAR_8K
        self._convert = converter(track.audio, self._linear) or (lambda audio: audio)
        self._bytes = _BLOCK * track.audio.rate // rate * track.audio.width
        self._position = 0

    def read(self) -> NDArray[np.int16]:
        samples = self._linear.decode(self._convert(self._spool.read(self._bytes))).copy()
        for begin, end in self._track.silenced:
            first, last = (round(seconds * self._linear.rate) - self._position for seconds in (begin, end))
            samples[max(0, first) : max(0, last)] = 0
        self._position += len(samples)
        return samples


def _append(parts: list[tuple[Track, list[bytes | int]]]) -> None:
    """On the executor: append to the spools."""
    for track, pieces in parts:
        if track.spool is None:
            track.spool = tempfile.TemporaryFile()  # noqa: SIM115 (owned by the recording)
        for piece in pieces:
            if isinstance(piece, bytes):
                track.spool.write(piece)
                continue
            for begin in range(0, piece, _BLOCK):
                track.spool.write(track.audio.silent_byte * min(_BLOCK, piece - begin))

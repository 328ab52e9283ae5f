"""The recording of a call: a stereo WAV file, the caller on the left, the bot on the right.

The frames of both sides are placed on one clock, on which sample 0 is the start of the :class:`Recording`. A frame
follows the one before it, even if its time is up to ``SLACK_S`` off, as jitter buffers and drifting clocks make it. If
it is later than that, silence is inserted.

The caller's frames keep to the time by themselves, except that after a stall, of the network or of this process, many
come at once. They are speech, so they are kept, and the side is ahead of its time. Until it no longer is, quiet frames
are left out; from ``MAX_AHEAD_S`` on, all are.

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

from voicebot.audio import AudioFormat
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
_BLOCK = 1 << 18


class _Side:
    """One direction. ``position``: its length so far, in bytes, with what has been written to the spool.

    ``patience_s``: how late frames may be before silence is inserted; ``paused``: no matter for the next one.
    ``dropped``: frames that are missing, but for quiet ones.
    """

    def __init__(self, audio: AudioFormat, patience_s: float) -> None:
        self.audio = audio
        self.paused = False
        self._patience_s = patience_s
        self.position = 0
        self.dropped = 0
        self._chunk = bytearray()
        self._waiting: deque[bytes | int] = deque()  # an int is that many bytes of silence
        self._waiting_bytes = 0

    def put(self, payload: bytes, seconds: float) -> None:
        ahead = self.position / self.audio.byte_rate - seconds
        if ahead > SLACK_S:
            quiet = self.audio.is_quiet(payload)
            if quiet or ahead > MAX_AHEAD_S:
                self.dropped += not quiet
                return
        if ahead < -(SLACK_S if self.paused else self._patience_s):
            self._hole(round(-ahead * self.audio.rate) * self.audio.width)
        self.paused = False
        self.position += len(payload)
        self._chunk += payload
        if len(self._chunk) >= CHUNK_S * self.audio.byte_rate:
            self._seal()

    def pad_to(self, position: int) -> None:
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

    def __init__(
        self, audio: AudioFormat, started_at: float | None = None, *, executor: Executor | None = None
    ) -> None:
        self._audio = audio
        self._start = started_at if started_at is not None else asyncio.get_running_loop().time()
        self._executor = executor
        self._caller = _Side(audio, STALL_S)
        self._bot = _Side(audio, SLACK_S)
        self._spools: tuple[IO[bytes], IO[bytes]] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._failed: str | None = None
        self._closed = False
        self._released = False

    @property
    def dropped(self) -> int:
        """How many frames are missing: the disk was too slow, or much more audio came than time has passed."""
        return self._caller.dropped + self._bot.dropped

    @property
    def failed(self) -> str | None:
        """Why there will be no recording, such as a full disk; or None."""
        return self._failed

    def caller(self, payload: bytes, at: float) -> None:
        """A frame from the caller."""
        self._tap(self._caller, payload, at)

    def bot(self, payload: bytes, at: float) -> None:
        """A frame that left towards the caller."""
        self._tap(self._bot, payload, at)

    def pause(self) -> None:
        """Frames are kept away from now on: the next one is placed by its time."""
        self._caller.paused = self._bot.paused = True

    async def finish(self, path: Path) -> Path:
        """Write the WAV file ``path``, whole or not at all, and drop the spool. Raises OSError.

        When it is cancelled, because the disk is too slow for its caller, the thread completes the file nevertheless.
        """
        try:
            await self._settle()
            if self._failed is not None:
                raise OSError(self._failed)
            length = max(self._caller.position, self._bot.position)
            for side in (self._caller, self._bot):
                side.pad_to(length)
            await asyncio.shield(self._on_thread(self._assemble, (self._caller.take(), self._bot.take()), path))
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

    def _tap(self, side: _Side, payload: bytes, at: float) -> None:
        seconds = at - self._start
        if self._closed or self._failed is not None or not 0 <= seconds < MAX_S:
            return
        side.put(payload, seconds)
        if side.ready and self._writing is None:
            self._on_thread(self._spool, self._caller.take(), self._bot.take())

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
        """Close the spool; if a thread is still using it, when that has ended."""
        self._released = True
        if self._writing is None:
            spools, self._spools = self._spools, None
            for spool in spools or ():
                spool.close()

    async def _settle(self) -> None:
        self._closed = True
        if self._writing is None:
            return
        _, pending = await asyncio.wait({self._writing}, timeout=DISK_DEADLINE_S)
        if pending:
            self._failed = f"the disk did not complete a write in {DISK_DEADLINE_S} s"

    def _spool(self, caller: list[bytes | int], bot: list[bytes | int]) -> None:
        """On the executor: append to the spool files."""
        if self._spools is None:
            self._spools = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (owned by the recording)
        for spool, side, parts in zip(self._spools, (self._caller, self._bot), (caller, bot), strict=True):
            for part in parts:
                if isinstance(part, bytes):
                    spool.write(part)
                    continue
                for begin in range(0, part, _BLOCK):
                    spool.write(side.audio.silent_byte * min(_BLOCK, part - begin))

    def _assemble(self, rest: tuple[list[bytes | int], list[bytes | int]], path: Path) -> None:
        """On the executor: append ``rest`` to the spool, then write both sides, decoded and interleaved, to the WAV."""
        self._spool(*rest)
        assert self._spools is not None
        for spool in self._spools:
            spool.seek(0)
        with whole_file(path) as file, wave.open(file, "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(self._audio.rate)
            while True:
                left, right = (self._audio.decode(spool.read(_BLOCK)) for spool in self._spools)
                if not len(left):
                    break
                wav.writeframes(np.stack([left, right], axis=1).astype("<i2").tobytes())

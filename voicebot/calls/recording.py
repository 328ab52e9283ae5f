"""The call's recording, when recording is on: stereo WAV, the caller on the left, the bot on the right.

Both sides are tapped as frames on the loop and laid on one clock: sample 0 is :class:`Recording`'s start, and
a frame goes where its time says, give or take what a jitter buffer or a drifting clock moves it (``SLACK_S``). What
lies further off is mended with silence, or a frame is left out. The taps only append to memory; about once a second
the collected bytes go to a spool file (unlinked from the start, so that a crash leaves nothing) on a thread of the
executor, one write at a time. When the disk cannot keep up, at most ``MAX_WAITING_S`` of audio wait; what comes then is
replaced by silence and counted, and the call does not notice.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import wave
from collections import deque
from concurrent.futures import Executor
from pathlib import Path
from typing import IO

import numpy as np

from voicebot.audio import AudioFormat
from voicebot.private_files import whole_file

logger = logging.getLogger(__name__)

SLACK_S = 0.1
"""How far a frame's time may be from the end of what is there before silence is put in or the frame left out."""
CHUNK_S = 1
"""Seconds of one side that are collected before they go to the spool."""
MAX_WAITING_S = 20
"""Seconds of one side that may wait for the disk."""
MAX_S = 4 * 3600
"""A recording ends here; the call goes on."""
DISK_DEADLINE_S = 20
"""How long the end of a recording waits for a write in progress."""
_BLOCK = 1 << 18


class _Side:
    """One direction: bytes laid on the clock, waiting for the spool or in it."""

    def __init__(self, audio: AudioFormat) -> None:
        self.audio = audio
        self.position = 0  # bytes
        self.dropped = 0
        self._chunk = bytearray()
        self._waiting: deque[bytes | int] = deque()  # an int is that many bytes of silence
        self._waiting_bytes = 0

    def put(self, payload: bytes, seconds: float) -> None:
        ahead = self.position / self.audio.byte_rate - seconds
        if ahead > SLACK_S:
            self.dropped += 1
            return
        if ahead < -SLACK_S:
            self._hole(round(-ahead * self.audio.rate) * self.audio.width)
        self.position += len(payload)
        self._chunk += payload
        if len(self._chunk) >= CHUNK_S * self.audio.byte_rate:
            self._seal()

    def pad_to(self, position: int) -> None:
        if position > self.position:
            self._hole(position - self.position)

    def take(self) -> list[bytes | int]:
        """Everything that is to be spooled, the unfinished chunk included."""
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
    """Records one call. ``started_at``: loop time of sample 0 (None: now); ``executor`` writes (None: the loop's own).

    :meth:`caller` and :meth:`bot` are called on the loop and cost an append. End with :meth:`finish` or
    :meth:`discard`; whoever made the recording does it, also when the call failed.
    """

    def __init__(
        self, audio: AudioFormat, started_at: float | None = None, *, executor: Executor | None = None
    ) -> None:
        self._audio = audio
        self._start = started_at if started_at is not None else asyncio.get_running_loop().time()
        self._executor = executor
        self._caller = _Side(audio)
        self._bot = _Side(audio)
        self._spools: tuple[IO[bytes], IO[bytes]] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._failed: str | None = None
        self._closed = False

    @property
    def dropped(self) -> int:
        """Frames that did not make it: the disk was too slow, or the frame lay too far off the clock."""
        return self._caller.dropped + self._bot.dropped

    @property
    def failed(self) -> str | None:
        """Why there will be no recording (disk full, ...), or None."""
        return self._failed

    def caller(self, payload: bytes, at: float) -> None:
        """A frame from the caller."""
        self._tap(self._caller, payload, at)

    def bot(self, payload: bytes, at: float) -> None:
        """A frame that left towards the caller."""
        self._tap(self._bot, payload, at)

    async def finish(self, path: Path) -> Path:
        """Write the WAV to ``path`` (whole or not at all) and drop the spool. Raises OSError."""
        await self._settle()
        length = max(self._caller.position, self._bot.position)
        for side in (self._caller, self._bot):
            side.pad_to(length)
        try:
            if self._failed is not None:
                raise OSError(self._failed)
            work = self._caller.take(), self._bot.take()
            await asyncio.get_running_loop().run_in_executor(self._executor, self._assemble, work, path)
        finally:
            await self.discard()
        return path

    async def discard(self) -> None:
        """Drop everything; harmless when it is gone already."""
        await self._settle()
        if self._writing is not None:
            return  # a thread still hangs in the spool; it is unlinked and goes with the thread's last reference
        spools, self._spools = self._spools, None
        for spool in spools or ():
            spool.close()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _tap(self, side: _Side, payload: bytes, at: float) -> None:
        seconds = at - self._start
        if self._closed or self._failed is not None or not 0 <= seconds < MAX_S:
            return
        side.put(payload, seconds)
        if side.ready and self._writing is None:
            work = self._caller.take(), self._bot.take()
            loop = asyncio.get_running_loop()
            self._writing = loop.run_in_executor(self._executor, self._spool, *work)
            self._writing.add_done_callback(self._written)

    def _written(self, future: asyncio.Future[None]) -> None:
        self._writing = None
        error = None if future.cancelled() else future.exception()
        if error is not None and self._failed is None:
            self._failed = str(error)
            logger.warning("recording given up: %s", error)

    async def _settle(self) -> None:
        self._closed = True
        if self._writing is None:
            return
        _, pending = await asyncio.wait({self._writing}, timeout=DISK_DEADLINE_S)
        if pending:
            self._failed = "the disk does not answer"

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

    def _assemble(self, work: tuple[list[bytes | int], list[bytes | int]], path: Path) -> None:
        """On the executor: spool the rest, then interleave both sides, linear, into the WAV."""
        self._spool(*work)
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

"""The recording of a call between people: one track for each party; callers are on the left, the others on the right.

What is withheld of the transcript is silent in the recording.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.events.parties import Party, Role
from voicebot.records import Recording, Track

MARGIN_S: Final = 0.3
"""How much before and after the words is silent with them: their times are the recogniser's."""


class AudioTracks:
    """Of one call, from now on. The owner ends it with :meth:`finish` or :meth:`discard`."""

    def __init__(self) -> None:
        self._recording = Recording()
        self._tracks: dict[tuple[str, AudioFormat], Track] = {}

    @property
    def dropped(self) -> int:
        """How many frames are missing."""
        return self._recording.dropped

    def frame(self, party: str, audio: AudioFormat, payload: bytes, at: float) -> None:
        """20 ms of ``party``; ``at``: on the loop's clock."""
        track = self._tracks.get((party, audio))
        if track is None:
            track = self._tracks[party, audio] = self._recording.track(audio, left=False)
        self._recording.frame(track, payload, at)

    def silence(self, party: str, begin: float, end: float) -> None:
        """Nobody is to hear what ``party`` has said from ``begin`` to ``end``."""
        for (whose, _), track in self._tracks.items():
            if whose == party:
                self._recording.silence(track, begin - MARGIN_S, end + MARGIN_S)

    def pause(self) -> None:
        """No frames come for now."""
        self._recording.pause()

    async def finish(self, path: Path, parties: Iterable[Party]) -> None:
        """Write the recording. ``parties``: all that have taken part. Raises OSError."""
        callers = {party.key for party in parties if party.role is Role.CALLER}
        for (party, _), track in self._tracks.items():
            track.left = party in callers
        await self._recording.finish(path)

    async def discard(self) -> None:
        """Drop the recording. Harmless after :meth:`finish`."""
        await self._recording.discard()

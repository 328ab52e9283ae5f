"""Scores turns by their sound, in a thread of the speech client: the network there lets the other threads run, and what
it takes away from the processor is taken from no packet.

A score that comes late is useless, as the turn has been decided otherwise: one that would come late is not computed.
The call process asks for no more than ``MAX_SCORES`` at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from voicebot.audio import LINEAR_16K, AudioFormat
from voicebot.speechsdk.drivers import MAX_SCORE_S
from voicebot.speechsdk.threads import first_line

if TYPE_CHECKING:
    from voicebot.audio.smart_turn import SmartTurn

log = logging.getLogger(__name__)

_FORGIVEN: Final = 0.8
"""After each score that was left out because the last one took so long, the next is expected to take this share."""


class TurnScorer:
    """One network and its thread. Without the network, there are no scores, and the log says why."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="turn-scorer")
        self._network: SmartTurn | None = None
        self._takes_s = 0.0
        self._thread.submit(self._load)

    async def score(self, heard: bytes, audio: AudioFormat) -> float | None:
        """The probability, 0 to 1, that whoever speaks in ``heard`` has finished; None if it would come too late."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._score, heard, audio, time.monotonic())

    # --- on the thread ---

    def _load(self) -> None:
        try:
            from voicebot.audio.smart_turn import SmartTurn

            network = SmartTurn()
            network(b"", LINEAR_16K)  # the first one takes longer
            self._network = network
        except Exception as error:  # a package that is not there, or whatever onnxruntime says
            self._give_up(error)

    def _score(self, heard: bytes, audio: AudioFormat, asked: float) -> float | None:
        begun = time.monotonic()
        if self._network is None:
            return None
        if begun - asked + self._takes_s > MAX_SCORE_S:
            self._takes_s *= _FORGIVEN
            return None
        try:
            probability = self._network(heard, audio)
        except Exception as error:  # whatever onnxruntime says
            self._give_up(error)
            return None
        self._takes_s = time.monotonic() - begun
        return probability

    def _give_up(self, error: Exception) -> None:
        self._network = None
        log.warning("turns are not scored by their sound: %s", first_line(error))

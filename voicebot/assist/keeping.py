"""Writes the record and the recording of a call that is over, each within a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from voicebot.assist.audio_tracks import AudioTracks
from voicebot.assist.services import AssistServices
from voicebot.events.parties import Party
from voicebot.records import write_record

RECORD_S: Final = 5.0
RECORDING_S: Final = 30.0
"""For four hours of audio; the thread completes the file all the same."""


async def keep(
    record: dict[str, Any],
    tracks: AudioTracks | None,
    parties: Iterable[Party],
    services: AssistServices,
    log: logging.LoggerAdapter[logging.Logger],
) -> None:
    """Write ``record``, and the recording beside it. What cannot be written is logged and counted."""
    folder = services.records
    if folder is None:
        return
    try:
        with services.losses.watch("record"):
            async with asyncio.timeout(RECORD_S):
                path: Path = await asyncio.to_thread(write_record, record, folder)
        log.info("record: %s", path)
    except OSError as error:
        log.error("the record: %s", str(error) or "the disk does not answer")
    if tracks is None:
        return
    try:
        with services.losses.watch("recording"):
            async with asyncio.timeout(RECORDING_S):
                await tracks.finish(folder / f"{record['id']}.wav", parties)
    except OSError as error:
        log.error("the recording: %s", str(error) or "the disk does not answer")
    finally:
        await tracks.discard()

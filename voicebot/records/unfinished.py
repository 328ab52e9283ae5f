"""Records of running calls, so that those of a service that is killed leave one.

Each call's record so far is kept in a folder of this process beside the records, ``.unfinished-...``. When the call has
ended, its file is removed: the record itself is written then. What a killed process has left is made records of by the
next one that starts with the same folder; their end has the reason :data:`KILLED`.

Files are written on one thread, in order. A disk that is too slow, or full, costs a state of an unfinished record,
nothing else: the next one replaces it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicebot.owned_folder import OwnedFolder, left_folders
from voicebot.private_files import make_folder, whole_file
from voicebot.records.record_file import as_text, write_record

logger = logging.getLogger(__name__)

PREFIX = ".unfinished-"
KILLED = "killed"
MAX_WAITING = 200
"""States that may wait to be written; further ones are left out."""


class UnfinishedRecords:
    """Beside the records in ``records``. Nothing is kept before :meth:`open` and after :meth:`close`."""

    def __init__(self, records: Path) -> None:
        self._records = records
        self._folder: OwnedFolder | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="unfinished-records")
        self._waiting = 0

    async def open(self) -> None:
        """Raises OSError."""
        self._folder = await asyncio.to_thread(self._make)

    async def close(self) -> None:
        """Remove the folder. The records of its calls must have been written."""
        folder, self._folder = self._folder, None
        if folder is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, folder.remove)
        self._thread.shutdown(wait=False)

    def keep(self, call: str, record: dict[str, Any]) -> None:
        """``record`` is what is known of the running ``call`` now."""
        if self._waiting < MAX_WAITING:
            self._do(lambda path: _write(path / f"{call}.json", record))

    def over(self, call: str) -> None:
        """The record of ``call`` is written, or never will be."""
        self._do(lambda path: (path / f"{call}.json").unlink(missing_ok=True))

    def _make(self) -> OwnedFolder:
        make_folder(self._records)
        return OwnedFolder(self._records, PREFIX)

    def _do(self, work: Callable[[Path], None]) -> None:
        if self._folder is None:
            return
        self._waiting += 1
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, work, self._folder.path)
        done.add_done_callback(self._done)

    def _done(self, work: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.warning("an unfinished record could not be kept: %s", error)


def left_calls(records: Path) -> list[str]:
    """The calls of which killed processes have left something. Blocks."""
    return [file.stem for folder in left_folders(records, PREFIX) for file in folder.glob("*.json")]


def finish(records: Path, without: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Write the records of calls that killed processes have left, and give them. ``without``: calls that go on
    elsewhere. Blocks; raises OSError where the disk does not take them: they are left for another time then."""
    for folder in left_folders(records, PREFIX):
        for file in sorted(folder.glob("*.json")):
            if file.stem in without:
                file.unlink()
                continue
            with contextlib.suppress(ValueError, FileExistsError):  # the disk failed; the record was written already
                record: dict[str, Any] = json.loads(file.read_bytes())
                at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                record["end"] = {**record["end"], "reason": KILLED, "last_known": at.isoformat(timespec="milliseconds")}
                write_record(record, records)
                yield record
            file.unlink()
        shutil.rmtree(folder)


def _write(path: Path, record: dict[str, Any]) -> None:
    with whole_file(path) as file:
        file.write(as_text(record).encode("utf-8", "backslashreplace"))

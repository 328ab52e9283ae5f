"""Keeps the index in agreement with the folder of the records.

A call that has ended is told at once (:meth:`Upkeep.take`). Whatever else becomes of the folder is seen by
:meth:`Upkeep.sweep`: records of other processes, and those that were deleted, because their time was over. Damage is
mended here as well: the index is removed, and made from the records.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from voicebot.archive.call_id import is_call_id
from voicebot.archive.digest import Digest, digest_of
from voicebot.archive.index import Found, Index, IndexDamaged
from voicebot.archive.query import Query
from voicebot.regular_files import read_regular_file

logger = logging.getLogger(__name__)

AT_A_TIME: Final = 200
"""Records that are put into the index by one transaction."""
MOST_BYTES: Final = 64 << 20
"""Of a record; a larger file is none."""
T = TypeVar("T")


class Upkeep:
    """Of ``folder``. Blocks, and is for one thread.

    ``unreadable``: by file, why it is in no index. Such a file is not read again as long as the process lives.
    ``missing``: how many records are still to be read, while many are.
    """

    def __init__(self, folder: Path) -> None:
        self.index = Index(folder)
        self.unreadable: dict[str, str] = {}
        self.missing = 0
        self._folder = folder

    def close(self) -> None:
        self.index.close()

    def take(self, call: str) -> None:
        """The record of ``call`` is written. Raises OSError."""
        self._mended(lambda: self._put([call]))

    def sweep(self, *, anew: bool = False) -> tuple[int, int]:
        """Read the records that are new, and forget those that are gone; returns how many were new and gone. ``anew``:
        read all. Raises OSError."""
        return self._mended(lambda: self._sweep(anew=anew))

    def search(self, query: Query) -> Found:
        """As :meth:`Index.search`. Raises OSError."""
        return self._mended(lambda: self.index.search(query))

    def record(self, call: str) -> dict[str, Any]:
        """What is kept of ``call``. Raises OSError, and ValueError if ``call`` is no id or there is no record in the
        file."""
        if not is_call_id(call):
            raise ValueError("this is no id of a call: see voicebot records find")
        record: dict[str, Any] = json.loads(read_regular_file(self._folder / f"{call}.json", MOST_BYTES))
        return record

    def purge(self) -> bool:
        """Overwrite what was forgotten; False: there is nothing. Raises OSError."""
        return self._mended(self.index.purge)

    def mend(self) -> None:
        """The index was found to be damaged: it is made anew. Raises OSError."""
        self.index.discard()
        self._sweep(anew=True)

    def _mended(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except IndexDamaged as damage:
            logger.error("%s: it is made anew from the records", damage)
            self.mend()
            return work()

    def _sweep(self, *, anew: bool) -> tuple[int, int]:
        with os.scandir(self._folder) as files:
            names = [file.name for file in files]
        there = {name.removesuffix(".json") for name in names if name.endswith(".json") and not name.startswith(".")}
        known = self.index.ids()
        if gone := known - there:
            self.index.remove(gone)
        if anew:
            self.unreadable.clear()
        new = sorted((there if anew else there - known) - self.unreadable.keys())
        self.missing = len(new)
        try:
            for start in range(0, len(new), AT_A_TIME):
                self._put(new[start : start + AT_A_TIME])
                self.missing = max(0, len(new) - start - AT_A_TIME)
        finally:
            self.missing = 0
        return len(new), len(gone)

    def _put(self, calls: list[str]) -> None:
        self.index.put(list(self._digests(calls)))

    def _digests(self, calls: list[str]) -> Iterator[Digest]:
        for call in calls:
            try:
                raw = read_regular_file(self._folder / f"{call}.json", MOST_BYTES)
                digest = digest_of(json.loads(raw))
                if digest.id != call:
                    raise ValueError("its name is not the id of its call")
            except FileNotFoundError:
                continue
            except (ValueError, RecursionError, OSError) as wrong:
                logger.warning("%s: it cannot be found by a search: %s", self._folder / f"{call}.json", wrong)
                self.unreadable[call] = str(wrong)
                continue
            yield digest

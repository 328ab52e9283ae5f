"""Dialog state in SQLite: a ``Storage`` with compare-and-set, so that a host that was killed continues where it was.

A storage keeps texts (:mod:`voicebot.host.codec` makes them), each with a version. A write may name the version that it
replaces; another one is an :class:`EtagConflict`.

Every statement runs on a thread of its own: a slow disk, or a second host on the same file (while dialogs are being
replaced), makes a turn wait, never the event loop. Without a path the database is in memory, with the same rules, so a
dialog that works without a file works with one. ``synchronous=NORMAL`` with a write-ahead log: commits survive the end
of the process. The last ones may be lost if the machine fails, but then its calls are lost as well.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from voicebot.host.one_thread import OneThread
from voicebot.private_files import touch
from voicebot.telephony_channel import PHONE_CHANNEL

logger = logging.getLogger(__name__)

T = TypeVar("T")

USERS = "/users/"
"""The part of a key that marks the state of a caller, as opposed to that of a conversation."""
KEEP_S = 7 * 24 * 3600.0
"""State of conversations that is older (their host or call was killed) is deleted when a host starts."""
KEEP_USERS_S = 365 * 24 * 3600.0
"""The same for the state of callers."""
MAX_LOCK_WAIT_S = 2.0
"""How long a statement waits for another host that is writing to the same file."""
MAX_UNSAVED = 10_000
"""How many items are kept in memory while the disk is full."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    key TEXT PRIMARY KEY,
    etag INTEGER NOT NULL,
    written REAL NOT NULL,
    value TEXT NOT NULL
)
"""
"""A table with row ids: without them, SQLite keeps no more than 1,000 bytes of a row in its page, and moves the rest of
the state of a call to other pages with each write, which then takes twice as long. Files of before have none."""


class EtagConflict(KeyError):
    """Somebody else has written the item since it was read."""


class StorageUnusable(Exception):
    """The storage cannot be opened or reached; the text says which and why."""


class StateServerAway(StorageUnusable):
    """The server cannot be reached, or does not answer in time."""


class Stored(NamedTuple):
    """An item as it is stored. ``version``: a new one with each write; of storages it is their own affair."""

    text: str
    version: str


class ItemWrite(NamedTuple):
    """One item to be written. ``expected``: the version that it replaces; None: any."""

    key: str
    expected: str | None
    text: str


class Storage(Protocol):
    """Where state is kept."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The items of ``keys`` that exist."""

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        """Store all of ``writes`` or none; returns the new versions. Raises :class:`EtagConflict`."""

    async def delete(self, keys: Iterable[str]) -> None:
        """Forget the items of ``keys``; those that do not exist are no error."""


def is_of_a_call(key: str) -> bool:
    """Whether it is the state of a call's conversation, which no other host has while the call lasts."""
    return key.startswith(f"{PHONE_CHANNEL}/") and USERS not in key


class SqliteStorage:
    """``path``: the database file, made when it is absent; None keeps state in memory."""

    def __init__(self, path: Path | None = None, *, keep_s: float = KEEP_S) -> None:
        self.path = path
        self._thread = OneThread("dialog-state")
        self._connection: sqlite3.Connection | None = None
        self._keep_s = keep_s
        self._unsaved: dict[str, tuple[int, str]] = {}
        """By key, the version and text of what the disk would not take."""

    async def open(self) -> None:
        """Open (and repair by setting aside) the file. Raises :class:`StorageUnusable` when that is impossible."""
        await self._run(self._open)

    async def close(self) -> None:
        """Close the file; harmless when it was never opened."""
        await self._run(self._close)
        self._thread.close()

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The items of ``keys`` that exist."""
        return await self._run(lambda: self._read(keys))

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        """Store all of ``writes`` or none; returns the new versions. Raises :class:`EtagConflict`."""
        tags = await self._run(lambda: self._write(writes)) if writes else {}
        return {key: str(tag) for key, tag in tags.items()}

    async def delete(self, keys: Iterable[str]) -> None:
        """Forget the items of ``keys``; those that do not exist are no error."""
        wanted = list(keys)
        await self._run(lambda: self._delete(wanted))

    # --- on the storage thread -------------------------------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._thread.run(work)

    @property
    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            self._open()
        assert self._connection is not None
        return self._connection

    def _open(self) -> None:
        if self._connection is not None:
            return
        try:
            self._connection = self._connect()
        except OSError as error:
            raise StorageUnusable(f"{self.path}: {error.strerror or error}") from error
        except sqlite3.DatabaseError as error:
            if self.path is None or isinstance(error, sqlite3.OperationalError):
                raise StorageUnusable(f"{self.path}: {error}") from error
            aside = self.path.with_suffix(f"{self.path.suffix}.damaged-{int(time.time())}")
            logger.error("%s is no state database (%s): set aside as %s, starting with an empty one",
                         self.path, error, aside.name)  # fmt: skip
            self.path.rename(aside)  # SQLite drops a log that it finds beside an empty file
            self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self.path is not None:
            _make_private(self.path)
        target = str(self.path) if self.path is not None else ":memory:"
        database = sqlite3.connect(target, isolation_level=None, timeout=MAX_LOCK_WAIT_S)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute(_SCHEMA)
            now = time.time()
            database.execute(
                "DELETE FROM state WHERE written < CASE WHEN instr(key, ?) THEN ? ELSE ? END",
                (USERS, now - max(self._keep_s, KEEP_USERS_S), now - self._keep_s),
            )
        except BaseException:
            database.close()
            raise
        return database

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, keys: Sequence[str]) -> dict[str, Stored]:
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, etag, value FROM state WHERE key IN ({marks})"
        rows = self._database.execute(query, list(keys)).fetchall() if keys else []
        unsaved = [(key, *self._unsaved[key]) for key in keys if key in self._unsaved]
        return {key: Stored(text, str(etag)) for key, etag, text in rows + unsaved}  # of equal keys the last counts

    def _write(self, writes: Sequence[ItemWrite]) -> dict[str, int]:
        try:
            return self._write_next(writes) or self._write_all(writes)
        except sqlite3.OperationalError as error:
            if not _is_of_the_disk(error):
                raise
            return self._keep_in_memory(writes, error)

    def _write_next(self, writes: Sequence[ItemWrite]) -> dict[str, int] | None:
        """What most turns write, the next version of one item, as one statement: a third of the work of a transaction.
        None: nothing was written, as it is something else."""
        (key, expected, text), *others = writes
        if expected is None or others or self._unsaved:
            return None
        replaced = self._database.execute(
            "UPDATE state SET etag = etag + 1, written = ?, value = ? WHERE key = ? AND etag = ?",
            (time.time(), text, key, expected),
        ).rowcount
        return {key: int(expected) + 1} if replaced else None

    def _write_all(self, writes: Sequence[ItemWrite]) -> dict[str, int]:
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            for key, (etag, text) in self._unsaved.items():
                self._put(key, etag, text)
            tags = self._tags(writes)
            for key, _, text in writes:
                self._put(key, tags[key], text)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:  # SQLite itself ends it in some errors
                database.execute("ROLLBACK")
            raise
        self._unsaved.clear()
        return tags

    def _tags(self, writes: Sequence[ItemWrite]) -> dict[str, int]:
        """The versions that ``writes`` make. Raises :class:`EtagConflict`."""
        tags: dict[str, int] = {}
        for key, expected, _ in writes:
            # versions count from 1
            ((held,),) = self._database.execute("SELECT coalesce(max(etag), 0) FROM state WHERE key = ?", (key,))
            if key in self._unsaved:
                held, _ = self._unsaved[key]
            if expected is not None and held and str(held) != expected:
                raise EtagConflict(f"{key} was written by somebody else (has {held}, expected {expected})")
            tags[key] = held + 1
        return tags

    def _put(self, key: str, etag: int, text: str) -> None:
        self._database.execute(
            "INSERT INTO state (key, etag, written, value) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE "
            "SET etag=excluded.etag, written=excluded.written, value=excluded.value",
            (key, etag, time.time(), text),
        )

    def _keep_in_memory(self, writes: Sequence[ItemWrite], error: sqlite3.OperationalError) -> dict[str, int]:
        """The disk takes nothing: what conversations keep is written with the next write that can be."""
        if len(self._unsaved) + len(writes) > MAX_UNSAVED:
            raise error
        if not self._unsaved:
            logger.error("%s: %s: state is kept in memory until it can be written", self.path, error)
        tags = self._tags(writes)
        self._unsaved |= {key: (tags[key], text) for key, _, text in writes}
        return tags

    def _delete(self, keys: list[str]) -> None:
        for key in keys:
            self._unsaved.pop(key, None)
            try:
                self._database.execute("DELETE FROM state WHERE key = ?", (key,))
            except sqlite3.OperationalError as error:
                if not _is_of_the_disk(error):
                    raise
                logger.error("%s: %s: not deleted, and forgotten when it is old", self.path, error)


def _is_of_the_disk(error: sqlite3.OperationalError) -> bool:
    """Whether the disk is full, or fails, or may not be written."""
    name: str = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY"))


def _make_private(path: Path) -> None:
    """Before SQLite opens it: the files that it makes beside a database have the database's mode. Raises OSError."""
    touch(path)
    for beside in (f"{path}-wal", f"{path}-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(beside).chmod(0o600)

"""The index: an SQLite file beside the records, in which the digests of calls are found.

It has words of callers, so it is as private as the records. What leaves it is overwritten: freed pages by SQLite itself
(`secure_delete`), the words by :meth:`Index.purge`, because FTS5 only marks them as deleted at first.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voicebot.archive.digest import Digest, iso, number_letters
from voicebot.archive.query import Query, statement
from voicebot.private_files import make_folder, touch

FILE: Final = ".index.sqlite"
"""In the folder of the records."""
VERSION: Final = 1
"""Of the tables. A file of another version is made anew."""
WAIT_S: Final = 10.0
"""How long another process may hold the file."""
SEARCH_S: Final = 5.0
FACETS: Final = ("outcome", "bot", "trunk", "direction", "kind")
MOST_FACETS: Final = 200
_TABLES: Final = (
    """CREATE TABLE calls (
        began INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, call_id TEXT NOT NULL,
        duration_ms REAL, direction TEXT NOT NULL, caller TEXT NOT NULL, callee TEXT NOT NULL, trunk TEXT NOT NULL,
        bot TEXT NOT NULL, language TEXT NOT NULL, outcome TEXT NOT NULL, turns INTEGER NOT NULL,
        interruptions INTEGER NOT NULL, failures INTEGER NOT NULL, gap_ms REAL, numbers TEXT NOT NULL,
        steps TEXT NOT NULL)""",
    *(f"CREATE INDEX calls_{name} ON calls({name})" for name in FACETS),
    "CREATE VIRTUAL TABLE words USING fts5(caller, other, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')",
    "CREATE TABLE steps (step TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE unpurged (id TEXT)",
    f"PRAGMA user_version = {VERSION}",
)
_DISTINCT: Final = """
    WITH RECURSIVE one(value) AS (
        SELECT min({0}) FROM calls UNION ALL
        SELECT (SELECT min({0}) FROM calls WHERE {0} > one.value) FROM one WHERE one.value IS NOT NULL)
    SELECT value FROM one WHERE value > '' LIMIT ?"""


class IndexDamaged(Exception):
    """The file is no index, or no longer: it must be removed (:meth:`Index.discard`), and made from the records."""


@dataclass(frozen=True, slots=True)
class Found:
    """``calls``: for ``json.dumps``. ``next``: what to ask for as ``before``, to go on; None: there are no more."""

    calls: list[dict[str, Any]]
    next: str | None

    def as_json(self) -> dict[str, Any]:
        return {"calls": self.calls, "next": self.next}


class Index:
    """Of the records in ``folder``. Blocks, and is for one thread at a time. Methods raise :class:`IndexDamaged`, and
    OSError if the disk or the lock of another process is in the way."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def close(self) -> None:
        """Harmless when it is not open; whatever is asked next opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def discard(self) -> None:
        """Remove the file. Whoever else has it open notices, and opens the next one."""
        self.close()
        for suffix in ("-shm", "-wal", ""):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    # --- what is in it

    def put(self, digests: Iterable[Digest]) -> None:
        """All of them, or none. They replace what was there of the same calls."""
        with self._writing() as database:
            for digest in digests:
                _remove(database, digest.id)
                _insert(database, digest)

    def remove(self, ids: Iterable[str]) -> None:
        """What is found no more from now on; :meth:`purge` overwrites its words."""
        with self._writing() as database:
            for one in ids:
                _remove(database, one)
                database.execute("INSERT INTO unpurged VALUES (?)", (one,))

    def purge(self) -> bool:
        """Overwrite the words of what was removed; False: there is nothing. It writes all words anew: some seconds with
        100,000 calls."""
        with self._working() as database:
            if database.execute("SELECT 1 FROM unpurged LIMIT 1").fetchone() is None:
                return False
            database.execute("INSERT INTO words(words) VALUES ('optimize')")
            database.execute("DELETE FROM unpurged")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return True

    # --- what is asked

    def ids(self) -> set[str]:
        """The calls that are in it."""
        with self._working() as database:
            return {one for (one,) in database.execute("SELECT id FROM calls")}

    def search(self, query: Query) -> Found:
        """The latest calls first. Raises OSError if it takes longer than :data:`SEARCH_S`."""
        with self._working() as database:
            until = time.monotonic() + SEARCH_S
            database.set_progress_handler(lambda: time.monotonic() > until, 100_000)
            try:
                found = database.execute(*statement(query)).fetchall()
            finally:
                database.set_progress_handler(None, 0)
        rows = found[: query.limit]
        return Found([_row(row) for row in rows], str(rows[-1][0]) if len(found) > query.limit else None)

    def facets(self) -> dict[str, list[str]]:
        """What calls have as outcome, bot, trunk, direction and step: values to choose from."""
        with self._working() as database:
            facets = {
                name: [value for (value,) in database.execute(_DISTINCT.format(name), (MOST_FACETS,))]
                for name in FACETS
            }
            steps = database.execute("SELECT step FROM steps ORDER BY step LIMIT ?", (MOST_FACETS,))
            return {**facets, "step": [step for (step,) in steps]}

    # --- the file

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._working() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # SQLite itself ends it in some errors
                    database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._open()
        except sqlite3.OperationalError as error:
            raise OSError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise IndexDamaged(f"{self.path}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and _inode(self.path) == self._inode:
            return self._connection
        self.close()
        make_folder(self._folder)
        touch(self.path)  # SQLite gives the files beside it the same mode
        self._inode = _inode(self.path)
        database = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT_S, check_same_thread=False)
        try:
            database.execute("PRAGMA secure_delete = ON")
            _write_ahead(database)
            database.execute("PRAGMA synchronous = NORMAL")
            _make_tables(database)
        except BaseException:
            database.close()
            raise
        self._connection = database
        return database


def _write_ahead(database: sqlite3.Connection) -> None:
    """Readers do not wait for who writes. Where somebody else opens the file at the same moment, SQLite refuses this at
    once, whatever the connection's ``timeout``."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _make_tables(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")  # two processes may open a new file at a time
    try:
        ((version,),) = database.execute("PRAGMA user_version")
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"it has version {version} of the tables, not {VERSION}")
        if version == 0:
            for table in _TABLES:
                database.execute(table)
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _remove(database: sqlite3.Connection, call: str) -> None:
    for (began,) in database.execute("SELECT began FROM calls WHERE id = ?", (call,)).fetchall():
        database.execute("DELETE FROM calls WHERE began = ?", (began,))
        database.execute("DELETE FROM words WHERE rowid = ?", (began,))


def _insert(database: sqlite3.Connection, digest: Digest) -> None:
    began = digest.began
    while database.execute("SELECT 1 FROM calls WHERE began = ?", (began,)).fetchone():
        began += 1  # two calls that began in the same microsecond: one is found as the later one
    parts = (digest.caller, digest.callee, digest.call_id)
    numbers = "\n".join(number_letters(part) for part in parts)
    steps = "".join(f"\n{step}\n" for step in digest.steps)
    facts = (
        *(began, digest.id, digest.kind, digest.call_id, digest.duration_ms, digest.direction, digest.caller),
        *(digest.callee, digest.trunk, digest.bot, digest.language, digest.outcome, digest.turns),
        *(digest.interruptions, digest.failures, digest.gap_ms, numbers, steps),
    )
    database.execute(f"INSERT INTO calls VALUES ({','.join('?' * len(facts))})", facts)
    words = (began, digest.caller_words, digest.other_words)
    database.execute("INSERT INTO words(rowid, caller, other) VALUES (?, ?, ?)", words)
    database.executemany("INSERT OR IGNORE INTO steps VALUES (?)", [(step,) for step in digest.steps])


def _row(row: tuple[Any, ...]) -> dict[str, Any]:
    (began, call, kind, call_id, duration_ms, direction, caller, callee, trunk, bot, language, outcome) = row[:12]
    (turns, interruptions, failures, gap_ms, _, _, snippet) = row[12:]
    return {
        "id": call,
        "kind": kind,
        "call_id": call_id,
        "started": iso(began),
        "duration_ms": duration_ms,
        "direction": direction,
        "from": caller,
        "to": callee,
        "trunk": trunk,
        "bot": bot,
        "language": language,
        "outcome": outcome,
        "turns": turns,
        "interruptions": interruptions,
        "failures": failures,
        "gap_ms": gap_ms,
        "said": _parts(snippet),
    }


def _parts(snippet: str) -> list[dict[str, Any]]:
    """The words that were found, and some around them. Digests have no control characters."""
    parts = []
    for number, part in enumerate(snippet.replace("\x02", "\x01").split("\x01")):
        if part:
            parts.append({"text": part, "found": number % 2 == 1})
    return parts

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from state_items import read, write

from voicebot.host import storage as storage_module
from voicebot.host.storage import EtagConflict, SqliteStorage, StorageUnusable


@pytest.fixture(params=["file", "memory"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    storage = SqliteStorage(tmp_path / "state.sqlite" if request.param == "file" else None)
    yield storage
    await storage.close()


async def test_items_come_back_and_absent_ones_do_not(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"n": 1}, "b": {"n": 2}})
    items = await read(storage, ["a", "b", "c"])
    assert {key: item["n"] for key, item in items.items()} == {"a": 1, "b": 2}


async def test_what_was_read_is_nobody_elses(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"list": [1]}})
    first = (await read(storage, ["a"]))["a"]
    first["list"].append(2)
    assert (await read(storage, ["a"]))["a"]["list"] == [1]


async def test_a_second_writer_with_the_old_etag_is_refused(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    mine, theirs = (await read(storage, ["a"]))["a"], (await read(storage, ["a"]))["a"]
    theirs["n"] = 2
    await write(storage, {"a": theirs})
    mine["n"] = 3
    with pytest.raises(EtagConflict):
        await write(storage, {"a": mine})
    assert (await read(storage, ["a"]))["a"]["n"] == 2


async def test_one_conflict_writes_nothing_of_the_batch(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    with pytest.raises(EtagConflict):
        await write(storage, {"b": {"n": 9}, "a": {"n": 2, "e_tag": "77"}})
    assert await read(storage, ["b"]) == {}


async def test_writing_twice_from_the_same_item_is_no_conflict(storage: SqliteStorage) -> None:
    item = {"n": 1}
    await write(storage, {"a": item})
    item["n"] = 2
    await write(storage, {"a": item})
    assert (await read(storage, ["a"]))["a"]["n"] == 2


async def test_who_names_no_version_replaces_any(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    await write(storage, {"a": {"n": 2}})
    assert (await read(storage, ["a"]))["a"]["n"] == 2


async def test_deleting_forgets_and_does_not_mind_what_is_absent(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    await storage.delete({"a", "never there"})
    assert await read(storage, ["a"]) == {}


async def test_a_file_survives_its_host(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    first = SqliteStorage(path)
    await write(first, {"a": {"n": 1}})
    second = SqliteStorage(path)  # the first was killed: it is not closed
    assert (await read(second, ["a"]))["a"]["n"] == 1
    await first.close()
    await second.close()
    assert path.stat().st_mode & 0o077 == 0, "conversations are nobody else's business"


async def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    storage = SqliteStorage(path)
    await storage.open()
    await write(storage, {"a": {"n": 1}})
    await storage.close()
    assert path.read_bytes().startswith(b"SQLite"), "a fresh one took its place"
    database = sqlite3.connect(path)
    assert database.execute("SELECT count(*) FROM state").fetchone() == (1,)
    database.close()


async def test_a_place_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "no such folder" / "state.sqlite")
    with pytest.raises(StorageUnusable, match="no such folder"):
        await storage.open()
    await storage.close()


async def test_old_conversations_are_forgotten_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    storage = SqliteStorage(path)
    await write(storage, {"old": {"n": 1}, "new": {"n": 1}})
    await storage.close()
    database = sqlite3.connect(path)
    database.execute("UPDATE state SET written = written - 700000 WHERE key = 'old'")
    database.commit()
    database.close()
    storage = SqliteStorage(path)
    assert list(await read(storage, ["old", "new"])) == ["new"]
    await storage.close()


async def test_callers_are_kept_a_year_and_conversations_a_week(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    storage = SqliteStorage(path)
    week_s, year_s = 7 * 86_400, 365 * 86_400
    ages_s = {"t/users/a": year_s - 60, "t/users/b": year_s + 60}
    ages_s |= {"t/conversations/a": week_s - 60, "t/conversations/b": week_s + 60}
    await write(storage, {key: {"n": 1} for key in ages_s})
    await storage.close()
    database = sqlite3.connect(path)
    for key, age_s in ages_s.items():
        database.execute("UPDATE state SET written = written - ? WHERE key = ?", (age_s, key))
    database.commit()
    database.close()
    storage = SqliteStorage(path)
    assert set(await read(storage, list(ages_s))) == {"t/users/a", "t/conversations/a"}
    await storage.close()


async def test_each_write_gives_an_item_its_next_version(storage: SqliteStorage) -> None:
    item: dict[str, object] = {"n": 1}
    versions = []
    for _ in range(3):
        await write(storage, {"a": item})
        versions.append(item["e_tag"])
    assert versions == ["1", "2", "3"]
    assert (await read(storage, ["a"]))["a"]["e_tag"] == "3"


async def test_the_next_version_of_an_item_is_one_statement(storage: SqliteStorage) -> None:
    await write(storage, {"a": {"n": 1}, "b": {"n": 1}})
    item = (await read(storage, ["a"]))["a"]
    done: list[str] = []
    await storage._run(lambda: storage._database.set_trace_callback(done.append))
    item["n"] = 2
    await write(storage, {"a": item})
    assert [statement.partition(" ")[0] for statement in done] == ["UPDATE"]
    assert item["e_tag"] == "2" and await read(storage, ["a", "b"]) == {"a": item, "b": {"n": 1, "e_tag": "1"}}


async def test_a_version_of_what_is_no_longer_there_is_no_conflict(storage: SqliteStorage) -> None:
    """What was forgotten meanwhile is begun anew."""
    await write(storage, {"a": {"n": 2, "e_tag": "77"}})
    assert (await read(storage, ["a"]))["a"] == {"n": 2, "e_tag": "1"}


async def test_nothing_is_read_or_written_of_no_keys(storage: SqliteStorage) -> None:
    assert await storage.write([]) == {}
    assert await storage.read([]) == {}


def damaged_in(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.damaged-*")]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that are made from now on."""
    made: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def watched(target: str, **options: Any) -> sqlite3.Connection:
        made.append(connect(target, **options))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    return made


async def test_the_operator_is_told_of_a_damaged_file_and_nothing_of_it_is_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, opened: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    leftovers = [tmp_path / "state.sqlite-wal", tmp_path / "state.sqlite-shm"]
    for leftover in leftovers:
        leftover.write_bytes(b"of the damaged file")
    storage = SqliteStorage(path)
    await storage.open()
    (told,) = caplog.records
    (aside,) = damaged_in(tmp_path)
    assert told.levelname == "ERROR" and aside in told.getMessage() and str(path) in told.getMessage()
    damaged, _ = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        await storage._run(lambda: damaged.execute("SELECT 1"))
    await storage.close()
    assert not any(leftover.exists() for leftover in leftovers)


async def test_the_log_of_a_database_that_is_gone_is_not_read_into_a_new_one(tmp_path: Path) -> None:
    gone = SqliteStorage(tmp_path / "gone.sqlite")
    await write(gone, {"a": {"n": 1}})
    for beside in ("-wal", "-shm"):
        shutil.copy(tmp_path / f"gone.sqlite{beside}", tmp_path / f"state.sqlite{beside}")
    await gone.close()
    storage = SqliteStorage(tmp_path / "state.sqlite")
    assert await read(storage, ["a"]) == {}
    await storage.close()


async def test_another_process_may_read_while_a_host_writes(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    storage = SqliteStorage(path)
    await write(storage, {"a": {"n": 1}})
    other = sqlite3.connect(path)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    await storage.close()


async def test_opening_twice_and_closing_unopened_are_harmless(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "state.sqlite")
    await storage.open()
    await write(storage, {"a": {"n": 1}})
    await storage.open()
    assert (await read(storage, ["a"]))["a"]["n"] == 1
    await storage.close()
    unopened = SqliteStorage(tmp_path / "other.sqlite")
    await unopened.close()
    assert not (tmp_path / "other.sqlite").exists()


async def test_state_in_memory_is_as_long_lived_as_its_host() -> None:
    storage = SqliteStorage(None)
    await write(storage, {"a": {"n": 1}})
    await storage.open()
    assert (await read(storage, ["a"]))["a"]["n"] == 1
    await storage.close()


def _open_to_all(path: Path) -> None:
    path.touch()
    path.chmod(0o644)


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.mark.parametrize("old", [False, True])
async def test_state_is_its_owners_alone_from_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    path = tmp_path / "state.sqlite"
    for beside in ("", "-wal", "-shm") if old else ():
        _open_to_all(Path(f"{path}{beside}"))
    opened_as: list[int] = []
    connect = sqlite3.connect

    def watched(target: str, **options: Any) -> sqlite3.Connection:
        opened_as.extend(_modes(tmp_path).values())
        return connect(target, **options)

    monkeypatch.setattr(sqlite3, "connect", watched)
    before = os.umask(0)
    try:
        storage = SqliteStorage(path)
        await storage.open()
        await write(storage, {"a": {"said": "1234"}})
        assert {*opened_as} == {0o600}
        assert _modes(tmp_path) == {
            "state.sqlite": 0o600,
            "state.sqlite-wal": 0o600,
            "state.sqlite-shm": 0o600,
        }
        await storage.close()
    finally:
        os.umask(before)


async def test_on_a_full_disk_conversations_go_on_and_are_written_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = SqliteStorage(tmp_path / "state.sqlite")
    await storage.open()
    item: dict[str, Any] = {"n": 1}
    await write(storage, {"a": item})

    async def pages(most: int) -> None:
        await storage._run(lambda: storage._database.execute(f"PRAGMA max_page_count = {most}").fetchone())

    await pages(1)  # no more than there are
    item["text"] = "x" * 100_000
    await write(storage, {"a": item})
    item["n"] = 2
    await write(storage, {"a": item, "b": {"n": 7}})
    assert (await read(storage, ["a"]))["a"]["n"] == 2
    with pytest.raises(EtagConflict):
        await write(storage, {"a": {"n": 3, "e_tag": "1"}})
    assert caplog.text.count("kept in memory") == 1
    await storage.delete(["b"])
    await pages(1_000_000)
    await write(storage, {"c": {"n": 1}})
    await storage.close()
    again = SqliteStorage(tmp_path / "state.sqlite")
    found = await read(again, ["a", "b", "c"])
    assert sorted(found) == ["a", "c"]
    assert (found["a"]["n"], found["a"]["text"]) == (2, "x" * 100_000)
    await again.close()


async def _writable(storage: SqliteStorage, yes: bool) -> None:
    await storage._run(lambda: storage._database.execute(f"PRAGMA query_only = {not yes}").fetchone())


async def test_what_was_kept_in_memory_is_written_once_and_does_not_undo_what_others_write(tmp_path: Path) -> None:
    ours, theirs = SqliteStorage(tmp_path / "state.sqlite"), SqliteStorage(tmp_path / "state.sqlite")
    await _writable(ours, False)
    await write(ours, {"a": {"n": 1}})
    await _writable(ours, True)
    await write(ours, {"b": {"n": 1}})
    item = (await read(theirs, ["a"]))["a"]
    await write(theirs, {"a": item | {"n": 2}})
    assert (await read(ours, ["a"]))["a"]["n"] == 2
    await write(ours, {"b": {"n": 2}})
    assert (await read(theirs, ["a"]))["a"]["n"] == 2
    await ours.close()
    await theirs.close()


async def test_more_than_memory_may_hold_for_the_disk_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "MAX_UNSAVED", 2)
    storage = SqliteStorage(tmp_path / "state.sqlite")
    await _writable(storage, False)
    await write(storage, {"a": {"n": 1}, "b": {"n": 1}})
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await write(storage, {"c": {"n": 1}})
    assert sorted(await read(storage, ["a", "b", "c"])) == ["a", "b"]
    await storage.close()


async def test_what_the_disk_does_not_let_us_delete_is_told_and_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = SqliteStorage(tmp_path / "state.sqlite")
    await write(storage, {"a": {"n": 1}})
    await _writable(storage, False)
    await storage.delete(["a"])
    assert "not deleted" in caplog.text
    await storage.close()


async def test_a_file_that_another_host_holds_for_too_long_is_an_error_and_not_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "MAX_LOCK_WAIT_S", 0.01)
    storage = SqliteStorage(tmp_path / "state.sqlite")
    await write(storage, {"a": {"n": 1}})
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await write(storage, {"a": {"n": 2}})
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await storage.delete(["a"])
    other.execute("ROLLBACK")
    other.close()
    assert (await read(storage, ["a"]))["a"]["n"] == 1
    await storage.close()

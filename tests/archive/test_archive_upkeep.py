"""The index agrees with the folder of the records, whatever becomes of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_calls import call_name, keep, kept_call

from voicebot.archive.index import FILE
from voicebot.archive.query import query_of
from voicebot.archive.upkeep import Upkeep


@pytest.fixture
def upkeep(tmp_path: Path) -> Iterator[Upkeep]:
    made = Upkeep(tmp_path)
    yield made
    made.close()


def found(upkeep: Upkeep, **query: str) -> list[int]:
    return sorted(int(row["id"], 16) for row in upkeep.index.search(query_of(query)).calls)


def test_a_call_that_has_ended_is_found_at_once(upkeep: Upkeep, tmp_path: Path) -> None:
    keep(tmp_path, kept_call(1))
    upkeep.take(call_name(1))
    assert found(upkeep, words="parcel") == [1]
    assert upkeep.sweep() == (0, 0)


def test_a_call_whose_record_could_not_be_written_is_none(upkeep: Upkeep) -> None:
    upkeep.take(call_name(1))
    assert found(upkeep) == [] and upkeep.unreadable == {}


def test_a_sweep_finds_what_is_new_and_what_is_gone(upkeep: Upkeep, tmp_path: Path) -> None:
    keep(tmp_path, *(kept_call(number) for number in range(3)))
    assert upkeep.sweep() == (3, 0)
    (tmp_path / f"{call_name(1)}.json").unlink()
    keep(tmp_path, kept_call(7))
    assert upkeep.sweep() == (1, 1)
    assert found(upkeep) == [0, 2, 7]
    assert upkeep.purge() is True


def test_drafts_recordings_and_other_files_are_no_records(upkeep: Upkeep, tmp_path: Path) -> None:
    for name in (".a.json.x.part", ".hidden.json", "a.wav", "notes.txt"):
        (tmp_path / name).write_text("{}")
    (tmp_path / ".unfinished-x").mkdir()
    assert upkeep.sweep() == (0, 0) and upkeep.unreadable == {}


def test_what_cannot_be_read_is_told_once_and_the_others_are_found(
    upkeep: Upkeep, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(tmp_path, kept_call(1))
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[" * 100_000)
    (tmp_path / "c.json").write_text('{"id": "another"}')
    (tmp_path / f"{call_name(5)}.json").write_bytes((tmp_path / f"{call_name(1)}.json").read_bytes())
    os.mkfifo(tmp_path / "d.json")
    upkeep.sweep()
    assert found(upkeep) == [1]
    assert set(upkeep.unreadable) == {"a", "b", "c", "d", call_name(5)}
    assert len(caplog.records) == 5
    assert upkeep.sweep() == (0, 0)
    assert len(caplog.records) == 5


def test_all_is_read_anew(upkeep: Upkeep, tmp_path: Path) -> None:
    keep(tmp_path, kept_call(1), kept_call(2))
    (tmp_path / "a.json").write_text("{")
    upkeep.sweep()
    (tmp_path / "a.json").unlink()
    (tmp_path / f"{call_name(2)}.json").unlink()
    assert upkeep.sweep(anew=True) == (1, 1)
    assert found(upkeep) == [1] and upkeep.unreadable == {}


@pytest.mark.parametrize("at", ["sweep", "take"])
def test_a_damaged_index_is_made_anew(
    upkeep: Upkeep, tmp_path: Path, caplog: pytest.LogCaptureFixture, at: str
) -> None:
    keep(tmp_path, kept_call(1), kept_call(2))
    upkeep.sweep()
    upkeep.close()
    (tmp_path / FILE).write_bytes(b"no database at all" * 1000)
    keep(tmp_path, kept_call(3))
    if at == "sweep":
        upkeep.sweep()
    else:
        upkeep.take(call_name(3))
    assert found(upkeep, words="parcel") == [1, 2, 3]
    assert "made anew" in caplog.text


def test_while_many_are_read_it_is_known_how_many_are_missing(
    upkeep: Upkeep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicebot.archive.upkeep.AT_A_TIME", 2)
    keep(tmp_path, *(kept_call(number) for number in range(5)))
    missing = list[int]()
    put = upkeep.index.put
    monkeypatch.setattr(upkeep.index, "put", lambda digests: (missing.append(upkeep.missing), put(digests)))
    upkeep.sweep()
    assert (missing, upkeep.missing) == ([5, 3, 1], 0)

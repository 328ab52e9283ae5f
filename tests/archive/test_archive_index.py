"""What is found, in which order, and what is gone when it is gone."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kept_calls import BEGAN, call_name, kept_call

from voicebot.archive.digest import digest_of
from voicebot.archive.index import FILE, Index, IndexDamaged
from voicebot.archive.query import NAMES, query_of


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path)
    yield made
    made.close()


def put(index: Index, *records: dict[str, Any]) -> None:
    index.put([digest_of(record) for record in records])


def found(index: Index, **query: str) -> list[int]:
    """The numbers of the calls that are found."""
    return [int(row["id"], 16) for row in index.search(query_of(query)).calls]


def test_some_may_open_it_at_the_same_moment(tmp_path: Path) -> None:
    def open_and_search(folder: Path) -> list[int]:
        together.wait(30)
        index = Index(folder)
        try:
            return found(index)
        finally:
            index.close()

    together = threading.Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        for number in range(40):
            folder = tmp_path / str(number)
            folder.mkdir()
            assert [*threads.map(open_and_search, [folder] * 4)] == [[]] * 4


CALLS = (
    kept_call(1, [("Where is my parcel?", "On its way.")], caller="+15550101", bot="sales", reason="caller"),
    kept_call(2, [("Mein Päckchen bitte", "Unterwegs.")], caller="+4930123456", began=BEGAN + timedelta(hours=1)),
    kept_call(3, [("the parcel is late", "Oh.")], caller="sip:ada@pbx.example", callee="+1 (555) 0199",
              reason="transfer", trunk="sbc", began=BEGAN + timedelta(hours=2)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ({}, [3, 2, 1]),
        ({"words": "parcel"}, [3, 1]),
        ({"words": "PARC"}, [3, 1]),
        ({"words": "packchen"}, [2]),
        ({"words": "is parcel"}, [3, 1]),
        ({"words": '"is my parcel"'}, [1]),
        ({"words": '"parcel my"'}, []),
        ({"words": "on its way"}, [1]),
        ({"words": "parcel way", "bot": "sales"}, [1]),
        ({"words": "parcel", "outcome": "transfer"}, [3]),
        ({"number": "30123"}, [2]),
        ({"number": "+49 30 12-34 56"}, [2]),
        ({"number": "ADA@pbx"}, [3]),
        ({"number": "5550199"}, [3]),
        ({"number": "call-2@phone"}, [2]),
        ({"number": "%"}, []),
        ({"trunk": "sbc"}, [3]),
        ({"direction": "outbound"}, []),
        ({"kind": "bot", "since": "2026-11-29T13:00:00Z"}, [3, 2]),
        ({"until": "2026-11-29T13:00:00Z"}, [1]),
        ({"words": "parcel", "since": "2026-11-29T12:30:00Z", "until": "2026-11-30"}, [3]),
        ({"step": "ask"}, []),
        # what is neither letter nor digit finds nothing, and is no syntax
        ({"words": "?!"}, [3, 2, 1]),
        ({"words": 'parcel" OR "x'}, []),
        ({"words": "caller:parcel"}, []),
        ({"words": "NOT parcel"}, []),
        ({"words": "NEAR(parcel"}, []),
        ({"words": "'; DROP TABLE calls; --"}, []),
    ],
)
def test_calls_are_found_by_what_they_have(index: Index, query: dict[str, str], calls: list[int]) -> None:
    put(index, *CALLS)
    assert found(index, **query) == calls


def test_a_step_is_found_as_it_is(index: Index) -> None:
    records = [kept_call(1), kept_call(2)]
    for record, steps in zip(records, (("ask_name", "ask"), ("ask_name",)), strict=True):
        record["timeline"] += [{"at_ms": 1, "event": "at_step", "step": step} for step in steps]
    put(index, *records)
    assert found(index, step="ask") == [1]
    assert found(index, step="ask_name") == [2, 1]
    assert index.facets()["step"] == ["ask", "ask_name"]


def test_a_row_says_what_a_list_shows_and_where_the_words_are(index: Index) -> None:
    put(index, *CALLS)
    (row,) = index.search(query_of({"words": "way"})).calls
    assert row["said"] == [
        {"text": "On its ", "found": False},
        {"text": "way", "found": True},
        {"text": ".", "found": False},
    ]
    facts = {"from": "+15550101", "to": "bot", "outcome": "caller", "turns": 1, "gap_ms": 500.0, "duration_ms": 6000.0}
    assert {name: row[name] for name in facts} == facts
    assert row["started"] == "2026-11-29T12:00:00.000Z"


def test_a_long_answer_comes_in_parts(index: Index) -> None:
    put(index, *(kept_call(number, began=BEGAN + timedelta(seconds=number)) for number in range(25)))
    seen: list[int] = []
    query = {"words": "parcel", "limit": "10"}
    while True:
        part = index.search(query_of(query))
        seen += [int(row["id"], 16) for row in part.calls]
        if part.next is None:
            break
        query["before"] = part.next
    assert seen == list(range(24, -1, -1))


def test_calls_of_the_same_microsecond_are_all_found(index: Index) -> None:
    put(index, *(kept_call(number) for number in range(5)))
    assert sorted(found(index)) == sorted(found(index, words="parcel")) == list(range(5))


def test_a_record_that_is_put_again_replaces_the_first(index: Index) -> None:
    put(index, kept_call(1, [("apples", "yes")]))
    put(index, kept_call(1, [("pears", "yes")]))
    assert (found(index, words="apples"), found(index, words="pears"), found(index)) == ([], [1], [1])


def test_values_to_choose_from(index: Index) -> None:
    put(index, *CALLS)
    assert index.facets() == {
        "outcome": ["caller", "transfer"],
        "bot": ["sales"],
        "trunk": ["sbc"],
        "direction": ["inbound"],
        "kind": ["bot"],
        "step": [],
    }


def test_of_what_was_removed_nothing_is_left_in_the_files(index: Index, tmp_path: Path) -> None:
    secret = "Rumpelstilzchen"
    put(index, *(kept_call(number, [("Where is it?", "Here.")]) for number in range(50)))
    put(index, kept_call(99, [(f"I am {secret}", f"Hello {secret}.")], caller="+15559999"))
    assert index.purge() is False
    index.remove([call_name(99)])
    assert found(index, words=secret) == []
    assert index.purge() is True
    assert index.purge() is False
    kept = b"".join(file.read_bytes() for file in tmp_path.glob(f"{FILE}*")).lower()
    assert secret.lower().encode() not in kept and b"15559999" not in kept
    assert b"where is it" in kept


def test_the_files_are_private(index: Index, tmp_path: Path) -> None:
    put(index, *CALLS)
    files = list(tmp_path.glob(f"{FILE}*"))
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("damage", ["no database", "torn", "other version"])
def test_damage_is_told_and_after_it_is_discarded_there_is_a_new_file(tmp_path: Path, damage: str) -> None:
    index = Index(tmp_path)
    put(index, *(kept_call(number) for number in range(200)))
    index.close()
    file = tmp_path / FILE
    if damage == "no database":
        file.write_bytes(b"x" * 10_000)
    elif damage == "torn":
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\x99" * (len(whole) - 4096))
    else:
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
    with pytest.raises(IndexDamaged):
        index.search(query_of({"words": "parcel"}))
    index.discard()
    assert found(index) == []
    put(index, *CALLS)
    assert found(index, words="parcel") == [3, 1]
    index.close()


def test_a_file_that_another_has_replaced_is_opened_anew(index: Index, tmp_path: Path) -> None:
    put(index, *CALLS)
    other = Index(tmp_path)
    other.discard()
    put(other, kept_call(7))
    assert found(index) == [7]
    other.close()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"colour": "red"}, "colour"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "١"}, "limit"),
        ({"before": "-1"}, "before"),
        ({"before": "9" * 100}, "before"),
        ({"since": "yesterday"}, "since"),
        ({"until": "0000-00-00"}, "until"),
        ({"words": "x" * 201}, "words"),
    ],
)
def test_a_wrong_query_is_named(query: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        query_of(query)


def test_every_field_that_is_named_can_be_asked_for(index: Index) -> None:
    put(index, *CALLS)
    values = {"since": "2026-01-01", "until": "2027-01-01", "before": "9", "limit": "5"}
    for name in NAMES:
        index.search(query_of({name: values.get(name, "x")}))

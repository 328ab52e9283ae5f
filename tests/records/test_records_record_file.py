"""The file of a record: what is in it, and how it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.records import record_file, write_record
from voicebot.records.record_file import as_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=5))
def test_what_is_read_is_what_was_written(record: dict[str, Any]) -> None:
    assert json.loads(as_text(record)) == record


def test_each_turn_and_each_entry_of_the_timeline_has_a_line() -> None:
    record = {"id": "a", "end": {"reason": "bot"}, "turns": [{"texts": ["one", "Grüße"]}, {"texts": []}], "keys": []}
    assert as_text(record).splitlines() == [
        "{",
        ' "id": "a",',
        ' "end": {',
        '  "reason": "bot"',
        " },",
        ' "turns": [',
        '  {"texts": ["one", "Grüße"]},',
        '  {"texts": []}',
        " ],",
        ' "keys": []',
        "}",
    ]


def test_no_line_is_made_by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    def interpreted(*_: Any) -> Any:
        raise AssertionError("this takes longer, and keeps packets waiting")

    monkeypatch.setattr("json.encoder._make_iterencode", interpreted)
    as_text({"turns": [{"text": "a", "at": 1.5, "keys": None}], "end": {"reason": "bot"}, "id": "a"})


def test_a_call_that_goes_on_may_add_to_its_record_while_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata, timeline = {"a": 1}, [{"event": "started"}]
    line = record_file._line

    def meanwhile(value: Any) -> str:
        metadata[f"{len(metadata)}"] = 1
        timeline.append({"event": "another"})
        return line(value)

    monkeypatch.setattr(record_file, "_line", meanwhile)
    read = json.loads(as_text({"metadata": metadata, "timeline": timeline}))
    assert read["metadata"]["a"] == 1 and read["timeline"][0] == {"event": "started"}


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    path = write_record({"id": "a", "text": "\ud800"}, tmp_path)
    assert json.loads(path.read_bytes()) == {"id": "a", "text": "\ud800"}
    with pytest.raises(FileExistsError):
        write_record({"id": "a"}, tmp_path)

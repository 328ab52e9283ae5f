"""``voicebot records``: what is printed, and with which status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kept_calls import call_name, keep, kept_call
from typer.testing import CliRunner, Result

from voicebot.archive.index import FILE
from voicebot.cli import app
from voicebot.sip import Ladders
from voicebot.sip.hop import Hop

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "records"
    made.mkdir()
    monkeypatch.setenv("VOICEBOT_CALLS__RECORDS", str(made))
    return made


@pytest.fixture
def run() -> Run:
    return lambda *words: CliRunner().invoke(app, ["records", *words])


def test_the_index_is_made_of_the_records(folder: Path, run: Run) -> None:
    keep(folder, kept_call(1), kept_call(2))
    (folder / "x.json").write_text("{")
    (folder / FILE).write_bytes(b"damaged" * 1000)
    result = run("index")
    assert result.exit_code == 0
    assert "2 calls" in result.stdout and "x.json: " in result.stderr


def test_calls_are_found(folder: Path, run: Run) -> None:
    keep(folder, kept_call(1), kept_call(2, [("apples", "fine")], caller="+4930123456"))
    result = run("find", "parc")
    assert result.exit_code == 0
    assert call_name(1) in result.stdout and "*parcel*" in result.stdout and call_name(2) not in result.stdout
    found = json.loads(run("find", "--number", "+49 30", "--json").stdout)
    assert [call["id"] for call in found["calls"]] == [call_name(2)]
    (folder / f"{call_name(2)}.json").unlink()
    assert "no calls" in run("find", "apples").stderr


@pytest.mark.parametrize("words", [["find", "--since", "yesterday"], ["find", "--config", "nowhere.toml"]])
def test_what_is_wrong_is_told(folder: Path, run: Run, words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2 and result.stderr and not result.stdout


def test_where_there_are_no_records(folder: Path, run: Run) -> None:
    folder.rmdir()
    assert run("index").exit_code == 2


def test_the_ladder_of_a_call(folder: Path, run: Run) -> None:
    ladders = Ladders()
    ladders.note(b"INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n", Hop("192.0.2.1", 5060), 0.0, sent=False)
    keep(folder, kept_call(1, ladder=ladders.of("1")), kept_call(2))
    result = run("ladder", call_name(1))
    assert result.exit_code == 0 and "INVITE" in result.stdout and "192.0.2.1:5060" in result.stdout
    assert "calls.signalling" in run("ladder", call_name(2)).stderr
    for call in (call_name(3), "../secret"):
        assert run("ladder", call).exit_code == 2

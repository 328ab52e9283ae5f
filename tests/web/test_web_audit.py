"""Who did what is written down: each action once, bounded, private, and without words."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from let_in import let_in
from live_desk import live_desk
from waiting import until

from voicebot.web import AuditLog, Role, audit
from voicebot.web.roles import CALL, HOLDER, Holder


def request(name: str = "anna", call: str = "c1") -> web.Request:
    made = make_mocked_request("POST", "/v1/x", match_info={"id": call})
    if name:
        made[HOLDER] = Holder(name, Role.OPERATOR)
    return made


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


async def test_an_action_is_a_line_with_who_when_from_where_and_which_call(tmp_path: Path) -> None:
    log = AuditLog(file := tmp_path / "new" / "audit.jsonl", clock=lambda: 1_800_000_000.0)
    await log.open()
    log.note(request(), "listen in")
    log.note(request(), "listen in", status=200)
    placed = request(call="")
    placed[CALL] = "c2"
    log.note(placed, "place a call", status=202)
    await log.close()
    assert [(line["action"], line["call"], line["status"]) for line in lines(file)] == [
        ("listen in", "c1", None),
        ("listen in", "c1", 200),
        ("place a call", "c2", 202),
    ]
    first = lines(file)[0]
    assert (first["time"], first["who"], first["role"]) == ("2027-01-15T08:00:00.000+00:00", "anna", "operator")
    assert "from" in first
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(log.latest) == lines(file)


async def test_strangers_write_nothing(tmp_path: Path) -> None:
    log = AuditLog(file := tmp_path / "audit.jsonl")
    await log.open()
    log.note(request(name=""), "hang up", status=401)
    await log.close()
    assert file.read_text() == "" and not log.latest


async def test_the_files_are_bounded_and_the_oldest_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MAX_FILE", 1_000)
    log, other = AuditLog(file := tmp_path / "audit.jsonl"), AuditLog(file)
    await log.open()
    await other.open()
    for number in range(60):
        (log if number % 2 else other).note(request(call=f"call {number}"), "hang up", status=204)
    await log.close()
    await other.close()
    olds = [tmp_path / f"audit.jsonl.{age}" for age in range(audit.OLD_FILES, 0, -1)]
    assert {*tmp_path.glob("*")} == {file, *olds}  # noqa: ASYNC240 nothing else runs
    assert max(each.stat().st_size for each in (file, *olds)) <= 1_000
    kept = [line["call"] for each in (*olds, file) for line in lines(each)]
    assert len(kept) == len(set(kept)) > 10 and {"call 58", "call 59"} <= set(kept)


async def test_a_file_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        await AuditLog(tmp_path / "file" / "audit.jsonl").open()


async def test_a_disk_that_hangs_keeps_nobody_waiting_and_what_is_lost_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    log = AuditLog(tmp_path / "audit.jsonl")
    await log.open()
    monkeypatch.setattr(audit, "_append", lambda *_: hangs.wait(30))
    monkeypatch.setattr(audit, "CLOSE_S", 0.01)
    for _ in range(audit.MOST_WAITING + 10):
        log.note(request(), "hang up", status=204)
    assert 9 <= log.lost <= 10
    assert len(log.latest) == audit.LATEST
    await log.close()
    hangs.set()


async def test_a_full_disk_is_told_and_does_not_end_the_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file, write = tmp_path / "audit.jsonl", audit._append
    log = AuditLog(file)
    await log.open()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audit, "_append", full)
    log.note(request(), "hang up", status=204)
    await until(lambda: log.lost == 1)
    monkeypatch.setattr(audit, "_append", write)
    log.note(request(call="c2"), "hang up", status=204)
    await log.close()
    assert [line["call"] for line in lines(file)] == ["c2"]
    assert "a line of the audit log is lost" in caplog.text and "No space left" in caplog.text


async def test_what_is_done_to_a_call_is_noted_and_what_was_said_is_not(tmp_path: Path) -> None:
    access = let_in("admin", anna=Role.OPERATOR, bert=Role.AGENT)
    access.audit = AuditLog(file := tmp_path / "audit.jsonl")
    async with live_desk("admin", access=access) as desk:
        call = await desk.call()
        await desk.caller_says(call, "My secret word.")
        path = f"calls/{call.id}/hangup"
        assert (await desk.ask("POST", path, Authorization="Bearer stranger"))[0] == 401
        assert (await desk.ask("POST", path, Authorization="Bearer bert"))[0] == 403
        assert (await desk.ask("POST", path, Authorization="Bearer anna"))[0] == 204
        await until(lambda: not desk.calls.running())
        assert (await desk.ask("POST", path, Authorization="Bearer anna"))[0] == 404
        async with asyncio.timeout(10), desk.stream("calls/events") as reader:
            await reader.event()
    noted = lines(file)
    assert [(line["who"], line["action"], line["status"]) for line in noted] == [
        ("bert", "hang up", 403),
        ("anna", "hang up", 204),
        ("anna", "hang up", 404),
    ]
    assert all(line["call"] == call.id and line["from"] == "127.0.0.1" for line in noted)
    assert "secret" not in file.read_text() and call.info.caller not in file.read_text()

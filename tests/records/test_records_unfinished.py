"""Records of calls whose service was killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from voicebot.records import KILLED, UnfinishedRecords, finish, left_calls, write_record
from voicebot.records.unfinished import PREFIX

KILLED_SERVICE = """
import asyncio, os, sys
from pathlib import Path
from voicebot.records import UnfinishedRecords
from voicebot.records.unfinished import PREFIX

async def main():
    unfinished = UnfinishedRecords(Path(sys.argv[1]))
    await unfinished.open()
    for known in (1, 2):
        for call in ("aa", "bb"):
            unfinished.keep(call, {"id": call, "known": known, "end": {"reason": "", "bot_asked": False}})
    unfinished.over("bb")
    unfinished.keep("cc", {"id": "cc", "end": {"reason": "", "bot_asked": False}})
    while unfinished._waiting:
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


def record(call: str) -> dict[str, Any]:
    return {"id": call, "end": {"reason": "", "bot_asked": False}}


def left_by_a_killed_service(records: Path) -> Path:
    subprocess.run([sys.executable, "-c", KILLED_SERVICE, str(records)], check=False)
    (folder,) = records.glob(f"{PREFIX}*")
    return folder


def test_calls_of_a_killed_service_leave_the_last_that_was_known_of_them(tmp_path: Path) -> None:
    folder = left_by_a_killed_service(tmp_path)
    assert sorted(file.name for file in folder.glob("*.json")) == ["aa.json", "cc.json"], "bb had ended"
    (folder / "dd.json").write_text('{"id": "dd", "en')  # the disk failed
    write_record(record("cc"), tmp_path)  # it was killed between the record and the removal
    (given,) = finish(tmp_path)
    assert given == json.loads((tmp_path / "aa.json").read_text())
    assert given["known"] == 2 and given["end"]["reason"] == KILLED and given["end"]["last_known"].startswith("20")
    assert json.loads((tmp_path / "cc.json").read_text())["end"]["reason"] == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aa.json", "cc.json"]
    assert list(finish(tmp_path)) == []


def test_calls_that_go_on_elsewhere_leave_no_record_here(tmp_path: Path) -> None:
    left_by_a_killed_service(tmp_path)
    assert sorted(left_calls(tmp_path)) == ["aa", "cc"]
    assert [record["id"] for record in finish(tmp_path, ["aa"])] == ["cc"]
    assert [path.name for path in tmp_path.iterdir()] == ["cc.json"] and left_calls(tmp_path) == []


async def test_what_a_running_service_keeps_is_its_own_and_is_gone_when_it_ends(tmp_path: Path) -> None:
    unfinished = UnfinishedRecords(tmp_path / "records")
    unfinished.keep("early", record("early"))
    await unfinished.open()
    unfinished.keep("aa", record("aa"))
    assert list(finish(tmp_path / "records")) == []
    await unfinished.close()
    unfinished.keep("late", record("late"))
    unfinished.over("aa")
    assert list((tmp_path / "records").iterdir()) == []

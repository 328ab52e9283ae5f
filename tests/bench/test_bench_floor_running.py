"""Whole runs of the bench, with bots in this process in the place of services."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from answering_bot import HummedLibrary, answering

import bench.floor.__main__ as bench_floor
from bench.floor.calls import Records, Telephone
from bench.floor.cases import Case, Plan, Purpose
from bench.floor.running import Side, run, until_idle
from bench.floor.scoring import Verdict
from bench.floor.sources import Made
from bench.service import Service, Usage


@asynccontextmanager
async def side(name: str, folder: Path) -> AsyncIterator[Side]:
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    async with answering(folder) as uri:
        yield Side(name, Service({"sip": uri, "speech": None}, os.getpid(), 0.0), Records(folder))


async def test_both_sides_get_the_same_calls(tmp_path: Path) -> None:
    cases = [Case(f"yes {n}", "yesno", "yes/no", Purpose.ANSWER, Made("hum-mhm"), value="yes") for n in range(3)]
    calls = [Plan("yesno", False, (case,)) for case in cases]
    told: list[str] = []
    async with (
        side("one", tmp_path / "one") as one,
        side("two", tmp_path / "two") as two,
        Telephone(HummedLibrary(tmp_path)) as telephone,
    ):
        results = await run([one, two], telephone, calls, 3, told.append)
    assert [result.name for result in results] == ["one", "two"]
    for result in results:
        assert sorted(outcome.case.name for outcome in result.outcomes) == ["yes 0", "yes 1", "yes 2"]
        assert {outcome.verdict for outcome in result.outcomes} == {Verdict.RIGHT}
        assert result.talked_s > 3
        assert result.cpu_s["calls"] >= 0
        assert result.took_s > 1
    assert told == ["3 of 3 calls, 3 at once"]


class BusyService:
    """Has taken so many more seconds of a core each time that it is asked."""

    def __init__(self, *seconds: float) -> None:
        self.waiting = list(seconds)
        self.taken = 0.0

    def usage(self) -> Usage:
        self.taken += self.waiting.pop(0) if self.waiting else 0.0
        return Usage({("speech service", 1): self.taken})


async def test_calls_begin_when_no_service_has_anything_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("bench.floor.running.asyncio.sleep", sleep)
    services = [BusyService(0.0, 0.9), BusyService(0.0, 0.05, 0.3, 0.8, 0.0, 0.05)]
    await until_idle([Side("side", cast(Service, service), Records(Path())) for service in services])
    assert slept == [1.0] * 3
    assert all(not service.waiting for service in services)


def test_the_command_prints_tables_and_writes_every_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_floor, "side", lambda name, tree, settings, kept: side(name, tmp_path / name))
    monkeypatch.setattr(bench_floor, "Library", lambda: HummedLibrary(tmp_path))
    argv = ["--quick", "--calls", "2", "--only", "hum-mm|laugh", "--misses", "--beside", str(tmp_path / "old")]
    status = bench_floor.main([*argv, "--json", str(tmp_path / "floor.json")])
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert re.search(r"^back-channel +this +\d", printed, re.MULTILINE)
    assert re.search(r"^back-channel +old +\d", printed, re.MULTILINE)
    (load,) = json.loads((tmp_path / "floor.json").read_text())
    assert load["calls"] == 2
    assert [one["side"] for one in load["sides"]] == ["this", "old"]
    assert all(one["outcomes"] for one in load["sides"])


def test_cases_that_could_not_be_tried_are_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_floor, "Library", lambda: HummedLibrary(tmp_path))
    monkeypatch.setattr(bench_floor, "side", lambda name, tree, settings, kept: side(name, tmp_path / name))
    assert bench_floor.main(["--quick", "--calls", "1", "--only", "no such case"]) == 1
    assert capsys.readouterr().out

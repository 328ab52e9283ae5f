"""How the commands under deploy/try end: their exit status, and what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trial
from program import NotInstalled, ProgramFailed
from trial import INTERRUPTED, NOT_TRIED, tried


async def well(_folder: Path) -> bool:
    return True


async def wrong(_folder: Path) -> bool:
    return False


async def missing(_folder: Path) -> bool:
    raise NotInstalled("kamailio: apt-get install kamailio")


async def ended(_folder: Path) -> bool:
    raise ProgramFailed("Redis has ended:\nout of memory")


async def refused(folder: Path) -> bool:
    (folder / "redis.log").write_text("it begins\nout of memory\n")
    raise ConnectionRefusedError("nobody listens")


async def for_ever(_folder: Path) -> bool:
    return await asyncio.get_running_loop().create_future()


async def interrupted(_folder: Path) -> bool:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        (well, 0, ""),
        (wrong, 1, ""),
        (missing, NOT_TRIED, "NOT TRIED, this is not installed: kamailio: apt-get install kamailio"),
        (ended, 1, "out of memory"),
        (refused, 1, "redis.log ends with: out of memory"),
        (for_ever, 1, "it cannot go on: TimeoutError"),
        (interrupted, INTERRUPTED, ""),
    ],
)
def test_a_trial_ends_with_a_status_that_says_how_it_went(
    what: Callable[[Path], Awaitable[bool]],
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "LIMIT_S", 0.1)
    folders: list[Path] = []

    async def noted(folder: Path) -> bool:
        folders.append(folder)
        return await what(folder)

    assert tried(noted) == status
    assert said in capsys.readouterr().err
    assert not folders[0].exists()


def test_what_stays_until_it_is_interrupted_has_gone_well_then() -> None:
    assert tried(interrupted, stays=True) == 0

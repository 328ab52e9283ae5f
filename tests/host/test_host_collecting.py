"""When garbage is collected: between turns, the old less often than the new."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from voicebot.host import collecting
from voicebot.host.collecting import ENOUGH, OLDER_EVERY, OLDEST_EVERY, THRESHOLDS, IdleCollector, generation


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The generations that are collected."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            found.append(info["generation"])

    before = gc.get_threshold()
    gc.disable()
    gc.callbacks.append(note)
    new = [[] for _ in range(ENOUGH)]  # type: ignore[var-annotated]
    yield found
    del new
    gc.callbacks.remove(note)
    gc.enable()
    gc.set_threshold(*before)
    gc.unfreeze()


def test_the_old_is_looked_at_less_often_than_the_new() -> None:
    looks = Counter(generation(times) for times in range(1, OLDEST_EVERY + 1))
    assert looks == {0: OLDEST_EVERY - OLDEST_EVERY // OLDER_EVERY, 1: OLDEST_EVERY // OLDER_EVERY - 1, 2: 1}


async def test_it_is_collected_once_after_the_last_turn_and_not_before_what_is_to_be_done_now(
    collected: list[int],
) -> None:
    collector = IdleCollector()
    collector.idle()
    collector.idle()
    assert collected == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert collected == [0]


async def test_what_has_left_little_is_not_looked_at(collected: list[int]) -> None:
    gc.collect()
    collected.clear()
    IdleCollector().idle()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert collected == []


async def test_a_turn_that_begins_meanwhile_does_not_wait_for_it(collected: list[int]) -> None:
    collector = IdleCollector()
    collector.idle()
    collector.busy()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert collected == []
    collector.idle()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert collected == [0]


def test_what_exists_at_the_start_is_left_out_and_turns_without_a_pause_are_collected_by_themselves(
    collected: list[int],
) -> None:
    IdleCollector().take_over()
    assert set(collected) == {2}
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() == THRESHOLDS == collecting.THRESHOLDS

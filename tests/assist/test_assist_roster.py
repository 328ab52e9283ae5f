from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from voicebot.address import Address
from voicebot.assist.entries import PartiesChanged, Summary
from voicebot.assist.feed import Feed
from voicebot.assist.roster import Roster, WatchedCall
from voicebot.events.parties import Party, Role


class Watched:
    def __init__(self, call_id: str, agent: str = "7001") -> None:
        self.feed = Feed(call_id)
        self.began_at = datetime(2026, 1, 1, tzinfo=UTC)
        self.taken_by(agent)

    def taken_by(self, agent: str) -> None:
        self.feed.add(PartiesChanged(0, (Party("p1", Role.AGENT, "", Address.parse(agent)),)))

    async def pause(self, why: str) -> None: ...

    async def resume(self, why: str) -> None: ...

    def tick(self, item_id: str) -> bool:
        return False

    async def summary(self) -> Summary:
        return Summary("", (), ())


def names(calls: list[WatchedCall]) -> list[str]:
    return [call.feed.call_id for call in calls]


async def test_a_call_is_found_while_it_runs_and_for_a_while_after() -> None:
    roster = Roster(most_ended=2)
    calls = [Watched(f"c{n}") for n in range(4)]
    for call in calls:
        roster.began(call)
    assert names(roster.running()) == ["c0", "c1", "c2", "c3"]
    for call in [*calls[:3], calls[0]]:
        roster.ended(call)
    assert names(roster.running()) == ["c3"]
    assert names(roster.latest_ended()) == ["c1", "c2"]
    assert [roster.find(f"c{n}") for n in range(4)] == [None, *calls[1:]]
    calls[0].taken_by("7002")  # one that is forgotten
    assert len(roster._changes) == 3


async def test_an_agent_has_the_calls_in_which_he_is_the_agent_now() -> None:
    roster = Roster()
    first, second, over = Watched("c1"), Watched("c2", "7002"), Watched("c3")
    for call in (first, second, over):
        roster.began(call)
    roster.ended(over)
    agent = Address.parse("7001")
    assert names(roster.of_agent(agent)) == ["c1", "c3"]
    since = roster.version
    first.taken_by("7002")
    second.taken_by("7001")
    assert names(roster.of_agent(agent)) == ["c3", "c2"]
    assert names(roster.of_agent(agent, since)) == ["c2"]
    assert names(roster.of_agent(agent, roster.version)) == []


@pytest.mark.virtual_time
async def test_who_waits_learns_of_each_begin_end_and_change_of_parties() -> None:
    began = list[WatchedCall]()
    roster = Roster(began.append)
    call = Watched("c1")
    seen = roster.version
    for change in (lambda: roster.began(call), lambda: call.taken_by("7002"), lambda: roster.ended(call)):
        waiting = [asyncio.create_task(roster.change(seen, 60)) for _ in range(2)]
        await asyncio.sleep(1)
        change()
        assert await asyncio.gather(*waiting) == [roster.version] * 2
        assert roster.version > seen
        seen = roster.version
    assert began == [call]
    assert await roster.change(seen, 60) == seen
    assert asyncio.get_running_loop().time() == 1063
    assert await roster.change(seen - 1, 60) == seen

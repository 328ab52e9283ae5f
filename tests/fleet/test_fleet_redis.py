"""Nodes with one Redis between them, a real one: limits are exact, and right again after whatever happens to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
from redis_server_run import redis_server
from waiting import until

from voicebot.fleet import LEASE_S, Claim, Fleet, Limits, NodeState
from voicebot.fleet.fleet import LOOK_S, WANTED_S
from voicebot.redis_server import RedisAddress, RedisAway, RedisServer

pytest.importorskip("redis", reason="needs the extra: pip install 'voicebot[redis]'")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs a redis-server (Debian package redis-server)"
    ),
]
PATIENCE_S = 20.0
"""With a Redis on a machine that is busy."""
NEVER_S = 3600.0
"""Between beats, where a test makes them itself."""
Join = Callable[..., Awaitable[Fleet]]


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with redis_server(tmp_path) as (url, _):
        yield url


class Clock:
    """That of the nodes, not that of Redis."""

    now = 100.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def join(url: str, clock: Clock) -> AsyncIterator[Join]:
    """Makes a node that has joined."""
    async with AsyncExitStack() as stack:

        async def join(name: str, limits: Limits | None = None, **options: Any) -> Fleet:
            fleet = Fleet(
                RedisServer(RedisAddress.parse(options.pop("url", url)), limit_s=PATIENCE_S),
                limits or Limits(),
                **{"state": lambda: NodeState(name), "beat_s": NEVER_S, "now": lambda: clock.now, **options},
            )
            await fleet.start()
            clock.now += LEASE_S
            stack.push_async_callback(fleet.close)
            return fleet

        yield join


def names(fleet: Fleet) -> list[str]:
    return sorted(node.name for node in fleet.nodes)


async def test_of_many_calls_at_once_at_two_nodes_exactly_as_many_are_admitted_as_may_be(join: Join) -> None:
    limits = Limits(7, {"sbc": 3})
    nodes = [await join("a", limits), await join("b", limits)]
    claims = await asyncio.gather(*(nodes[n % 2].claim("sbc") for n in range(10)))
    assert sum(claim is not None for claim in claims) == 3
    claims = await asyncio.gather(*(nodes[n % 2].claim("pbx") for n in range(10)))
    assert sum(claim is not None for claim in claims) == 4
    for claim in claims:
        if claim is not None:
            claim.release()

    async def again() -> Claim | None:
        return await nodes[0].claim("pbx")

    async with asyncio.timeout(20):
        while await again() is None:
            await asyncio.sleep(0.01)


async def test_what_a_node_had_that_was_killed_is_free_when_its_lease_ends(join: Join, url: str, clock: Clock) -> None:
    dead = Fleet(RedisServer(RedisAddress.parse(url)), Limits(1), state=lambda: NodeState("dead"), lease_s=0.3)
    await dead.beat()
    assert await dead.claim("") is not None
    await dead._server.close()  # it is gone, without a word
    living = await join("living", Limits(1))
    assert "dead" in names(living)
    assert await living.claim("") is None
    async with asyncio.timeout(20):
        while await living.claim("") is None:
            await asyncio.sleep(0.02)
    clock.now += LOOK_S
    await living.beat()
    assert names(living) == ["living"]


async def test_calls_keep_their_places_as_long_as_their_node_is_there(join: Join) -> None:
    node = await join("a", Limits(1), lease_s=0.5, beat_s=0.1)
    other = await join("b", Limits(1))
    assert await node.claim("") is not None
    for _ in range(10):
        await asyncio.sleep(0.1)
        assert await other.claim("") is None


async def test_a_node_that_leaves_takes_its_calls_with_it(join: Join, clock: Clock) -> None:
    leaving, staying = await join("a", Limits(1)), await join("b", Limits(1))
    await staying.beat()
    assert names(staying) == ["a", "b"]
    assert await leaving.claim("") is not None
    await leaving.close()
    clock.now += LOOK_S
    await staying.beat()
    assert names(staying) == ["b"] and await staying.claim("") is not None


async def test_the_calls_of_other_nodes_are_seen_and_ended_by_asking(join: Join) -> None:
    asked: list[str] = []
    calls = [{"id": "one", "node": "a"}]
    node = await join("a", calls=lambda: calls, end_call=asked.append)
    other = await join("b")
    ((at, call),) = await other.calls_elsewhere()
    assert call == calls[0] and await node.calls_elsewhere() == []
    assert await other.ask_end(at, "one")
    await other.beat()
    assert asked == []
    await node.beat()
    await node.beat()
    assert asked == ["one"]


async def test_who_watches_sees_the_calls_of_other_nodes_and_nobody_looks_at_them_else(
    join: Join, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [{"id": "one", "node": "a"}]
    node, other = await join("a", calls=lambda: calls), await join("b")
    looks = 0
    others = other._ledger.others

    async def counted() -> list[tuple[str, dict[str, Any]]]:
        nonlocal looks
        looks += 1
        return await others()

    monkeypatch.setattr(other._ledger, "others", counted)

    async def look() -> None:
        clock.now += LOOK_S
        await node.beat()
        await other.beat()

    await look()
    assert looks == 0 and other.seen_elsewhere() == []
    await look()
    await until(lambda: list(other.seen_elsewhere()) == calls)
    calls.clear()
    await look()
    await until(lambda: not other.seen_elsewhere())
    clock.now += WANTED_S
    before = looks
    await look()
    assert looks == before


async def test_the_list_of_a_node_with_very_many_calls_is_read(join: Join) -> None:
    calls = [{"id": str(number), "node": "a", **dict.fromkeys("abcdefghijkl", "x")} for number in range(2_000)]
    node = await join("a", calls=lambda: calls)
    other = await join("b")
    await node.beat()
    assert len(await other.calls_elsewhere()) == len(calls)


async def test_a_redis_that_was_started_anew_is_told_everything_again(tmp_path: Path, join: Join, clock: Clock) -> None:
    async with redis_server(tmp_path) as (url, process):
        limits = Limits(2, {"sbc": 1})
        nodes = [await join(name, limits, url=url) for name in ("a", "b")]
        first = await nodes[0].claim("sbc")
        assert first is not None
        process.kill()
        await process.wait()
        assert await nodes[0].claim("sbc") is not None, "without Redis, the node's own limits hold"
        assert nodes[0].trouble and await nodes[0].calls_elsewhere() == []
        await nodes[1].beat()
        assert nodes[1].trouble
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with redis_server(tmp_path, port=port):
            for node in nodes:
                await node.beat()
                assert not node.trouble
            assert await nodes[1].claim("sbc") is None, "two are up, though there may be one"
            clock.now += LOOK_S
            await nodes[1].beat()
            assert sorted((node.name, node.calls) for node in nodes[1].nodes) == [("a", 2), ("b", 0)]


async def test_a_redis_that_hangs_delays_one_call_and_refuses_none(join: Join) -> None:
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda reader, writer: connections.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fleet = Fleet(
        RedisServer(RedisAddress.parse(f"redis://127.0.0.1:{port}/0"), limit_s=0.1),
        Limits(1),
        state=lambda: NodeState("a"),
        beat_s=NEVER_S,
    )
    assert await fleet.claim("") is not None and "does not answer" in fleet.trouble
    assert await fleet.claim("") is not None
    await fleet.close()
    for connection in connections:
        connection.close()
    server.close()


async def test_a_call_that_ends_during_a_beat_keeps_no_place(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    node = await join("a", Limits(1))
    claim = await node.claim("")
    assert claim is not None
    beat = node._ledger.beat

    async def slowly(*told: Any, look: bool) -> Any:
        claim.release()
        return await beat(*told, look=look)

    monkeypatch.setattr(node._ledger, "beat", slowly)
    await node.beat()
    await until(lambda: not node._tasks or len(node._tasks) == 1)
    assert await node.claim("") is not None


class Calls:
    """The calls of a node, by their ids; as a keeper keeps them."""

    def __init__(self, *ids: str, room: int = 100) -> None:
        self.running = {call: f"state of {call}" for call in ids}
        self.given_up: list[str] = []
        self.places: dict[str, Claim] = {}
        self.spoken: list[str] = []
        """In these, somebody is speaking."""
        self.lost: dict[str, bool] = {}
        self._room = room
        self._known: dict[str, str] = {}

    async def changes(self) -> tuple[dict[str, str], list[str]]:
        new = {call: state for call, state in self.running.items() if self._known.get(call) != state}
        over = [call for call in self._known if call not in self.running]
        self._known = dict(self.running)
        return new, over

    def again(self) -> None:
        self._known.clear()

    def ids(self) -> list[str]:
        return list(self.running)

    def midway(self) -> list[str]:
        return self.spoken

    def room(self) -> int:
        return self._room - len(self.running)

    def go_on(self, call: str, kept: str, place: Callable[[str, str], Claim], *, midway: bool) -> None:
        assert kept == f"state of {call}"
        self.lost[call] = midway
        self.running[call] = kept
        self.places[call] = place("sbc", f"place of {call}")

    def give_up(self, calls: Collection[str]) -> None:
        for call in calls:
            self.given_up.append(call)
            del self.running[call]


async def gone(fleet: Fleet) -> None:
    """Its lease has ended."""
    redis = fleet._server.redis
    await redis.zadd("{voicebot}:fleet:leases", {fleet._ledger._node: 1})


async def away(*_told: object, look: bool) -> NoReturn:
    raise RedisAway("it hangs")


async def test_calls_of_a_node_that_is_gone_go_on_at_one_other_each(join: Join, clock: Clock) -> None:
    ids = [f"call-{number}" for number in range(20)]
    dead = await join("dead", keeper=Calls(*ids))
    first, second = Calls(), Calls("own")
    nodes = [await join("a", keeper=first), await join("b", keeper=second)]
    await gone(dead)
    await asyncio.gather(*(node.beat() for node in nodes))
    assert sorted([*first.running, *second.running]) == sorted(["own", *ids])
    clock.now += LOOK_S
    await nodes[0].beat()
    assert names(nodes[0]) == ["a", "b"]


async def test_a_node_that_was_only_away_gives_up_what_others_have_and_goes_on_with_the_rest(
    join: Join, clock: Clock
) -> None:
    calls, others = Calls("one", "two", "three"), Calls(room=2)
    paused = await join("paused", keeper=calls)
    other = await join("other", keeper=others)
    await gone(paused)
    await other.beat()
    assert len(others.running) == 2
    await paused.beat()
    assert sorted(calls.given_up) == sorted(others.running) and len(calls.running) == 1
    await other.beat()
    assert len(others.running) == 2, "the third call is the first node's again"
    await gone(other)
    clock.now += LEASE_S
    await paused.beat()
    assert len(calls.running) == 3, "and may be taken back"


async def test_a_node_gives_up_what_others_have_also_if_the_answer_that_told_it_has_not_come(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, others = Calls("one"), Calls()
    slow, other = await join("slow", keeper=calls), await join("other", keeper=others)
    await gone(slow)
    await other.beat()
    assert list(others.running) == ["one"]
    beat = slow._ledger.beat

    async def lost(*told: Any, look: bool) -> NoReturn:
        await beat(*told, look=look)  # it renews the lease
        raise RedisAway("it does not answer in time")

    with monkeypatch.context() as slowly:
        slowly.setattr(slow._ledger, "beat", lost)
        await slow.beat()
    assert calls.given_up == []
    await slow.beat()
    assert calls.given_up == ["one"]


async def test_whose_own_lease_had_ended_takes_nothing_until_the_others_had_time_to_come_back(
    join: Join, clock: Clock
) -> None:
    calls, others = Calls("one"), Calls()
    node, other = await join("a", keeper=calls), await join("b", keeper=others)
    await gone(node)
    await gone(other)  # so it looks when it was Redis that was away
    await other.beat()
    assert others.running == {}
    await node.beat()
    clock.now += LEASE_S
    await other.beat()
    assert others.running == {} and calls.given_up == []
    await gone(node)
    await other.beat()
    assert list(others.running) == ["one"]


async def test_who_could_not_ask_redis_takes_nothing_until_the_others_had_time_to_come_back(
    join: Join, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Calls()
    slow, other = await join("slow", keeper=Calls("one")), await join("other", keeper=others)
    with monkeypatch.context() as hung:
        hung.setattr(other._ledger, "beat", away)
        await other.beat()
    await gone(slow)  # it has not come through yet; what the other had sent before has renewed the other's lease
    await other.beat()
    assert not other.trouble and others.running == {}
    clock.now += LEASE_S
    await other.beat()
    assert list(others.running) == ["one"]


async def test_who_starts_again_knows_which_calls_go_on_when_it_has_taken_what_it_may(join: Join, clock: Clock) -> None:
    dead, other = await join("dead", keeper=Calls("one", "two")), await join("other", keeper=Calls(room=1))
    await gone(dead)
    await other.beat()
    again = await join("dead", keeper=Calls())
    asked = asyncio.create_task(again.going_on(["one", "two", "three"]))
    await asyncio.sleep(0)
    assert not asked.done()
    await again.beat()
    assert sorted(await asked) == ["one", "two"]


async def test_what_has_ended_is_not_gone_on_with(join: Join) -> None:
    calls, others = Calls("one", "two"), Calls()
    dead, other = await join("dead", keeper=calls), await join("other", keeper=others)
    del calls.running["one"]
    await dead.beat()
    await gone(dead)
    await other.beat()
    assert list(others.running) == ["two"]


async def test_who_takes_a_call_knows_whether_somebody_was_speaking_in_it(join: Join) -> None:
    calls, others = Calls("one", "on", "two"), Calls()
    dead, other = await join("dead", keeper=calls), await join("other", keeper=others)
    calls.spoken = ["one", "two"]
    await dead.beat()
    calls.spoken = ["one"]
    await dead.beat()
    await gone(dead)
    await other.beat()
    assert others.lost == {"one": True, "on": False, "two": False}


async def test_a_redis_that_was_wiped_is_told_again_in_which_calls_somebody_speaks(join: Join, clock: Clock) -> None:
    calls, others = Calls("one"), Calls()
    calls.spoken = ["one"]
    dead, other = await join("dead", keeper=calls), await join("other", keeper=others)
    await dead.beat()
    await dead._server.redis.flushall()
    await other.beat()
    await dead.beat()
    clock.now += LEASE_S
    await gone(dead)
    await other.beat()
    assert others.lost == {"one": True}


async def test_after_a_clean_end_nothing_is_taken(join: Join) -> None:
    others = Calls()
    leaving, other = await join("leaving", keeper=Calls("one")), await join("other", keeper=others)
    await leaving.close()
    await other.beat()
    assert others.running == {}


async def test_a_redis_that_was_wiped_ends_no_call_and_is_told_what_to_keep_again(join: Join, clock: Clock) -> None:
    calls, others = Calls("one", "two"), Calls()
    node, other = await join("a", keeper=calls), await join("b", keeper=others)
    await node._server.redis.flushall()
    await other.beat()
    await node.beat()
    assert calls.given_up == [] and len(calls.running) == 2 and others.running == {}
    clock.now += LEASE_S
    await gone(node)
    await other.beat()
    assert sorted(others.running) == ["one", "two"]


async def test_a_process_that_was_away_sends_nothing_until_a_beat_has_told(url: str) -> None:
    now = 100.0
    fleet = Fleet(
        RedisServer(RedisAddress.parse(url)),
        Limits(),
        state=lambda: NodeState("a"),
        keeper=Calls(),
        lease_s=1.5,
        beat_s=NEVER_S,
        now=lambda: now,
    )
    assert not fleet.silenced(now), "before it has joined, nobody can have its calls"
    await fleet.start()
    assert not fleet.silenced(now + 1.4)
    now += 4.0
    assert fleet.silenced(now)
    await fleet.beat()
    assert not fleet.silenced(now)
    await fleet.close()


async def test_an_account_is_registered_by_one_node_and_by_another_when_that_is_gone_or_drains(
    join: Join, url: str
) -> None:
    told: dict[str, tuple[list[str], list[str]]] = {}
    draining = False

    async def sharing(name: str, **options: Any) -> Fleet:
        def register(ours: Collection[str], others: Collection[str] | None) -> None:
            told[name] = sorted(ours), sorted(others or ())

        return await join(name, accounts=["one", "two"], register=register, **options)

    first = await sharing("a", state=lambda: NodeState("a", draining=draining), lease_s=60)
    second = await sharing("b", lease_s=0.3)
    assert told == {"a": (["one", "two"], []), "b": ([], ["one", "two"])}
    draining = True
    await first.beat()
    assert told["a"] == (["one", "two"], []), "it keeps them until another has them"
    await second.beat()
    await first.beat()
    assert told == {"a": ([], ["one", "two"]), "b": (["one", "two"], [])}
    await sharing("c")
    assert told["c"] == ([], ["one", "two"])
    async with asyncio.timeout(20):
        third = await sharing("d", lease_s=60)
        while told["d"][1]:  # the lease of the second ends
            await asyncio.sleep(0.02)
            await third.beat()
    assert told["d"] == (["one", "two"], [])


async def test_each_node_registers_by_itself_where_redis_was_never_there() -> None:
    told: list[tuple[Collection[str], Collection[str] | None]] = []
    fleet = Fleet(
        RedisServer(RedisAddress.parse("redis://127.0.0.1:9/0"), limit_s=0.2),
        Limits(),
        state=lambda: NodeState("a"),
        accounts=["one"],
        register=lambda ours, others: told.append((ours, others)),
        beat_s=NEVER_S,
    )
    await fleet.start()
    assert fleet.trouble and told == [(["one"], None)]
    await fleet.close()


async def test_a_call_that_goes_on_keeps_its_place_and_is_not_counted_twice(join: Join) -> None:
    limits = Limits(2, {"sbc": 1})
    dead, calls = await join("dead", limits, keeper=Calls("one")), Calls()
    dead._claims.hold(dead._claims.make("sbc", "place of one"))
    await dead._ledger.tell(dead._claims.held())
    node = await join("a", limits, keeper=calls)
    await gone(dead)
    await node.beat()
    await node.beat()
    assert await node.claim("sbc") is None and await node.claim("pbx") is not None
    assert await node.claim("pbx") is None
    calls.places["one"].release()
    async with asyncio.timeout(20):
        while await node.claim("sbc") is None:
            await asyncio.sleep(0.01)


async def test_a_call_that_ends_while_redis_is_away_is_free_when_it_is_back(join: Join) -> None:
    node = await join("a", Limits(1))
    claim = await node.claim("")
    assert claim is not None
    node._failed(ConnectionError("away"))
    claim.release()
    await node.beat()
    assert not node.trouble and await node.claim("") is not None


async def test_a_node_that_others_have_forgotten_is_counted_and_listed_again(join: Join) -> None:
    node = await join("a", Limits(2), calls=lambda: [{"id": "one"}])
    other = await join("b", Limits(2))
    assert await node.claim("") is not None
    await gone(node)
    await other.beat()
    assert await other.calls_elsewhere() == []
    await node.beat()
    assert [call["id"] for _, call in await other.calls_elsewhere()] == ["one"]
    assert await other.claim("") is not None and await other.claim("") is None


async def test_a_beat_asks_the_same_of_redis_however_many_calls_there_are(join: Join) -> None:
    node = await join("a", Limits(0, {"sbc": 100}))

    async def commands_of_a_beat() -> int:
        before = (await node._server.redis.info("stats"))["total_commands_processed"]
        await node.beat()
        return int((await node._server.redis.info("stats"))["total_commands_processed"] - before)

    await node.beat()  # it has looked at all nodes, and does so once a second only
    idle = await commands_of_a_beat()
    for _ in range(20):
        assert await node.claim("sbc") is not None
    assert await commands_of_a_beat() == idle


async def test_a_call_of_which_several_are_told_is_the_first_ones(join: Join) -> None:
    one, two = await join("one"), await join("two")
    assert await one.first("call") and not await two.first("call") and not await one.first("call")
    assert await two.first("another")
    two.trouble = "away"
    assert await two.first("call"), "without Redis, who delivers it has to settle it"

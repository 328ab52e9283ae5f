"""When a node beats whose Redis does not answer, on virtual time; what beats do is in test_fleet_redis.py."""

from __future__ import annotations

import asyncio

import pytest

from voicebot.fleet import LEASE_S, Fleet, Limits, NodeState
from voicebot.fleet.ledger import Beat
from voicebot.redis_server import RedisAddress, RedisAway, RedisServer

pytest.importorskip("redis", reason="needs the extra: pip install 'voicebot[redis]'")
pytestmark = pytest.mark.virtual_time


class HangingRedis:
    """Answers the first beat, and no other. ``asked``: when."""

    def __init__(self, takes_s: float) -> None:
        self.asked: list[float] = []
        self._takes_s = takes_s

    async def beat(self, *_told: object, look: bool) -> Beat:
        self.asked.append(asyncio.get_running_loop().time())
        if len(self.asked) == 1:
            return Beat(None, [], [], late=False)
        await asyncio.sleep(self._takes_s)
        raise RedisAway("it hangs")


@pytest.mark.parametrize("takes_s", [0.0, LEASE_S / 3])
async def test_three_beats_must_fail_before_a_lease_has_ended(takes_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    server = RedisServer(RedisAddress.parse("redis://127.0.0.1:9/0"))
    fleet = Fleet(server, Limits(), state=lambda: NodeState("a"), now=asyncio.get_running_loop().time)
    redis = HangingRedis(takes_s)
    monkeypatch.setattr(fleet._ledger, "beat", redis.beat)
    await fleet.start()
    await asyncio.sleep(LEASE_S)
    await fleet.close()
    assert len(redis.asked) - 1 >= 3
    assert all(later - at >= LEASE_S / 25 for at, later in zip(redis.asked, redis.asked[1:], strict=False))


async def test_an_answer_that_was_there_while_the_loop_was_late_is_no_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    server = RedisServer(RedisAddress.parse("redis://127.0.0.1:9/0"), limit_s=0.5)
    answer = loop.create_future()

    def stall() -> None:
        late = loop.time() + 3.0
        monkeypatch.setattr(loop._jumping, "now", late)  # type: ignore[attr-defined]
        loop.call_soon(loop.call_soon, loop.call_soon, answer.set_result, "it is there")  # read after the timers

    loop.call_later(0.1, stall)
    assert await server.run(answer) == "it is there"
    with pytest.raises(RedisAway, match=r"within 0\.5 s"):
        await server.run(loop.create_future())
    await server.close()

"""The driver of one node's share in the fleet: beats, claims for new calls, and what is known of the others.

A Redis that is away or hangs costs no call: from the first operation that fails on, :attr:`Fleet.trouble` says why, new
calls are admitted by the node's own limits, and the beat tries again. With the first beat that succeeds, all that this
node has is known to the others again.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from voicebot.fleet.claims import Claim, Claims, Limits
from voicebot.fleet.ledger import LEASE_S, Beat, Ledger
from voicebot.fleet.node import NodeState, differences
from voicebot.redis_server import RedisAway, RedisRefuses, RedisServer
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

BEATS = 5
"""In the time of a lease. One that takes long, because Redis does not answer, is followed by the next the sooner."""
LOOK_S = 1.0
"""How often all nodes are looked at."""
WANTED_S = 5.0
"""How long calls of others are looked at after somebody has wanted to see them."""
FORGOTTEN_S = 600.0
"""What was not renewed for so long is not in Redis any more."""
_FAILED = (RedisAway, RedisRefuses)


class Keeper(Protocol):
    """The calls of this node, as others could go on with them."""

    async def changes(self) -> tuple[dict[str, str], list[str]]:
        """What is new since the last time: calls with what is needed to go on, and calls that have ended."""

    def again(self) -> None:
        """Nothing of what was kept is known any more: all of it is new."""

    def ids(self) -> list[str]: ...

    def midway(self) -> list[str]:
        """The calls in which somebody is speaking or an answer is due, so that words would be lost with this node."""

    def room(self) -> int:
        """How many more calls this node would go on with."""

    def go_on(self, call: str, kept: str, place: Callable[[str, str], Claim], *, midway: bool) -> None:
        """A call of a node that is gone is ours. ``place`` gives it that of its trunk and with the id that it had,
        whatever the limits say. ``midway``: words may be lost. Never raises."""

    def give_up(self, calls: Collection[str]) -> None:
        """Other nodes have these calls."""


class Fleet:
    """``state()`` and ``calls()``: what this node tells of itself, and its calls as the API lists them. ``end_call``
    gets the ids of calls that were asked to end elsewhere. ``keeper``: None if calls of a node that is gone are lost.
    ``register`` gets those of ``accounts`` that this node is to register, and those that others do; without Redis,
    each node registers all, unless that is known already, and what others do is None. ``start`` and ``close`` belong to
    its owner."""

    def __init__(
        self,
        server: RedisServer,
        limits: Limits,
        *,
        state: Callable[[], NodeState],
        calls: Callable[[], Sequence[dict[str, Any]]] = tuple,
        end_call: Callable[[str], None] = lambda _: None,
        keeper: Keeper | None = None,
        accounts: Sequence[str] = (),
        register: Callable[[Collection[str], Collection[str] | None], None] = lambda _ours, _others: None,
        lease_s: float = LEASE_S,
        beat_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trouble = ""
        """Why Redis is not used now; empty: it is."""
        self.moved: Counter[str] = Counter({"taken": 0, "given-up": 0})
        """Calls that went on here, and calls of this node that others have taken."""
        self.nodes: list[NodeState] = []
        """All nodes, this one among them, at the last beat that succeeded."""
        self._server = server
        self._state = state
        self._calls = calls
        self._end_call = end_call
        self._keeper = keeper
        self._accounts = accounts
        self._register = register
        self._shares_accounts = False
        """Whether it is known who registers which."""
        self._lease_s = lease_s
        self._beat_s = beat_s or lease_s / BEATS
        self._now = now
        self._tried_at = math.inf
        """When the last beat began that is over, whether it succeeded or not."""
        self._looked = asyncio.Event()
        """Whether this node has looked what others have left, or cannot."""
        self._here_since = math.inf
        """When the first beat began since which our lease has never ended."""
        self._tasks = BackgroundTasks(logger)
        self._loop = asyncio.get_running_loop()
        self._claims = Claims(limits, self._freed)
        self._looked_at = -math.inf
        """When all nodes were looked at last."""
        self._wanted_at = -math.inf
        """When somebody wanted to see the calls of others last."""
        self._elsewhere: list[dict[str, Any]] = []
        self._beating = False
        self._over: deque[tuple[Claim, float]] = deque()
        """Claims that were released, and when, of which Redis is to be told after the next beat that succeeds."""
        self.id = secrets.token_hex(8)
        """This node's, in what is kept."""
        self._ledger = Ledger(server, self.id, limits, lease_s=lease_s)

    def silenced(self, now: float) -> bool:
        """Whether this process was away for so long that its calls may be another's: nothing may be sent to anybody,
        until a beat has told. ``now``: on the clock of the loop."""
        return self._keeper is not None and now - self._tried_at > self._lease_s

    @property
    def keeps(self) -> bool:
        """Whether others can go on with the calls of this node."""
        return self._keeper is not None

    @property
    def name(self) -> str:
        """This node's, for people."""
        return self._state().name

    async def start(self) -> None:
        """Join the fleet, or begin to try."""
        await self.beat()
        self._tasks.spawn(self._run(), "the beat of the fleet")

    async def close(self) -> None:
        """Leave it."""
        await self._tasks.close()
        if not self.trouble:
            try:
                await self._ledger.leave()
            except _FAILED as error:
                logger.warning("fleet: %s", error)
        await self._server.close()

    async def claim(self, trunk: str) -> Claim | None:
        """A place for one more call by ``trunk``; None if there is none in the fleet."""
        claim = self._claims.make(trunk)
        if not self.trouble:
            try:
                if not await self._ledger.claim(claim):
                    return None
            except _FAILED as error:
                self._failed(error)
        self._claims.hold(claim)
        return claim

    async def first(self, call: str) -> bool:
        """Whether ``call``, of which several nodes may be told, is this node's to take. While Redis is away, it is
        everybody's: then who delivers it has to see to it that it is taken once."""
        if self.trouble:
            return True
        try:
            return await self._ledger.first(call)
        except _FAILED as error:
            self._failed(error)
            return True

    async def calls_elsewhere(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of other nodes, each with what names its node in :meth:`ask_end`. Empty while Redis is away."""
        if self.trouble:
            return []
        try:
            return await self._ledger.others()
        except _FAILED as error:
            self._failed(error)
            return []

    def seen_elsewhere(self) -> Sequence[dict[str, Any]]:
        """The calls of other nodes as they were at the last look, at most a second ago, without waiting. Who asks has
        them looked at: the first to ask in a while finds none. Empty while Redis is away."""
        self._wanted_at = self._now()
        return [] if self.trouble else self._elsewhere

    async def going_on(self, calls: Sequence[str]) -> list[str]:
        """Those of ``calls`` of nodes that are gone that go on, here or elsewhere: it waits until this node has taken
        what it may take. While Redis is away, that of none is known."""
        if not calls or self._keeper is None:
            return []
        await self._looked.wait()
        try:
            return list(await self._ledger.takers(calls)) if not self.trouble else []
        except _FAILED as error:
            self._failed(error)
            return []

    async def ask_end(self, node: str, call: str) -> bool:
        """Have another node end ``call``, with its next beat. False: Redis is away."""
        if self.trouble:
            return False
        try:
            await self._ledger.ask_end(node, call)
        except _FAILED as error:
            self._failed(error)
            return False
        return True

    async def beat(self) -> None:
        """Renew what is ours, and look at the others."""
        state = replace(self._state(), calls=len(self._claims))
        began, self._beating = self._now(), True
        try:
            midway = self._keeper.midway() if self._keeper is not None else ()
            told = await self._ledger.beat(state, self._calls(), midway, look=began - self._looked_at >= LOOK_S)
            if told.late or self.trouble:
                self._here_since = began  # a beat that Redis carried out late may hide that our lease had ended
            await self._keep(told, may_take=began - self._here_since >= self._lease_s)
            if told.late or self.trouble:
                await self._ledger.tell(self._claims.held())
            await self._share_accounts(wanted=not state.draining)
        except _FAILED as error:
            self._failed(error)
            return
        finally:
            self._tried_at = began  # not now: who was paused in between has an answer of before
            self._beating = False
        if told.nodes is not None:
            self._looked_at = began
            self._look_at(told.nodes)
            if began - self._wanted_at <= WANTED_S:
                self._tasks.spawn(self._look_elsewhere(), "looking at the calls of other nodes")
            else:
                self._elsewhere = []
        if self.trouble:
            logger.info("fleet: Redis answers again")
            self.trouble = ""
        over, self._over = self._over, deque()
        if over:
            await self._free([claim for claim, _ in over])
        for call in told.asked:
            self._end_call(call)

    async def _keep(self, told: Beat, *, may_take: bool) -> None:
        """Give up what others have taken, keep what is ours, go on with what was left. Not ``may_take``: our own lease
        had ended, too. Maybe it was Redis that was away, and the others are only about to come back, as we are.

        After a beat that failed, our lease may have ended, too, without our knowing: Redis carried that beat out, which
        renewed the lease, and what it answered did not come."""
        keeper = self._keeper
        if keeper is None:
            return
        if told.late or self.trouble:  # others may have taken our calls; or Redis is new, and knows nothing
            taken = [call for call, node in (await self._ledger.takers(keeper.ids())).items() if node != self.id]
            self.moved["given-up"] += len(taken)
            keeper.give_up(taken)
            keeper.again()
        kept, over = await keeper.changes()
        if kept or over:
            try:
                await self._ledger.keep(kept, over)
            except _FAILED:
                keeper.again()
                raise
        if may_take:
            for node in told.left:
                await self._take_from(node, keeper)
            self._looked.set()

    async def _take_from(self, node: str, keeper: Keeper) -> None:
        calls = await self._ledger.left_by(node)
        random.shuffle(calls)  # other nodes do the same
        for call in calls:
            if keeper.room() <= 0:
                return
            taken = await self._ledger.take(node, call)
            if taken is not None:
                logger.warning("fleet: a node is gone: call %s goes on here", call)
                self.moved["taken"] += 1
                places: list[Claim] = []
                keeper.go_on(call, taken.kept, partial(self._place, places), midway=taken.midway)
                await self._ledger.move(node, places)

    def _place(self, places: list[Claim], trunk: str, name: str) -> Claim:
        """The place ``name`` of a call by ``trunk`` is held by this node from now on. It is added to ``places``."""
        claim = self._claims.make(trunk, name)
        self._claims.hold(claim)
        places.append(claim)
        return claim

    async def _share_accounts(self, *, wanted: bool) -> None:
        """Each account is registered by one node. One that drains gives them back, and ends a registration only when
        another has it."""
        if not self._accounts:
            return
        holders = await self._ledger.hold(self._accounts, wanted=wanted)
        self._shares_accounts = True
        others = {account for account, node in holders.items() if node not in ("", self.id)}
        self._register(holders.keys() - others, others)

    def _look_at(self, nodes: list[NodeState]) -> None:
        """Say once in the log what differs, and that nothing does any more."""
        before, self.nodes, now = differences(self.nodes), nodes, differences(nodes)
        for difference in now:
            if difference not in before:
                logger.warning("fleet: %s", difference)
        if before and not now:
            logger.info("fleet: the nodes have the same settings and dialogs again")

    async def _look_elsewhere(self) -> None:
        """Beside the beats, which must not wait for it; whether Redis is away, they find out."""
        try:
            self._elsewhere = [call for _, call in await self._ledger.others()]
        except _FAILED:
            self._elsewhere = []

    async def _run(self) -> None:
        pause_s = self._beat_s
        while True:
            await asyncio.sleep(pause_s)
            began = self._loop.time()
            await self.beat()
            pause_s = max(self._beat_s - (self._loop.time() - began), self._beat_s / BEATS)

    def _freed(self, claim: Claim) -> None:
        if self._beating or self.trouble:  # a beat that has begun may tell that it is held
            self._owe([claim])
        else:
            self._tasks.spawn(self._free([claim]), "freeing a place of the fleet")

    async def _free(self, claims: Sequence[Claim]) -> None:
        try:
            await self._ledger.free(claims)
        except _FAILED as error:
            self._failed(error)
            self._owe(claims)

    def _owe(self, claims: Iterable[Claim]) -> None:
        now = self._now()
        self._over.extend((claim, now) for claim in claims)
        while self._over and now - self._over[0][1] > FORGOTTEN_S:
            self._over.popleft()

    def _failed(self, error: Exception) -> None:
        if not self.trouble:
            logger.error("fleet: %s: this node goes by its own limits", error)
        self.trouble = str(error)
        self._looked.set()
        if self._accounts and not self._shares_accounts:
            self._register(self._accounts, None)

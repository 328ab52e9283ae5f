"""The driver of one node's share in the fleet: a beat a second, claims for new calls, and what is known of the others.

A Redis that is away or hangs costs no call: from the first operation that fails on, :attr:`Fleet.trouble` says why, new
calls are admitted by the node's own limits, and the beat tries again. With the first beat that succeeds, all that this
node has is known to the others again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from voicebot.fleet.claims import Claim, Claims, Limits
from voicebot.fleet.ledger import LEASE_S, Ledger
from voicebot.fleet.node import NodeState
from voicebot.redis_server import RedisAway, RedisRefuses, RedisServer
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

BEAT_S = 1.0
_FAILED = (RedisAway, RedisRefuses)


class Fleet:
    """``state()`` and ``calls()``: what this node tells of itself, and its calls as the API lists them. ``end_call``
    gets the ids of calls that were asked to end elsewhere. ``start`` and ``close`` belong to its owner."""

    def __init__(
        self,
        server: RedisServer,
        limits: Limits,
        *,
        state: Callable[[], NodeState],
        calls: Callable[[], Sequence[dict[str, Any]]] = tuple,
        end_call: Callable[[str], None] = lambda _: None,
        lease_s: float = LEASE_S,
        beat_s: float = BEAT_S,
    ) -> None:
        self.trouble = ""
        """Why Redis is not used now; empty: it is."""
        self.nodes: list[NodeState] = []
        """All nodes, this one among them, at the last beat that succeeded."""
        self._server = server
        self._state = state
        self._calls = calls
        self._end_call = end_call
        self._beat_s = beat_s
        self._tasks = BackgroundTasks(logger)
        self._claims = Claims(limits, self._freed)
        self._beating = False
        self._late: list[Claim] = []
        """Claims that were released during a beat, which may have renewed them."""
        self._ledger = Ledger(server, secrets.token_hex(8), limits, lease_s=lease_s)

    @property
    def name(self) -> str:
        """This node's."""
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
                await self._ledger.leave(self._claims.held())
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

    async def calls_elsewhere(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of other nodes, each with what names its node in :meth:`ask_end`. Empty while Redis is away."""
        if self.trouble:
            return []
        try:
            return await self._ledger.others()
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
        self._beating = True
        try:
            self.nodes, asked = await self._ledger.beat(state, self._calls(), self._claims.held())
        except _FAILED as error:
            self._failed(error)
            return
        finally:
            self._beating = False
            late, self._late = self._late, []
        if self.trouble:
            logger.info("fleet: Redis answers again")
            self.trouble = ""
        for claim in late:
            await self._free(claim)
        for call in asked:
            self._end_call(call)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            await self.beat()

    def _freed(self, claim: Claim) -> None:
        if self._beating:
            self._late.append(claim)
        elif not self.trouble:
            self._tasks.spawn(self._free(claim), "freeing a place of the fleet")

    async def _free(self, claim: Claim) -> None:
        try:
            await self._ledger.free(claim)
        except _FAILED as error:
            self._failed(error)  # its lease ends

    def _failed(self, error: Exception) -> None:
        if not self.trouble:
            logger.error("fleet: %s: this node goes by its own limits", error)
        self.trouble = str(error)

"""State on a server that may be away for a while: turns go on with what this host has read and written itself.

A conversation of a call is with one host, so its latest state is here. While the server is away
(:attr:`BridgedStorage.trouble`), reads and writes are served from memory, at once: one turn finds out that it hangs,
not each. When it answers again, what was written or deleted meanwhile is carried over:

* a conversation's state replaces the server's: nobody else has it;
* a caller's state does, unless another host has written it meanwhile: then that stays.

A server that was started anew may have lost what it had: a call's conversation goes on with what is held here.

Memory is bounded. What the server has as well is forgotten when it was not used for longest; what it has not is kept,
up to :data:`MAX_CHARACTERS`; then turns fail until the server is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voicebot.host.storage import (
    USERS,
    EtagConflict,
    ItemWrite,
    StateServerAway,
    Storage,
    StorageUnusable,
    Stored,
    is_of_a_call,
)

logger = logging.getLogger(__name__)

MAX_CHARACTERS = 32 << 20
"""Of all keys and JSON texts that are held."""
LOOK_S = 5.0
AWAY_LOOK_S = 1.0
"""How often the server is asked while it is away."""
_NOBODYS = "voicebot/is-it-there"
"""A key that nothing is kept under: looking it up is work for the server, as a turn's is."""


@dataclass(slots=True)
class _Held:
    """One item. ``text``: None if it was deleted. ``tag``: its version here; ``stored``: that in the server, None if it
    was never seen there. ``due``: whether the server is to be told."""

    text: str | None
    tag: str
    stored: str | None
    due: bool = False


class BridgedStorage:
    """``server``: the storage that may be away. ``trouble``: why it is not used now; empty: it is.

    :meth:`run` looks whether it is there until it is cancelled.
    """

    def __init__(self, server: Storage, *, max_characters: int = MAX_CHARACTERS) -> None:
        self.trouble = ""
        self._server = server
        self._held = _Memory(max_characters)

    async def open(self) -> None:
        """Raises :class:`StorageUnusable` if the server refuses; if it is away, the host starts without it."""
        try:
            await self._server.open()
        except StateServerAway as error:
            self._is_away(error)

    async def close(self) -> None:
        await self._server.close()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(AWAY_LOOK_S if self.trouble else LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Ask the server; if it was away and answers, carry over what it has missed."""
        try:
            await self._server.read([_NOBODYS])
            while due := self._held.due():
                for key, held in due:
                    await self._carry_over(key, held)
        except StorageUnusable as error:
            self._is_away(error)
        else:
            if self.trouble:
                logger.info("state: the server answers again")
            self.trouble = ""

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The items of ``keys`` that exist."""
        if not self.trouble:
            try:
                found = await self._server.read(keys)
            except StorageUnusable as error:
                self._is_away(error)
            else:
                self._has_read(found)
                return self._read_here([key for key in keys if key not in found and is_of_a_call(key)]) | found
        return self._read_here(keys)

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        """Store all of ``writes`` or none; returns the new versions. Raises ``EtagConflict``; :class:`StorageUnusable`
        if there is no room for more."""
        if not self.trouble:
            try:
                tags = await self._server.write([self._as_the_server_knows(write) for write in writes])
            except StorageUnusable as error:
                self._is_away(error)
            else:
                for write in writes:
                    tag = tags[write.key]
                    self._held.put(write.key, _Held(write.text, tag, tag))
                return tags
        return self._write_here(writes)

    async def delete(self, keys: Iterable[str]) -> None:
        """Forget the items of ``keys``; those that do not exist are no error."""
        wanted = list(keys)
        if not self.trouble:
            try:
                await self._server.delete(wanted)
            except StorageUnusable as error:
                self._is_away(error)
            else:
                for key in wanted:
                    self._held.forget(key)
                return
        for key in wanted:
            self._held.forget(key)
            if self._held.has_room(len(key)):  # if not, it expires in the server
                self._held.put(key, _Held(None, "", None, due=True))

    # --- in memory

    def _as_the_server_knows(self, write: ItemWrite) -> ItemWrite:
        """With the server's version of what was read while it was away."""
        held = self._held.get(write.key)
        if held is None or held.stored is None or write.expected != held.tag:
            return write
        return write._replace(expected=held.stored)

    def _read_here(self, keys: Sequence[str]) -> dict[str, Stored]:
        held = [(key, one) for key in keys if (one := self._held.get(key)) is not None]
        return {key: Stored(one.text, one.tag) for key, one in held if one.text is not None}

    def _write_here(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        """The new versions. Raises :class:`EtagConflict`, :class:`StorageUnusable`."""
        for write in writes:
            held = self._held.get(write.key)
            known = (None, held.tag, None if held.due else held.stored) if held is not None else ()
            if held is not None and held.text is not None and write.expected not in known:
                raise EtagConflict(f"{write.key} was written by somebody else")
        if not self._held.has_room(sum(len(write.key) + len(write.text) for write in writes)):
            raise StorageUnusable(f"{self.trouble}; and there is no room to keep more until it is back")
        tags = {}
        for write in writes:
            held = self._held.get(write.key)
            tags[write.key] = self._held.new_tag()
            stored = held.stored if held is not None else write.expected
            self._held.put(write.key, _Held(write.text, tags[write.key], stored, due=True))
        return tags

    def _has_read(self, found: Mapping[str, Stored]) -> None:
        for key, item in found.items():
            held = self._held.get(key)
            if held is None or held.stored != item.version:
                self._held.put(key, _Held(item.text, item.version, item.version))

    def _is_away(self, error: StorageUnusable) -> None:
        if not self.trouble:
            logger.error("state: %s: conversations go on with what is in memory", error)
        self.trouble = str(error)

    async def _carry_over(self, key: str, held: _Held) -> None:
        """Tell the server of one change that it has missed. Raises :class:`StorageUnusable`: it is told later."""
        if held.text is None:
            await self._server.delete([key])
            if self._held.get(key) is held:
                self._held.forget(key)
            return
        try:
            tags = await self._server.write([ItemWrite(key, held.stored if USERS in key else None, held.text)])
        except EtagConflict:
            logger.warning("%s was written by another host while the state server was away: that stays", key)
            if self._held.get(key) is held:
                self._held.forget(key)
            return
        if (now := self._held.get(key)) is not None:
            now.stored = tags[key]
            if now is held:
                self._held.told(key)


class _Memory:
    """What is held, the least recently used first, of at most ``most`` characters."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[str, _Held] = OrderedDict()
        self._all = 0
        self._due = 0
        self._tags = 0

    def get(self, key: str) -> _Held | None:
        if (held := self._items.get(key)) is not None:
            self._items.move_to_end(key)
        return held

    def due(self) -> list[tuple[str, _Held]]:
        """What the server is to be told."""
        return [(key, held) for key, held in self._items.items() if held.due] if self._due else []

    def has_room(self, characters: int) -> bool:
        """Whether so much more may be kept that the server does not have."""
        return self._due + characters <= self._most

    def new_tag(self) -> str:
        """A version that no server gives."""
        self._tags += 1
        return f"here-{self._tags}"

    def put(self, key: str, held: _Held) -> None:
        self.forget(key)
        self._items[key] = held
        self._count(key, held, 1)
        while self._all > self._most:
            oldest = next((other for other, one in self._items.items() if not one.due and other != key), None)
            if oldest is None:
                break
            self.forget(oldest)

    def told(self, key: str) -> None:
        """The server has the item now."""
        held = self._items[key]
        self._count(key, held, -1)
        held.due = False
        self._count(key, held, 1)

    def forget(self, key: str) -> None:
        if (held := self._items.pop(key, None)) is not None:
            self._count(key, held, -1)

    def _count(self, key: str, held: _Held, sign: int) -> None:
        size = sign * (len(key) + len(held.text or ""))
        self._all += size
        self._due += size if held.due else 0

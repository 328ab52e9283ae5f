"""The calls of this node, kept so that others can go on with them; and going on with those that a node has left.

What is carried: answered calls by SIP, inbound and outbound, with their SIP dialog, codec, encryption (with new keys),
hold, what the bot has set for the call, and the conversation, if its state is on a server (``bot.state_url``). What is
not ends with the node: calls that ring, calls by pyVoIP and Azure Communication Services, calls between people.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from voicebot.calls import Calls, GoingOn
from voicebot.fleet import Claim
from voicebot.json_body import parse_json
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.records import as_text

logger = logging.getLogger(__name__)

MAX_KEPT = 4 << 20
"""Characters of one call."""
MAX_VALUES = 500_000
"""In its record; and in what its bot has set, of which a list of phrases is the most."""


class Takeover:
    """A :class:`~voicebot.fleet.fleet.Keeper`. ``limit``: the most calls of this node."""

    def __init__(self, calls: Calls, front_end: Callable[[], SipFrontEnd], limit: int) -> None:
        self._calls = calls
        self._front_end = front_end
        self._limit = limit
        self._known: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        """What was kept last of each call: its state and its record, which is another object when it has changed."""

    async def changes(self) -> tuple[dict[str, str], list[str]]:
        changed = dict[str, tuple[dict[str, Any], dict[str, Any]]]()
        running = set()
        for call in self._calls.running():
            found = call.kept()
            if found is None:
                continue
            running.add(call.id)
            (state, record), (before, last) = found, self._known.get(call.id, ({}, {}))
            if state != before or record is not last:
                self._known[call.id] = changed[call.id] = state, record
        over = [call for call in self._known if call not in running]
        for gone in over:
            del self._known[gone]
        return await asyncio.to_thread(_texts, changed) if changed else {}, over

    def again(self) -> None:
        self._known.clear()

    def ids(self) -> list[str]:
        return [call.id for call in self._calls.running()]

    def midway(self) -> list[str]:
        return [call.id for call in self._calls.running() if call.midway]

    def room(self) -> int:
        front_end = self._front_end()
        return 0 if front_end.draining else self._limit - front_end.active

    def go_on(self, call: str, kept: str, place: Callable[[str, str], Claim], *, midway: bool) -> None:
        try:
            told = parse_json(kept, MAX_KEPT, MAX_VALUES)
            state: dict[str, Any] = told["state"]
            if state.get("consulted") is not None:
                self._front_end().hang_up_on(state["consulted"])  # the bot asks again, and may call them anew
            going_on = GoingOn.of(state["session"], _record(told.get("record")), words_lost=midway)
            leg = self._front_end().restore(state["leg"], place)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.error("call %s of another node cannot go on here: %s", call, error)
            return
        self._calls.go_on(leg, going_on)

    def give_up(self, calls: Collection[str]) -> None:
        for call in calls:
            if (session := self._calls.find(call)) is not None:
                session.give_up()
            self._known.pop(call, None)


def _texts(calls: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, str]:
    """Each call's state and record as text. Blocks: the record of a long call takes 10 ms."""
    return {call: json.dumps({"state": state, "record": as_text(record)}) for call, (state, record) in calls.items()}


def _record(text: object) -> dict[str, Any]:
    """The first part of the record; a call goes on also without."""
    try:
        record = parse_json(text, MAX_KEPT, MAX_VALUES) if isinstance(text, str) else {}
    except ValueError as error:
        logger.warning("the record of the first part of a call is lost: %s", error)
        return {}
    return record if isinstance(record, dict) else {}

"""Calls that bots have placed, in the terms of whoever asked."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from voicebot.address import Address
from voicebot.bots.connector import CallNotPlaced
from voicebot.calls import CallRequest, CannotCall, Outbound
from voicebot.service.placing import BotCalls

ANNA = Address.parse("+15550100")


class Phones:
    """In the place of :class:`Outbound`."""

    def __init__(self, refused: CannotCall | None = None) -> None:
        self.refused = refused
        self.placed: list[CallRequest] = []
        self.observe: Callable[[str, int, str], None]

    async def place(self, request: CallRequest, observer: Callable[[str, int, str], None]) -> Any:
        if self.refused is not None:
            raise self.refused
        self.placed.append(request)
        self.observe = observer
        return SimpleNamespace(id="call-7")


def calls(phones: Phones) -> BotCalls:
    return BotCalls(cast("Outbound", phones))


async def test_a_bot_that_opens_a_conversation_hears_of_its_end_and_not_of_the_answer() -> None:
    phones, over = Phones(), list[str]()
    assert await calls(phones).converse("surveys", ANNA, {"order": 7}, over.append) == "call-7"
    assert phones.placed == [CallRequest(ANNA, bot="surveys", context={"order": 7})]
    phones.observe("answered", 0, "")
    assert over == []
    phones.observe("ended", 0, "caller")
    assert over == ["ended"]


async def test_why_nobody_is_called_is_told_with_its_cause() -> None:
    refused = CannotCall("forbidden", "+15550100 may not be called")
    with pytest.raises(CallNotPlaced, match="may not be called") as told:
        await calls(Phones(refused)).converse("surveys", ANNA, {}, lambda _: None)
    assert (told.value.why, told.value.__cause__) == ("forbidden", refused)


async def test_a_call_that_has_another_one_placed_gets_its_id() -> None:
    assert await calls(Phones()).place(CallRequest(ANNA), lambda *_: None) == "call-7"

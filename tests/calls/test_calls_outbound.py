"""Who may be called, by which trunk, and as whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import call_world
import pytest

from voicebot.address import Address, AddressError
from voicebot.calls import CallRequest, CannotCall, Outbound, Placed
from voicebot.calls.session import CallSession
from voicebot.legs import Leg, NoRoom
from voicebot.sip import Line

PROVIDER = Line.to(
    "sip:sip.example.com;transport=tls", "provider", "4930000", proxy="sip:sip.example.com;transport=tls"
)
PBX = Line.to("sip:10.0.0.1:5080", "pbx", "7000")


class Exchange:
    """Where the calls go; ``dialled`` holds what was asked of it."""

    def __init__(self, *lines: Line, full: bool = False, **options: Any) -> None:
        self.dialled: list[dict[str, Any]] = []
        self.begun: list[Placed] = []
        self._full = full
        options.setdefault("allow", ("+4930*", "*@pbx.example"))
        options.setdefault("ring_timeout_s", 60.0)
        self.outbound = Outbound(
            self._dial, self._begin, lines={line.name: line for line in lines}, bots=lambda: ["dialogs"], **options
        )

    async def _dial(
        self,
        to: Address,
        *,
        line: str,
        sender: Address | None,
        headers: Mapping[str, str],
        ring_timeout_s: float,
        within_call: bool = False,
    ) -> Leg:
        if self._full:
            raise NoRoom("there are too many calls")
        self.dialled.append({"uri": to.uri, "line": line, "from": sender, "headers": headers, "s": ring_timeout_s})
        return call_world.Line("outbound")

    def _begin(self, _leg: Leg, placed: Placed) -> CallSession:
        self.begun.append(placed)
        return None  # type: ignore[return-value]

    async def call(self, to: str, **wish: Any) -> dict[str, Any]:
        await self.outbound.place(CallRequest(Address.parse(to), **wish))
        return self.dialled[-1]

    async def refusal(self, to: str, **wish: Any) -> CannotCall | AddressError:
        with pytest.raises((CannotCall, AddressError)) as caught:
            await self.outbound.place(CallRequest(Address.parse(to), **wish))
        assert self.dialled == []
        return caught.value


async def test_a_number_goes_by_the_only_trunk_and_shows_what_the_trunk_shows() -> None:
    call = await Exchange(PROVIDER).call("+49 (30) 123-456")
    assert call["uri"] == "sip:+4930123456@sip.example.com;transport=tls"
    assert (call["line"], call["from"], call["s"]) == ("provider", None, 60.0)


@pytest.mark.parametrize(
    ("to", "uri"),
    [
        ("*31#", "sip:*31%23@10.0.0.1:5080"),
        ("tel:+49-30-123;npdi;rn=+49-30-999", "sip:+4930123;npdi;rn=+49-30-999@10.0.0.1:5080;user=phone"),
        ("anna@pbx.example", "sip:anna@pbx.example"),
    ],
)
async def test_whatever_form_it_has_somebody_is_called_by_a_uri(to: str, uri: str) -> None:
    exchange = Exchange(PBX, allow=("*31#", "+4930*", "anna@pbx.example"))
    assert (await exchange.call(to))["uri"] == uri


async def test_a_number_goes_by_the_first_trunk_that_is_fit_and_by_none_where_none_is() -> None:
    down = {"pbx"}

    def fit(names: Sequence[str]) -> str:
        return next((name for name in names if name not in down), "")

    exchange = Exchange(PROVIDER, PBX, usual_lines=["pbx", "provider"], fit=fit)
    assert (await exchange.call("+4930123"))["line"] == "provider"
    down.clear()
    assert (await exchange.call("+4930123"))["line"] == "pbx"
    exchange.dialled.clear()
    down.update(["pbx", "provider"])
    assert (await exchange.refusal("+4930123")).why == "full"
    refusal = await exchange.refusal("sip:7000@pbx.example", trunk="pbx")
    assert refusal.why == "full" and "pbx: not available" in str(refusal)


async def test_where_there_are_two_trunks_the_wish_or_the_setting_chooses() -> None:
    assert (await Exchange(PROVIDER, PBX, usual_lines=["pbx"]).call("+4930123"))["uri"] == "sip:+4930123@10.0.0.1:5080"
    assert (await Exchange(PROVIDER, PBX).call("tel:+4930123", trunk="provider"))["line"] == "provider"
    assert "set up a trunk" in str(await Exchange(PROVIDER, PBX).refusal("+4930123"))
    assert "'nope'" in str(await Exchange(PROVIDER).refusal("+4930123", trunk="nope"))


async def test_a_sip_address_is_called_straight_away_or_by_the_trunk_that_was_named() -> None:
    allow = ("anna@pbx.example:5070", "*@pbx.example")
    straight = await Exchange(PROVIDER, allow=allow).call("sip:anna@pbx.example:5070", sender=Address("4711"))
    assert (straight["uri"], straight["line"]) == ("sip:anna@pbx.example:5070", "")
    assert straight["from"] == Address("4711")
    by_trunk = await Exchange(PROVIDER).call("sip:anna@pbx.example", trunk="provider", sender=Address("4711"))
    assert (by_trunk["line"], by_trunk["from"]) == ("provider", Address("4711"))


@pytest.mark.parametrize(
    "to",
    [
        "+19005550123",
        "+49 31 99",
        "sip:+4930123@elsewhere.example",
        "sip:anna@pbx.example?Replaces=x",
        "sip:anna@pbx.example.evil.example",
        "sip:anna%40pbx.example@evil.example",
        "sip:+4930123@sip.example.com@evil.example",
    ],
)
async def test_who_is_not_on_the_list_is_never_called(to: str) -> None:
    refused = await Exchange(PROVIDER).refusal(to)
    assert isinstance(refused, AddressError) or refused.why in ("forbidden", "invalid")


async def test_by_default_nobody_is_called() -> None:
    assert (await Exchange(PROVIDER, allow=()).refusal("+4930123")).why == "forbidden"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"to": "Anna"}, "neither a number nor a SIP URI"),
        ({"to": "http://pbx.example/"}, "neither a number nor a SIP URI"),
        ({"to": "sip:anna@pbx.example\r\nX: y"}, "neither a number nor a SIP URI"),
        ({"to": "+4930123", "bot": "nobody"}, "there is no bot 'nobody', only: dialogs"),
        ({"to": "+4930123", "sender": Address.parse("sip:x@y")}, "cannot be the caller"),
        ({"to": "+4930123", "sender": Address.parse("tel:4711")}, "cannot be the caller"),
        ({"to": "+4930123", "sender": Address.parse("4711;ext=7")}, "cannot be the caller"),
        ({"to": "+4930123", "headers": {"Route": "<sip:evil>"}}, "header 'Route' cannot be sent"),
        ({"to": "+4930123", "context": {"notes": "x" * 9000}}, "longer than 8192 bytes"),
        ({"to": "+4930123", "context": {"bad": object()}}, "not JSON"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_told_why(wish: dict[str, Any], said: str) -> None:
    refused = await Exchange(PROVIDER).refusal(**wish)
    assert isinstance(refused, AddressError) or refused.why == "invalid"
    assert said in str(refused)


async def test_what_a_call_is_for_reaches_its_session_and_headers_reach_whom_we_call() -> None:
    exchange = Exchange(PROVIDER, ring_timeout_s=30)
    call = await exchange.call(
        "+4930123", bot="dialogs", context={"order": 7}, headers={"X-Order": "7"}, ring_timeout_s=9000
    )
    assert (call["headers"], call["s"]) == ({"X-Order": "7"}, 600.0)
    assert (exchange.begun[0].bot, exchange.begun[0].context) == ("dialogs", {"order": 7})


async def test_without_room_a_wish_is_refused_for_now() -> None:
    assert (await Exchange(PROVIDER, full=True).refusal("+4930123")).why == "full"

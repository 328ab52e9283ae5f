"""The places that a node has for its calls."""

from __future__ import annotations

from voicebot.fleet import Claim, Limits
from voicebot.fleet.claims import Claims


def test_a_place_is_held_until_its_call_is_over_and_freed_once() -> None:
    freed: list[Claim] = []
    claims = Claims(Limits(10, {"sbc": 2}), freed.append)
    claim = claims.make("sbc")
    assert len(claims) == 0 and claim.trunk == "sbc"
    claim.release()
    assert freed == [], "it never was held"
    claims.hold(claim)
    assert claims.held() == [claim]
    claim.release()
    claim.release()
    assert freed == [claim] and len(claims) == 0


def test_a_trunk_without_a_limit_is_not_counted() -> None:
    claims = Claims(Limits(10, {"sbc": 2}), lambda _: None)
    assert claims.make("pbx").trunk == "" and claims.make("").trunk == ""
    assert claims.make("sbc").id != claims.make("sbc").id

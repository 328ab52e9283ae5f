"""Which bot answers which number."""

from __future__ import annotations

import pytest

from voicebot.bots.routing import Routes

ROUTES = Routes(
    {"+49 30 123-45": "exact", "+4930*": "berlin", "4930123*": "office", "1001": "desk", "Support": "people"}, "dialogs"
)


@pytest.mark.parametrize(
    ("callee", "bot"),
    [
        ("+493012345", "exact"),
        ("493012345", "exact"),
        ("+49 (30) 12345", "exact"),
        ("+49\u00a030\u202f123\u201145", "exact"),
        ("+493012399", "office"),
        ("+493099", "berlin"),
        ("+4989", "dialogs"),
        ("1001", "desk"),
        ("10011", "dialogs"),
        ("support", "people"),
        ("bot", "dialogs"),
        ("", "dialogs"),
    ],
)
def test_the_exact_number_wins_then_the_longest_beginning(callee: str, bot: str) -> None:
    assert ROUTES.bot_for(callee) == bot


@pytest.mark.parametrize("route", ["+4930123450", "00493012345 0", "4930123450", "+4930*", "004930*"])
@pytest.mark.parametrize("callee", ["+4930123450", "004930123450", "+49 30 12345-0", "00 49 30 123450"])
def test_an_international_number_is_the_same_behind_00(route: str, callee: str) -> None:
    assert Routes({route: "it", "*": "all"}, "dialogs").bot_for(callee) == "it"


def test_two_zeros_are_a_prefix_only_where_they_can_be_one() -> None:
    routes = Routes(
        {"7": "desk", "007": "bond", "0015550123": "as called", "15550123": "other", "00*": "abroad"}, "dialogs"
    )
    called = ("007", "7", "0015550123", "+15550123", "+1555012", "1555012", "0015550124", "0007")
    assert [routes.bot_for(number) for number in called] == [
        "bond", "desk", "as called", "other", "abroad", "dialogs", "abroad", "abroad",
    ]  # fmt: skip


def test_what_a_trunk_has_of_its_own_comes_first() -> None:
    trunks = {"sbc": ({"+4930*": "sales", "1001": "night"}, "helpdesk"), "pbx": ({"1*": "desk2"}, "")}
    routes = Routes({"1001": "desk", "+49*": "germany"}, "dialogs", trunks)
    by_sbc = [routes.bot_for(number, "sbc") for number in ("+493099", "1001", "+4989")]
    assert by_sbc == ["sales", "night", "helpdesk"]
    by_pbx = [routes.bot_for(number, "pbx") for number in ("1001", "+4989", "2")]
    assert by_pbx == ["desk2", "germany", "dialogs"], "without a default it is as for all"
    assert routes.bot_for("1001") == routes.bot_for("1001", "other") == "desk"


def test_a_lone_star_takes_every_number_but_not_before_longer_ones() -> None:
    routes = Routes({"*": "all", "1*": "ones"}, "dialogs")
    assert [routes.bot_for(number) for number in ("12", "22", "bot")] == ["ones", "all", "all"]

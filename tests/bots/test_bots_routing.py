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


def test_a_lone_star_takes_every_number_but_not_before_longer_ones() -> None:
    routes = Routes({"*": "all", "1*": "ones"}, "dialogs")
    assert [routes.bot_for(number) for number in ("12", "22", "bot")] == ["ones", "all", "all"]

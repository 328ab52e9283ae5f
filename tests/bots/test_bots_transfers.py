"""What a bot's wish to transfer holds, however the bot says it."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.address import Address
from voicebot.bots.transfers import MAX_ANNOUNCEMENT, transfer_asked
from voicebot.events import TransferAsked


def test_data_for_the_next_party_goes_along_however_the_bot_names_it() -> None:
    def headers(value: dict[str, Any]) -> object:
        return transfer_asked(1.0, "+1", value).headers

    assert headers({"headers": {"X-Case": 4711}}) == {"X-Case": "4711"}
    copilot = {"sipUuiHeader": "a1b2;encoding=hex", "sipxHeaders": {"X-Skill": "billing & more"}}
    assert headers(copilot) == {"User-to-User": "a1b2;encoding=hex", "X-Skill": "billing & more"}
    assert headers({"SipUuiHeader": "a1", "SipXHeaders": {"X-Skill": "b"}}) == {"User-to-User": "a1", "X-Skill": "b"}
    audiocodes = {"transferSipHeaders": [{"name": "X-My", "value": "1"}, {"name": "x-other", "value": 2}]}
    assert headers(audiocodes) == {"X-My": "1", "x-other": "2"}


@pytest.mark.parametrize("headers", [{"Via": "evil"}, {"X-A": "b\r\nVia: evil"}, "X-A: b", [1, {"name": 5}], 7, None])
def test_headers_that_could_change_the_call_are_not_passed_on(headers: Any) -> None:
    value = {"headers": headers, "sipxHeaders": headers, "transferSipHeaders": headers}
    assert transfer_asked(1.0, None, value) == TransferAsked(1.0, None)


@pytest.mark.parametrize(("given", "means"), [(True, True), (False, False), (None, None), (1, None), ("yes", None)])
def test_a_bot_may_say_whether_the_target_is_called_first(given: Any, means: bool | None) -> None:
    assert transfer_asked(1.0, "7001", {"attended": given}) == TransferAsked(1.0, Address("7001"), attended=means)
    assert transfer_asked(1.0, "7001", {}).attended is None


def test_what_the_target_hears_is_bounded_and_text() -> None:
    assert transfer_asked(1.0, "7001", {"announcement": "A caller."}).announcement == "A caller."
    assert len(transfer_asked(1.0, "7001", {"announcement": "x" * 9999}).announcement) == MAX_ANNOUNCEMENT
    assert transfer_asked(1.0, "7001", {"announcement": 7}).announcement == ""

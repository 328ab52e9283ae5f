"""What is spoken in a call, by its trunk, the numbers that were called, and the roles of its parties."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.address import Address
from voicebot.assist.languages import Languages
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import RecordedInfo
from voicebot.settings import load_settings

SETTINGS = """
[speech]
language = "en-US"
[assist]
agent_language = "en-GB"
[[trunks]]
name = "paris"
addresses = ["192.0.2.1"]
assist = true
[[assist.languages]]
numbers = ["+4930*", "4712"]
caller = "de-DE"
agent = "de-DE"
[[assist.languages]]
numbers = ["+49*"]
caller = "de-AT"
[[assist.languages]]
trunk = "paris"
caller = "fr-FR"
[[assist.languages]]
trunk = "paris"
numbers = ["80*"]
caller = "es-ES"
agent = "es-ES"
"""


@pytest.fixture
def languages(tmp_path: Path) -> Languages:
    file = tmp_path / "voicebot.toml"
    file.write_text(SETTINGS)
    settings = load_settings(file)
    return settings.assist.rules(settings.speech).languages


def call(trunk: str = "", called: str = "", caller: str = "", agent: str = "") -> RecordedInfo:
    parties = [
        Party(role.value, role, address=Address.parse(number))
        for role, number in ((Role.CALLER, caller), (Role.AGENT, agent))
        if number
    ]
    return RecordedInfo("call-1", trunk, tuple(parties), called=called)


@pytest.mark.parametrize(
    ("info", "caller", "agent"),
    [
        (call(), "en-US", "en-GB"),
        (call("berlin", "4711"), "en-US", "en-GB"),
        (call("berlin", "4712"), "de-DE", "de-DE"),
        (call(called="+49 30 1234"), "de-DE", "de-DE"),
        (call(called="00493012345"), "de-DE", "de-DE"),
        (call(called="srs", agent="+493012345"), "de-DE", "de-DE"),
        (call(called="srs", agent="sip:+493012345@pbx.example"), "de-DE", "de-DE"),
        (call(called="srs", caller="+493012345"), "en-US", "en-GB"),
        (call(called="+4940123"), "de-AT", "en-GB"),
        (call("paris"), "fr-FR", "en-GB"),
        (call("paris", "+4930123"), "de-DE", "de-DE"),
        (call("paris", agent="8001"), "fr-FR", "es-ES"),
        (call("berlin", agent="8001"), "en-US", "en-GB"),
    ],
)
def test_the_first_that_fits_and_says_something_of_the_role_counts(
    languages: Languages, info: RecordedInfo, caller: str, agent: str
) -> None:
    spoken = languages.of_roles(info)
    assert (spoken[Role.CALLER], spoken[Role.AGENT]) == (caller, agent)
    assert spoken[Role.OTHER] == spoken[Role.BOT] == "en-US"

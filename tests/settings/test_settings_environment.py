"""What of the environment the service takes, and what it leaves to the processes that it starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicebot.settings import SettingsError, for_children, load_settings

FOR_DIALOGS = {"VOICEBOT_SECRET_CRM": "crm", "VOICEBOT_STATE_PASSWORD": "state", "MicrosoftAppPassword": "app"}
TOKEN = '[[console.tokens]]\nname = "wall"\nrole = "viewer"\ntoken_env = "VOICEBOT_WALL"\n'
BOT = '[[bots]]\nname = "desk"\nkind = "direct-line"\nsecret_env = "{name}"\n'


def test_children_get_the_environment_without_the_services_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"VOICEBOT_CONSOLE__TOKEN": "a", "VOICEBOT_SPEECH__KEY": "b", "voicebot_speech__voice": "c",
            "VOICEBOT_SIP__PORT": "0", "DESK_SECRET": "d", "VOICEBOT_WALL": "e"}  # fmt: skip
    for name, value in (ours | FOR_DIALOGS).items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "voicebot.toml"
    file.write_text(BOT.format(name="DESK_SECRET") + TOKEN)
    given = for_children(load_settings(file))
    assert not given.keys() & ours.keys()
    assert given == {name: value for name, value in os.environ.items() if name not in ours}
    assert given.items() >= FOR_DIALOGS.items()


def test_a_secret_that_a_bot_shares_with_the_dialogs_stays_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEBOT_SECRET_DESK", "d")
    file = tmp_path / "voicebot.toml"
    file.write_text(BOT.format(name="VOICEBOT_SECRET_DESK"))
    assert for_children(load_settings(file))["VOICEBOT_SECRET_DESK"] == "d"


@pytest.mark.parametrize("name", [*FOR_DIALOGS, "VOICEBOT_SDK"])
def test_what_is_for_the_dialogs_is_no_misspelt_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "botbuilder")
    load_settings()
    monkeypatch.setenv("VOICEBOT_SECRETS", "x")
    with pytest.raises(SettingsError, match="VOICEBOT_SECRETS: no such setting"):
        load_settings()

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.commands import assist_demo, demo
from voicebot.commands.own_service import own_service
from voicebot.service.supervisor import NotReady


@pytest.mark.parametrize("settings", [demo.SETTINGS, assist_demo.SETTINGS], ids=["demo", "assist-demo"])
async def test_the_settings_of_the_present_folder_and_our_environment_have_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    (tmp_path / "voicebot.toml").write_text("[sip]\nprot = 5060\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_SIP__PROT", "5060")
    with pytest.raises(NotReady) as told:
        async with own_service(tmp_path / "serve.log", settings | {"BOT__DIALOGS": "nowhere"}):
            pass
    assert "bot.dialogs" in str(told.value)
    assert "sip" not in str(told.value).lower()

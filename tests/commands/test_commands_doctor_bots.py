"""What ``voicebot doctor`` finds out about the bots of others, without speaking to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from bot_double import BotDouble
from identity_double import IdentityDouble

from voicebot.commands.doctor import bots
from voicebot.settings import load_settings


@pytest.mark.parametrize(
    ("secret", "path", "good", "said"),
    [
        ("s3cret", "", True, "there is a token for it"),
        ("wrong", "", False, "AADSTS7000215"),
        ("s3cret", "/else", False, "HTTP 404"),
    ],
)
async def test_address_and_secret_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, path: str, good: bool, said: str
) -> None:
    bot, identity = BotDouble(), IdentityDouble({"app-1": "s3cret"})
    await bot.start()
    await identity.start()
    monkeypatch.setenv("DESK_SECRET", secret)
    file = tmp_path / "voicebot.toml"
    file.write_text(
        f'[[bots]]\nname = "desk"\nkind = "bot-framework"\nurl = "{bot.url}{path}"\n'
        f'app_id = "app-1"\nsecret_env = "DESK_SECRET"\nauthority = "{identity.url}"\n'
    )
    (finding,) = await bots(load_settings(file))
    assert (finding.check, finding.good) == ("bot desk", good)
    assert said in finding.detail
    assert bot.received == []
    await bot.close()
    await identity.close()


async def test_a_bot_that_is_away_is_named(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text('[[bots]]\nname = "desk"\nkind = "bot-framework"\nurl = "http://127.0.0.1:9/api/messages"\n')
    (finding,) = await bots(load_settings(file))
    assert not finding.good
    assert finding.mend

from __future__ import annotations

from pathlib import Path

from let_in import let_in

from voicebot.service.pages import phone_api
from voicebot.service.sip import page_trunk, sip_endpoint, trunk_media
from voicebot.settings import Settings, load_settings


def settings(tmp_path: Path, text: str) -> Settings:
    (file := tmp_path / "voicebot.toml").write_text(text)
    return load_settings(file)


def test_calls_of_the_page_are_a_trunk_with_a_limit_whose_audio_is_encrypted(tmp_path: Path) -> None:
    made = settings(tmp_path, '[console]\nphone_calls = 2\n[rtp]\nsrtp = "off"\n')
    (trunk,) = page_trunk(made)
    assert (trunk.name, trunk.max_calls, trunk.addresses, trunk.username) == ("page", 2, (), "")
    assert trunk_media(made)["page"].srtp == "required"


def test_there_may_be_no_phone(tmp_path: Path) -> None:
    made = settings(tmp_path, "[console]\nphone_calls = 0\n")
    assert page_trunk(made) == [] and phone_api(made, sip_endpoint(made), let_in()) is None
    assert "page" not in trunk_media(made)

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from voicebot.service.pages import phone_api
from voicebot.service.sip import page_trunk, sip_endpoint, trunk_media
from voicebot.settings import Settings, load_settings

TRUNK = '[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\n'
ACCOUNT = '[[accounts]]\nname = "pbx"\nregistrar = "sip:127.0.0.1:9"\nusername = "7000"\n'


def settings(tmp_path: Path, text: str) -> Settings:
    (file := tmp_path / "voicebot.toml").write_text(text)
    return load_settings(file)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 201),
        ('[console]\nhost = "0.0.0.0"\n', 403),
        ('[console]\npublic_url = "https://bot.example"\n', 403),
        (TRUNK, 403),
        (ACCOUNT, 403),
        ('[console]\ntoken_file = "/etc/hostname"\n', 401),
    ],
)
async def test_without_a_token_only_who_is_alone_with_it_is_let_in(tmp_path: Path, text: str, status: int) -> None:
    made = settings(tmp_path, text)
    api = phone_api(made, sip_endpoint(made))
    assert api is not None
    issue = next(route.handler for route in api.routes if route.method == "POST")
    response = await issue(make_mocked_request("POST", "/v1/phone/tickets"))  # type: ignore[operator]
    assert response.status == status


def test_calls_of_the_page_are_a_trunk_with_a_limit_whose_audio_is_encrypted(tmp_path: Path) -> None:
    made = settings(tmp_path, '[console]\nphone_calls = 2\n[rtp]\nsrtp = "off"\n')
    (trunk,) = page_trunk(made)
    assert (trunk.name, trunk.max_calls, trunk.addresses, trunk.username) == ("page", 2, (), "")
    assert trunk_media(made)["page"].srtp == "required"


def test_there_may_be_no_phone(tmp_path: Path) -> None:
    made = settings(tmp_path, "[console]\nphone_calls = 0\n")
    assert page_trunk(made) == [] and phone_api(made, sip_endpoint(made)) is None
    assert "page" not in trunk_media(made)

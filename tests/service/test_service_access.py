"""Who is let into the console, by the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from voicebot.service.access import access
from voicebot.settings import load_settings
from voicebot.web import Role

TRUNK = '[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\n'
ACCOUNT = '[[accounts]]\nname = "pbx"\nregistrar = "sip:127.0.0.1:9"\nusername = "7000"\n'
PYVOIP = '[pyvoip]\nserver = "192.0.2.1"\nusername = "7000"\n'


def status(tmp_path: Path, text: str, shown: str = "") -> int:
    """What somebody is answered who shows this token."""
    (file := tmp_path / "voicebot.toml").write_text(text)
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    try:
        holder = access(load_settings(file)).holder(make_mocked_request("GET", "/v1/me", headers=headers))
    except web.HTTPException as refused:
        return refused.status
    assert holder.role is not None
    return 200 if holder.role is Role.ADMIN else 200 + int(holder.role)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 200),
        ('[console]\nhost = "0.0.0.0"\n', 403),
        ('[console]\npublic_url = "https://bot.example"\n', 403),
        (TRUNK, 403),
        (ACCOUNT, 403),
        (PYVOIP, 403),
        ('[console]\ntoken_file = "/etc/hostname"\n', 401),
        ('[console]\ntoken_file = "/dev/null"\n', 401),
        ('[[console.tokens]]\nname = "wall"\nrole = "viewer"\ntoken_file = "/etc/hostname"\n', 401),
    ],
)
async def test_without_a_token_only_who_is_alone_with_it_is_let_in(tmp_path: Path, text: str, expected: int) -> None:
    if "/dev/null" in text:
        (empty := tmp_path / "empty").write_text("")
        text = text.replace("/dev/null", str(empty))
    assert status(tmp_path, text) == expected


async def test_each_token_has_its_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "anna").write_text("a-token\n")
    monkeypatch.setenv("VOICEBOT_WALL", "w-token")
    monkeypatch.setenv("VOICEBOT_CONSOLE__TOKEN", "c-token")
    text = f"""
[[console.tokens]]
name = "anna"
role = "operator"
token_file = "{tmp_path / "anna"}"
[[console.tokens]]
name = "wall"
role = "viewer"
token_env = "VOICEBOT_WALL"
"""
    expected = {"a-token": 200 + Role.OPERATOR, "w-token": 200 + Role.VIEWER, "c-token": 200, "x": 401}
    assert {shown: status(tmp_path, text, shown) for shown in expected} == expected


async def test_the_audit_log_is_beside_the_records(tmp_path: Path) -> None:
    (file := tmp_path / "voicebot.toml").write_text(f"[calls]\nrecords = {json.dumps(str(tmp_path / 'kept'))}\n")
    log = access(load_settings(file)).audit
    await log.open()
    await log.close()
    assert (tmp_path / "audit.jsonl").exists()

"""Trunks, accounts and listeners from the file to the endpoint."""

from __future__ import annotations

from pathlib import Path

from voicebot.settings import load_settings
from voicebot.sip import ListenAt
from voicebot.sip_wiring import sip_endpoint
from voicebot.trunk_settings import listen_at

FILE = """
[sip]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"]
advertised_host = "198.51.100.7"
[[trunks]]
name = "sbc"
addresses = ["192.0.2.0/28", "2001:db8::/32"]
[[trunks]]
name = "phone"
username = "phone"
password_file = "{folder}/password"
secure = true
[[accounts]]
name = "pbx"
registrar = "sip:pbx.example.com;transport=tls"
username = "7000"
password_file = "{folder}/password"
register = false
"""


async def test_a_file_with_everything_makes_an_endpoint_that_listens(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    file = tmp_path / "voicebot.toml"
    file.write_text(FILE.format(folder=tmp_path))
    settings = load_settings(file)
    assert "secret" not in repr(settings)
    trunk = settings.trunks[1].trunk()
    assert (trunk.name, trunk.username, trunk.password, trunk.secure) == ("phone", "phone", "secret", True)
    account = settings.accounts[0].account()
    assert account.address == "sip:7000@pbx.example.com" and account.credentials is not None and not account.register
    endpoint = sip_endpoint(settings)
    await endpoint.start()
    try:
        assert [listener.transport for listener in endpoint.listeners] == ["UDP", "TCP", "TLS"]
        assert {listener.host for listener in endpoint.listeners} == {"198.51.100.7"}
        assert endpoint.registrations["pbx"].status == 0
    finally:
        await endpoint.close()


async def test_without_trunks_this_machine_is_one(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text("[sip]\nport = 0\n")
    endpoint = sip_endpoint(load_settings(file))
    await endpoint.start()
    assert len(endpoint.listeners) == 1
    await endpoint.close()


def test_an_advertised_address_is_for_listeners_of_its_family() -> None:
    assert listen_at("udp:0.0.0.0:5060", "198.51.100.7") == ListenAt("UDP", "0.0.0.0", 5060, "198.51.100.7")
    assert listen_at("TLS:[::]:5061", "198.51.100.7") == ListenAt("TLS", "::", 5061, "")
    assert listen_at("tls:[::1]:5061", "sip.example.com").advertised_host == "sip.example.com"

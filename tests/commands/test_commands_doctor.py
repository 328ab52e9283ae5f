"""The doctor looks at the ports that the service would open."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from free_port import free_ports

from voicebot.commands.doctor import Finding, _assist, _http_ports, _rtp_ports, _sip_ports, _speech_capacity
from voicebot.localspeech.capacity import estimate
from voicebot.settings import Settings


@pytest.mark.parametrize(
    ("transport", "host"), [("udp", "127.0.0.1"), ("tcp", "127.0.0.1"), ("tls", "127.0.0.1"), ("udp", "::1")]
)
def test_each_address_of_sip_listen_is_checked(transport: str, host: str) -> None:
    six = ":" in host
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind) as taken:
        taken.bind((host, 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        listen = ("udp:127.0.0.1:0", f"{transport}:{f'[{host}]' if six else host}:{port}")
        settings = Settings(sip={"listen": listen})  # type: ignore[arg-type]
        finding = _sip_ports(settings)
        assert not finding.good
        assert f"{transport.upper()} {host}:{port}" in finding.detail and "sip.listen" in finding.mend
    assert _sip_ports(settings).good


NOT_OURS = "203.0.113.9"


@pytest.mark.parametrize(
    ("sip", "setting"),
    [
        ({"host": NOT_OURS}, "sip.host"),
        ({"listen": (f"udp:{NOT_OURS}:5060",)}, "sip.listen"),
        ({"listen": (f"tcp:{NOT_OURS}:5060",)}, "sip.listen"),
    ],
)
def test_an_address_that_is_not_ours_is_told_by_its_setting(sip: dict[str, Any], setting: str) -> None:
    settings = Settings(sip=sip)  # type: ignore[arg-type]
    for finding in (_sip_ports(settings), _rtp_ports(settings)):
        assert not finding.good and NOT_OURS in finding.detail
        assert f"set {setting} to one that it has" in finding.mend and "sip.advertised_host" in finding.mend


def test_an_address_of_the_console_that_is_not_ours_is_told_by_its_setting() -> None:
    console = {"host": NOT_OURS, "port": 4000, "public_url": "https://bot.example.com/"}
    (finding,) = _http_ports(Settings(console=console, bot={"http_port": 0}))  # type: ignore[arg-type]
    assert (finding.check, finding.good) == ("console port", False)
    assert "set console.host to one that it has" in finding.mend and "console.public_url" in finding.mend


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_free_rtp_ports_are_counted_at_the_address_of_the_media(host: str) -> None:
    settings = Settings(sip={"host": host, "max_calls": 5}, rtp={"port_low": 39000, "port_high": 39019})  # type: ignore[arg-type]
    finding = _rtp_ports(settings)
    assert finding.good, finding.detail


BOT = {"name": "b", "kind": "bot-framework", "url": "http://127.0.0.1:9/api/messages"}


@pytest.mark.parametrize(
    ("check", "section", "name"),
    [
        ("console port", "console", "port"),
        ("port of /api/messages", "bot", "http_port"),
        ("connector port", "connector", "port"),
        ("port of the speech service", "speech", "local_port"),
        ("port of the language service", "language", "local_port"),
    ],
)
def test_each_http_port_is_checked_and_named_by_its_setting(check: str, section: str, name: str) -> None:
    ports: dict[str, dict[str, Any]] = {"console": {"port": 0}, "bot": {"http_port": 0}, "connector": {"port": 0}}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(**(ports | {section: {name: port}}), bots=[BOT], siprec={"numbers": ["+1555"]})  # type: ignore[arg-type]
        (finding,) = _http_ports(settings)
        assert (finding.check, finding.good) == (check, False)
        assert f"127.0.0.1:{port}" in finding.detail and f"{section}.{name}" in finding.mend
    (finding,) = _http_ports(settings)
    assert finding.good, finding


def test_two_servers_of_one_port_are_told() -> None:
    settings = Settings(console={"port": 3978}, bot={"http_port": 3978})  # type: ignore[arg-type]
    found = {finding.check: finding for finding in _http_ports(settings)}
    assert "the settings name it for the console port as well" in found["port of /api/messages"].detail


def test_the_connector_is_opened_only_for_bots_that_reply_to_it() -> None:
    assert "connector port" not in {finding.check for finding in _http_ports(Settings())}


def test_where_calls_between_people_are_listened_to_each_needs_two_rtp_ports() -> None:
    low, high = free_ports(8)
    given: dict[str, Any] = {"rtp": {"port_low": low, "port_high": high}, "sip": {"max_calls": 3}}
    assert _rtp_ports(Settings(**given)).good
    found = _rtp_ports(Settings(**given, siprec={"numbers": ("4711",)}))
    assert not found.good and "needs 2" in found.detail


def test_faults_in_rules_and_articles_are_told_with_their_place(tmp_path: Path) -> None:
    def found(folder: Path | None) -> Finding:
        return _assist(Settings(assist={"folder": folder}))  # type: ignore[arg-type]

    assert found(None).good and found(tmp_path).good
    (tmp_path / "rules.yaml").write_text("rules:\n  - rul: x\n")
    assert not found(tmp_path).good and "rules.yaml:2" in found(tmp_path).detail


def test_more_calls_than_the_recogniser_can_take_are_warned_of() -> None:
    measured = estimate(cores=2, heard=0.2, spoken=0.05)
    assert 1 <= measured.calls <= 20
    few, many = (
        _speech_capacity(measured, Settings(sip={"max_calls": calls}))  # type: ignore[arg-type]
        for calls in (measured.calls, measured.calls + 1)
    )
    assert few.good and not many.good and many.warning
    assert f"about {measured.calls} calls at once on 2 cores" in many.detail
    assert f"sip.max_calls = {measured.calls}" in many.mend


def test_a_slow_machine_takes_fewer_calls_and_one_with_more_cores_takes_more() -> None:
    usual = estimate(cores=4, heard=0.2, spoken=0.05).calls
    assert estimate(cores=4, heard=0.6, spoken=0.15).calls < usual < estimate(cores=8, heard=0.2, spoken=0.05).calls

"""The doctor looks at the ports that the service would open."""

from __future__ import annotations

import socket

import pytest

from voicebot.commands.doctor import _rtp_ports, _sip_ports
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


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_free_rtp_ports_are_counted_at_the_address_of_the_media(host: str) -> None:
    settings = Settings(sip={"host": host, "max_calls": 5}, rtp={"port_low": 39000, "port_high": 39019})  # type: ignore[arg-type]
    finding = _rtp_ports(settings)
    assert finding.good, finding.detail

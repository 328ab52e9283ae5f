"""Where the SIP side cannot listen, the start ends with the setting that is to blame."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from voicebot.service.sip import cannot_take_calls, require_media_address, sip_endpoint
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings
from voicebot.sip import CannotBind

NOT_OURS = "203.0.113.9"


def settings(**sip: Any) -> Settings:
    return Settings(sip=sip)  # type: ignore[arg-type]


async def refused(given: Settings) -> str:
    """What is told of an endpoint that cannot be opened."""
    with pytest.raises(CannotBind) as raised:
        await sip_endpoint(given).start()
    return str(cannot_take_calls(given, raised.value))


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls", "ws"])
async def test_an_address_that_is_not_ours_is_the_fault_of_sip_listen(transport: str) -> None:
    told = await refused(settings(listen=(f"{transport}:{NOT_OURS}:5060",)))
    assert told.startswith(f"sip.listen: {transport.upper()} {NOT_OURS}:5060 cannot be opened: ")
    assert "this machine has no such address: set sip.listen to" in told and "sip.advertised_host" in told


async def test_an_address_that_is_not_ours_is_the_fault_of_sip_host_and_a_taken_port_of_sip_port() -> None:
    assert (await refused(settings(host=NOT_OURS))).startswith(f"sip.host: UDP {NOT_OURS}:5060 cannot be opened: ")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert (await refused(settings(port=port))).startswith(f"sip.port: UDP 127.0.0.1:{port} cannot be opened: ")


def test_an_address_for_audio_that_is_not_ours_is_told_before_any_call_is_refused_for_it() -> None:
    given = settings(listen=("udp:127.0.0.1:0",), host=NOT_OURS)
    with pytest.raises(NotReady, match=rf"sip\.host: {NOT_OURS}, for audio, .*set sip\.host to one that it has"):
        require_media_address(given)
    require_media_address(settings(listen=("udp:127.0.0.1:0",)))

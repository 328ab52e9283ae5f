"""The start says what is missing for [acs]; what the console tells of it; calls go by the line that is theirs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from free_port import free_port

from voicebot.address import Address
from voicebot.app import Application
from voicebot.legs import Leg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.service.acs import AcsService
from voicebot.service.dialing import Dialing
from voicebot.service.sip import sip_endpoint
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings, load_settings

FILE = """
[acs]
endpoint = "https://contoso.communication.azure.com"
public_url = "https://bot.example.com"
metadata_url = "http://127.0.0.1:9/keys"
resource_id = "11111111-2222-3333-4444-555555555555"
number = "+4930999"
port = {port}
[[accounts]]
name = "pbx"
registrar = "sip:127.0.0.1:9"
username = "7000"
register = false
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VOICEBOT_ACS__KEY", "a2V5")
    monkeypatch.setenv("VOICEBOT_ACS__EVENTS_KEY", "0123456789abcdef")
    file = tmp_path / "voicebot.toml"
    file.write_text(FILE.format(port=free_port()))
    return load_settings(file)


def nobody(_leg: Leg) -> None:
    raise AssertionError("nobody calls")


async def test_the_missing_extra_is_named_before_anything_is_started(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.communication.callautomation", None)
    monkeypatch.delitem(sys.modules, "voicebot.legs.acs_client", raising=False)
    missing = r"acs.endpoint: azure.communication.callautomation is not installed: pip install 'voicebot\[acs\]'"
    with pytest.raises(NotReady, match=missing):
        async with Application(settings):
            pass


async def test_a_port_that_is_taken_is_named_and_the_console_tells_what_there_is(settings: Settings) -> None:
    pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")
    one, two = (AcsService(settings, MediaClock(), nobody, lambda: True) for _ in range(2))
    await one.start()
    try:
        with pytest.raises(
            NotReady, match=rf"acs.port: 127.0.0.1:{settings.acs.port} cannot be opened: Address already in use"
        ):
            await two.start()
        told = dict(one.panel().facts)
        assert told["resource"] == "https://contoso.communication.azure.com"
        assert told["calls now"] == "0 of 50" and told["requests refused"] == "none"
        assert [figure.name for figure in one.figures()] == [
            "acs_calls",
            "acs_calls_rejected",
            "acs_requests_refused",
        ]
    finally:
        await one.front_end.close()
        await two.front_end.close()


async def test_a_call_goes_by_its_line(settings: Settings) -> None:
    pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")
    clock = MediaClock()
    there = AcsService(settings, clock, nobody, lambda: True).front_end
    sip = SipFrontEnd(sip_endpoint(settings), nobody, MediaOptions(clock, PortRange(20000, 20010, "127.0.0.1")))
    dialing = Dialing(sip, there)
    assert list(dialing.lines) == ["pbx", "acs"]
    assert str(dialing.lines["acs"].domain) == "sip:contoso.communication.azure.com"
    leg = await dialing.place(
        Address.parse("+4930555").at(dialing.lines["acs"].domain),
        line="acs",
        sender=None,
        headers={},
        ring_timeout_s=1,
    )
    assert (leg.info.front_end, leg.info.caller, leg.info.callee) == ("acs", "+4930999", "+4930555")
    await there.close()
    assert list(Dialing(sip, None).lines) == ["pbx"]

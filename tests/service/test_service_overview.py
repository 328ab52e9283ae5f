"""What the operations page says of trunks."""

from __future__ import annotations

from waiting import until

from voicebot.service.overview import lines_panel
from voicebot.sip import ListenAt, SipEndpoint, Trunk


async def test_a_trunk_that_has_not_answered_yet_is_neither_up_nor_wrong() -> None:
    trunk = Trunk("sbc", outbound="sip:127.0.0.1:9", options_s=30.0)
    endpoint = SipEndpoint(ListenAt("UDP", "127.0.0.1", 0), trunks=[trunk])
    await endpoint.start()
    try:
        panel = lines_panel(endpoint)
        assert panel.facts == [("trunk sbc", "has not answered yet")] and not panel.wrong
        await until(lambda: lines_panel(endpoint).wrong)  # nobody listens there
        assert lines_panel(endpoint).facts == [("trunk sbc", "does not answer")]
    finally:
        await endpoint.close()

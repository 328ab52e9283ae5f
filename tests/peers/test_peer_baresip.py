"""baresip calls us over TLS, with plain and with encrypted media; and we call it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from baresip_phone import LOOPBACK, NO_BARESIP, baresip, has_baresip
from free_port import free_ports
from talking_bot import Bot, Sink, bot_at, until
from talking_bot import loudest as loudest_of

from bench.recordings import ASTERISK, NO_RECORDINGS, has_asterisk
from voicebot.address import Address
from voicebot.audio import PCMA
from voicebot.caller.wav import read_wav
from voicebot.events import HoldEnded, HoldStarted
from voicebot.legs.sip_outgoing import dial
from voicebot.rtp import PortRange
from voicebot.sip import ListenAt

SOURCE = f"aufile,{ASTERISK}/vm-options.wav"
DEADLINE_S = 20.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not has_baresip(), reason=NO_BARESIP),
    pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS),
]


loudest = partial(loudest_of, PCMA)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    listen = [ListenAt("TLS", LOOPBACK, 0), ListenAt("UDP", LOOPBACK, 0)]
    async with bot_at(listen, PortRange(*free_ports(), LOOPBACK, rest_s=0.0), tmp_path / "bot.pem") as bot:
        yield bot


@pytest.mark.parametrize("media", ["", ";mediaenc=srtp-mand"], ids=["rtp", "srtp"])
async def test_a_call_over_tls_with_audio_keys_hold_transfer_and_its_end(bot: Bot, tmp_path: Path, media: str) -> None:
    account = f"<sip:phone@{LOOPBACK};transport=tls>;regint=0;audio_codecs=pcma{media}"
    async with baresip(tmp_path / "phone", account, source=SOURCE, certificate=tmp_path / "bot.pem") as phone:
        phone.tell("dial", f"sip:bot@{LOOPBACK}:{bot.front.endpoint.port};transport=tls")
        await phone.hears_of("CALL_ESTABLISHED")
        leg, sink = bot.legs[0], bot.sinks[0]
        assert leg.info.caller == "phone" and leg.info.codec == "PCMA"
        await until(lambda: loudest(bytes(sink.heard)) > 2000)
        assert leg.quality().encrypted == bool(media)
        phone.tell("sndcode", "8")
        await until(lambda: sink.keys == ["8"])
        phone.tell("hold")
        await until(lambda: sink.facts == [HoldStarted])
        phone.tell("resume")
        await until(lambda: sink.facts == [HoldStarted, HoldEnded])
        packets = sink.packets
        await until(lambda: sink.packets > packets + 10)
        asked: list[str] = []

        def transfer_asked(target: str) -> bool:
            asked.append(target)
            asyncio.get_running_loop().call_soon(leg.transfer_result, 200)
            return True

        leg.on_transfer_asked = transfer_asked
        phone.tell("transfer", f"sip:7000@{LOOPBACK}")
        await until(lambda: sink.ends)  # who has transferred us hangs up
        assert asked == [f"sip:7000@{LOOPBACK}"]
    assert sink.ends == ["caller"] and bot.front.active == 0
    assert loudest(read_wav(phone.recording(), PCMA)) > 2000, "it heard us"


async def test_it_is_called_and_goes_where_it_is_transferred(bot: Bot, tmp_path: Path) -> None:
    account = f"<sip:phone@{LOOPBACK}>;regint=0;audio_codecs=pcma;answermode=auto"
    endpoint = bot.front.endpoint
    udp = endpoint.listeners[1].port
    async with baresip(tmp_path / "phone", account, source=SOURCE) as phone:
        sink = Sink()
        async with asyncio.timeout(DEADLINE_S):
            leg = await dial(endpoint, bot.front.media, Address.parse(f"sip:phone@{LOOPBACK}:{phone.port}"), sink=sink)
            await until(lambda: loudest(bytes(sink.heard)) > 2000)
            outcome = await leg.transfer(Address.parse(f"sip:elsewhere@{LOOPBACK}:{udp}"))
        assert outcome.accepted, outcome
        await until(lambda: bot.sinks and loudest(bytes(bot.sinks[0].heard)) > 2000)
        assert bot.legs[0].info.callee == "elsewhere" and sink.ends == ["transfer"]
        await bot.legs[0].hang_up()
        await phone.hears_of("CALL_CLOSED")

"""linphone calls us and is called: audio, keys, hold, transfer both ways, TLS with SRTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from free_port import free_ports
from linphone_phone import HERE, IP, LINPHONE, NO_LINPHONE, PORT, THERE, NotPermitted, linphone, namespace
from talking_bot import Bot, Sink, bot_at, talk
from talking_bot import loudest as loudest_of
from talking_bot import until as until_in

from bench.recordings import ASTERISK, NO_RECORDINGS, has_asterisk
from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.caller.wav import read_wav
from voicebot.legs.sip_outgoing import dial
from voicebot.rtp import PortRange
from voicebot.sip import ListenAt

AUDIO = ASTERISK / "vm-options.wav"
DEADLINE_S = 30.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.long,
    pytest.mark.skipif(LINPHONE is None or IP is None, reason=NO_LINPHONE),
    pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS),
]


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    try:
        with namespace() as name:
            yield name
    except NotPermitted as error:
        pytest.skip(f"no network namespace here: {error}")


@pytest.fixture
async def bot(network: str, tmp_path: Path) -> AsyncIterator[Bot]:
    listen = [ListenAt("UDP", HERE, 0), ListenAt("TLS", HERE, 0)]
    async with bot_at(listen, PortRange(*free_ports(), HERE, rest_s=0.0), tmp_path / "bot.pem") as bot:
        yield bot


loudest = partial(loudest_of, PCMU)
until = partial(until_in, within_s=DEADLINE_S)


async def test_linphone_calls_presses_holds_resumes_transfers_and_hangs_up(
    bot: Bot, network: str, tmp_path: Path
) -> None:
    async with linphone(network, tmp_path / "phone", AUDIO) as phone:
        phone.tell(f"call sip:bot@{HERE}:{bot.front.endpoint.port}")
        await phone.says("Media streams established")
        leg, sink = bot.legs[0], bot.sinks[0]
        assert leg.info.caller == "linphone"
        await until(lambda: loudest(bytes(sink.heard)) > 2000)
        phone.tell("5")
        await until(lambda: sink.keys == ["5"])
        phone.tell("pause")
        paused = await phone.says("is now paused")
        packets = sink.packets
        await asyncio.sleep(0.2)
        assert sink.packets <= packets + 1, "who holds us is not talked to"
        phone.tell("resume")
        await phone.says("Media streams established", paused)
        await until(lambda: sink.packets > packets + 10)
        asked: list[str] = []

        def transfer_asked(target: str) -> bool:
            asked.append(target)
            asyncio.get_running_loop().call_soon(leg.transfer_result, 200)
            return True

        leg.on_transfer_asked = transfer_asked
        phone.tell(f"transfer sip:7000@{HERE}")
        await until(lambda: asked)
        assert "7000" in asked[0]
        phone.tell("terminate")
        await until(lambda: sink.ends)
        assert leg.quality().lost == 0
    assert loudest(read_wav(phone.recording, PCMU)) > 2000, "it heard us"


async def test_linphone_is_called_hears_us_and_goes_where_it_is_transferred(
    bot: Bot, network: str, tmp_path: Path
) -> None:
    async with linphone(network, tmp_path / "phone", AUDIO, answers=True) as phone:
        sink = Sink()
        async with asyncio.timeout(DEADLINE_S):
            leg = await dial(
                bot.front.endpoint, bot.front.media, Address.parse(f"sip:linphone@{THERE}:{PORT}"), sink=sink
            )
        talk(leg)
        await until(lambda: loudest(bytes(sink.heard)) > 2000)
        outcome = await leg.transfer(Address.parse(f"sip:elsewhere@{HERE}:{bot.front.endpoint.port}"))
        assert outcome.accepted, outcome
        await until(lambda: bot.sinks and loudest(bytes(bot.sinks[0].heard)) > 2000)
        assert bot.legs[0].info.callee == "elsewhere"
        await bot.legs[0].hang_up()
        await phone.says("ended")


async def test_linphone_calls_over_tls_with_encrypted_media(bot: Bot, network: str, tmp_path: Path) -> None:
    certificate = tmp_path / "bot.pem"
    async with linphone(network, tmp_path / "phone", AUDIO, ca=certificate, encryption="srtp") as phone:
        phone.tell(f"call sip:bot@{HERE}:{bot.front.endpoint.listeners[1].port};transport=tls")
        await phone.says("Media streams established")
        leg, sink = bot.legs[0], bot.sinks[0]
        await until(lambda: loudest(bytes(sink.heard)) > 2000)
        quality = leg.quality()
        assert quality.encrypted, "what was heard was encrypted with the agreed key"
        await leg.hang_up()
        await phone.says("ended")
    assert loudest(read_wav(phone.recording, PCMU)) > 2000, "it heard us"

"""baresip calls us over TLS, with plain and with encrypted media, and hangs up."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from voicebot.events import Event
from voicebot.legs import LegClosed
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaPreferences
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint, TlsOptions
from voicebot.sip.tls import self_signed

BARESIP = shutil.which("baresip")
LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0
MODULES = Path("/usr/lib/baresip/modules")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        BARESIP is None or not MODULES.is_dir(), reason="baresip is not installed: apt-get install baresip-core"
    ),
]

CONFIG = """\
poll_method epoll
sip_listen {ip}:{port}
sip_cafile {ca}
sip_verify_server yes
audio_player aubridge,one
audio_source aubridge,two
audio_alert aubridge,three
rtp_ports 43600-43699
net_interface 127.0.0.1
module_path {modules}
module stdio.so
module g711.so
module aubridge.so
module srtp.so
module_app account.so
module_app menu.so
"""


class Sink:
    def __init__(self) -> None:
        self.frames = 0
        self.ends: list[str] = []
        self.heard = asyncio.Event()

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1
        if self.frames == 10:
            self.heard.set()

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        self.ends.append(reason)


class Bot:
    def __init__(self, certificate: Path) -> None:
        self.clock = MediaClock()
        self.sink = Sink()
        self.legs: list[SipLeg] = []
        self.answered = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.front = SipFrontEnd(
            on_leg=self.take,
            clock=self.clock,
            ports=PortRange(43700, 43799, LOOPBACK, rest_s=0.0),
            preferences=MediaPreferences(srtp="allowed"),
            endpoint=SipEndpoint(listen=[ListenAt("TLS", port=0)], tls=TlsOptions(certificate=certificate)),
        )

    def take(self, leg: SipLeg) -> None:
        self.legs.append(leg)
        leg.connect(self.sink)
        leg.ring()
        self.tasks.append(asyncio.ensure_future(self.answer(leg)))

    async def answer(self, leg: SipLeg) -> None:
        try:
            await leg.answer()
            self.answered.set()
        except LegClosed:
            pass


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    certificate = tmp_path / "bot.pem"
    certificate.write_bytes(b"".join(self_signed(LOOPBACK)))
    bot = Bot(certificate)
    bot.clock.start()
    await bot.front.start()
    yield bot
    await bot.front.close()
    await bot.clock.close()


@pytest.mark.parametrize("media", ["", ";mediaenc=srtp-mand"], ids=["rtp", "srtp"])
async def test_a_call_over_tls_with_audio_and_its_hang_up(bot: Bot, tmp_path: Path, media: str) -> None:
    assert BARESIP is not None
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "baresip"
    folder.mkdir()
    ca = tmp_path / "bot.pem"
    (folder / "config").write_text(CONFIG.format(ip=LOOPBACK, port=port, ca=ca, modules=MODULES))
    (folder / "accounts").write_text(f"<sip:phone@{LOOPBACK};transport=tls>;regint=0;audio_codecs=pcma{media}\n")
    (folder / "contacts").write_text("")
    process = await asyncio.create_subprocess_exec(
        BARESIP,
        *("-f", str(folder), "-e", f"/dial sip:bot@{LOOPBACK}:{bot.front.endpoint.port};transport=tls"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = b""
    try:
        assert process.stdin is not None and process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            await bot.answered.wait()
            await bot.sink.heard.wait()
            assert bot.legs[0].info.caller == "phone"
    except TimeoutError:
        if process.returncode is None:
            process.kill()
        said = await process.stdout.read() if process.stdout else b""
        pytest.fail(said.decode("utf-8", "replace")[-3000:])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    async with asyncio.timeout(DEADLINE_S):
        while not bot.sink.ends:
            await asyncio.sleep(0.01)
    assert bot.sink.ends == ["caller"] and bot.front.active == 0

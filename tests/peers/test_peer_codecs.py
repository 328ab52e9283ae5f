"""The codecs against an implementation that is not ours: baresip decodes what we send and sends it back encoded."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from free_port import free_port, free_ports
from sounds import likeness, voice

from voicebot.audio.codecs import CODECS, Codec
from voicebot.events import Event
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0
BARESIP = shutil.which("baresip")
MODULES = Path("/usr/lib/baresip/modules")

pytestmark = pytest.mark.skipif(
    BARESIP is None or not (MODULES / "opus.so").is_file(),
    reason="baresip is not installed: apt-get install baresip-core",
)

CONFIG = """\
poll_method epoll
sip_listen {ip}:{port}
audio_player aubridge,echo
audio_source aubridge,echo
audio_alert aubridge,bell
rtp_ports {low}-{high}
net_interface 127.0.0.1
opus_bitrate 28000
opus_inbandfec yes
module_path {modules}
module stdio.so
module g711.so
module g722.so
module opus.so
module aubridge.so
module_app account.so
module_app menu.so
"""


class Sink:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def frame(self, payload: bytes, at: float) -> None:
        self.frames.append(payload)

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        pass


def configuration(folder: Path, codec: Codec) -> Path:
    """baresip's, with this codec alone, and its loudspeaker as its microphone."""
    port, (low, high) = free_port(), free_ports()
    folder.mkdir()
    (folder / "config").write_text(CONFIG.format(ip=LOOPBACK, port=port, low=low, high=high, modules=MODULES))
    name = f"{codec.name}/{codec.clock_rate}/{codec.channels}"
    if codec.name == "G722":
        name = "G722/16000/1"
    (folder / "accounts").write_text(f"<sip:phone@{LOOPBACK}>;regint=0;audio_codecs={name}\n")
    (folder / "contacts").write_text("")
    return folder


@asynccontextmanager
async def baresip(folder: Path, target: int) -> AsyncIterator[None]:
    """It calls us."""
    assert BARESIP is not None
    process = await asyncio.create_subprocess_exec(
        BARESIP,
        *("-f", str(folder), "-e", f"/dial sip:bot@{LOOPBACK}:{target}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield
    except (TimeoutError, AssertionError) as error:
        process.kill()
        said = await process.stdout.read() if process.stdout else b""
        error.add_note(said.decode("utf-8", "replace")[-3000:])
        raise
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@pytest.mark.parametrize("codec", CODECS.values(), ids=str)
async def test_a_voice_comes_back_through_the_others_decoder_and_encoder(codec: Codec, tmp_path: Path) -> None:
    clock, sink = MediaClock(), Sink()
    came: asyncio.Future[SipLeg] = asyncio.get_running_loop().create_future()
    ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
    front = SipFrontEnd(
        SipEndpoint(ListenAt("UDP", host=LOOPBACK, port=0)),
        came.set_result,
        MediaOptions(clock, ports, preferences=MediaPreferences(codecs=tuple(CODECS.values()))),
    )
    clock.start()
    await front.start()
    try:
        folder = configuration(tmp_path / "baresip", codec)
        async with baresip(folder, front.endpoint.port), asyncio.timeout(DEADLINE_S):
            leg = await came
            leg.connect(sink)
            await leg.answer()
            assert (leg.info.codec, leg.info.audio) == (codec.name, codec.audio)
            audio = codec.audio
            while len(sink.frames) < 25:  # it is there, and sends
                await asyncio.sleep(0.02)
            heard_from = len(sink.frames)
            said = voice(audio.rate, 1.0)
            clip = Clip(1, audio)
            clip.feed(audio.encode(said))
            clip.finish()
            leg.playout.append(clip)
            while len(sink.frames) < heard_from + 110:
                await asyncio.sleep(0.02)
            heard = audio.decode(b"".join(sink.frames[heard_from:]))
            first = int(np.argmax(np.abs(heard) > 1500))
            assert first > 0
            begin = max(0, first - round(0.02 * audio.rate))
            assert (
                likeness(said, heard[begin : begin + len(said)], round(0.04 * audio.rate)) > 0.7
            )  # it may lose some on a busy machine
            quality = leg.quality()
            assert (quality.discarded, quality.ssrc_changes) == (0, 0)
            assert quality.malformed <= 1  # baresip opens its port with a packet that is no RTP
            await leg.hang_up()
    finally:
        await front.close()
        await clock.close()

"""The pyVoIP leg as an extension at Kamailio, called by baresip."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from baresip_phone import NO_BARESIP, BaresipPhone, baresip, has_baresip
from free_port import free_ports
from product import Product
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO
from talking_bot import Sink
from talking_bot import until as until_in

from bench.recordings import ASTERISK, NO_RECORDINGS, has_asterisk, write_wav
from voicebot.audio import PCMU
from voicebot.audio.g711 import decode
from voicebot.caller.wav import read_wav
from voicebot.events import HoldEnded, HoldStarted
from voicebot.legs import LegClosed
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.rtp.packet import RtpPacket
from voicebot.speech import apology

pytest.importorskip("pyVoIP", reason="pyVoIP is not installed: the extra pyvoip")

from voicebot.legs.pyvoip import PyVoipLeg
from voicebot.legs.pyvoip_front_end import PyVoipFrontEnd, RegistrationRefused
from voicebot.legs.pyvoip_phone import PyVoipAccount

DEADLINE_S = 20.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(KAMAILIO is None, reason=NO_KAMAILIO),
    pytest.mark.skipif(not has_baresip(), reason=NO_BARESIP),
    pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS),
]


class Extension:
    """An extension. Calls are taken when ``answers``."""

    def __init__(self, port: int, user: str = "7002", password: str = "secret") -> None:
        self.clock = MediaClock()
        self.ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        self.legs: list[PyVoipLeg] = []
        self.sinks: list[Sink] = []
        self.answers = True
        self.tasks: set[asyncio.Task[None]] = set()
        account = PyVoipAccount(LOOPBACK, user, password, LOOPBACK, port)
        self.front = PyVoipFrontEnd(account, self.take, clock=self.clock, ports=self.ports)

    def take(self, leg: PyVoipLeg) -> None:
        self.legs.append(leg)
        self.sinks.append(Sink())
        leg.connect(self.sinks[-1])
        if self.answers:
            task = asyncio.ensure_future(self.answer(leg))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def answer(self, leg: PyVoipLeg) -> None:
        with contextlib.suppress(LegClosed):
            await leg.answer()


@pytest.fixture
async def extension(registrar: int) -> AsyncIterator[Extension]:
    before = {thread.ident for thread in threading.enumerate()}
    extension = Extension(registrar)
    extension.clock.start()
    await extension.front.start()
    yield extension
    await extension.front.close()
    assert extension.ports.in_use == 0 and len(extension.clock) == 0
    await extension.clock.close()
    await until(lambda: not [t for t in threading.enumerate() if t.ident not in before and "asyncio" not in t.name])


@pytest.fixture
async def phone(registrar: int, tmp_path: Path) -> AsyncIterator[BaresipPhone]:
    """Extension 7001, with a voice."""
    account = f"<sip:7001@{LOOPBACK}:{registrar}>;auth_user=7001;auth_pass=secret;regint=0;audio_codecs=pcmu"
    async with baresip(tmp_path / "phone", account, source=f"aufile,{ASTERISK}/vm-options.wav") as phone:
        yield phone


until = partial(until_in, within_s=DEADLINE_S)


async def test_a_call_with_audio_as_it_is_keys_hold_and_packets_that_used_to_end_it(
    extension: Extension, phone: BaresipPhone, registrar: int
) -> None:
    phone.tell("dial", f"sip:7002@{LOOPBACK}:{registrar}")
    await phone.hears_of("CALL_ESTABLISHED")
    leg, sink = extension.legs[0], extension.sinks[0]
    assert (leg.info.caller, leg.info.callee, leg.info.codec) == ("7001", "7002", "PCMU")

    await until(lambda: leg.quality().packets_received > 5)
    clip = Clip(1, PCMU)
    clip.feed(apology("wait", PCMU))
    clip.finish()
    leg.playout.append(clip)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        port = leg.audio.stream.inPort  # type: ignore[union-attr]
        event_16 = RtpPacket(101, True, 1, 1, 1, b"\x10\x0a\x00\xa0").build()
        for datagram in (b"", b"\x80", bytes(200), event_16, RtpPacket(0, False, 1, 1, 1, bytes(160)).build()):
            stranger.sendto(datagram, (LOOPBACK, port))
    client = extension.front._phone.sip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.5", 0))
        stranger.sendto(b"OPTIONS sip:7002@127.0.0.1 SIP/2.0\r\n\r\n", (LOOPBACK, client.myPort))
        await until(lambda: client.foreign == 1)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
    phone.tell("sndcode", "4")
    await until(lambda: sink.keys == ["4"])
    await until(lambda: not leg.playout.active)
    heard = leg.quality().packets_received
    assert heard > 20 and leg.quality().malformed >= 2 and leg.quality().foreign_packets >= 2

    phone.tell("hold")
    await until(lambda: leg.audio.stream.held)  # type: ignore[union-attr]
    held_at = sink.packets
    await asyncio.sleep(0.2)
    assert sink.packets <= held_at + 1
    phone.tell("resume")
    await until(lambda: sink.packets > held_at + 5)
    assert leg.quality().packets_received > heard
    assert sink.facts == [HoldStarted, HoldEnded]

    await leg.hang_up()
    await phone.hears_of("CALL_CLOSED")
    assert sink.ends == ["bot"]
    await until(lambda: extension.front.active == 0)
    await phone.close()  # its recording is whole then
    said = decode(apology("wait", PCMU), "PCMU")
    recorded = decode(read_wav(phone.recording(), PCMU), "PCMU")
    begin = next(i for i in range(len(recorded)) if np.array_equal(recorded[i : i + 400], said[2000:2400]))
    assert np.array_equal(recorded[begin : begin + 4000], said[2000:6000]), "the samples came through unchanged"
    assert np.abs(decode(bytes(sink.heard), "PCMU").astype(int)).max() > 2000


async def test_callers_who_give_up_who_hang_up_and_who_ring_when_we_stop(
    extension: Extension, phone: BaresipPhone, registrar: int
) -> None:
    extension.answers = False
    phone.tell("dial", f"sip:7002@{LOOPBACK}:{registrar}")
    await phone.hears_of("CALL_RINGING")
    phone.tell("hangup")
    closed = await phone.hears_of("CALL_CLOSED")
    await until(lambda: extension.sinks[0].ends == ["cancelled"])
    with pytest.raises(LegClosed):
        await extension.legs[0].answer()
    extension.answers = True
    phone.tell("dial", f"sip:7002@{LOOPBACK}:{registrar}")
    await phone.hears_of("CALL_ESTABLISHED", closed)
    phone.tell("hangup")
    await until(lambda: len(extension.sinks) == 2 and extension.sinks[1].ends == ["caller"])
    closed = await phone.hears_of("CALL_CLOSED", closed + 1)
    extension.answers = False
    phone.tell("dial", f"sip:7002@{LOOPBACK}:{registrar}")
    await phone.hears_of("CALL_RINGING", closed)
    await extension.front.close()
    await phone.hears_of("CALL_CLOSED", closed + 1)
    assert extension.sinks[2].ends == ["rejected"]


async def test_a_wrong_password_is_told_and_leaves_no_thread(registrar: int) -> None:
    extension = Extension(registrar, password="guess")
    with pytest.raises(RegistrationRefused, match="refuses user name or password"):
        await extension.front.start()
    await until(lambda: not [t for t in threading.enumerate() if t.name.startswith("SIP")])


async def test_the_dialog_is_heard_by_way_of_the_extension(product: Product, registrar: int, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    write_wav(quiet, np.zeros(8000 * 20, np.int16))
    account = f"<sip:7001@{LOOPBACK}:{registrar}>;auth_user=7001;auth_pass=secret;regint=0;audio_codecs=pcmu"
    async with baresip(tmp_path / "phone", account, source=f"aufile,{quiet}") as phone:
        phone.tell("dial", f"sip:7000@{LOOPBACK}:{registrar}")
        call_id = phone.events[await phone.hears_of("CALL_ESTABLISHED")]["id"]
        phone.tell("sndcode", "3")  # taken when the greeting is over, which cannot be interrupted
        await asyncio.sleep(5.0)
        phone.tell("hangup")
        await phone.hears_of("CALL_CLOSED")
        record = await product.record(call_id)
    assert record["front_end"] == "pyvoip"
    assert (record["end"]["reason"], [key["key"] for key in record["keys"]]) == ("caller", ["3"])
    greeting = record["turns"][0]["bot"]
    assert greeting["text"].startswith("Welcome") and greeting["first_packet_ms"] is not None
    heard = decode(read_wav(phone.recording(), PCMU), "PCMU")
    assert (np.abs(heard[: len(heard) // 160 * 160].reshape(-1, 160).astype(int)).mean(1) > 300).sum() > 60, "speech"


async def test_a_second_call_by_the_same_call_id_is_refused_and_changes_nothing(
    extension: Extension, phone: BaresipPhone, registrar: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.tell("dial", f"sip:7002@{LOOPBACK}:{registrar}")
    await phone.hears_of("CALL_ESTABLISHED")
    leg, sent = extension.legs[0], list[str]()
    monkeypatch.setattr(extension.front._phone.sip, "send", sent.append)
    for method in ("INVITE", "ACK", "BYE", "CANCEL"):
        other = leg._invite.copy()
        other.method = method
        other.headers.set("From", "<sip:eve@127.0.0.1>;tag=another")
        extension.front._requested(other)
    monkeypatch.undo()
    assert [text.split()[1] for text in sent] == ["486", "481", "481"]
    assert leg._told.ended is None and extension.legs == [leg] and extension.front.active == 1

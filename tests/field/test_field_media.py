"""Audio as phones, servers in the middle and networks were reported to send it (README.md). On a clock of its own."""

from __future__ import annotations

import asyncio
import random
import socket
import wave
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from datagrams import received
from free_port import free_ports
from virtual_time import VirtualTimeLoop
from waiting import until

from voicebot.audio import LINEAR_16K, PCMU
from voicebot.audio.codecs import CODECS
from voicebot.records import Recording
from voicebot.rtp import MediaClock, MediaKey, PortRange, RtpSession, rtcp
from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.reorder import ReceiveBuffer
from voicebot.rtp.srtp import SecureStream

FRAME_S = 0.02
QUIET = b"\xfe" * 160


@dataclass(frozen=True)
class Sent:
    """A packet of 20 ms of PCMU, and when it comes; ``number`` tells its speech from that of others."""

    number: int
    at: float
    sequence: int
    timestamp: int
    ssrc: int = 7
    audio: bytes | None = None

    @property
    def payload(self) -> bytes:
        return speech(self.number) if self.audio is None else self.audio


def speech(number: int) -> bytes:
    return random.Random(number).randbytes(160)


def stream(
    count: int, first: int = 0, *, sequence: int = 20_000, timestamp: int = 1_000_000, step: int = 160
) -> list[Sent]:
    """Packets as they should be, from packet ``first`` on."""
    return [
        Sent(n, n * FRAME_S, (sequence + n - first) & 0xFFFF, (timestamp + (n - first) * step) & 0xFFFFFFFF)
        for n in range(first, first + count)
    ]


def later(sent: Iterable[Sent], seconds: float) -> list[Sent]:
    return [replace(one, at=one.at + seconds) for one in sent]


class Heard:
    """What a receive buffer makes of packets, with the ticks of the clock between them."""

    def __init__(self, sent: Iterable[Sent], until_s: float = 0.0) -> None:
        self.buffer = ReceiveBuffer(PCMU, 0.0)
        self.frames: list[tuple[float, bytes]] = []
        ticked = 0
        for one in [*sent, None]:
            at = one.at if one is not None else until_s
            while (tick := 0.01 + FRAME_S * ticked) <= at + 1e-9:
                self.frames += [(tick, frame) for frame in self.buffer.tick(tick)]
                ticked += 1
            if one is not None:
                released = self.buffer.push(one.sequence, one.timestamp, one.ssrc, one.payload, at)
                self.frames += [(at, frame) for frame in released]

    @property
    def audio(self) -> bytes:
        return b"".join(frame for _, frame in self.frames)

    @property
    def seconds(self) -> float:
        return len(self.audio) / 8_000

    def has(self, numbers: Iterable[int]) -> bool:
        """Whether the speech of these packets is heard in one piece."""
        return b"".join(map(speech, numbers)) in self.audio


# --- numbers and timestamps -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """``pieces``: what must be heard without a hole. ``seconds``: how long all of it is."""

    source: str
    sent: list[Sent]
    pieces: list[Iterable[int]]
    seconds: float


def renumbered(to: int, timestamp: int | None = None) -> list[Sent]:
    """After 100 packets, the next number is ``to``; the timestamps go on, or from ``timestamp``."""
    return [
        *stream(100, sequence=21_195),
        *stream(200, 100, sequence=to, timestamp=1_016_000 if timestamp is None else timestamp),
    ]


def timestamps_jump_again_and_again() -> list[Sent]:
    return [replace(one, timestamp=one.timestamp + one.number // 25 * 48_000) for one in stream(200)]


def one_packet_has_timestamp_zero() -> list[Sent]:
    return [replace(one, timestamp=0 if one.number % 50 == 49 else one.timestamp) for one in stream(200)]


def held_with_a_late_packet() -> list[Sent]:
    """What was in the phone when it was held comes when it is resumed; the timestamp after it counts the hold."""
    packets = stream(250)
    resumed = stream(149, 351, sequence=20_251, timestamp=1_000_000 + 501 * 160)
    return [*packets[:250], replace(stream(1, 250)[0], at=10.0, timestamp=1_000_000 + 250 * 160, sequence=20_250)] + [
        replace(one, at=10.0 + FRAME_S * (n + 1)) for n, one in enumerate(resumed)
    ]


def capture_stalls() -> list[Sent]:
    """Again and again the sender has nothing to send for 0.6 s; its timestamps do not count that."""
    return [replace(one, at=one.at + one.number // 50 * 0.6) for one in stream(250)]


def wrong_at_first(count: int) -> list[Sent]:
    return [*stream(count, step=320), *stream(200, count, sequence=20_000 + count, timestamp=1_000_000 + count * 320)]


CASES = {
    "a B2BUA relays a new leg with lower numbers": Case(
        "https://github.com/livekit/media-sdk/pull/86", renumbered(12_676), [range(300)], 6.0
    ),
    "the same, with timestamps of its own": Case(
        "https://github.com/livekit/sip/pull/828", renumbered(12_676, 77), [range(100), range(100, 300)], 6.0
    ),
    "numbers leap ahead by more than a thousand": Case(
        "https://github.com/livekit/media-sdk/pull/29", renumbered(21_295 + 1_500), [range(300)], 6.0
    ),
    "numbers and timestamps leap ahead by a minute": Case(
        "https://github.com/livekit/media-sdk/pull/29",
        renumbered(21_295 + 1_500, 1_016_000 + 60 * 8_000),
        [range(100), range(100, 300)],
        6.0,
    ),
    "hold music has used up higher numbers than the agent's": Case(
        "https://github.com/shridarpatil/whatomate/pull/340", renumbered(21_295 - 90), [range(300)], 6.0
    ),
    "timestamps begin at zero again while the numbers go on": Case(
        "https://github.com/meetecho/janus-gateway/issues/2646",
        [*stream(100), *stream(200, 100, sequence=20_100, timestamp=0)],
        [range(300)],
        6.0,
    ),
    "timestamps jump after a parked call is picked up": Case(
        "https://github.com/BelledonneCommunications/linphone-sdk/issues/571",
        timestamps_jump_again_and_again(),
        [range(200)],
        4.0,
    ),
    "one packet has timestamp zero": Case(
        "https://github.com/signalwire/freeswitch/issues/801", one_packet_has_timestamp_zero(), [range(200)], 4.0
    ),
    "the silence of a hold is told by the time and by the timestamp": Case(
        "https://github.com/sippy/rtpproxy/pull/61", held_with_a_late_packet(), [range(250), range(351, 500)], 13.0
    ),
    "the sender's capture stalls, and its timestamps do not tell": Case(
        "https://github.com/bigbluebutton/bigbluebutton/issues/25259",
        capture_stalls(),
        [range(50), range(200, 250)],
        7.4,
    ),
    "timestamps count 16 kHz": Case(
        "https://github.com/pjsip/pjproject/issues/486", stream(200, step=320), [range(3, 200)], 4.0
    ),
    "only the first fifteen packets count 16 kHz": Case(
        "https://github.com/pjsip/pjproject/issues/1566", wrong_at_first(15), [range(3, 15), range(18, 215)], 4.3
    ),
    "timestamps count half of what is sent": Case(
        "https://github.com/baresip/baresip/issues/753", stream(200, step=80), [range(200)], 4.0
    ),
    "a copy comes when nothing is waiting": Case(
        "https://github.com/pjsip/pjproject/issues/744",
        sorted([*stream(200), *later(stream(200), 0.015)], key=lambda one: one.at),
        [range(200)],
        4.0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_all_that_is_said_is_heard_and_nothing_is_called_lost(name: str) -> None:
    case = CASES[name]
    heard = Heard(case.sent)
    assert all(heard.has(piece) for piece in case.pieces), case.source
    assert heard.seconds == pytest.approx(case.seconds, abs=0.13), case.source
    buffer = heard.buffer
    assert (buffer.lost, buffer.late, buffer.discarded, buffer.concealed_frames) == (0, 0, 0, 0), case.source


@pytest.mark.parametrize("timestamp", [0xFFFFFF00, 0, 1_500_000])
def test_a_packet_of_comfort_noise_with_any_timestamp_makes_no_hours_of_silence(timestamp: int) -> None:
    """https://github.com/meetecho/janus-gateway/pull/2328, /2467"""
    noise = Sent(0, 2.0, 20_100, timestamp, audio=b"")
    heard = Heard([*stream(100), noise, *stream(100, 150, sequence=20_101, timestamp=1_000_000 + 150 * 160)])
    assert heard.seconds == pytest.approx(5.0, abs=0.1)
    assert heard.has(range(100)) and heard.has(range(150, 250))
    assert (heard.buffer.lost, heard.buffer.concealed_frames) == (0, 0)


@pytest.mark.parametrize("every", [0, 5, 20])
def test_between_two_announcements_there_is_as_much_silence_as_there_was(every: int) -> None:
    """https://github.com/sipwise/rtpengine/issues/1370. ``every``: so many frames apart there is comfort noise."""
    gaps = range(every, 500, every) if every else range(0)
    noise = [Sent(0, 2.0 + n * FRAME_S, 20_100 + k, 1_000_000 + (100 + n) * 160, audio=b"") for k, n in enumerate(gaps)]
    after = stream(100, 600, sequence=20_100 + len(gaps), timestamp=1_000_000 + 600 * 160)
    heard = Heard([*stream(100), *noise, *after])
    assert heard.seconds == pytest.approx(14.0, abs=0.05)
    assert heard.has(range(600, 700)) and heard.buffer.lost == 0


# --- the recording ----------------------------------------------------------------------------------------------------


def with_stalls(count: int, stall: int, every: int) -> list[Sent]:
    """Speech with pauses; after every so many packets the network stands still, and then all come at once."""
    sent = []
    for one in stream(count):
        into = one.number % every
        late = (stall - into) * FRAME_S if into < stall else 0.0
        sent.append(replace(one, at=one.at + late, audio=QUIET if one.number % 100 >= 70 else None))
    return sent


@pytest.mark.parametrize(("stall", "every"), [(15, 130), (40, 250), (75, 400)])
async def test_a_recording_has_what_came_at_once_after_a_stall_and_does_not_grow(
    stall: int, every: int, tmp_path: Path
) -> None:
    """https://github.com/pipecat-ai/pipecat/pull/5071: 863 s of a call were 950 s of recording."""
    sent = with_stalls(3_000, stall, every)
    heard = Heard(sent, until_s=60.0)
    recording = Recording(0.0)
    track = recording.track(PCMU, left=True)
    for at, frame in heard.frames:
        recording.frame(track, frame, at)
        await asyncio.sleep(0.001)  # the disk gets its turn
    with wave.open(str(await recording.finish(tmp_path / "call.wav"))) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")[0::2]
    assert len(samples) / 8_000 == pytest.approx(60.0, abs=0.5)
    for one in sent:
        if one.audio is None:
            assert PCMU.decode(one.payload).tobytes() in samples.tobytes(), one.number
    assert recording.dropped == 0
    assert heard.buffer.dropped_frames > 0, "what was left out is told"


# --- where it comes from ----------------------------------------------------------------------------------------------


class Sink:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.keys = ""

    def frame(self, payload: bytes, at: float) -> None:
        self.frames.append(payload)

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None:
        self.keys += key

    def media_timeout(self, at: float) -> None: ...


class Line:
    """A call's media, and a phone that sends to it from sockets on any address of this machine."""

    def __init__(self, session: RtpSession, sink: Sink) -> None:
        self.session, self.sink = session, sink
        self.sequence, self.timestamp, self.ssrc = 9_000, 5_000_000, 77
        self.seal: Callable[[bytes], bytes] = bytes
        self.sockets: list[socket.socket] = []

    def socket(self, host: str = "127.0.0.1") -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((host, 0))
        one.setblocking(False)
        self.sockets.append(one)
        return one

    def packet(self, source: socket.socket, audio: bytes, kind: int = 0) -> None:
        packet = RtpPacket(kind, False, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc, audio)
        source.sendto(self.seal(packet.build()), ("127.0.0.1", self.session.local_port))
        self.sequence += 1
        self.timestamp += 160

    async def talk(self, source: socket.socket, seconds: float, audio: bytes = b"\x55") -> None:
        for _ in range(round(seconds / FRAME_S)):
            self.packet(source, audio * 160)
            await asyncio.sleep(FRAME_S)

    def heard(self, audio: bytes) -> int:
        return self.sink.frames.count(audio * 160)

    async def received(self, at: socket.socket, seconds: float = 0.5) -> int:
        """How many packets come to a socket in so long."""
        received(at)
        await asyncio.sleep(seconds)
        return received(at)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"virtual": VirtualTimeLoop}


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    clock, sink = MediaClock(asyncio.get_running_loop().time), Sink()
    clock.start()
    ports = PortRange(*free_ports(4), "127.0.0.1", rest_s=0)
    session = RtpSession.open(clock=clock, ports=ports, codec=CODECS["PCMU"], sink=sink)
    session.expect("127.0.0.1", "expected")
    line = Line(session, sink)
    try:
        yield line
    finally:
        for one in line.sockets:
            one.close()
        await session.close()
        await clock.close()


def keys() -> tuple[MediaKey, MediaKey]:
    return MediaKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30))), MediaKey("AES_CM_128_HMAC_SHA1_80", bytes(30))


def secure(line: Line) -> None:
    """Encrypt; called again, the phone makes a new context with the same keys."""
    ours, theirs = keys()
    line.session.protection.use(ours, theirs)
    line.seal = SecureStream(theirs, ours).protect


@pytest.mark.virtual_time
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.3"])
async def test_a_mapping_of_a_nat_that_changes_in_mid_call_is_followed(line: Line, host: str, encrypted: bool) -> None:
    """https://github.com/asterisk/asterisk/issues/1955, https://github.com/eisenzopf/rvoip/issues/50"""
    if encrypted:
        secure(line)
    old, new = line.socket(), line.socket(host)
    line.session.set_remote(*old.getsockname())
    await line.talk(old, 2.0)
    await line.talk(new, 2.0, b"\x66")
    assert line.heard(b"\x66") == 100, "also what was said before it was clear that it is the same caller"
    assert line.session.quality().foreign_packets == 0
    assert await line.received(new) > 20
    assert await line.received(old) == 0


@pytest.mark.virtual_time
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.3"])
@pytest.mark.parametrize("ssrc", [77, 78])
async def test_who_does_not_go_on_with_the_stream_is_not_heard_and_hears_nothing(
    line: Line, host: str, ssrc: int
) -> None:
    """https://github.com/baresip/baresip/issues/3720: an attacker must not receive the call by sending to it."""
    phone, attacker = line.socket(), line.socket(host)
    line.session.set_remote(*phone.getsockname())
    await line.talk(phone, 1.0)
    line.ssrc, line.sequence, line.timestamp = ssrc, line.sequence + 20_000, line.timestamp + 900_000_000
    await line.talk(attacker, 20.0, b"\x66")
    assert line.heard(b"\x66") == 0
    assert await line.received(attacker) == 0
    assert await line.received(phone) > 20


@pytest.mark.virtual_time
async def test_who_sends_on_while_the_phone_talks_is_not_heard_though_it_knows_the_stream(line: Line) -> None:
    phone, attacker = line.socket(), line.socket("127.0.0.3")
    line.session.set_remote(*phone.getsockname())
    for _ in range(200):
        line.packet(phone, b"\x55" * 160)
        number, time = line.sequence, line.timestamp
        line.packet(attacker, b"\x66" * 160)
        line.sequence, line.timestamp = number, time
        await asyncio.sleep(FRAME_S)
    assert (line.heard(b"\x55"), line.heard(b"\x66")) == (200, 0)
    assert await line.received(attacker) == 0


@pytest.mark.virtual_time
@pytest.mark.parametrize("encrypted", [False, True])
async def test_reports_follow_the_media(line: Line, encrypted: bool) -> None:
    """https://github.com/sipwise/rtpengine/issues/771"""
    seal: Callable[[bytes], bytes] = bytes
    if encrypted:
        ours, theirs = keys()
        line.session.protection.use(ours, theirs)
        stream = SecureStream(theirs, ours)
        line.seal, seal = stream.protect, stream.protect_rtcp
    old, new, reports = line.socket(), line.socket("127.0.0.3"), line.socket("127.0.0.3")
    line.session.set_remote(*old.getsockname())
    await line.talk(old, 1.0)
    await line.talk(new, 2.0)
    report = rtcp.build(rtcp.ReceiverReport(line.ssrc, ()), "x")
    reports.sendto(seal(report), ("127.0.0.1", line.session.local_port + 1))
    await until(lambda: line.session.quality().rtcp_received == 1)
    for _ in range(10):
        await line.talk(new, 1.0)
    assert received(reports) > 0


@pytest.mark.virtual_time
async def test_a_phone_whose_nat_has_forgotten_it_during_a_long_hold_is_heard(line: Line) -> None:
    """https://github.com/versatica/JsSIP/issues/460; with a new stream: https://github.com/sipwise/rtpengine/issues/1277"""
    old, new = line.socket(), line.socket()
    line.session.set_remote(*old.getsockname())
    await line.talk(old, 1.0)
    line.session.set_direction(send=False, receive=False)
    await asyncio.sleep(180.0)
    line.session.set_direction(send=True, receive=True)
    line.ssrc, line.sequence, line.timestamp = 1_234, 12, 3_000_000_000
    await line.talk(new, 2.0, b"\x66")
    assert line.heard(b"\x66") == 100
    assert await line.received(new) > 20


@pytest.mark.virtual_time
async def test_a_new_ssrc_of_the_same_source_is_heard_at_once(line: Line) -> None:
    """https://github.com/asterisk/asterisk/issues/1324, https://github.com/baresip/baresip/issues/817"""
    phone = line.socket()
    line.session.set_remote(*phone.getsockname())
    await line.talk(phone, 1.0)
    line.ssrc, line.sequence, line.timestamp = 1_234, 12, 3_000_000_000
    await line.talk(phone, 1.0, b"\x66")
    await asyncio.sleep(0.1)
    assert line.heard(b"\x66") == 50
    assert line.session.quality().ssrc_changes == 1


@pytest.mark.virtual_time
@pytest.mark.parametrize("sequence", [1, 8_900, 9_050, 9_099, 9_100, 60_000])
async def test_a_phone_whose_srtp_begins_anew_after_a_hold_is_heard(line: Line, sequence: int) -> None:
    """https://github.com/pjsip/pjproject/issues/1075, https://github.com/cisco/libsrtp/issues/424,
    https://github.com/sipwise/rtpengine/issues/1483: same key, same SSRC, another number, no roll-overs."""
    secure(line)
    phone = line.socket()
    line.session.set_remote(*phone.getsockname())
    await line.talk(phone, 2.0)
    line.session.set_direction(send=False, receive=False)
    await asyncio.sleep(3.0)
    line.session.set_direction(send=True, receive=True)
    secure(line)
    line.sequence = sequence
    await line.talk(phone, 2.0, b"\x66")
    await asyncio.sleep(0.1)
    assert line.heard(b"\x66") == 100
    quality = line.session.quality()
    assert (quality.not_authentic, quality.lost, quality.discarded) == (0, 0, 0)


@pytest.mark.virtual_time
async def test_a_phone_behind_a_nat_that_begins_with_comfort_noise_hears_the_greeting(line: Line) -> None:
    """https://github.com/sipwise/rtpengine/issues/1354: nobody speaks first, so there is no other packet."""
    line.session.expect("127.0.0.3", "expected")
    phone = line.socket("127.0.0.3")
    line.session.set_remote("10.1.2.3", 4_000)
    line.packet(phone, b"\x40", kind=13)
    assert await line.received(phone) > 20


def test_g722_by_its_sampling_rate_is_heard_whole() -> None:
    """https://github.com/pjsip/pjproject/issues/486, https://github.com/DoubangoTelecom/doubango/issues/268"""
    encoder, decoder = CODECS["G722"].encoder(LINEAR_16K), CODECS["G722"].decoder(LINEAR_16K)
    assert encoder is not None
    buffer, frames = ReceiveBuffer(LINEAR_16K, 0.0), list[bytes]()
    tone = (8_000 * np.sin(np.arange(320 * 100) * 0.2)).astype(np.int16).tobytes()
    for number in range(100):
        coded = encoder(tone[number * 640 : number * 640 + 640])
        frames += buffer.push(number, number * 320, 7, coded, number * FRAME_S, decoder)
    loud = [np.abs(np.frombuffer(frame, "<i2").astype(int)).max() > 4_000 for frame in frames]
    assert len(frames) == 100 and all(loud[1:])
    assert (buffer.silence_frames, buffer.concealed_frames, buffer.lost) == (0, 0, 0)

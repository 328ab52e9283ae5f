"""A call between two people, played to a recording server on loopback."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from free_port import LOOPBACK, free_ports
from recording_desk import Desk, desk
from waiting import until

from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.caller import CallNotTried, ForkOptions, fork_call
from voicebot.caller.two_people import TwoPeople, parse_two_people
from voicebot.legs.siprec import RecordingOptions
from voicebot.rtp import MediaClock

HEAD = 'caller: {name: "Ada <&> Co", number: "+15550101"}\nagent: {name: Bo, number: "7001"}\nsteps:\n'
PITCHES = {"low": 440, "high": 1_000}


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    await clock.close()


def script(folder: Path, steps: str, seconds: float = 0.6) -> TwoPeople:
    """The two say tones: ``low.wav`` and ``high.wav``."""
    for name, hertz in PITCHES.items():
        samples = np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8_000)) / 8_000) * 8_000
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(samples.astype("<i2").tobytes())
    return parse_two_people(HEAD + steps, folder=folder)


def heard(ours: Desk) -> dict[int, tuple[float, float]]:
    """By stream: the seconds of sound in it, and their pitch in Hz."""
    found = {}
    for number, audio in ours.listener.audio.items():
        blocks = PCMU.decode(bytes(audio)).astype(float).reshape(-1, 40)
        sound = blocks[np.abs(blocks).max(axis=1) > 1_000].ravel()
        pitch = float(np.abs(np.fft.rfft(sound)).argmax()) * 8_000 / len(sound) if len(sound) else 0.0
        found[number] = (len(sound) / 8_000, pitch)
    return found


def at(ours: Desk, user: str = "desk") -> Address:
    return Address.parse(f"sip:{user}@{LOOPBACK}:{ours.front.endpoint.port}")


def options() -> ForkOptions:
    return ForkOptions(rtp_ports=free_ports(20))


async def test_each_is_heard_in_a_stream_of_their_own_under_their_name(clock: MediaClock, tmp_path: Path) -> None:
    two = script(tmp_path, "  - caller: {wav: low.wav}\n  - agent: {wav: high.wav}\n")
    async with desk(clock) as (ours, _client):
        report = await fork_call(at(ours), two, options())
        await until(lambda: ours.listener.ends == ["client"])
        assert (report.missed, report.pauses, report.cut_off) == ([], 0, False)
        assert report.call_id == ours.listener.call.info.call_id
        assert ours.listener.who == {0: ("Ada <&> Co", "caller", True), 1: ("Bo", "agent", True)}
        addresses = {str(party.role): party.address for party in ours.listener.call.info.parties}
        assert {role: one.user for role, one in addresses.items() if one} == {"caller": "+15550101", "agent": "7001"}
        (low_s, low), (high_s, high) = heard(ours)[0], heard(ours)[1]
        assert (low, high) == (pytest.approx(440, abs=20), pytest.approx(1_000, abs=20))
        assert low_s == pytest.approx(0.6, abs=0.1) and high_s == pytest.approx(0.6, abs=0.1)


async def test_what_is_said_while_the_server_has_paused_is_lost(clock: MediaClock, tmp_path: Path) -> None:
    steps = "  - agent: {wav: high.wav}\n  - until: paused\n  - caller: {wav: low.wav}\n  - until: listening\n"
    two = script(tmp_path, steps + "  - agent: {wav: high.wav}\n")
    async with desk(clock) as (ours, _client):
        playing = asyncio.create_task(fork_call(at(ours), two, options()))
        await until(lambda: ours.listeners and ours.listener.frames > 50)
        assert await ours.listener.call.pause(), "the client agrees to send nothing"
        packets = [one.packets_received for one in ours.listener.call.quality()]
        await asyncio.sleep(1.5)  # the caller speaks meanwhile
        assert [one.packets_received for one in ours.listener.call.quality()] == packets
        assert await ours.listener.call.resume()
        report = await playing
        assert (report.missed, report.pauses) == ([], 1)
        assert heard(ours)[0][0] == 0 and heard(ours)[1][0] > 0.9


async def test_of_what_is_being_said_at_a_pause_the_end_is_heard(clock: MediaClock, tmp_path: Path) -> None:
    two = script(tmp_path, "  - agent: {wav: high.wav}\n", seconds=3.0)
    async with desk(clock) as (ours, _client):
        playing = asyncio.create_task(fork_call(at(ours), two, options()))
        await until(lambda: ours.listeners and ours.listener.frames > 100)
        assert await ours.listener.call.pause()
        await asyncio.sleep(0.5)
        assert await ours.listener.call.resume()
        before = len(ours.listener.audio[1])
        await playing
        assert 0 < heard(ours)[1][0] < 2.9
        assert np.abs(PCMU.decode(bytes(ours.listener.audio[1][before:]))).max() > 1_000


async def test_a_server_that_ends_the_call_ends_the_script(clock: MediaClock, tmp_path: Path) -> None:
    two = script(tmp_path, "  - agent: {wav: high.wav}\n" * 20)
    async with desk(clock) as (ours, _client):
        playing = asyncio.create_task(fork_call(at(ours), two, options()))
        await until(lambda: ours.listeners and ours.listener.frames > 20)
        await ours.listener.call.hang_up()
        assert (await playing).cut_off


async def test_a_server_that_takes_no_recording_sessions_is_told_with_its_answer(
    clock: MediaClock, tmp_path: Path
) -> None:
    two = script(tmp_path, "  - agent: {wav: high.wav}\n")
    async with desk(clock, RecordingOptions(numbers=("another",))) as (ours, _client):
        with pytest.raises(CallNotTried, match="420"):
            await fork_call(at(ours), two, options())


async def test_words_without_a_speech_service_are_told_with_their_line(tmp_path: Path) -> None:
    two = script(tmp_path, "  - agent: hello\n")
    with pytest.raises(CallNotTried, match=r"script:4: no speech service"):
        await fork_call(Address.parse(f"sip:desk@{LOOPBACK}:9"), two, options())

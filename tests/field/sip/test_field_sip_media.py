"""Audio as networks and servers in the middle were reported to deliver it, and offers on hold (README.md)."""

from __future__ import annotations

import asyncio
import math
import re
import wave

import numpy as np
import pytest
from field_phone import Phone, calling, keys_of
from field_service import LOOPBACK, Field
from waiting import until

from voicebot.audio import PCMU

LOUD = 1_000
FRAME_S = 0.02


def tone(seconds: float) -> bytes:
    """700 Hz as PCMU."""
    samples = [6_000 * math.sin(2 * math.pi * 700 * at / 8_000) for at in range(round(8_000 * seconds))]
    return PCMU.encode(np.array(samples, dtype=np.int16))


async def loud_s(field: Field, phone: Phone) -> float:
    """How long the caller is loud in the recording of the call."""
    recording = field.service.records / f"{field.service.record(phone.call_id)['id']}.wav"
    await until(recording.exists)
    with wave.open(str(recording)) as wav:
        caller = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")[0::2].astype(float)
        size = round(wav.getframerate() * FRAME_S)
    frames = caller[: len(caller) // size * size].reshape(-1, size)
    return float(np.sum(np.sqrt(np.mean(frames**2, axis=1)) > LOUD) * FRAME_S)


async def test_a_caller_whose_port_changes_is_heard_and_hears_at_the_new_one(field: Field) -> None:
    """A NAT that binds anew in mid-call: same stream, another port, and the old one is silent."""
    async with calling(field.service) as phone:
        await phone.talk(1.0)
        moved = await phone.second_socket()
        heard = len(phone.heard)
        await phone.talk(2.5, socket=moved)
        await phone.press("1", socket=moved)
        await phone.talk(0.5, socket=moved)
        await phone.bye()
        assert moved.received > 25, f"{moved.received} packets to the new port, {len(phone.heard) - heard} in all"
    assert keys_of(field.service, phone) == "1"


async def test_speech_after_a_sequence_number_that_jumped_back_is_heard(field: Field) -> None:
    """A server in the middle that numbers anew; the timestamps go on."""
    async with calling(field.service) as phone:
        await phone.talk(1.0)
        phone.seq -= 40
        await phone.talk(1.0, tone(1.0))
        await phone.talk(0.3)
        await phone.bye()
    assert await loud_s(field, phone) > 0.8


async def test_speech_that_came_in_a_burst_after_a_stall_is_in_the_recording(field: Field) -> None:
    """0.3 s of it at once; nothing is lost."""
    async with calling(field.service) as phone:
        await phone.talk(0.4)
        await phone.talk(0.3, tone(0.3))
        await asyncio.sleep(0.3)  # the stall is the input
        burst = tone(0.3)
        for at in range(0, len(burst), 160):
            phone.packet(burst[at : at + 160])
        await phone.talk(0.3, tone(0.3))
        await phone.talk(0.5)
        await phone.bye()
    assert await loud_s(field, phone) > 0.85


HELD = {
    "c=0.0.0.0": ({"ip": "0.0.0.0", "port": 1024, "direction": ""}, ("recvonly", "inactive", "sendrecv", "sendonly")),
    "inactive": ({"direction": "inactive"}, ("inactive",)),
    "recvonly": ({"direction": "recvonly"}, ("sendonly",)),
    "sendonly": ({"direction": "sendonly"}, ("recvonly",)),
}


@pytest.mark.parametrize("held", HELD)
async def test_a_call_that_begins_on_hold_is_taken_and_goes_on_when_it_is_resumed(field: Field, held: str) -> None:
    """Switches that ring several phones at once."""
    offered, wanted = HELD[held]
    async with Phone((LOOPBACK, field.service.port)) as phone:
        ok = await phone.invite(phone.sdp(**offered))  # type: ignore[arg-type]
        direction = re.search(rb"a=(sendrecv|sendonly|recvonly|inactive)", ok.body)
        assert ok.status == 200
        assert direction is not None
        assert direction[1].decode() in wanted
        resumed = await phone.invite()
        assert resumed.status == 200
        assert b"a=sendrecv" in resumed.body
        phone.heard.clear()
        await phone.talk(0.2)
        await phone.press("1")
        await until(lambda: phone.audible > 4)
        await phone.bye()
    assert keys_of(field.service, phone) == "1"

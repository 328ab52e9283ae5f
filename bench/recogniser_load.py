"""How late the final results of the offline recogniser are when so many callers speak at once.

    python -m bench.recogniser_load [--calls 0] [--seconds 60] [--cached]

0 calls: as many as `voicebot doctor` says that this machine can take. Each caller speaks the project's shared
recordings for the share of the time that :mod:`voicebot.localspeech.capacity` assumes, every other one where digits
are expected, and is answered by a sentence of the offline voice, or with ``--cached`` by one that the call process has
kept, as it keeps all prompts. The engine and the protocol's driver are those of the service, fed in real time; the
socket between them and a client is left out. *Late* is counted from the end of a phrase: its last voice and 350 ms of
silence. For one core: ``taskset -c 1 python -m bench.recogniser_load ...``

2026-12-01, on one core of a quiet machine, ``--cached``: 20 calls p95 404, most 1,252 ms, at 3.0 % of the core a call.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from functools import partial
from typing import cast

import numpy as np
from aiohttp import web

from bench.recordings import RATE, shared
from voicebot.audio import PCMU
from voicebot.audio.riff import stream_header
from voicebot.authoring.expected import EXPECTED
from voicebot.caller.wav import read_wav
from voicebot.localspeech import capacity, prepare_models
from voicebot.localspeech.clauses import Clause
from voicebot.localspeech.cli import SWITCH_S
from voicebot.localspeech.framing import audio_frame, parse_text, text_frame
from voicebot.localspeech.offline import MoonshineRecognition, load
from voicebot.localspeech.pool import InferencePool, Rank
from voicebot.localspeech.recognition import TICKS
from voicebot.localspeech.recognition_driver import RecognitionDriver
from voicebot.localspeech.synthesis import PiperSynthesis
from voicebot.processors import usable_cores

BLOCK = RATE // 50
SEGMENTATION_S = 0.35
REQUEST = "1" * 32
REPLY = "Thank you. I have written that down, is there anything else?"


class Client:
    """What the driver sends to: it notes how late each phrase is."""

    closed = False

    def __init__(self) -> None:
        self.began = 0.0
        self.late_ms: list[float] = []

    async def send_str(self, frame: str) -> None:
        message = parse_text(frame)
        if message.path == "speech.phrase":
            body = message.json()
            due = self.began + (body["Offset"] + body["Duration"]) / TICKS + SEGMENTATION_S
            self.late_ms.append(1000 * (time.monotonic() - due))


async def call(
    number: int, seconds: float, engine: MoonshineRecognition, voice: PiperSynthesis | None, pool: InferencePool
) -> list[float]:
    """One caller, for so long. ``voice``: renders what the bot says; None: nothing need be rendered. Returns by how
    many milliseconds each final result was late."""
    choose = random.Random(number)
    recordings = [recording for kind in ("human_digits", "human_cmd", "human_misc") for recording in shared(kind)]
    client = Client()
    driver = RecognitionDriver(cast(web.WebSocketResponse, client), engine, "conversation", {})
    if number % 2:
        phrases = {"Groups": [{"Items": [{"Text": text} for text in EXPECTED["en"]["digits"]]}]}
        await driver.text(text_frame(REQUEST, "speech.context", {"dgi": phrases}))
    await driver.binary(audio_frame(REQUEST, "1", stream_header(PCMU)))
    await asyncio.sleep(choose.uniform(0, 5))
    client.began, sent_s = time.monotonic(), 0.0

    async def send(audio: bytes) -> None:
        nonlocal sent_s
        for at in range(0, len(audio), BLOCK):
            await driver.binary(audio_frame(REQUEST, "1", audio[at : at + BLOCK]))
            sent_s += BLOCK / RATE
            await asyncio.sleep(max(0.0, client.began + sent_s - time.monotonic()))

    while sent_s < seconds:
        recording = choose.choice(recordings)
        audio = read_wav(recording.path, PCMU)
        await send(audio[: len(audio) - len(audio) % BLOCK])
        reply = asyncio.create_task(_answer(voice, pool))
        speech_s = recording.offset_s - recording.onset_s
        quiet_s = speech_s / capacity.CALLER_SPEAKS - len(audio) / RATE
        await send(PCMU.encode(np.zeros(max(0, round(quiet_s * 50)) * BLOCK, np.int16)))
        await reply
    await driver.close()
    return client.late_ms


async def _answer(voice: PiperSynthesis | None, pool: InferencePool) -> None:
    if voice is not None:
        await pool.run(Rank.FIRST_AUDIO, partial(voice.render, Clause(REPLY, 1.0, 0.0), RATE))


async def run(calls: int, seconds: float, *, cached: bool) -> None:
    sys.setswitchinterval(SWITCH_S)
    pool = InferencePool(min(8, usable_cores()))
    engine, voice = load(prepare_models(), pool)
    began, busy = time.monotonic(), time.process_time()
    callers = [call(number, seconds, engine, None if cached else voice, pool) for number in range(calls)]
    late = np.array([ms for each in await asyncio.gather(*callers) for ms in each])
    took, busy = time.monotonic() - began, time.process_time() - busy
    pool.close()
    p50, p95 = np.percentile(late, [50, 95])
    print(f"{calls} calls, {len(late)} final results: late p50 {p50:.0f}, p95 {p95:.0f}, most {late.max():.0f} ms")
    print(f"{100 * busy / took / calls:.1f} % of a core a call, recogniser and voice")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cached", action="store_true")
    arguments = parser.parse_args()
    calls = arguments.calls
    if not calls:
        measured = capacity.measure()
        print(measured)
        calls = max(1, measured.calls)
    asyncio.run(run(calls, arguments.seconds, cached=arguments.cached))


if __name__ == "__main__":
    main()

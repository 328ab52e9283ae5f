"""How many calls at once the models can take on this machine: an estimate from a short measurement.

It counts processor time, so that it is nearly the same while other programs run. What it assumes of calls is written
below; who needs to be sure measures with real calls.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicebot.audio import Samples
from voicebot.localspeech.clauses import Clause
from voicebot.localspeech.engines import Decode
from voicebot.localspeech.offline import MoonshineRecognition, load
from voicebot.localspeech.options import Options
from voicebot.localspeech.pool import InferencePool
from voicebot.localspeech.prepare import prepare_models
from voicebot.localspeech.recognition import RecognitionTurn
from voicebot.processors import usable_cores

CALLER_SPEAKS, BOT_SPEAKS = 0.35, 0.5
"""Shares of a call. What the bot says is counted as if none of it came from the cache of prompts."""
OTHER_WORK = 0.08
"""The share of a core that a call takes in the other processes."""
USABLE = 0.65
"""The share of the cores that may be busy. With more, callers who happen to speak at the same time wait for each
other's words."""

_RATE = 8000
_BLOCK = _RATE // 50
_QUIET_S = 0.6
_SENTENCES = ("I have a question about my last bill.", "Four two five, five five five, zero one two two.")


@dataclass(frozen=True, slots=True)
class Capacity:
    """``calls`` at once on so many ``cores``. ``heard`` and ``spoken``: processor seconds for a second of speech that
    is recognised, and that is synthesised."""

    calls: int
    cores: int
    heard: float
    spoken: float


def measure(cache_dir: Path | None = None) -> Capacity:
    """Load the models and use them for some seconds. Blocks for as long.

    Raises:
        ModelsMissing: they cannot be prepared.
    """
    pool = InferencePool(1)
    try:
        recognition, voice = load(prepare_models(cache_dir), pool)
        began = time.process_time()
        sentences = [voice.render(Clause(text, 1.0, 0.0), _RATE) for text in _SENTENCES]
        rendered = time.process_time()
        for sentence in sentences:
            _hear(recognition, sentence)
        heard = time.process_time() - rendered
    finally:
        pool.close()
    speech_s = sum(map(len, sentences)) / _RATE
    cores = usable_cores()
    return estimate(cores, heard / speech_s, (rendered - began) / speech_s)


def estimate(cores: int, heard: float, spoken: float) -> Capacity:
    """What a machine can take on which a second of speech costs so much."""
    a_call = CALLER_SPEAKS * heard + BOT_SPEAKS * spoken + OTHER_WORK
    return Capacity(int(cores * USABLE / a_call), cores, heard, spoken)


def _hear(recognition: MoonshineRecognition, speech: Samples) -> None:
    """Recognise ``speech`` as the service does while somebody speaks, with all hypotheses."""
    session = recognition.session(_RATE, "", "")
    turn = RecognitionTurn(
        _RATE,
        Options(),
        session.detector,
        lambda: recognition.quiet_s,
        lambda: recognition.hypothesis_s,
        lambda: recognition.suspects,
    )
    quiet = np.zeros(round(_QUIET_S * _RATE), np.float32)
    audio = np.concatenate((quiet, speech, quiet))
    for at in range(0, len(audio), _BLOCK):
        outputs = turn.audio(audio[at : at + _BLOCK])
        while outputs:
            output = outputs.pop()
            if isinstance(output, Decode):
                outputs += turn.decoded(output.number, session.decode(output))

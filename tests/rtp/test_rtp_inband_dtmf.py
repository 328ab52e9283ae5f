"""Keypad tones in the audio, at the limits of ITU-T Q.24, and speech that must not be taken for keys."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.audio.halfband import upsample
from voicebot.rtp.inband_dtmf import HIGH, KEYS, LOW, InbandDtmfReceiver

ALL = "".join(KEYS)
AUDIO = Path(__file__).parents[3] / "shared" / "audio"


def dial(
    keys: str,
    *,
    tone_s: float = 0.1,
    pause_s: float = 0.06,
    level_db: float = -10.0,
    twist_db: float = 0.0,
    detune: float = 1.0,
    noise_db: float | None = None,
) -> NDArray[np.int16]:
    """Samples with the tones of ``keys``. ``twist_db``: how much louder the high tone is than the low one."""
    parts = [np.zeros(37)]  # not in step with the frames
    at = np.arange(int(tone_s * 8000)) / 8000
    loud = 10 ** (level_db / 20) * 32768
    for key in keys:
        row = next(index for index, line in enumerate(KEYS) if key in line)
        low, high = LOW[row] * detune, HIGH[KEYS[row].index(key)] * detune
        weak_low, weak_high = 10 ** (-max(twist_db, 0) / 20), 10 ** (min(twist_db, 0) / 20)
        parts.append(loud * (weak_low * np.sin(2 * np.pi * low * at) + weak_high * np.sin(2 * np.pi * high * at + 1)))
        parts.append(np.zeros(int(pause_s * 8000)))
    samples = np.concatenate([*parts, np.zeros(800)])
    if noise_db is not None:
        samples += np.random.default_rng(1).normal(0, 10 ** (noise_db / 20) * 32768 / np.sqrt(2), len(samples))
    return samples.clip(-32000, 32000).astype(np.int16)


def heard(samples: NDArray[np.int16], form: AudioFormat = PCMU) -> str:
    receiver, size = InbandDtmfReceiver(form), form.frame_bytes
    payload = form.encode(samples if form.rate == 8000 else upsample(samples))
    return "".join(receiver.receive(payload[at : at + size]) for at in range(0, len(payload) - size + 1, size))


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_every_key_is_heard_once(form: AudioFormat) -> None:
    assert heard(dial(ALL), form) == ALL
    assert heard(dial("55555")) == "55555"
    assert heard(dial("7", tone_s=3.0)) == "7"


@pytest.mark.parametrize("level_db", [-33.0, -25.0, -6.5])
def test_keys_are_heard_at_every_level_that_a_line_has(level_db: float) -> None:
    assert heard(dial(ALL, level_db=level_db)) == ALL


def test_what_is_quieter_than_any_telephone_is_none() -> None:
    assert heard(dial(ALL, level_db=-45)) == ""


@pytest.mark.parametrize(("twist_db", "expected"), [(4, ALL), (-8, ALL), (11, ""), (-14, "")])
def test_one_tone_may_be_louder_but_not_by_any_amount(twist_db: float, expected: str) -> None:
    assert heard(dial(ALL, twist_db=twist_db)) == expected


@pytest.mark.parametrize(("detune", "expected"), [(1.015, ALL), (0.985, ALL), (1.035, ""), (0.965, "")])
def test_tones_must_be_right_to_a_few_per_cent(detune: float, expected: str) -> None:
    assert heard(dial(ALL, detune=detune)) == expected


@pytest.mark.parametrize(("tone_s", "expected"), [(0.045, ALL), (0.02, "")])
def test_a_tone_must_last(tone_s: float, expected: str) -> None:
    assert heard(dial(ALL, tone_s=tone_s, pause_s=0.045)) == expected


def test_noise_does_not_hide_keys() -> None:
    assert heard(dial(ALL, noise_db=-25)) == ALL


def test_a_hole_of_one_frame_does_not_make_two_presses_and_a_short_frame_none() -> None:
    samples = dial("9", tone_s=0.3)
    samples[1000:1060] = 0
    assert heard(samples) == "9"
    assert InbandDtmfReceiver(PCMU).receive(b"\xff" * 7) == ""


@pytest.mark.skipif(not AUDIO.is_dir(), reason="the recorded speech is not part of the repository")
@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_people_who_speak_press_no_keys(form: AudioFormat) -> None:
    """Talk-off: eight minutes of recorded telephone speech."""
    seconds = 0.0
    for file in sorted(AUDIO.glob("*.wav")):
        data = file.read_bytes()
        assert struct.unpack_from("<HHI", data, 20) == (7, 1, 8000)  # mu-law
        samples = PCMU.decode(data[data.index(b"data") + 8 :])
        seconds += len(samples) / 8000
        assert heard(samples, form) == "", file.name
    assert seconds > 60

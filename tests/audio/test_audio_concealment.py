"""Lost audio is made up for by the last pitch period, which fades out."""

from __future__ import annotations

import numpy as np

from voicebot.audio import LINEAR_16K, PCMA, PCMU, g711
from voicebot.audio.concealment import conceal


def tone(samples: int, hertz: float = 150.0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(samples) / 8000)).astype(np.int16)


def test_concealment_continues_a_voiced_sound() -> None:
    whole = tone(480 + 80)
    made_up = g711.decode(conceal(g711.encode(whole[:480], "PCMA"), 80, PCMA), "PCMA").astype(float)
    wanted = whole[480:].astype(float)
    assert np.abs(made_up - wanted).max() < 0.25 * 8000
    assert float(made_up @ wanted / np.sqrt((made_up @ made_up) * (wanted @ wanted))) > 0.97


def test_concealment_fades_to_the_silence_of_the_law_within_60_ms() -> None:
    made_up = conceal(g711.encode(tone(480), "PCMU"), 800, PCMU)
    samples = np.abs(g711.decode(made_up, "PCMU").astype(int))
    levels = [int(samples[start : start + 80].max()) for start in range(0, 480, 80)]
    assert levels == sorted(levels, reverse=True)
    assert made_up[480:] == bytes([g711.SILENCE["PCMU"]]) * 320


def test_concealment_without_history_is_silence() -> None:
    assert conceal(b"", 160, PCMA) == PCMA.frame_of_silence


def test_a_wideband_hole_is_concealed_as_long_as_a_narrow_one() -> None:
    made_up = LINEAR_16K.decode(conceal(LINEAR_16K.encode(tone(960, 75.0)), 1600, LINEAR_16K)).astype(float)
    wanted = tone(1120, 75.0)[960:].astype(float)
    assert np.abs(made_up[:160] - wanted).max() < 0.25 * 8000
    assert np.abs(made_up[480:640]).max() > 1000 and not made_up[960:].any()

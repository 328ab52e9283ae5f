"""Lost audio is made up for by the last pitch period, which fades out."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat, g711
from voicebot.audio.concealment import HISTORY_S, LONGEST_S, conceal


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


@pytest.mark.parametrize("form", FORMATS, ids=str)
@pytest.mark.parametrize("hertz", [80, 100, 160])
def test_a_tone_goes_on_as_it_was_for_10_ms_and_is_gone_after_60(form: AudioFormat, hertz: int) -> None:
    """At full for 10 ms, then 2 % less with each further one."""
    rate, past = form.rate, round(0.1 * form.rate)
    whole = 8000 * np.sin(2 * np.pi * hertz * np.arange(past + rate // 10) / rate)
    made_up = form.decode(conceal(form.encode(whole[:past].astype(np.int16)), rate // 10, form)).astype(float)
    gain = np.clip(1.2 - np.arange(rate // 10) / (0.05 * rate), 0, 1)
    assert np.abs(made_up - whole[past:] * gain).max() < 500
    assert np.abs(made_up[round(0.055 * rate) : round(0.058 * rate)]).max() > 100
    assert LONGEST_S == 0.06 and form.encode(made_up[round(0.06 * rate) :].astype(np.int16)) == form.silence(rate // 25)


def test_35_ms_must_be_known_and_no_more_is_looked_at() -> None:
    history = LINEAR_16K.encode(tone(2 * 560)[560:])
    assert HISTORY_S == 0.035 and len(history) == 2 * 560
    assert conceal(history, 320, LINEAR_16K) != LINEAR_16K.frame_of_silence
    assert conceal(history[2:], 320, LINEAR_16K) == LINEAR_16K.frame_of_silence
    assert conceal(bytes(range(256)) + history, 320, LINEAR_16K) == conceal(history, 320, LINEAR_16K)


def test_the_pitch_is_found_by_likeness_not_by_loudness() -> None:
    """A loud sound of another kind came 30 ms before: it is not repeated."""
    voiced = 1500 * np.sign(np.sin(2 * np.pi * np.arange(320) / 50))
    voiced[:70] += 15_000 * np.sign(np.sin(2 * np.pi * np.arange(70) / 58))
    made_up = LINEAR_8K.decode(conceal(LINEAR_8K.encode(voiced[-280:].astype(np.int16)), 50, LINEAR_8K)).astype(float)
    wanted = 1500 * np.sign(np.sin(2 * np.pi * np.arange(320, 370) / 50))
    assert float(made_up @ wanted) > 0.9 * float(wanted @ wanted)


def test_the_end_of_a_cycle_leads_over_to_its_beginning() -> None:
    """A sound that grows: repeated as it is, each cycle would begin with a click."""
    growing = np.arange(280) / 280 * 8000 * np.sin(2 * np.pi * np.arange(280) / 80 + 1.5)
    made_up = LINEAR_8K.decode(conceal(LINEAR_8K.encode(growing.astype(np.int16)), 240, LINEAR_8K)).astype(float)
    assert np.abs(np.diff(made_up)).max() < 1.1 * np.abs(np.diff(growing[-80:])).max()


def test_silence_is_concealed_by_silence() -> None:
    with np.errstate(all="raise"):
        assert conceal(LINEAR_16K.silence(560), 320, LINEAR_16K) == LINEAR_16K.frame_of_silence

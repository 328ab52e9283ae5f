"""When a voice ended: (what is heard) -> (its date), against voice activity that says 1.2 s."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import Samples
from voicebot.speech.voice_end import VoiceEnd

RATE, WINDOW = 8000, 256
OFFSET, NOW = 1.2, 1.28


def tone(seconds: float, dbfs: float) -> Samples:
    samples = np.sin(np.arange(round(seconds * RATE)) * 0.6).astype(np.float32)
    return samples * np.float32(np.sqrt(2) * 10 ** (dbfs / 20))


def dated(*sounds: Samples, offset: float = OFFSET, rate: int = RATE) -> float:
    """What is dated at 1.28 s of ``sounds``, after 3 s of the last of them; they have voice until ``offset``."""
    end, size = VoiceEnd(rate), WINDOW * rate // RATE
    before = np.resize(sounds[-1], 93 * WINDOW)
    heard = np.repeat(np.concatenate([before, *sounds]), rate // RATE)
    for index in range(len(heard) // size):
        samples = heard[index * size : (index + 1) * size]
        at = (index + 1 - 93) * size / rate
        level = 10 * np.log10(float(np.mean(samples**2)) + 1e-10)
        end.window(samples, level, voiced=0 < at <= offset, speaking=0 < at <= NOW)
    return round(end.date(offset, NOW), 3)


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("ended", [1.04, 1.1, 1.16])
def test_a_voice_ended_with_its_last_loud_sound(ended: float, rate: int) -> None:
    assert dated(tone(ended, -20), tone(1.28 - ended, -70), rate=rate) == pytest.approx(ended, abs=0.0081)


def test_a_sound_that_dies_away_is_not_waited_for_but_a_faint_last_sound_is() -> None:
    assert dated(tone(1.0, -20), tone(0.1, -50), tone(0.18, -70)) == pytest.approx(1.0, abs=0.0081)
    assert dated(tone(1.0, -20), tone(0.12, -40), tone(0.16, -70)) == pytest.approx(1.12, abs=0.0081)


def test_a_click_behind_it_is_no_sound() -> None:
    silence = tone(0.08, -70)
    assert dated(tone(1.04, -20), silence, tone(0.006, -20), tone(0.154, -70)) == pytest.approx(1.04, abs=0.0081)


def test_it_is_never_dated_much_earlier_nor_later_than_voice_activity_says() -> None:
    assert dated(tone(0.9, -20), tone(0.38, -70)) == OFFSET - 0.2
    assert dated(tone(1.28, -20), tone(0.01, -70)) == OFFSET


def test_on_a_noisy_line_the_level_tells_nothing() -> None:
    assert dated(tone(1.04, -20), tone(0.24, -38)) == OFFSET


def test_a_voice_fades_twelve_decibels_below_its_usual_level() -> None:
    end = VoiceEnd(RATE)
    assert end.fading_dbfs == -np.inf
    for _ in range(10):
        end.window(tone(0.032, -20), -20.0, voiced=True, speaking=True)
    assert end.fading_dbfs == -32.0


@pytest.mark.parametrize(("line_db", "faded"), [(-70, -44), (-45, -43), (-40, -38), (-28, -32)])
def test_of_a_voice_hardly_anything_is_left_24_db_below_it_or_where_the_noise_of_the_line_is(
    line_db: float, faded: float
) -> None:
    end = VoiceEnd(RATE)
    for level, speaking in ((line_db, False),) * 20 + ((-20.0, True),) * 10:
        assert end.faded_dbfs == -np.inf or speaking
        end.window(tone(0.032, level), level, voiced=speaking, speaking=speaking)
    assert end.faded_dbfs == faded


@pytest.mark.parametrize("noise_db", [-60, -38, -34])
def test_noise_behind_a_short_word_is_not_taken_for_the_level_of_the_voice(noise_db: float) -> None:
    end = VoiceEnd(RATE)
    for index in range(40):
        end.window(tone(0.032, noise_db), noise_db - index % 5, voiced=False, speaking=False)
    for level in (-20.0,) * 5 + (noise_db,) * 30:
        end.window(tone(0.032, level), level, voiced=True, speaking=True)
    assert end.fading_dbfs == -32.0


@pytest.mark.parametrize(("line_db", "voice_db", "least"), [(-40, -20, -38), (-70, -20, -68), (-28, -20, -32)])
def test_behind_a_voice_noise_is_what_is_no_louder_than_the_line_and_much_fainter_than_the_voice(
    line_db: float, voice_db: float, least: float
) -> None:
    end, told = VoiceEnd(RATE), list[float]()
    for level, speaking in ((line_db, False),) * 20 + ((voice_db, True),) * 10 + ((line_db, False),) * 40:
        end.window(tone(0.032, level), level, voiced=speaking, speaking=speaking)
        told.append(round(end.noise_dbfs, 3))
    assert told[:20] == [-np.inf] * 20, "nobody has spoken"
    assert told[29:61] == [least] * 32, "for a second"
    assert told[61:] == [-np.inf] * 9


def test_without_a_voice_the_date_stays() -> None:
    assert VoiceEnd(RATE).date(OFFSET, NOW) == OFFSET


def test_the_voice_before_does_not_count_for_the_next() -> None:
    end = VoiceEnd(RATE)
    for _ in range(40):
        end.window(tone(0.032, -10), -10.0, voiced=True, speaking=True)
    for _ in range(20):
        end.window(tone(0.032, -80), -80.0, voiced=False, speaking=False)
    for index in range(20):
        end.window(tone(0.032, -38 if index < 16 else -80), -38.0, voiced=True, speaking=True)
    assert end.date(0.64, 0.64) == pytest.approx(0.512, abs=0.0081)

"""How long prompts last that somebody else speaks."""

from __future__ import annotations

import pytest

from voicebot.calls.speaking_rate import SpeakingRate

TEXT = "Thirty characters of a prompt."


def test_it_is_estimated_by_the_words_and_learnt_from_what_was_heard() -> None:
    rate = SpeakingRate()
    assert rate.lasts_s(f"<speak>{TEXT}<break time='1s'/></speak>") == rate.lasts_s(TEXT) == 2.0
    rate.learn([TEXT], 3.0)
    assert rate.lasts_s(TEXT) == pytest.approx(3.0)
    rate.learn([TEXT, TEXT], 3.0)
    assert 1.5 < rate.lasts_s(TEXT) < 3.0


def test_of_too_little_nothing_is_learnt() -> None:
    rate = SpeakingRate()
    rate.learn(["yes"], 5.0)
    rate.learn([TEXT], 0.0)
    assert rate.lasts_s(TEXT) == 2.0

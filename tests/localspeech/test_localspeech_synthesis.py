"""The voice reads texts out beside the loop on which all calls are heard."""

from __future__ import annotations

import threading
from typing import cast

import numpy as np
import pytest

from voicebot.audio import Samples
from voicebot.localspeech import clauses
from voicebot.localspeech.clauses import Clause
from voicebot.localspeech.phonemes import Lexicon
from voicebot.localspeech.piper import PiperVoice
from voicebot.localspeech.pool import InferencePool
from voicebot.localspeech.ssml import SsmlPause, SsmlText
from voicebot.localspeech.synthesis import PiperSynthesis


async def test_texts_are_put_into_words_on_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[threading.Thread] = []
    normalise = clauses.normalise

    def noted(text: str) -> str:
        where.append(threading.current_thread())
        return normalise(text)

    monkeypatch.setattr(clauses, "normalise", noted)
    pool = InferencePool(1)
    silent = PiperSynthesis(cast(PiperVoice, None), cast(Lexicon, None), pool)
    pieces = [len(piece) async for piece in silent.stream([SsmlText(" , "), SsmlPause(0.5)], 8000)]
    pool.close()
    assert pieces == [4000]
    assert where and threading.main_thread() not in where


class Hum:
    """A voice that hums every clause for a second."""

    rate = 8000

    def speak(self, phonemes: str, speed: float = 1.0) -> Samples:
        return np.full(8000, 0.5, np.float32)


class Spelling:
    def word(self, word: str, before: str, after: str) -> str:
        return word


@pytest.mark.parametrize(("pause_s", "length"), [(0.0, 8000 - 160), (0.3, 8000 + 2400)])
def test_where_a_sentence_goes_on_without_a_pause_less_of_the_voices_own_silence_is_left(
    pause_s: float, length: int
) -> None:
    pool = InferencePool(1)
    synthesis = PiperSynthesis(cast(PiperVoice, Hum()), cast(Lexicon, Spelling()), pool)
    assert len(synthesis.render(Clause("so it goes", 1.0, pause_s), 8000)) == length
    pool.close()

"""The voice reads texts out beside the loop on which all calls are heard."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from voicebot.localspeech import clauses
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

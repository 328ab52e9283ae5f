"""Speaks clause by clause: words to phonemes to samples at the client's rate, each clause as soon as it is made."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from functools import partial

import numpy as np
import soxr

from voicebot.audio import Samples
from voicebot.localspeech.clauses import Clause, clauses
from voicebot.localspeech.phonemes import Lexicon
from voicebot.localspeech.piper import PiperVoice
from voicebot.localspeech.pool import InferencePool, Rank
from voicebot.localspeech.ssml import SsmlSpan

_FADE_S = 0.005
_RUN_ON_S = 0.02
"""How much is cut of what a voice leaves after a clause, where a sentence goes on without a pause."""
_TOKEN = re.compile(r"[\w']+|[,;:.?!]")


class PiperSynthesis:
    """A :class:`~voicebot.localspeech.engines.SynthesisEngine` on a Piper voice. Pool and voice are the owner's."""

    def __init__(self, voice: PiperVoice, lexicon: Lexicon, pool: InferencePool) -> None:
        self._voice = voice
        self._lexicon = lexicon
        self._pool = pool

    async def stream(self, spans: list[SsmlSpan], rate: int) -> AsyncGenerator[Samples, None]:
        """Audio at ``rate``, one clause at a time. Closing the iterator drops the clauses that have not begun."""
        rank, rest = Rank.FIRST_AUDIO, clauses(spans)
        # On a thread: ten thousand digits take a tenth of a second, and here all calls are heard.
        while (clause := await asyncio.to_thread(next, rest, None)) is not None:
            yield await self._pool.run(rank, partial(self.render, clause, rate))
            rank = Rank.MORE_AUDIO

    def render(self, clause: Clause, rate: int) -> Samples:
        """The samples of one clause and the pause after it. Blocks."""
        pause = np.zeros(round(clause.pause_s * rate), np.float32)
        phonemes = phonemise(clause.text, self._lexicon)
        if not phonemes.strip(" ,;:.?!"):
            return pause
        audio = self._voice.speak(phonemes, clause.rate)
        resampled = soxr.resample(audio, self._voice.rate, rate, quality="HQ").astype(np.float32)
        if not clause.pause_s:
            resampled = resampled[: -round(_RUN_ON_S * rate)]
        fade = min(round(_FADE_S * rate), len(resampled) // 2)
        if fade:
            ramp = np.linspace(0, 1, fade, dtype=np.float32)
            resampled[:fade] *= ramp
            resampled[-fade:] *= ramp[::-1]
        return np.concatenate((resampled, pause))


def phonemise(text: str, lexicon: Lexicon) -> str:
    """Normalised words to one string of phonemes; a capital by itself is a letter's name (but not ``I`` and ``A``)."""
    tokens = _TOKEN.findall(text)
    out: list[str] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        after = tokens[index + 1] if index + 1 < len(tokens) else ""
        if not (token[0].isalnum() or token[0] == "'"):
            out.append(token)
            continue
        if _is_letter(token, before, after):
            spoken = lexicon.letter(token[0].lower()) + ("z" if token.endswith("'s") else "")
        else:
            spoken = lexicon.word(token.lower().strip("'"), before.lower(), after.lower()) if token.strip("'") else ""
        if spoken:
            out.append((" " if out else "") + spoken)
    return "".join(out)


def _is_letter(token: str, before: str, after: str) -> bool:
    if len(token) != 1 and not (len(token) == 3 and token.endswith("'s")):
        return False
    if not token[0].isupper():
        return False
    if token not in ("I", "A"):
        return True
    # "I" and "A" are words, unless they stand among other single letters.
    return any(len(other) == 1 and other.isupper() and other not in ("I", "A") for other in (before, after))

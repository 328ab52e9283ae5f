"""G.722 at 64 kbit/s (RFC 3551, section 4.5.2), on Sippy's libg722.

It samples at 16 kHz, but its RTP clock rate is 8000: an error in RFC 1890 that was kept for compatibility. One byte is
one unit of the timestamp, and two samples. A leg with an 8 kHz format (a G.711 call that changed to G.722) gets the
lower one of the codec's two sub-bands.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from voicebot.audio.codecs.codec import Codec
from voicebot.audio.formats import LINEAR_16K, AudioFormat

CLOCK_RATE: Final = 8000
_BIT_RATE: Final = 64_000


def _state(audio: AudioFormat) -> Any:
    import G722 as library  # only when a call uses it

    return library.G722(audio.rate, _BIT_RATE)


class G722Encoder:
    """One stream's encoder."""

    __slots__ = ("_audio", "_codec")

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._codec = _state(audio)

    def __call__(self, audio: bytes) -> bytes:
        payload: bytes = self._codec.encode(self._audio.decode(audio))
        return payload


class G722Decoder:
    """One stream's decoder; see :class:`~voicebot.audio.codecs.Decoder`. Any bytes are a valid payload."""

    __slots__ = ("_audio", "_codec", "_fold", "clock_rate")

    def __init__(self, audio: AudioFormat) -> None:
        self.clock_rate = CLOCK_RATE
        self._audio = audio
        self._fold = audio.rate // CLOCK_RATE
        self._codec = _state(audio)

    def samples(self, payload: bytes) -> int:
        return len(payload) * self._fold

    def decode(self, payload: bytes) -> bytes:
        return self._audio.encode(np.asarray(self._codec.decode(payload), np.int16))

    def conceal(self, samples: int, following: bytes) -> None:
        """G.722 has no concealment of its own: the receive buffer repeats the last pitch period."""
        return None


G722: Final = Codec("G722", CLOCK_RATE, 9, LINEAR_16K, G722Encoder, G722Decoder)

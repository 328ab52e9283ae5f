"""G.722 at 64 kbit/s (RFC 3551, section 4.5.2), on Sippy's libg722.

Its samples are of 16 kHz, but its RTP clock has 8000 units a second: an error of the first RTP profile that all keep.
One byte is one unit, and two samples. A leg of 8 kHz (a call that changed to G.722 in its middle) gets the lower of
the codec's two bands.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from voicebot.audio.codecs.codec import Codec
from voicebot.audio.formats import LINEAR_16K, AudioFormat

CLOCK_RATE: Final = 8000
_BIT_RATE: Final = 64_000


def _state(audio: AudioFormat) -> Any:
    import G722 as library  # only where it is used: it is no part of a G.711 call

    return library.G722(audio.rate, _BIT_RATE)


class G722Encoder:
    """One stream's."""

    __slots__ = ("_audio", "_codec")

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._codec = _state(audio)

    def __call__(self, audio: bytes) -> bytes:
        payload: bytes = self._codec.encode(self._audio.decode(audio))
        return payload


class G722Decoder:
    """One stream's; see :class:`~voicebot.audio.codecs.Decoder`. Any bytes are a payload."""

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
        """The codec has no means of its own: what was heard last is repeated."""
        return None


G722: Final = Codec("G722", CLOCK_RATE, 9, LINEAR_16K, G722Encoder, G722Decoder)

"""G.711 (RFC 3551, section 4.5.14): mu-law and A-law.

In a leg of the same law, payloads are audio already and nothing is converted. Between the laws, a table converts bytes;
for a wideband leg, the samples are resampled.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from voicebot.audio import formats
from voicebot.audio.codecs.codec import Codec
from voicebot.audio.conversion import converter
from voicebot.audio.formats import AudioFormat
from voicebot.audio.g711 import SAMPLE_RATE


class G711Decoder:
    """Decodes for a leg whose format is not the codec's own law; see :class:`~voicebot.audio.codecs.Decoder`."""

    __slots__ = ("_fold", "clock_rate", "decode")

    def __init__(self, law: AudioFormat, audio: AudioFormat) -> None:
        decode = converter(law, audio)
        assert decode is not None
        self.clock_rate = SAMPLE_RATE
        self.decode = decode
        self._fold = audio.rate // SAMPLE_RATE

    def samples(self, payload: bytes) -> int:
        return len(payload) * self._fold

    def conceal(self, samples: int, following: bytes) -> None:
        """G.711 has no concealment of its own: the receive buffer repeats the last pitch period."""
        return None


def _decoder(audio: AudioFormat, law: AudioFormat) -> G711Decoder | None:
    return None if audio is law else G711Decoder(law, audio)


def _codec(law: AudioFormat, payload_type: int) -> Codec:
    return Codec(
        law.name,
        SAMPLE_RATE,
        payload_type,
        law,
        encoder=partial(converter, target=law),
        decoder=partial(_decoder, law=law),
    )


PCMU: Final = _codec(formats.PCMU, 0)
PCMA: Final = _codec(formats.PCMA, 8)

"""Between the wire's codec and the leg's format: encoders and decoders by the pair of them.

Where both are the same G.711 law there is nothing to do, and nothing is done; between the two laws a table does it.
Everything else keeps a state for its stream, so each stream has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from voicebot.audio import AudioFormat
from voicebot.audio.codecs import Codec
from voicebot.audio.g711 import A_TO_MU, MU_TO_A
from voicebot.audio.halfband import Downsampler, Upsampler
from voicebot.rtp.reorder import Decoder

Encoder = Callable[[bytes], bytes]
"""Audio of the leg's format, as long as a packet, to its payload."""


def encoder(codec: Codec, audio: AudioFormat) -> Encoder | None:
    """One stream's encoder; None where payloads are audio as it is."""
    match codec.name:
        case audio.name:
            return None
        case "G722":
            from voicebot.rtp.g722 import G722Encoder

            return G722Encoder(audio)
        case "opus":
            from voicebot.rtp.opus import OpusEncoder

            return OpusEncoder(audio)
    if audio.width == 1:
        table = MU_TO_A if audio.name == "PCMU" else A_TO_MU
        return lambda payload: payload.translate(table)
    down, law = Downsampler(), codec.audio
    return lambda payload: law.encode(down(audio.decode(payload)))


def decoder(codec: Codec, audio: AudioFormat) -> Decoder | None:
    """One stream's decoder; None where payloads are audio as it is."""
    match codec.name:
        case audio.name:
            return None
        case "G722":
            from voicebot.rtp.g722 import G722Decoder

            return G722Decoder(audio)
        case "opus":
            from voicebot.rtp.opus import OpusDecoder

            return OpusDecoder(audio)
    if audio.width == 1:
        return _OtherLaw(codec.clock_rate, A_TO_MU if audio.name == "PCMU" else MU_TO_A)
    return _Narrowband(codec, audio)


def prepare(codecs: Iterable[Codec]) -> None:
    """Load what these codecs need, so that no call waits for it. Raises ImportError for what is not installed."""
    for codec in codecs:
        encoder(codec, codec.audio)
        decoder(codec, codec.audio)


class _OtherLaw:
    """G.711 of one law for a leg of the other."""

    __slots__ = ("_table", "clock_rate")

    def __init__(self, clock_rate: int, table: bytes) -> None:
        self.clock_rate = clock_rate
        self._table = table

    def samples(self, payload: bytes) -> int:
        return len(payload)

    def decode(self, payload: bytes) -> bytes:
        return payload.translate(self._table)

    def conceal(self, samples: int, following: bytes) -> None:
        return None


class _Narrowband:
    """G.711 for a wideband leg."""

    __slots__ = ("_audio", "_law", "_up", "clock_rate")

    def __init__(self, codec: Codec, audio: AudioFormat) -> None:
        self.clock_rate = codec.clock_rate
        self._law, self._audio = codec.audio, audio
        self._up = Upsampler()

    def samples(self, payload: bytes) -> int:
        return 2 * len(payload)

    def decode(self, payload: bytes) -> bytes:
        return self._audio.encode(self._up(self._law.decode(payload)))

    def conceal(self, samples: int, following: bytes) -> None:
        return None

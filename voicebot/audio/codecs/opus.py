"""Opus (RFC 6716) in RTP (RFC 7587), on libopus.

One payload is one Opus packet; its first byte says how long it is, 2.5 to 120 ms. The codec conceals lost packets: the
last one of a hole from the copy that the next packet may carry (in-band FEC), those before it by extrapolation. The
other side's silence suppression (DTX) is a jump of the timestamp, as with other codecs.

We send speech at 24 kbit/s, with FEC for 10 % of loss. The complexity is a compromise: encoding takes most of the CPU
time of a call with Opus (see `bench/rtp_pacing.py`).
"""

from __future__ import annotations

import ctypes
from typing import Final

import numpy as np

from voicebot.audio.codecs.codec import Codec
from voicebot.audio.concealment import LONGEST_S
from voicebot.audio.formats import LINEAR_16K, AudioFormat

CLOCK_RATE: Final = 48_000
"""Of the RTP timestamps, whatever the sample rate (RFC 7587, section 4.1)."""
BIT_RATE: Final = 24_000
COMPLEXITY: Final = 5
EXPECTED_LOSS_PERCENT: Final = 10

_MAX_PACKET: Final = 1275
_LONGEST_MS: Final = 120
_STEP_MS: Final = 2.5  # libopus extrapolates multiples of this


class OpusEncoder:
    """One stream's encoder, for packets of 10, 20, 40 or 60 ms."""

    __slots__ = ("_audio", "_buffer", "_encode", "_encoder")

    def __init__(self, audio: AudioFormat) -> None:
        import opuslib_next  # an extra
        from opuslib_next.api.encoder import libopus_encode

        self._audio = audio
        self._encode = libopus_encode
        self._encoder = opuslib_next.Encoder(audio.rate, 1, opuslib_next.APPLICATION_VOIP)
        self._encoder.bitrate = BIT_RATE
        self._encoder.complexity = COMPLEXITY
        self._encoder.inband_fec = 1
        self._encoder.packet_loss_perc = EXPECTED_LOSS_PERCENT
        self._buffer = ctypes.create_string_buffer(_MAX_PACKET)

    def __call__(self, audio: bytes) -> bytes:
        samples = self._audio.decode(audio)
        pointer = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        size = self._encode(self._encoder.encoder_state, pointer, len(samples), self._buffer, _MAX_PACKET)
        if size < 0:  # a length that Opus does not have: a defect in the calling code
            raise ValueError(f"Opus cannot encode {len(samples)} samples of {self._audio.rate} Hz")
        return self._buffer.raw[:size]


class OpusDecoder:
    """One stream's decoder; see :class:`~voicebot.audio.codecs.Decoder`. Stereo is mixed to mono."""

    __slots__ = ("_audio", "_count", "_decode", "_decoder", "_pointer", "_samples", "_step", "clock_rate")

    def __init__(self, audio: AudioFormat) -> None:
        import opuslib_next
        from opuslib_next.api.decoder import libopus_decode, libopus_get_nb_samples

        self._count, self._decode = libopus_get_nb_samples, libopus_decode
        self.clock_rate = CLOCK_RATE
        self._audio = audio
        self._step = round(audio.rate * _STEP_MS / 1000)
        self._decoder = opuslib_next.Decoder(audio.rate, 1)
        self._samples = np.zeros(audio.rate * _LONGEST_MS // 1000, np.int16)
        self._pointer = self._samples.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))

    def samples(self, payload: bytes) -> int:
        count: int = self._count(self._decoder.decoder_state, payload, len(payload)) if payload else 0
        return max(0, count)

    def decode(self, payload: bytes) -> bytes:
        wanted = self.samples(payload)
        return self._run(payload, wanted, fec=False) or self._run(b"", wanted, fec=False)

    def conceal(self, samples: int, following: bytes) -> bytes:
        """The whole hole: extrapolated for at most 60 ms, then silence, and at its end the copy in ``following``."""
        packet = self.samples(following)
        last = packet if 0 < packet <= samples else 0
        rest = samples - last
        guessed = min(rest, round(LONGEST_S * self._audio.rate)) // self._step * self._step
        made_up = self._run(b"", guessed, fec=False) + self._audio.silence(rest - guessed)
        if last:
            made_up += self._run(following, last, fec=True)
        return made_up.ljust(samples * self._audio.width, self._audio.silent_byte)  # no audio from a damaged packet

    def _run(self, payload: bytes, samples: int, *, fec: bool) -> bytes:
        """``samples`` samples, extrapolated if there is no payload; ``b""`` if the payload is damaged."""
        if not samples:
            return b""
        count = self._decode(self._decoder.decoder_state, payload, len(payload), self._pointer, samples, int(fec))
        if count <= 0:
            return b""
        return self._audio.encode(self._samples[:count]) + self._audio.silence(samples - count)


OPUS: Final = Codec(
    "opus",
    CLOCK_RATE,
    107,
    LINEAR_16K,
    OpusEncoder,
    OpusDecoder,
    channels=2,  # the rtpmap always says 2 (RFC 7587, section 7)
    fmtp="useinbandfec=1; maxplaybackrate=16000; sprop-maxcapturerate=16000; stereo=0",
    ptimes_ms=(10, 20, 40, 60),
    needs="opuslib_next",
)

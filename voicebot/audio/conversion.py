"""Conversion from one audio format to another, of a whole piece or of a stream."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from voicebot.audio.formats import AudioFormat
from voicebot.audio.halfband import Downsampler, Upsampler, downsample, upsample


def convert(audio: bytes, source: AudioFormat, target: AudioFormat) -> bytes:
    """A whole piece of audio in another format, resampled if the rates differ.

    What comes before and after the piece counts as silence; use a :func:`converter` for a stream.
    """
    if source is target:
        return audio
    samples = source.decode(audio)
    if source.rate < target.rate:
        samples = upsample(samples)
    elif source.rate > target.rate:
        samples = downsample(samples)
    return target.encode(samples)


def converter(source: AudioFormat, target: AudioFormat) -> Callable[[bytes], bytes] | None:
    """A converter for one stream, which may be cut anywhere; None if the formats are the same.

    Each piece must have whole samples, and an even number of them where the rate is halved.
    """
    if source is target:
        return None
    if source.rate == target.rate:
        if source.width == target.width == 1:
            table = _table(source, target)
            return lambda audio: audio.translate(table)
        return lambda audio: target.encode(source.decode(audio))
    resample = Upsampler() if source.rate < target.rate else Downsampler()
    return lambda audio: target.encode(resample(source.decode(audio)))


@cache
def _table(source: AudioFormat, target: AudioFormat) -> bytes:
    """A table for :meth:`bytes.translate`, between formats with one byte per sample."""
    return target.encode(source.decode(bytes(range(256))))

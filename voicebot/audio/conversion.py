"""From one format of audio to another: a whole piece, or a stream that is cut anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from voicebot.audio.formats import AudioFormat
from voicebot.audio.halfband import Downsampler, Upsampler, downsample, upsample


def convert(audio: bytes, source: AudioFormat, target: AudioFormat) -> bytes:
    """A whole piece of audio in another format, resampled where the rates differ.

    For a piece that begins and ends quietly; a stream needs a :func:`converter`.
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
    """One stream's converter, which keeps the state of its filter; None where the formats are the same.

    Pieces have whole samples; where the rate is halved, an even number of them.
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
    """For :meth:`bytes.translate`, between formats of one byte a sample."""
    return target.encode(source.decode(bytes(range(256))))

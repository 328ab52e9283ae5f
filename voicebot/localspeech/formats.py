"""The audio formats of the Speech protocol: given by a RIFF header for recognition, by name for synthesis."""

from __future__ import annotations

from typing import Final

import numpy as np

from voicebot.audio import LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat, Samples, riff

MAX_HEADER: Final = 1024
"""The length of a header at most, in bytes."""

_HEARD: Final = {
    riff.WaveFormat(riff.PCM, 1, 8000, 16): LINEAR_8K,
    riff.WaveFormat(riff.PCM, 1, 16_000, 16): LINEAR_16K,
    riff.WaveFormat(riff.MU_LAW, 1, 8000, 8): PCMU,
    riff.WaveFormat(riff.A_LAW, 1, 8000, 8): PCMA,
}

OUTPUT_FORMATS: Final = {
    f"{container}-{name}": (container == "riff", audio)
    for container in ("raw", "riff")
    for name, audio in {
        "8khz-8bit-mono-mulaw": PCMU,
        "8khz-8bit-mono-alaw": PCMA,
        "8khz-16bit-mono-pcm": LINEAR_8K,
        "16khz-16bit-mono-pcm": LINEAR_16K,
    }.items()
}
"""The output formats of synthesis: from the service's names to (whether with a RIFF header, format)."""


class UnsupportedAudio(ValueError):
    """The format of the audio is not supported; the message says which it is."""


def parse_header(data: bytes) -> tuple[AudioFormat, int] | None:
    """Read a RIFF header at the start of ``data``: the format and the header's length, or None when more is needed.

    Raises:
        UnsupportedAudio: no RIFF header, or a format other than those above.
    """
    try:
        header = riff.read_header(data, longest=MAX_HEADER)
    except ValueError as error:
        raise UnsupportedAudio(str(error)) from error
    if header is None:
        return None
    audio = _HEARD.get(header.form)
    if audio is None:
        kind, channels, rate, bits = header.form
        raise UnsupportedAudio(f"audio format {kind}, {channels} channels, {rate} Hz, {bits} bit is not supported")
    return audio, header.begin


def encode(samples: Samples, audio: AudioFormat) -> bytes:
    """Samples, clipped to -1..1, as audio bytes."""
    return audio.encode(np.clip(np.rint(samples * np.float32(32767)), -32768, 32767).astype(np.int16))

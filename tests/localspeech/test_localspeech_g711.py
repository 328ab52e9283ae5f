from __future__ import annotations

import numpy as np
import pytest

from voicebot.localspeech import g711

LAWS: list[g711.Law] = ["mulaw", "alaw"]


@pytest.mark.parametrize("law", LAWS)
def test_every_code_survives_decoding_and_encoding(law: g711.Law) -> None:
    codes = bytes(range(256))
    back = g711.encode(g711.decode(codes, law), law)
    # Mu-law has two codes for zero; silence is the one that comes back.
    expected = codes.replace(b"\x7f", b"\xff") if law == "mulaw" else codes
    assert back == expected


@pytest.mark.parametrize(
    ("law", "code", "sample"),
    [
        ("mulaw", 0xFF, 0),
        ("mulaw", 0x80, 32124),
        ("mulaw", 0x00, -32124),
        ("mulaw", 0xFE, 8),
        ("alaw", 0xD5, 8),
        ("alaw", 0x55, -8),
        ("alaw", 0xAA, 32256),
        ("alaw", 0x2A, -32256),
    ],
)
def test_codes_mean_what_the_recommendation_says(law: g711.Law, code: int, sample: int) -> None:
    assert g711.decode(bytes([code]), law)[0] == sample


@pytest.mark.parametrize("law", LAWS)
def test_encoding_takes_the_nearest_level(law: g711.Law) -> None:
    samples = np.arange(-32768, 32768, 7, dtype=np.int16)
    levels = g711.decode(bytes(range(256)), law).astype(np.int32)
    best = np.abs(samples.astype(np.int32)[:, None] - levels).min(1)
    given = np.abs(g711.decode(g711.encode(samples, law), law).astype(np.int32) - samples)
    assert (given == best).all()


@pytest.mark.parametrize("law", LAWS)
def test_silence_is_what_zero_encodes_to(law: g711.Law) -> None:
    assert g711.encode(np.zeros(4, np.int16), law) == g711.silence(law, 4)

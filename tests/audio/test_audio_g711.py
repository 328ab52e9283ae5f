from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import g711
from voicebot.audio.g711 import Law

EVERY_CODE = bytes(range(256))
LAWS: list[Law] = ["PCMU", "PCMA"]


def silence(law: Law) -> bytes:
    return bytes([g711.SILENCE[law]]) * 160


# From the tables of ITU-T G.711 (13/14 bit values scaled to 16 bit), as printed in many codecs' sources.
KNOWN = {
    "PCMU": {
        0x00: -32124,
        0x0F: -16764,
        0x7E: -8,
        0x7F: 0,
        0x80: 32124,
        0x8F: 16764,
        0xFE: 8,
        0xFF: 0,
    },
    "PCMA": {0x2A: -32256, 0xAA: 32256, 0x55: -8, 0xD5: 8, 0x00: -5504, 0x80: 5504, 0x54: -24, 0xD4: 24},
}


@pytest.mark.parametrize("law", LAWS)
def test_decoding_agrees_with_the_published_tables(law: Law) -> None:
    samples = g711.decode(EVERY_CODE, law)
    assert {code: int(samples[code]) for code in KNOWN[law]} == KNOWN[law]


@pytest.mark.parametrize("law", LAWS)
def test_each_code_survives_decoding_and_encoding(law: Law) -> None:
    again = g711.encode(g711.decode(EVERY_CODE, law), law)
    differing = {code for code in EVERY_CODE if again[code] != code}
    assert differing == ({0x7F} if law == "PCMU" else set())  # mu-law has two zeros


@pytest.mark.parametrize("law", LAWS)
def test_each_sample_is_coded_by_the_nearest_code(law: Law) -> None:
    samples = np.arange(-32768, 32768, dtype=np.int32)
    error = np.abs(g711.decode(g711.encode(samples.astype(np.int16), law), law) - samples)
    levels = np.sort(g711.decode(EVERY_CODE, law).astype(np.int32))
    nearest = np.abs(levels[:, None] - samples[None, ::97]).min(axis=0)
    zero = samples[::97] == 0
    assert (error[::97][~zero] == nearest[~zero]).all()


@pytest.mark.parametrize("law", LAWS)
def test_silence_is_the_code_of_zero_and_not_a_zero_byte(law: Law) -> None:
    assert g711.encode(np.zeros(160, np.int16), law) == silence(law)
    assert abs(int(g711.decode(silence(law), law)[0])) <= 8


@pytest.mark.parametrize("law", LAWS)
def test_quiet_is_what_nobody_would_miss(law: Law) -> None:
    wave = np.sin(np.arange(160) / 5)
    assert g711.is_quiet(silence(law), law)
    assert g711.is_quiet(g711.encode((100 * wave).astype(np.int16), law), law)
    assert not g711.is_quiet(g711.encode((1000 * wave).astype(np.int16), law), law)
    assert not g711.is_quiet(bytes(160), law)


def test_quiet_is_a_mean_below_150() -> None:
    """Of levels that are multiples of 8, which are summed up exactly: mu-law has 120, and 164 counts as 160."""
    low, high = g711.encode(np.array([136, 152], np.int16), "PCMA")
    assert not g711.is_quiet(bytes([low] + [high] * 7), "PCMA")
    assert g711.is_quiet(bytes([low] * 2 + [high] * 7), "PCMA")
    low, high = g711.encode(np.array([120, 164], np.int16), "PCMU")
    assert not g711.is_quiet(bytes([low] + [high] * 3), "PCMU")
    assert g711.is_quiet(bytes([low] * 2 + [high] * 5), "PCMU")


@pytest.mark.parametrize("law", LAWS)
def test_any_kind_of_buffer_is_decoded(law: Law) -> None:
    wanted = g711.decode(EVERY_CODE, law)
    for buffer in (bytearray(EVERY_CODE), memoryview(EVERY_CODE)):
        assert (g711.decode(buffer, law) == wanted).all()

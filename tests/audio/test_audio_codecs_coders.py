"""The codecs of the wire against the formats above it: every pair."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import likeness, packets, voice

from voicebot.audio import FORMATS, LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.audio.codecs import CODECS, Codec, prepare

ALL = list(CODECS.values())
MAX_PAYLOAD = 1400
"""Of a packet that is not to be fragmented on its way."""
BYTES_OF_20_MS = {"PCMU": 160, "PCMA": 160, "G722": 160, "opus": 160}


@pytest.mark.parametrize("codec", ALL, ids=str)
@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_a_voice_comes_back_as_it_went_in_by_every_codec_in_every_format(codec: Codec, audio: AudioFormat) -> None:
    sound = voice(audio.rate)
    decode = codec.decoder(audio)
    out = b""
    for payload in packets(codec, audio, sound):
        assert len(payload) <= BYTES_OF_20_MS.get(codec.name, MAX_PAYLOAD)
        made = payload if decode is None else decode.decode(payload)
        assert decode is None or decode.samples(payload) * audio.width == len(made) == audio.frame_bytes
        out += made
    assert likeness(sound, audio.decode(out), round(0.02 * audio.rate)) > 0.95


@pytest.mark.parametrize("codec", ALL, ids=str)
def test_packets_of_every_length_carry_the_same(codec: Codec) -> None:
    sound = voice(16_000, 1.2)
    for ptime_ms in codec.ptimes_ms:
        decode = codec.decoder(LINEAR_16K)
        assert decode is not None
        made = b"".join(decode.decode(payload) for payload in packets(codec, LINEAR_16K, sound, ptime_ms))
        assert likeness(sound, LINEAR_16K.decode(made), 320) > 0.95, ptime_ms


def test_only_what_needs_no_work_has_no_coder() -> None:
    assert CODECS["PCMU"].encoder(PCMU) is None and CODECS["PCMA"].decoder(PCMA) is None
    assert CODECS["PCMU"].encoder(PCMA) is not None and CODECS["G722"].decoder(PCMU) is not None
    prepare(ALL)


@given(st.binary(max_size=400), st.sampled_from(ALL), st.sampled_from(FORMATS))
@settings(max_examples=200)
def test_any_bytes_are_decoded_or_dropped_and_never_raise(payload: bytes, codec: Codec, audio: AudioFormat) -> None:
    decode = codec.decoder(audio)
    if decode is None:
        return
    samples = decode.samples(payload)
    assert 0 <= samples <= 16_000
    assert len(decode.decode(payload)) == samples * audio.width
    made_up = decode.conceal(777, payload)
    assert made_up is None or len(made_up) == 777 * audio.width

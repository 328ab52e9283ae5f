"""The codecs of the wire against the formats above it: every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import likeness, packets, voice

from voicebot.audio import FORMATS, LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.audio.codecs import CODECS, Codec, prepare
from voicebot.audio.codecs.opus import OpusDecoder, OpusEncoder

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
@settings(max_examples=2 * settings.default.max_examples)
def test_any_bytes_are_decoded_or_dropped_and_never_raise(payload: bytes, codec: Codec, audio: AudioFormat) -> None:
    decode = codec.decoder(audio)
    if decode is None:
        return
    samples = decode.samples(payload)
    assert 0 <= samples <= 16_000
    assert len(decode.decode(payload)) == samples * audio.width
    made_up = decode.conceal(777, payload)
    assert made_up is None or len(made_up) == 777 * audio.width


def test_opus_sends_speech_that_bears_a_tenth_of_loss() -> None:
    encoder = OpusEncoder(LINEAR_16K)._encoder
    assert (encoder.bitrate, encoder.complexity, encoder.inband_fec, encoder.packet_loss_perc) == (24_000, 5, 1, 10)
    with pytest.raises(ValueError, match="cannot encode 123 samples of 16000 Hz"):
        OpusEncoder(LINEAR_16K)(bytes(246))


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_opus_extrapolates_for_60_ms_and_is_silent_then(audio: AudioFormat) -> None:
    decoder = OpusDecoder(audio)
    for payload in packets(CODECS["OPUS"], audio, voice(audio.rate, 0.4)):
        decoder.decode(payload)
    made_up = decoder.conceal(audio.rate * 200 // 1000, b"")
    samples = np.abs(audio.decode(made_up).astype(int))
    assert len(samples) == audio.rate // 5
    assert min(samples[audio.rate * ms // 1000 :][: audio.rate // 100].max() for ms in (0, 10, 20, 30, 40)) > 500
    assert made_up[audio.rate * 60 // 1000 * audio.width :] == audio.silence(audio.rate * 140 // 1000)


def test_a_hole_that_the_next_packet_has_no_copy_for_is_extrapolated() -> None:
    """It is shorter than the packet: 10 ms before one of 20."""
    decoder = OpusDecoder(LINEAR_16K)
    *before, following = packets(CODECS["OPUS"], LINEAR_16K, voice(16_000, 0.4))
    for payload in before:
        decoder.decode(payload)
    assert np.abs(LINEAR_16K.decode(decoder.conceal(160, following))).max() > 500
    assert len(decoder.conceal(161, following)) == 322

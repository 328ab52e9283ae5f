"""The frames between the call process and the speech client."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.speechsdk import wire
from voicebot.speechsdk.drivers import (
    MAX_DETAIL,
    MAX_TEXT,
    RecognitionOptions,
    RecognitionReport,
    RecognitionSignal,
    SynthesisReport,
    SynthesisSignal,
)
from voicebot.speechsdk.endpoint import SpeechEndpoint
from voicebot.speechsdk.wire import MAX_PAYLOAD, Frame, FrameError, FrameReader, Kind, encode

frames = st.builds(Frame, st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=300))
offsets = st.integers(0, 2**63)


@given(st.lists(frames, max_size=8), st.lists(st.integers(1, 400), max_size=20))
def test_frames_come_out_as_they_went_in_wherever_the_stream_is_cut(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode(*frame) for frame in sent)
    reader, got = FrameReader(), []
    for length in [*cuts, len(stream)]:
        piece, stream = stream[:length], stream[length:]
        got += reader.feed(piece)
    assert got == sent


@given(st.binary(max_size=400))
def test_whatever_comes_is_a_frame_or_an_error(data: bytes) -> None:
    with contextlib.suppress(FrameError):
        assert all(len(frame.payload) <= MAX_PAYLOAD for frame in FrameReader().feed(data))


def test_a_frame_that_is_too_long_is_neither_sent_nor_waited_for() -> None:
    with pytest.raises(FrameError, match="too much"):
        encode(Kind.AUDIO, 1, bytes(MAX_PAYLOAD + 1))
    with pytest.raises(FrameError, match=f"{MAX_PAYLOAD + 1} bytes"):
        FrameReader().feed((MAX_PAYLOAD + 1).to_bytes(4, "big") + bytes([Kind.CHUNK, 0, 0, 0, 1]))


@given(
    st.builds(
        RecognitionReport, st.sampled_from(RecognitionSignal), st.text(), offsets, offsets, st.text(), st.booleans()
    )
)
def test_what_a_recogniser_reports_arrives(report: RecognitionReport) -> None:
    assert wire.recognition_report(wire.recognition_report_payload(report)) == report


@given(
    st.builds(
        SynthesisReport,
        st.sampled_from(sorted(set(SynthesisSignal) - {SynthesisSignal.CHUNK}, key=lambda signal: signal.value)),
        st.text(),
        detail=st.text(),
        permanent=st.booleans(),
    )
)
def test_what_a_synthesiser_reports_arrives(report: SynthesisReport) -> None:
    assert wire.synthesis_report(wire.synthesis_report_payload(report)) == report


@given(st.binary(max_size=400))
def test_a_chunk_arrives(audio: bytes) -> None:
    report = SynthesisReport(SynthesisSignal.CHUNK, "0a1b", audio)
    assert wire.chunk_report(wire.chunk_payload(report)) == report


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        b"[]",
        b'["hypothesis","",0,0,""]',
        b'["hypothesis","",true,0,"",false]',
        b'["hypothesis","",0.5,0,"",false]',
        b'["hypothesis",null,0,0,"",false]',
        b'["hearsay","",0,0,"",false]',
        b'["hypothesis","",-1,0,"",false]',
        b'["hypothesis","",0,1' + b"0" * 400 + b',"",false]',
        b'["hypothesis","' + b"a" * (MAX_TEXT + 1) + b'",0,0,"",false]',
        b'["final","",0,0,"' + b"a" * (MAX_DETAIL + 1) + b'",false]',
    ],
)
def test_a_report_of_another_shape_is_an_error(payload: bytes) -> None:
    with pytest.raises(FrameError):
        wire.recognition_report(payload)
    with pytest.raises(FrameError):
        wire.synthesis_report(payload)


@pytest.mark.parametrize("probability", [0.0, 0.37, 1.0, None])
def test_a_score_arrives(probability: float | None) -> None:
    assert wire.scored(wire.scored_payload(probability)) == probability


@pytest.mark.parametrize("payload", [b"", b"NaN", b"1.5", b"-0.1", b"1e999", b"true", b'"0.5"', b"[0.5]", b"9" * 5000])
def test_a_score_that_is_no_probability_is_an_error(payload: bytes) -> None:
    with pytest.raises(FrameError):
        wire.scored(payload)


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_the_sound_of_a_turn_arrives_with_its_format(audio: AudioFormat) -> None:
    assert wire.score_asked(wire.score_payload(b"a\0b\0", audio)) == (b"a\0b\0", audio)


def test_a_chunk_of_nothing_is_an_error() -> None:
    with pytest.raises(FrameError):
        wire.chunk_report(b"0a1b")


@pytest.mark.parametrize("audio", FORMATS)
def test_a_recogniser_is_opened_as_was_asked_with_the_token_of_that_moment(audio: object) -> None:
    options = RecognitionOptions(audio, "de-DE", ("ja", "nein"), 350)  # type: ignore[arg-type]
    asked = SpeechEndpoint(region="westeurope", token=lambda: "not asked again", resource_id="/r")
    endpoint, values = wire.endpoint_of(wire.recognition_payload(asked, "t0", options))
    assert wire.options_of(values) == options
    assert (endpoint, endpoint.authorization_token()) == (asked, "aad#/r#t0")


def test_a_synthesiser_is_opened_as_was_asked() -> None:
    asked = SpeechEndpoint(host="ws://speech:5000", allow_unencrypted=True)
    endpoint, values = wire.endpoint_of(wire.synthesis_payload(asked, None, PCMU, True))
    assert (endpoint, endpoint.token, wire.format_of(values), values["connect"]) == (asked, None, PCMU, True)


def test_a_key_is_in_what_opens_and_in_no_repr() -> None:
    endpoint, _ = wire.endpoint_of(wire.synthesis_payload(SpeechEndpoint(region="x", key="top"), None, PCMU, False))
    assert endpoint.key == "top"
    assert "top" not in repr(endpoint)
    assert json.loads(wire.endpoint_payload(endpoint, None))["key"] == "top"

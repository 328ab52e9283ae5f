"""The frames between the call process and the speech client, on a Unix socket.

A frame is a head of nine bytes and a payload: length of the payload (4 bytes), kind (1), stream (4), big-endian. A
stream is one recogniser or synthesiser, or one question for a turn's score; the call process numbers them. Payloads:

    to the speech client                      from it
    RECOGNITION_OPEN  JSON                    OPENED       why not, UTF-8; empty: it is open
    SYNTHESIS_OPEN    JSON                    RECOGNITION  JSON: a report
    AUDIO             raw audio               SYNTHESIS    JSON: a report without audio
    COMMIT            -                       CHUNK        result id, a zero byte, raw audio
    TOKEN             JSON                    RELEASED     -
    SPEAK             SSML, UTF-8             PONG         -
    RELEASE           -                       SCORED       JSON: a probability, or null
    SCORE             format, a zero byte, raw audio
    PING              -

What comes from the speech client is checked: it reads what a service on the network sends.
"""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeVar

from voicebot.audio import FORMATS, AudioFormat
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

MAX_PAYLOAD: Final = 1 << 20
"""Bytes: ten seconds of wideband audio are a third of it, an SSML document of Azure's limit a sixteenth."""
MAX_TICKS: Final = 1 << 63
"""Of an ``offset`` or ``duration``: the SDK has 64-bit numbers, and a much larger one does not fit into a float."""
_HEAD: Final = struct.Struct(">IBI")
_PLAIN: Final = ("host", "endpoint", "region", "key", "resource_id", "allow_unencrypted")

T = TypeVar("T")


class FrameError(Exception):
    """A frame that cannot be sent, or that was received and is not valid."""


class Kind(IntEnum):
    """What a frame is for."""

    RECOGNITION_OPEN = 1
    SYNTHESIS_OPEN = 2
    AUDIO = 3
    COMMIT = 4
    TOKEN = 5
    SPEAK = 6
    RELEASE = 7
    PING = 8
    SCORE = 9
    OPENED = 16
    RECOGNITION = 17
    SYNTHESIS = 18
    CHUNK = 19
    RELEASED = 20
    PONG = 21
    SCORED = 22


class Frame(NamedTuple):
    """One frame. ``stream``: 0 for a frame of none, such as ``PING``."""

    kind: Kind
    stream: int
    payload: bytes


def encode(kind: Kind, stream: int = 0, payload: bytes = b"") -> bytes:
    """Raises :class:`FrameError` for a payload that is too long."""
    if len(payload) > MAX_PAYLOAD:
        raise FrameError(f"{len(payload)} bytes are too much for one frame (limit: {MAX_PAYLOAD})")
    return _HEAD.pack(len(payload), kind, stream) + payload


class FrameReader:
    """Reads frames from a byte stream that arrives in pieces of any length."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes. Raises :class:`FrameError`; what follows cannot be read then."""
        data = self._left + data if self._left else data
        frames, at = [], 0
        while len(data) - at >= _HEAD.size:
            length, kind, stream = _HEAD.unpack_from(data, at)
            if length > MAX_PAYLOAD:
                raise FrameError(f"a frame of {length} bytes (limit: {MAX_PAYLOAD})")
            end = at + _HEAD.size + length
            if end > len(data):
                break
            try:
                frames.append(Frame(Kind(kind), stream, data[at + _HEAD.size : end]))
            except ValueError as error:
                raise FrameError(f"an unknown kind of frame: {kind}") from error
            at = end
        self._left = data[at:]
        return frames


# --- payloads --------------------------------------------------------------------------------------------------------


def endpoint_payload(endpoint: SpeechEndpoint, token: str | None, **more: object) -> bytes:
    """``endpoint`` with its ``token`` as it is now, and ``more`` values."""
    return _json({name: getattr(endpoint, name) for name in _PLAIN} | {"token": token} | more)


def recognition_payload(endpoint: SpeechEndpoint, token: str | None, options: RecognitionOptions) -> bytes:
    """What opens a recogniser."""
    return endpoint_payload(
        endpoint,
        token,
        audio=options.audio.name,
        language=options.language,
        phrases=options.phrases,
        segmentation_silence_ms=options.segmentation_silence_ms,
    )


def synthesis_payload(endpoint: SpeechEndpoint, token: str | None, audio: AudioFormat, connect: bool) -> bytes:
    """What opens a synthesiser."""
    return endpoint_payload(endpoint, token, audio=audio.name, connect=connect)


def endpoint_of(payload: bytes) -> tuple[SpeechEndpoint, dict[str, Any]]:
    """The endpoint, and all values that came with it. Its token is the one that was sent."""
    values = _value(payload, dict)
    token = values["token"]
    plain = {name: values[name] for name in _PLAIN}
    return SpeechEndpoint(**plain, token=(lambda: token) if token is not None else None), values


def options_of(values: dict[str, Any]) -> RecognitionOptions:
    """What a recogniser is opened with."""
    phrases = tuple(values["phrases"])
    return RecognitionOptions(format_of(values), values["language"], phrases, values["segmentation_silence_ms"])


def format_of(values: dict[str, Any]) -> AudioFormat:
    """The audio of what is opened."""
    return _FORMATS[values["audio"]]


_FORMATS: Final = {audio.name: audio for audio in FORMATS}


def recognition_report_payload(report: RecognitionReport) -> bytes:
    """What a recogniser reports."""
    facts = [report.signal.value, report.text, report.offset, report.duration, report.detail, report.permanent]
    return _json(facts)


def recognition_report(payload: bytes) -> RecognitionReport:
    """Raises :class:`FrameError`."""
    signal, *facts = _facts(payload, str, str, int, int, str, bool)
    if not all(0 <= ticks <= MAX_TICKS for ticks in facts[1:3]):
        raise FrameError("a report with an impossible time")
    if len(facts[0]) > MAX_TEXT or len(facts[3]) > MAX_DETAIL:
        raise FrameError("a report with too long a text")
    try:
        return RecognitionReport(RecognitionSignal(signal), *facts)
    except ValueError as error:
        raise FrameError(str(error)) from error


def synthesis_report_payload(report: SynthesisReport) -> bytes:
    """What a synthesiser reports, but for its audio."""
    return _json([report.signal.value, report.result_id, report.detail, report.permanent])


def synthesis_report(payload: bytes) -> SynthesisReport:
    """Raises :class:`FrameError`."""
    signal, result_id, detail, permanent = _facts(payload, str, str, str, bool)
    try:
        return SynthesisReport(SynthesisSignal(signal), result_id, detail=detail, permanent=permanent)
    except ValueError as error:
        raise FrameError(str(error)) from error


def chunk_payload(report: SynthesisReport) -> bytes:
    """A piece of an utterance."""
    return report.result_id.encode() + b"\0" + report.audio


def chunk_report(payload: bytes) -> SynthesisReport:
    """Raises :class:`FrameError`."""
    result_id, separator, audio = payload.partition(b"\0")
    if not separator:
        raise FrameError("a chunk without a result id")
    return SynthesisReport(SynthesisSignal.CHUNK, result_id.decode("utf-8", "replace"), audio)


def score_payload(heard: bytes, audio: AudioFormat) -> bytes:
    """The sound of a turn that is to be scored."""
    return audio.name.encode() + b"\0" + heard


def score_asked(payload: bytes) -> tuple[bytes, AudioFormat]:
    """The sound and its format."""
    name, _, heard = payload.partition(b"\0")
    return heard, _FORMATS[name.decode()]


def scored_payload(probability: float | None) -> bytes:
    """The score of a turn; None: there is none."""
    return _json(probability)


def scored(payload: bytes) -> float | None:
    """Raises :class:`FrameError`."""
    probability = _value(payload, object)
    if probability is None or (isinstance(probability, float) and 0.0 <= probability <= 1.0):
        return probability
    raise FrameError("a score that is no probability")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _value(payload: bytes, kind: type[T]) -> T:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise FrameError("a payload that is not JSON") from error
    if not isinstance(value, kind):
        raise FrameError(f"a payload that is not a JSON {kind.__name__}")
    return value


def _facts(payload: bytes, *kinds: type) -> list[Any]:
    facts = _value(payload, list)
    if [type(fact) for fact in facts] != list(kinds):
        raise FrameError("a report with other fields than expected")
    return facts

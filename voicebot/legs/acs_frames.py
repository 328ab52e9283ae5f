"""The messages on the media websocket of Azure Communication Services: JSON texts, one a frame of 20 ms. Pure.

Theirs begin with the format (``AudioMetadata``); then come ``AudioData``, ``DtmfData``, and kinds that we do not know,
which are ignored. Ours are ``AudioData`` and ``StopAudio``, which drops what has not been played there.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from voicebot.audio import LINEAR_16K
from voicebot.legs.sip_info import printable

MAX_MESSAGE: Final = 64 * 1024
MAX_AUDIO_S: Final = 0.2
"""Of one message; the service sends 20 ms."""
MAX_NAME: Final = 20
STOP_AUDIO: Final = '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}'

TONES: Final = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "asterisk": "*", "pound": "#", "a": "A", "b": "B", "c": "C", "d": "D",
}  # fmt: skip
"""Keys by the names that the REST interface has for them."""
KEYS: Final = frozenset(TONES.values())
_KEYS: Final = {key.lower(): key for key in TONES.values()} | TONES


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """What is going to be sent. ``usable``: it is what we have asked for, 16 bit samples of one channel at 16 kHz."""

    encoding: str
    rate: int
    channels: int

    @property
    def usable(self) -> bool:
        return self.encoding.upper() == "PCM" and self.rate == LINEAR_16K.rate and self.channels == 1


@dataclass(frozen=True, slots=True)
class MediaAudio:
    """Samples of the participant with this raw id; empty if there is no such id."""

    participant: str
    samples: bytes


@dataclass(frozen=True, slots=True)
class MediaTone:
    """A key that was pressed, ``0-9 * # A-D``."""

    key: str


def parse_media(text: str) -> MediaFormat | MediaAudio | MediaTone | None:
    """A message of theirs; None for a kind that we do not know. Raises ValueError, which says what is wrong."""
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"a message of more than {MAX_MESSAGE} characters")
    try:
        message = json.loads(text)  # not parse_json: it takes three times as long, and little of this is read further
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    kind = message.get("kind") if isinstance(message, dict) else None
    match kind:
        case "AudioData":
            return _audio(_part(message, "audioData"))
        case "DtmfData":
            key = str(_part(message, "dtmfData").get("data")).lower()
            if key not in _KEYS:
                raise ValueError("DtmfData without a key")
            return MediaTone(_KEYS[key])
        case "AudioMetadata":
            about = _part(message, "audioMetadata")
            encoding, rate, channels = (about.get(name) for name in ("encoding", "sampleRate", "channels"))
            return MediaFormat(printable(str(encoding)[:MAX_NAME]), _number(rate), _number(channels))
        case str():
            return None
    raise ValueError("a message without a kind")


def audio_message(frame: bytes) -> str:
    """A frame of ours."""
    return f'{{"Kind":"AudioData","AudioData":{{"Data":"{base64.b64encode(frame).decode()}"}},"StopAudio":null}}'


def _audio(part: dict[str, Any]) -> MediaAudio:
    who, data = part.get("participantRawID"), part.get("data")
    try:
        samples = base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError) as error:
        raise ValueError("AudioData that is not base64") from error
    if not samples and part.get("silent") is True:
        samples = LINEAR_16K.frame_of_silence
    if not samples or len(samples) % LINEAR_16K.width or len(samples) > MAX_AUDIO_S * LINEAR_16K.byte_rate:
        raise ValueError(f"AudioData of {len(samples)} bytes")
    return MediaAudio(who if isinstance(who, str) else "", samples)


def _number(value: object) -> int:
    """0 if it is none that could be meant."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else 0


def _part(message: dict[str, Any], name: str) -> dict[str, Any]:
    part = message.get(name)
    if not isinstance(part, dict):
        raise ValueError(f"a message without {name}")
    return part

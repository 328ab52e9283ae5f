"""The codecs on the wire, one file each, and the list of them.

Settings, session descriptions, RTP streams and the command line take the codecs from this list. Which of them a call
may use is a setting, for all calls or for each trunk.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Final

from voicebot.audio.codecs.codec import Codec, Decoder, Encoder
from voicebot.audio.codecs.g711 import PCMA, PCMU
from voicebot.audio.codecs.g722 import G722
from voicebot.audio.codecs.opus import OPUS

__all__ = [
    "CODECS",
    "DEFAULT_CODECS",
    "DEFAULT_PTIME_MS",
    "FIRST_DYNAMIC",
    "MAX_PTIME_MS",
    "MIN_PTIME_MS",
    "Codec",
    "Decoder",
    "Encoder",
    "all_named",
    "named",
    "prepare",
]

FIRST_DYNAMIC: Final = 96
"""Payload types from here on have no fixed meaning (RFC 3551, section 3)."""

MIN_PTIME_MS: Final = 10
MAX_PTIME_MS: Final = 60
DEFAULT_PTIME_MS: Final = 20

CODECS: Final[dict[str, Codec]] = {codec.name.upper(): codec for codec in (PCMU, PCMA, G722, OPUS)}
"""By upper-case name."""

DEFAULT_CODECS: Final[tuple[Codec, ...]] = (PCMU, PCMA)


def named(name: str) -> Codec:
    """The codec with this name, in upper or lower case. Raises ValueError if there is none, or it is not installed."""
    codec = CODECS.get(name.upper())
    if codec is None:
        near = difflib.get_close_matches(name.upper().replace(".", ""), list(CODECS), 1, 0.5)
        known = ", ".join(one.name for one in CODECS.values())
        meant = f"; did you mean {CODECS[near[0]].name}?" if near else ""
        raise ValueError(f"there is no codec {name!r}: {known}{meant}")
    if codec.needs and find_spec(codec.needs) is None:
        raise ValueError(f'the codec {codec.name} is not installed: pip install "voicebot[{codec.name}]"')
    return codec


def all_named(names: Iterable[str]) -> tuple[Codec, ...]:
    """The codecs with these names, each once, in this order. Raises ValueError as :func:`named` does, or if empty."""
    chosen = tuple(dict.fromkeys(named(name) for name in names))
    if not chosen:
        raise ValueError("at least one codec is needed")
    return chosen


def prepare(codecs: Iterable[Codec]) -> None:
    """Load the libraries of these codecs, so that no call waits for it. Raises ImportError if one is missing."""
    for codec in codecs:
        codec.encoder(codec.audio)
        codec.decoder(codec.audio)

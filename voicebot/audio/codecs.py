"""The codecs of the wire, by what a session description and an RTP stream need to know of each.

What they do to samples is :mod:`voicebot.rtp.coding`'s affair; which of them a call may use is a setting, of the trunk
or of all.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from voicebot.audio.formats import LINEAR_16K, PCMA, PCMU, AudioFormat

MIN_PTIME_MS: Final = 10
MAX_PTIME_MS: Final = 60


@dataclass(frozen=True, slots=True)
class Codec:
    """``name``: the encoding name of its rtpmap. ``clock_rate``: of its RTP timestamps, which is not always what it
    sounds like. ``payload_type``: RFC 3551's, or the number that we offer. ``audio``: what a call that begins with it
    is made of above the wire. ``ptimes_ms``: the packet lengths that it can have. ``needs``: the package of an extra.
    """

    name: str
    clock_rate: int
    payload_type: int
    audio: AudioFormat
    channels: int = 1
    fmtp: str = ""
    ptimes_ms: tuple[int, ...] = (10, 20, 30, 40, 50, 60)
    needs: str = ""

    def __str__(self) -> str:
        return self.name

    def ptime_ms(self, wanted: int) -> int:
        """The longest packet that is no longer than ``wanted`` milliseconds."""
        return max((ms for ms in self.ptimes_ms if ms <= wanted), default=self.ptimes_ms[0])


CODECS: Final[dict[str, Codec]] = {
    codec.name.upper(): codec
    for codec in (
        Codec("PCMU", 8000, 0, PCMU),
        Codec("PCMA", 8000, 8, PCMA),
        Codec("G722", 8000, 9, LINEAR_16K),
        Codec(
            "opus",
            48_000,
            107,
            LINEAR_16K,
            channels=2,
            fmtp="useinbandfec=1; maxplaybackrate=16000; sprop-maxcapturerate=16000; stereo=0",
            ptimes_ms=(10, 20, 40, 60),
            needs="opuslib_next",
        ),
    )
}
"""By upper-case name."""

DEFAULT_CODECS: Final[tuple[Codec, ...]] = (CODECS["PCMU"], CODECS["PCMA"])


def named(name: str) -> Codec:
    """The codec of that name, in any case. Raises ValueError, whose text says what was probably meant, or missing."""
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
    """Each once, in that order. Raises ValueError as :func:`named` does, and for none at all."""
    chosen = tuple(dict.fromkeys(named(name) for name in names))
    if not chosen:
        raise ValueError("at least one codec is needed")
    return chosen

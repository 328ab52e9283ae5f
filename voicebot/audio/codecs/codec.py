"""What a codec of the wire is: what a session description and an RTP stream need to know of it, and its coder.

A coder works for one stream, between the payloads of the wire and the format of the leg (:class:`AudioFormat`), which
stays what it was when a re-INVITE changes the codec. So every codec codes for every format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from voicebot.audio.formats import AudioFormat

Encoder = Callable[[bytes], bytes]
"""One stream's: audio of the leg's format, as long as a packet, to its payload. Called in the order of the stream."""


class Decoder(Protocol):
    """One stream's: payloads to audio of the leg's format. Called in the order of the stream; never raises."""

    clock_rate: int
    """Of the RTP timestamps."""

    def samples(self, payload: bytes) -> int:
        """How many it will become, without decoding it; 0 for what is no payload of this codec."""

    def decode(self, payload: bytes) -> bytes:
        """The audio, so many samples."""

    def conceal(self, samples: int, following: bytes) -> bytes | None:
        """Audio for a hole before the payload ``following``; None: the codec has no means of its own."""


@dataclass(frozen=True, slots=True)
class Codec:
    """``name``: the encoding name of its rtpmap. ``clock_rate``: of its RTP timestamps, which is not always the rate of
    its samples. ``payload_type``: RFC 3551's, or the number that we offer. ``audio``: what a call that begins with it
    is made of above the wire. ``encoder`` and ``decoder`` make those of one stream; None where payloads are audio of
    that format as it is; ImportError where ``needs`` is not installed.

    ``ptimes_ms``: the packet lengths that it can have. ``needs``: the package of the extra that has the codec's name.
    """

    name: str
    clock_rate: int
    payload_type: int
    audio: AudioFormat
    encoder: Callable[[AudioFormat], Encoder | None] = field(repr=False, compare=False)
    decoder: Callable[[AudioFormat], Decoder | None] = field(repr=False, compare=False)
    channels: int = 1
    fmtp: str = ""
    ptimes_ms: tuple[int, ...] = (10, 20, 30, 40, 50, 60)
    needs: str = ""

    def __str__(self) -> str:
        return self.name

    def ptime_ms(self, wanted: int) -> int:
        """The longest packet that is no longer than ``wanted`` milliseconds."""
        return max((ms for ms in self.ptimes_ms if ms <= wanted), default=self.ptimes_ms[0])

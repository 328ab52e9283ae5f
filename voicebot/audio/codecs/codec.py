"""A codec on the wire: what a session description and an RTP stream need to know about it, and its coder.

A coder serves one stream. It converts between payloads and the leg's :class:`AudioFormat`. The format stays the same if
a re-INVITE changes the codec, so every codec must work with every format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from voicebot.audio.formats import AudioFormat

Encoder = Callable[[bytes], bytes]
"""Encodes one stream, packet by packet in order: audio in the leg's format, one packet long, to its payload."""


class Decoder(Protocol):
    """Decodes one stream, payload by payload in order, to audio in the leg's format. Never raises."""

    clock_rate: int
    """Units of the RTP timestamp per second."""

    def samples(self, payload: bytes) -> int:
        """How many samples :meth:`decode` will give, without decoding; 0 if it is not a payload of this codec."""

    def decode(self, payload: bytes) -> bytes:
        """The audio."""

    def conceal(self, samples: int, following: bytes) -> bytes | None:
        """``samples`` samples for a hole before the payload ``following``; None if the codec has no concealment."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec, as SDP and RTP describe it.

    ``name``: the encoding name in its rtpmap. ``clock_rate``: of its RTP timestamps; not always its sample rate.
    ``payload_type``: RFC 3551's static one, or the dynamic one that we offer. ``channels``, ``fmtp``: as in SDP.
    ``ptimes_ms``: the packet lengths that it supports. ``audio``: the format above the wire of a call that begins with
    this codec. ``encoder`` and ``decoder`` make one stream's coder for a leg's format; they return None if payloads are
    audio in that format already, and raise ImportError if ``needs`` is not installed. ``needs``: the module that the
    extra with the codec's name installs.
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
        """The longest packet length, in milliseconds, that is not over ``wanted``; the shortest if all are."""
        return max((ms for ms in self.ptimes_ms if ms <= wanted), default=self.ptimes_ms[0])

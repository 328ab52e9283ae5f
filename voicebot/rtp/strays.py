"""Packets whose sequence numbers do not fit: single ones are duplicates, or of no use; a run of them is a sender who
numbers anew. Pure.

Servers in the middle renumber at a transfer or after a hold, with the SSRC as before. RFC 3550 (A.1) wants two packets
in a row to believe it. Where they could also be duplicates, it takes :data:`RUN_OF_THE_PAST` of them, with none in
between that fits.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from voicebot.audio.codecs import Decoder

RUN: Final = 2
RUN_OF_THE_PAST: Final = 5

_FEW: Final = 4  # so many packets may be missing at any time
_SHORTEST_S: Final = 0.010  # of a packet
_LONGEST_STALL_S: Final = 2.0  # of a network that then delivers all at once


def may_be_loss(missing: int, passed_s: float, jumped_s: float) -> bool:
    """Whether so many packets may be missing before one that came ``passed_s`` seconds after the packet before it, with
    a timestamp ``jumped_s`` later: there must have been time to send them."""
    return missing <= _FEW + max(passed_s, min(jumped_s, passed_s + _LONGEST_STALL_S)) / _SHORTEST_S


class Stray(NamedTuple):
    """A packet. ``past``: by number and timestamp it could be a duplicate."""

    sequence: int
    timestamp: int
    payload: bytes
    decoder: Decoder | None
    past: bool


class Strays:
    """The present run."""

    __slots__ = ("_run", "_since")

    def __init__(self) -> None:
        self._run: list[Stray] = []
        self._since = -1

    def add(self, stray: Stray, expected: int) -> list[Stray]:
        """Add a packet, while ``expected`` is the next sequence number. Returns the run, the packet included, if it is
        a sender who numbers anew."""
        run = self._run
        if not run or self._since != expected or stray.sequence != (run[-1].sequence + 1) & 0xFFFF:
            run.clear()
        self._since = expected
        run.append(stray)
        if len(run) < (RUN_OF_THE_PAST if all(one.past for one in run) else RUN):
            return []
        self._run = []
        return run

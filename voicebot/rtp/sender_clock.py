"""How a sender counts its timestamps. Pure.

A jump of the timestamp is a pause, unless the sender just counts so: G.722 by its 16 kHz instead of the 8 kHz that RFC
3551 (4.5.2) wants, the packets of one length by that of another, or not at all. Who jumps by the same in two packets in
a row, and in less time than that says, counts so.
"""

from __future__ import annotations

from typing import Final

_CIRCLE: Final = 1 << 32
_BACK: Final = 1 << 31
HASTE: Final = 0.75
"""A pause takes at least this part of the time that its timestamps say, whatever the jitter."""


class SenderClock:
    """The timestamps of one stream, from packet to packet. Lengths are in units of the timestamp."""

    __slots__ = ("_jump", "_next", "_size", "_step")

    def __init__(self) -> None:
        self._size = self._step = 0  # a packet of this length counts so much
        self._jump = 0  # the last jump,
        self._next = -1  # and the sequence number after it

    def step(self, size: int) -> int:
        """By how much a packet of this length moves the timestamp on."""
        return self._step if size == self._size else size

    @property
    def stands_still(self) -> bool:
        return self._size > 0 and self._step == 0

    def missing(self, sequence: int, jump: int, size: int, lost: int, passed: float) -> int:
        """How much is missing before packet ``sequence``: a pause, or what was lost.

        ``jump``: the packet's timestamp is so much (modulo 2^32) beyond that of the packet before it and its
        :meth:`step`. ``size``: the length of that one. ``lost``: how many packets were lost in between. ``passed``: the
        time since it came.
        """
        step = self.step(size)
        if step == size:  # the timestamps tell how long the lost packets were
            before = 0
        else:
            before, jump = lost * size, (jump - lost * step) % _CIRCLE
        if jump and not lost and self._counts(sequence, jump, size, passed):
            return 0
        return before + (jump if jump < _BACK else 0)

    def _counts(self, sequence: int, jump: int, size: int, passed: float) -> bool:
        """Whether a jump is the way in which this sender counts; :meth:`step` then learns it."""
        again = jump == self._jump and sequence == self._next
        self._jump, self._next = jump, (sequence + 1) & 0xFFFF
        step = (self.step(size) + jump) % _CIRCLE
        if not again or (size < step < _BACK and passed >= HASTE * step):
            return False
        self._size, self._step = size, step
        return True

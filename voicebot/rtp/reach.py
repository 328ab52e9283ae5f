"""Limits how much is sent to an address from which nothing has come. Pure.

An INVITE can name any address for media, also that of a third party, and over UDP it can even have a forged source:
then we would send the victim a hundred times as much as the attacker sent us. So each call has a ration of packets that
may be sent before anything has come from where they go. It holds for the whole call, whatever the direction, and
however often the address changes. RTP, RTCP, ICE checks or DTLS from the address end the ration. An ACK only increases
it: it shows that the caller exists, but not that the media address is the caller's.
"""

from __future__ import annotations

from typing import Final, Literal

RATION: Final = {"unconfirmed": 10, "early": 150, "acknowledged": 1500, "up": 1500}
"""Packets of 20 ms. Before the ACK: enough to open a firewall. Early media: 3 s of a greeting, or 30 s where its PRACK
has come, which shows what an ACK does. Then 30 s."""
REPORT_COST: Final = 50
"""What an RTCP report takes from the ration: as much as a second of audio, because on hold they go on for hours."""

Stage = Literal["unconfirmed", "early", "acknowledged", "up"]


class Reach:
    """The ration of one call. ``left``: the packets that may still be sent; each ``stage`` sets it once."""

    __slots__ = ("left", "stage")

    def __init__(self) -> None:
        self.stage: Stage = "up"
        self.left = RATION["up"]

    def enter(self, stage: Stage) -> None:
        """The call has reached ``stage``: it is not acknowledged yet, early media is agreed, and has been
        acknowledged (RFC 3262), or it is up."""
        if stage != self.stage:
            self.stage = stage
            self.left = RATION[stage]

    def spend(self, cost: int = 1) -> bool:
        """Take ``cost`` from the ration. False: too little is left, so nothing may be sent."""
        if self.left < cost:
            return False
        self.left -= cost
        return True

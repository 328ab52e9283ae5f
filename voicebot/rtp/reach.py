"""How much is sent to an address from which nothing has come. Pure.

Whoever sends us an INVITE can name any address for the media, somebody else's as well, and with a forged source over
UDP need not even be there: then we would send that address a hundred times what we were sent. So media that nobody
has answered is rationed for the call as a whole, whatever its direction and however often its address changes. What
comes from the address (RTP, RTCP, ICE checks, DTLS) ends the ration. The ACK only widens it: it shows that somebody is
there who signals, not where the media goes.
"""

from __future__ import annotations

from typing import Final, Literal

RATION: Final = {"unconfirmed": 10, "early": 250, "up": 1500}
"""Packets of 20 ms. Before the ACK: enough to open a firewall. Early media: 5 s of a greeting. Then 30 s."""
REPORT_COST: Final = 50
"""An RTCP report is rare, and goes on for hours on hold: each counts as a second."""

Stage = Literal["unconfirmed", "early", "up"]


class Reach:
    """One call's ration: ``left`` packets, of which each ``stage`` gives its own once."""

    __slots__ = ("left", "stage")

    def __init__(self) -> None:
        self.stage: Stage = "up"
        self.left = RATION["up"]

    def enter(self, stage: Stage) -> None:
        """How far the call is: nobody has acknowledged anything, early media is agreed, or it is up."""
        if stage != self.stage:
            self.stage = stage
            self.left = RATION[stage]

    def spend(self, cost: int = 1) -> bool:
        """Whether one more may be sent unanswered."""
        if self.left < cost:
            return False
        self.left -= cost
        return True

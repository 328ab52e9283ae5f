"""What several call processes ("nodes") share over Redis: how many calls there are, who has them, who is there.

Each node holds a lease, and renews it several times in its length; what it has told belongs to it. A node that is
killed is forgotten when its lease ends, and a Redis that was wiped is told everything again at the next beat. Nothing
waits for Redis but the admission of a new call, and that for a moment only; while Redis is away, each node goes by its
own limits.

With the lease, what others need to go on with a node's calls is kept. When the lease ends, they take the calls, one
node each call, by compare-and-set. A node that was only away for a while (its machine was paused) sends nothing to
anybody from then on until it has looked what is still its own (:meth:`Fleet.silenced`).

`node.py` and `claims.py` are pure; `ledger.py` is what is asked of Redis; `fleet.py` is the driver; `last_word.py` is a
process that ends the lease of a node that was killed.
"""

from voicebot.fleet.claims import Claim, Limits
from voicebot.fleet.fleet import Fleet, Keeper
from voicebot.fleet.ledger import LEASE_S
from voicebot.fleet.node import NodeState, differences

__all__ = ["LEASE_S", "Claim", "Fleet", "Keeper", "Limits", "NodeState", "differences"]

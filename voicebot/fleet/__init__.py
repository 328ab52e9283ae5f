"""What several call processes ("nodes") share over Redis: how many calls there are, who has them, who is there.

Each node holds a lease, and renews it every second with all that is its own: a node that is killed is forgotten when
its lease ends, and a Redis that was wiped is told everything again within a second. Nothing waits for Redis but the
admission of a new call, and that for a moment only; while Redis is away, each node goes by its own limits.

`node.py` and `claims.py` are pure; `ledger.py` is what is asked of Redis; `fleet.py` is the driver.
"""

from voicebot.fleet.claims import Claim, Limits
from voicebot.fleet.fleet import Fleet
from voicebot.fleet.node import NodeState

__all__ = ["Claim", "Fleet", "Limits", "NodeState"]

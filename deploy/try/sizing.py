"""A fleet on paper: how many nodes so many calls need, what Redis and Kamailio do for them, and what is full first.

    python deploy/try/sizing.py --calls 10000

Nothing is run. Every cost below was measured, with the command that is named. What was not measured is not reckoned
with: the speech service, the network, what dialogs ask of others.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicebot.fleet.ledger import LEASE_S

BEATS = 5
"""Of a node, in the time of a lease (``voicebot/fleet/fleet.py``)."""
PACKETS_S = 50
PACKET_BITS = (160 + 12 + 8 + 20 + 18) * 8
"""G.711 of 20 ms with the headers of RTP, UDP, IP and Ethernet: one way, 50 a second."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured, on two cores of a machine of 2026.

    * ``calls_a_node``: README, "How fast, how steady": 100 talking calls, packets 5.0 ms late at p99, where the call
      process has a core of its own (``python -m bench.capacity``, 2026-11-30).
    * ``beat_us``, ``beat_call_us``, ``beat_node_us``: of Redis' core, for each beat of a node, for each call of that
      node, for each node; ``call_us``, ``call_node_us``, ``turn_us``: for a call, for each node then, and for each of
      its turns, without beats; ``..._ops``: its commands, those of scripts among them. ``python -m bench.beats``,
      2026-11-29; a turn 2026-11-30.
    * ``kamailio_call_us``: of all its processes, for a call. ``python deploy/try/costs.py``, 2026-11-29.
    """

    calls_a_node: int = 100
    beat_us: float = 70
    beat_call_us: float = 0.2
    beat_node_us: float = 0.6
    beat_ops: float = 14
    beat_call_ops: float = 0
    call_us: float = 280
    call_node_us: float = 1.4
    call_ops: float = 20
    call_node_ops: float = 2
    turn_us: float = 58
    turn_ops: float = 5
    kamailio_call_us: float = 1440
    kamailio_cores: int = 4


@dataclass(frozen=True, slots=True)
class Demand:
    """``calls`` at once, of ``mean_s`` each with ``turns``. ``spare``: nodes that may be away, as in an upgrade or
    after a crash, without a call being refused."""

    calls: int
    mean_s: float = 180.0
    turns: int = 15
    spare: int = 1
    lease_s: float = LEASE_S


@dataclass(frozen=True, slots=True)
class Fleet:
    """What it comes to. Shares are of what there is one of: 1 is full."""

    nodes: int
    calls_a_s: float
    redis_ops_s: float
    redis_core: float
    kamailio_core: float
    kamailio: float
    media_mbit_s: float
    taken_over_each: int
    """How many calls each node takes over when one dies."""

    def shares(self) -> dict[str, float]:
        """How full is what there is one of."""
        return {"Redis (one core)": self.redis_core, "Kamailio (its processes)": self.kamailio}


def size(demand: Demand, costs: Costs) -> Fleet:
    """The fleet for a demand."""
    serving = max(1, math.ceil(demand.calls / costs.calls_a_node))
    nodes = serving + demand.spare
    arrivals = demand.calls / demand.mean_s
    beats = nodes * BEATS / demand.lease_s
    beat_us = costs.beat_us + costs.beat_call_us * demand.calls / nodes + costs.beat_node_us * nodes
    beat_ops = costs.beat_ops + costs.beat_call_ops * demand.calls / nodes
    call_us = costs.call_us + costs.call_node_us * nodes + costs.turn_us * demand.turns
    call_ops = costs.call_ops + costs.call_node_ops * nodes + costs.turn_ops * demand.turns
    kamailio_core = arrivals * costs.kamailio_call_us / 1e6
    return Fleet(
        nodes=nodes,
        calls_a_s=arrivals,
        redis_ops_s=beats * beat_ops + arrivals * call_ops,
        redis_core=(beats * beat_us + arrivals * call_us) / 1e6,
        kamailio_core=kamailio_core,
        kamailio=kamailio_core / costs.kamailio_cores,
        media_mbit_s=2 * demand.calls * PACKETS_S * PACKET_BITS / 1e6,
        taken_over_each=math.ceil(demand.calls / nodes / max(1, nodes - 1)),
    )


def full_at(demand: Demand, costs: Costs, most: int = 1_000_000) -> tuple[str, int]:
    """What is full first as calls grow, and with how many: the smallest number, to one in a hundred."""
    low, high = 1, most
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        if max(size(replace(demand, calls=middle), costs).shares().values()) < 1:
            low = middle
        else:
            high = middle
    shares = size(replace(demand, calls=high), costs).shares()
    return max(shares, key=lambda name: shares[name]), high


def told(demand: Demand, costs: Costs) -> Iterator[str]:
    """The result in words."""
    fleet = size(demand, costs)
    processes = f"{fleet.kamailio:.1%} of {costs.kamailio_cores} processes"
    asked = f"{demand.calls} calls at once, of {demand.mean_s:g} s and {demand.turns} turns"
    yield f"{asked}; {fleet.calls_a_s:.1f} begin in a second"
    yield f"  nodes        {fleet.nodes}, {demand.spare} of them to spare, with at most {costs.calls_a_node} calls each"
    yield f"  audio        {fleet.media_mbit_s:.0f} Mbit/s in all, {fleet.media_mbit_s / fleet.nodes:.1f} at a node"
    yield f"  Redis        {fleet.redis_ops_s:.0f} commands a second, {fleet.redis_core:.0%} of its core"
    yield f"  Kamailio     {fleet.kamailio_core:.1%} of a core, {processes}"
    yield f"  a node dies  each other one goes on with {fleet.taken_over_each} of its calls"
    what, calls = full_at(demand, costs)
    yield f"  full first   {what}, at about {calls} calls"


def main() -> int:
    """Print it."""
    parser = argparse.ArgumentParser(description="A fleet on paper.")
    usual = Demand(0)
    parser.add_argument("--calls", type=int, default=10_000, help="at once (default: %(default)s)")
    parser.add_argument("--mean-s", type=float, default=usual.mean_s, help="of a call (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=usual.turns, help="of a call (default: %(default)s)")
    parser.add_argument("--spare", type=int, default=usual.spare, help="nodes that may be away (default: %(default)s)")
    parser.add_argument("--lease-s", type=float, default=usual.lease_s, help="fleet.lease_s (default: %(default)s)")
    given = parser.parse_args()
    print("\n".join(told(Demand(given.calls, given.mean_s, given.turns, given.spare, given.lease_s), Costs())))
    return 0


if __name__ == "__main__":
    sys.exit(main())

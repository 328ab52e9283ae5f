"""The calls that a node has been granted: each holds a place in the fleet, and one of its trunk, until it is over."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """The most calls at once of all nodes, and by trunk; 0, or no entry: no limit."""

    calls: int = 0
    of_trunks: Mapping[str, int] = field(default_factory=dict)

    def of(self, trunk: str) -> int:
        return self.of_trunks.get(trunk, 0)


class Claim:
    """A place. ``trunk``: that of the call; empty if its trunk has no limit. ``name``: of a place that there is
    already, at a node that is gone."""

    def __init__(self, trunk: str, over: Callable[[Claim], None], name: str = "") -> None:
        self.id = name or secrets.token_hex(8)
        self.trunk = trunk
        self._over = over

    def release(self) -> None:
        """The call is over. Harmless when repeated."""
        self._over(self)


class Claims:
    """Those of this node. ``freed`` gets each that is released."""

    def __init__(self, limits: Limits, freed: Callable[[Claim], None]) -> None:
        self.limits = limits
        self._freed = freed
        self._held: dict[str, Claim] = {}

    def __len__(self) -> int:
        return len(self._held)

    def make(self, trunk: str, name: str = "") -> Claim:
        """A claim for a call by ``trunk``, which is not held before :meth:`hold`."""
        return Claim(trunk if self.limits.of(trunk) else "", self._release, name)

    def hold(self, claim: Claim) -> None:
        self._held[claim.id] = claim

    def held(self) -> list[Claim]:
        return list(self._held.values())

    def _release(self, claim: Claim) -> None:
        if self._held.pop(claim.id, None) is not None:
            self._freed(claim)

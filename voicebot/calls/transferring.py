"""Handing a caller on: to whom that is allowed, and how a target is addressed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voicebot.calls.targets import AllowedTargets
from voicebot.calls.transfer_headers import transfer_headers
from voicebot.legs import Leg, TransferOutcome

PARTING_S = 0.25
"""Between the last packet and the BYE or REFER: a phone still holds some in its jitter buffer when the next arrives."""


@dataclass(frozen=True, slots=True)
class TransferRules:
    """``allow``: patterns of targets, see :mod:`voicebot.calls.targets`; ``fallback`` is allowed in any case.

    ``domain``: where bare numbers go, ``""`` for the other side's own.
    """

    allow: tuple[str, ...] = ("*", "*@*")
    domain: str = ""
    fallback: str = ""


class Transferring:
    """The transfers of one call."""

    def __init__(self, leg: Leg, rules: TransferRules) -> None:
        self._leg = leg
        self._rules = rules
        info = leg.info
        other = info.callee_uri if info.direction == "outbound" else info.caller_uri
        self._domain = rules.domain or other.rpartition("@")[2].partition(">")[0]

    async def to(self, target: str, context: Mapping[str, Any]) -> TransferOutcome:
        """Hand the caller to ``target``; returns when the outcome is known. Never raises."""
        if not self.may(target):
            return TransferOutcome(False, 403, "the target is not allowed")
        await asyncio.sleep(PARTING_S)
        return await self._leg.transfer(self.uri(target), transfer_headers(context))

    def may(self, target: str) -> bool:
        if target and target == self._rules.fallback:
            return True
        return AllowedTargets(self._rules.allow, [self._domain]).allows(target)

    def uri(self, target: str) -> str:
        if re.match(r"(?i)(?:sips?|tel):", target):
            return target
        return f"sip:{target}" if "@" in target else f"sip:{target}@{self._domain}"

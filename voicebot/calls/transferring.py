"""Handing a caller on: to whom that is allowed, and how.

*Blind*: the caller's side is asked to call the target (REFER); what it does with that, we are told or not.
*Attended*: the caller is put on hold and hears a tone, the target is called, told what the bot wants it to know, and
only then is the caller's side asked to take that call over (REFER with Replaces, RFC 3891). A target that is busy or
does not answer costs the caller nothing but time: they are back with the bot, which is told why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voicebot.address import Address, Domain
from voicebot.calls.consultation import Consultation
from voicebot.calls.playback import Playback
from voicebot.calls.targets import AllowedTargets
from voicebot.calls.tones import WaitingTone
from voicebot.calls.transfer_headers import transfer_headers
from voicebot.legs import Leg, NoRoom, TransferOutcome
from voicebot.rtp import Playout

PARTING_S = 0.25
"""Between the last packet and the BYE or REFER: a phone still holds some in its jitter buffer when the next arrives."""
MAX_ANNOUNCEMENT = 2000

Consult = Callable[[Address, str, Mapping[str, str]], Awaitable[Leg]]
"""Calls a target by the caller's trunk, with headers. Raises :class:`NoRoom`, ValueError."""


@dataclass(frozen=True, slots=True)
class TransferRules:
    """``allow``: patterns of targets, see :mod:`voicebot.calls.targets`; ``fallback`` is allowed in any case.

    ``domain``: where bare numbers go, None for the other side's own. ``consult``: without it there are only blind
    transfers.
    """

    allow: tuple[str, ...] = ("*", "*@*")
    domain: Domain | None = None
    fallback: Address | None = None
    consult: Consult | None = None


class Transferring:
    """The transfers of one call. ``speaker(playout)`` makes what speaks to whom the caller is handed on to."""

    def __init__(self, leg: Leg, rules: TransferRules, speaker: Callable[[Playout], Playback]) -> None:
        self._leg = leg
        self._rules = rules
        self._speaker = speaker
        self._domain = rules.domain or leg.info.domain

    async def to(self, target: Address, context: Mapping[str, Any]) -> TransferOutcome:
        """Hand the caller to ``target``; returns when the outcome is known. Never raises.

        ``context``: ``attended`` chooses the way, ``announcement`` is said to the target, and what else
        :mod:`voicebot.calls.transfer_headers` finds.
        """
        if not self.may(target):
            return TransferOutcome(False, 403, "the target is not allowed")
        if context.get("attended") is True and self._rules.consult is not None:
            return await self._attended(self._rules.consult, target, context)
        await asyncio.sleep(PARTING_S)
        return await self._leg.transfer(target if target.tel else self._placed(target), transfer_headers(context))

    async def _attended(self, consult: Consult, target: Address, context: Mapping[str, Any]) -> TransferOutcome:
        said = context.get("announcement")
        announcement = said[:MAX_ANNOUNCEMENT] if isinstance(said, str) else ""
        headers = transfer_headers(context)
        target = self._placed(target)
        self._leg.hold(True)
        async with WaitingTone(self._leg.playout):
            try:
                leg = await consult(target, self._leg.info.trunk, headers)
            except (NoRoom, ValueError) as error:
                outcome = TransferOutcome(False, 0, str(error))
            else:
                async with Consultation(leg, self._speaker) as consultation:
                    failed = await consultation.reach()
                    if failed is None:
                        await consultation.announce(announcement)
                    outcome = failed or await self._leg.transfer(target, headers, replaces=leg)
        if not outcome.accepted:
            self._leg.hold(False)
        return outcome

    def may(self, target: Address) -> bool:
        """Whether ``target`` is on the list."""
        if target == self._rules.fallback:
            return True
        return AllowedTargets(self._rules.allow, [self._domain] if self._domain is not None else []).allows(target)

    def _placed(self, target: Address) -> Address:
        """``target`` in the domain where numbers go; as it is where none is known, which the leg then tells."""
        return target.at(self._domain) if self._domain is not None else target

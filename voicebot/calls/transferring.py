"""Transfers: to which targets they are allowed, and how they are carried out.

*Blind*: the caller's side is asked to call the target (REFER); it may or may not tell us the result. *Attended*: the
caller is put on hold and hears a tone; the target is called and hears the bot's announcement; then the caller's side is
asked to take that call over (REFER with Replaces, RFC 3891). If the target is busy or does not answer, the caller is
back with the bot, which is told why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from voicebot.address import Address, Domain
from voicebot.call_headers import carrying
from voicebot.calls.consultation import Consultation
from voicebot.calls.playback import Playback
from voicebot.calls.targets import AllowedTargets
from voicebot.calls.tones import WaitingTone
from voicebot.events import TransferEnded
from voicebot.legs import Keepable, Leg, NoRoom
from voicebot.legs.operations import Operated
from voicebot.rtp import Playout
from voicebot.turns import Transfer

PARTING_S = 0.25
"""The pause before a BYE or REFER: a phone still has the last packets in its jitter buffer and would not play them."""

Consult = Callable[[Address, str, Mapping[str, str]], Awaitable[Leg]]
"""Calls a target by the caller's trunk, with headers. Raises :class:`NoRoom`, ValueError."""


@dataclass(frozen=True, slots=True)
class TransferRules:
    """``allow``: patterns of targets (:mod:`voicebot.calls.targets`); ``fallback`` is allowed in any case.

    ``domain``: the one to which bare numbers go; None: that of the caller's trunk. ``consult``: without it, all
    transfers are blind. ``carry_id``: transfers carry the id of the call (:func:`voicebot.call_headers.carrying`).
    """

    allow: tuple[str, ...] = ()
    domain: Domain | None = None
    fallback: Address | None = None
    consult: Consult | None = None
    carry_id: bool = False


class Transferring:
    """The transfers of the call ``call``. ``speaker(playout)`` makes the playback for the target of an attended
    transfer."""

    def __init__(self, call: str, leg: Leg, rules: TransferRules, speaker: Callable[[Playout], Playback]) -> None:
        self._call = call
        self._leg = leg
        self._rules = rules
        self._speaker = speaker
        self._domain = rules.domain or leg.info.domain
        self._consulted: Leg | None = None
        """Who is called, or has answered, in an attended transfer."""

    def kept(self) -> dict[str, Any] | None:
        """What another process needs to hang up on who is consulted; None: nobody is, or has not answered yet."""
        return self._consulted.kept() if isinstance(self._consulted, Keepable) else None

    async def carry_out(self, transfer: Transfer) -> TransferEnded:
        """Transfer the caller. Returns when the outcome is known. Never raises."""
        target = transfer.target
        if self._rules.carry_id:
            transfer = replace(transfer, headers=carrying(self._call, transfer.headers))
        if not self._may(target):
            return self._failed("the target is not allowed", 403)
        if self._domain is None and target.domain is None and (transfer.attended or not target.tel):
            return self._failed(f"whose number is {target}? The call came by no trunk: set calls.transfer_domain")
        if transfer.attended and isinstance(self._leg, Operated) and self._leg.operations is not None:
            return self._failed("an attended transfer needs the audio of the call, which the platform has", 501)
        if transfer.attended and self._rules.consult is not None:
            return await self._attended(self._rules.consult, self._placed(target), transfer)
        await asyncio.sleep(PARTING_S)
        return await self._leg.transfer(target if target.tel else self._placed(target), transfer.headers)

    async def _attended(self, consult: Consult, target: Address, transfer: Transfer) -> TransferEnded:
        self._leg.hold(True)
        async with WaitingTone(self._leg.playout):
            try:
                leg = await consult(target, self._leg.info.trunk, transfer.headers)
            except (NoRoom, ValueError) as error:
                ended = self._failed(str(error))
            else:
                self._consulted = leg
                async with Consultation(leg, self._speaker) as consultation:
                    failed = await consultation.reach()
                    if failed is None:
                        await consultation.announce(transfer.announcement)
                    ended = failed or await self._leg.transfer(target, transfer.headers, replaces=leg)
        self._consulted = None
        if not ended.accepted:
            self._leg.hold(False)
        return ended

    def _failed(self, message: str, status: int = 0) -> TransferEnded:
        return TransferEnded(asyncio.get_running_loop().time(), False, status, message)

    def why_not(self, target: Address | None) -> str:
        """Why nobody may be transferred to ``target``; empty if that is allowed. None: no fallback is set."""
        if target is None:
            return "to whom? There is no calls.fallback_transfer"
        return "" if self._may(target) else f"calls.transfer_allow does not have {target}"

    def _may(self, target: Address) -> bool:
        if target == self._rules.fallback:
            return True
        return AllowedTargets(self._rules.allow, [self._domain] if self._domain is not None else []).allows(target)

    def _placed(self, target: Address) -> Address:
        """``target`` with the domain to which numbers go. If none is known, as it is: the leg reports the failure."""
        return target.at(self._domain) if self._domain is not None else target

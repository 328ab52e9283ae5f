"""Handing a caller on: to whom that is allowed, and how.

*Blind*: the caller's side is asked to call the target (REFER); what it does with that, we are told or not.
*Attended*: the caller is put on hold and hears a tone, the target is called, told what the bot wants it to know, and
only then is the caller's side asked to take that call over (REFER with Replaces, RFC 3891). A target that is busy or
does not answer costs the caller nothing but time: they are back with the bot, which is told why.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

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

Consult = Callable[[str, str, Mapping[str, str]], Awaitable[Leg]]
"""Calls a target (a SIP URI) by the caller's trunk, with headers. Raises :class:`NoRoom`, ValueError."""


@dataclass(frozen=True, slots=True)
class TransferRules:
    """``allow``: patterns of targets, see :mod:`voicebot.calls.targets`; ``fallback`` is allowed in any case.

    ``domain``: where bare numbers go, ``""`` for the other side's own. ``consult``: without it there are only blind
    transfers.
    """

    allow: tuple[str, ...] = ("*", "*@*")
    domain: str = ""
    fallback: str = ""
    consult: Consult | None = None


class Transferring:
    """The transfers of one call. ``speaker(playout)`` makes what speaks to whom the caller is handed on to."""

    def __init__(self, leg: Leg, rules: TransferRules, speaker: Callable[[Playout], Playback]) -> None:
        self._leg = leg
        self._rules = rules
        self._speaker = speaker
        info = leg.info
        other = info.callee_uri if info.direction == "outbound" else info.caller_uri
        self._domain = rules.domain or other.rpartition("@")[2].partition(">")[0]

    async def to(self, target: str, context: Mapping[str, Any]) -> TransferOutcome:
        """Hand the caller to ``target``; returns when the outcome is known. Never raises.

        ``context``: ``attended`` chooses the way, ``announcement`` is said to the target, and what else
        :mod:`voicebot.calls.transfer_headers` finds.
        """
        if not self.may(target):
            return TransferOutcome(False, 403, "the target is not allowed")
        if context.get("attended") is True and self._rules.consult is not None:
            return await self._attended(self._rules.consult, target, context)
        await asyncio.sleep(PARTING_S)
        return await self._leg.transfer(self.uri(target), transfer_headers(context))

    async def _attended(self, consult: Consult, target: str, context: Mapping[str, Any]) -> TransferOutcome:
        said = context.get("announcement")
        announcement = said[:MAX_ANNOUNCEMENT] if isinstance(said, str) else ""
        headers = transfer_headers(context)
        uri = self.uri(target)
        if uri[:4].lower() == "tel:":
            uri = f"sip:{uri[4:].partition(';')[0]}@{self._domain}"
        self._leg.hold(True)
        async with WaitingTone(self._leg.playout):
            try:
                leg = await consult(uri, self._leg.info.trunk, headers)
            except (NoRoom, ValueError) as error:
                outcome = TransferOutcome(False, 0, str(error))
            else:
                async with Consultation(leg, self._speaker) as consultation:
                    failed = await consultation.reach()
                    if failed is None:
                        await consultation.announce(announcement)
                    outcome = failed or await self._leg.transfer(uri, headers, replaces=leg)
        if not outcome.accepted:
            self._leg.hold(False)
        return outcome

    def may(self, target: str) -> bool:
        """Whether ``target`` is on the list."""
        if target and target == self._rules.fallback:
            return True
        return AllowedTargets(self._rules.allow, [self._domain]).allows(target)

    def uri(self, target: str) -> str:
        """``target``, a number or URI, as a URI."""
        if re.match(r"(?i)(?:sips?|tel):", target):
            return target
        return f"sip:{target}" if "@" in target else f"sip:{target}@{self._domain}"

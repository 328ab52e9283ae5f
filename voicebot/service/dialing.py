"""By which front end a call of ours goes: its line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voicebot.address import Address
from voicebot.legs import Leg
from voicebot.legs.acs_front_end import AcsFrontEnd
from voicebot.legs.acs_options import ACS
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.sip import Line


class Dialing:
    """``acs``: None without Azure Communication Services."""

    def __init__(self, sip: SipFrontEnd, acs: AcsFrontEnd | None) -> None:
        self._sip = sip
        self._acs = acs
        self.lines: Mapping[str, Line] = sip.endpoint.lines
        """By name. Numbers can be called through Azure Communication Services if it has one to call from."""
        if acs is not None and acs.number:
            self.lines = {**self.lines, ACS: Line(ACS, acs.domain, Address(acs.number, acs.domain))}

    def fit(self, names: Sequence[str]) -> str:
        """The first of these lines that can take a call now; empty if none can."""
        return next((name for name in names if self._fits(name)), "")

    async def place(
        self,
        to: Address,
        *,
        line: str,
        sender: Address | None,
        headers: Mapping[str, str],
        ring_timeout_s: float,
        within_call: bool = False,
    ) -> Leg:
        """See :class:`voicebot.calls.outbound.Dial`."""
        if line == ACS and self._acs is not None:
            return await self._acs.place(
                to, sender=sender, headers=headers, ring_timeout_s=ring_timeout_s, within_call=within_call
            )
        return await self._sip.place(
            to, line=line, sender=sender, headers=headers, ring_timeout_s=ring_timeout_s, within_call=within_call
        )

    def _fits(self, name: str) -> bool:
        return (name == ACS and ACS in self.lines) or bool(self._sip.endpoint.fit_line([name]))

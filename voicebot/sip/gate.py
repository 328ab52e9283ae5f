"""Who may talk to the user agent: asked before anything is made of a request that belongs to nothing that we know.

The user agent only asks; what is known of trunks, accounts and rates is the business of :mod:`voicebot.sip.trunks`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from voicebot.sip.hop import Hop
from voicebot.sip.inspection import Refusal
from voicebot.sip.message import SipRequest


@dataclass(frozen=True, slots=True)
class Admission:
    """``trunk``: the name of the trunk that a request came by; ``drop``: not even an answer."""

    trunk: str = ""
    refusal: Refusal | None = None
    drop: bool = False


class Gate(Protocol):
    def silent(self, source: Hop, now: float) -> bool:
        """Whether ``source`` gets no answer whatever it sends: decided before its message is parsed."""

    def admit(self, request: SipRequest, source: Hop, now: float) -> Admission:
        """Judge a request that is in no transaction and in no dialog of ours."""

    def trusts(self, source: Hop) -> bool:
        """Whether ``source`` is a trunk or an account by its address."""

    @property
    def proven_flows(self) -> Collection[int]:
        """The connections on which somebody has proved to be a trunk."""


class OpenGate:
    """Everybody may call."""

    proven_flows: Collection[int] = ()

    def trusts(self, source: Hop) -> bool:
        return False

    def silent(self, source: Hop, now: float) -> bool:
        return False

    def admit(self, request: SipRequest, source: Hop, now: float) -> Admission:
        return Admission()

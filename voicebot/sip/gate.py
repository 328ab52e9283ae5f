"""Who may talk to the user agent: the interface that it asks about each request outside of its dialogs.

:mod:`voicebot.sip.trunks` implements it, with the rules for trunks, accounts and rates.
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
    """``trunk``: the name of the trunk that sent the request, empty if none did. ``refusal``: how to refuse it, None to
    admit it. ``drop``: do not even answer."""

    trunk: str = ""
    refusal: Refusal | None = None
    drop: bool = False


class Gate(Protocol):
    def silent(self, method: str, source: Hop, now: float, running: str = "") -> bool:
        """Whether a request with ``method`` from ``source`` is dropped without parsing it.

        ``running``: its Call-ID, if that is a running call's; then it takes a token of this source in this call.
        """

    def repeats(self, method: str, source: Hop, now: float) -> bool:
        """Whether ``source`` may have one more answer to a request that it repeats. It takes a token of its rate."""

    def admit(self, request: SipRequest, source: Hop, now: float) -> Admission:
        """Decide about a request that belongs to none of our transactions and dialogs."""

    def trusts(self, source: Hop) -> bool:
        """Whether ``source`` is a trunk or an account by its connection or its address."""

    @property
    def proven_flows(self) -> Collection[int]:
        """The connections on which somebody has proved to be a trunk."""


class OpenGate:
    """Everybody may call."""

    proven_flows: Collection[int] = ()

    def trusts(self, source: Hop) -> bool:
        return bool(source.trunk)

    def silent(self, method: str, source: Hop, now: float, running: str = "") -> bool:
        return False

    def repeats(self, method: str, source: Hop, now: float) -> bool:
        return True

    def admit(self, request: SipRequest, source: Hop, now: float) -> Admission:
        return Admission(source.trunk)

"""The options of a user agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voicebot import __version__
from voicebot.sip.call_table import SipLimits
from voicebot.sip.message import SipRequest
from voicebot.sip.siprec import is_from_recording_client
from voicebot.sip.symmetric import Symmetric
from voicebot.sip.transaction import SipTimers


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """``name``: for the User-Agent and Server headers. ``limits``: of transactions and calls.

    ``keepalive_s``: the interval of pings on idle connections, and of the keep-alives that hold NAT bindings towards
    registrars open (UDP). ``session_expires_s``: the session timer that we ask for (RFC 4028), 0 for none.
    ``symmetric``: whether trunks and accounts, by name, are answered to where they send from; "auto" if it has none.
    ``records``: whether an INVITE of a recording client through a trunk is taken as one (`siprec.py`); others are calls
    like any other.
    """

    name: str = f"voicebot/{__version__}"
    limits: SipLimits = field(default_factory=SipLimits)
    timers: SipTimers = field(default_factory=SipTimers)
    keepalive_s: float = 30.0
    session_expires_s: int = 1800
    symmetric: Mapping[str, Symmetric] = field(default_factory=dict)
    records: Callable[[SipRequest, str], bool] = lambda _request, _trunk: False

    def takes_recording(self, request: SipRequest, trunk: str) -> bool:
        """Whether ``request`` is an INVITE of a recording client that is taken as one."""
        return self.records(request, trunk) and is_from_recording_client(request)

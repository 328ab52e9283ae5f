"""The extension at a PBX by means of pyVoIP, made from the settings (docs/pyvoip.md).

pyVoIP is an extra, so it is imported only if the settings need it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib.util import find_spec
from typing import Protocol

from voicebot.legs import Leg
from voicebot.listening.cannot_listen import bind_error, cannot_listen
from voicebot.rtp import MediaClock, PortRange
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings


class FrontEnd(Protocol):
    """Accepts calls, and gives each away as a leg."""

    @property
    def active(self) -> int:
        """The number of calls that have not ended."""

    def drain(self) -> None: ...

    async def close(self) -> None: ...


def require_pyvoip() -> None:
    """Raise :class:`NotReady` if the extra is not installed."""
    if missing := [name for name in ("pyVoIP", "audioop") if find_spec(name) is None]:
        raise NotReady(f"pyvoip.server: {missing[0]} is not installed: pip install 'voicebot[pyvoip]'")


async def register_by_pyvoip(
    settings: Settings, clock: MediaClock, ports: PortRange, on_leg: Callable[[Leg], object]
) -> FrontEnd:
    """Register, and accept calls from then on. Raises :class:`NotReady`.

    ``ports``: those of the other front end, which are used if that has the same address.
    """
    from voicebot.legs.pyvoip_front_end import PyVoipFrontEnd, RegistrationRefused
    from voicebot.legs.pyvoip_phone import PyVoipAccount

    wanted, rtp = settings.pyvoip, settings.rtp
    error = bind_error(socket.SOCK_DGRAM, wanted.host, wanted.sip_port)
    if error is not None:  # pyVoIP would tell it as if the PBX could not be reached
        why = cannot_listen(error, host="pyvoip.host", port="pyvoip.sip_port")
        raise NotReady(why.at(f"{wanted.host}:{wanted.sip_port}"))
    account = PyVoipAccount(
        wanted.server, wanted.username, wanted.password(), wanted.host, wanted.port, wanted.sip_port
    )
    front_end = PyVoipFrontEnd(
        account,
        on_leg,
        clock=clock,
        ports=ports if ports.host == wanted.host else PortRange(rtp.port_low, rtp.port_high, wanted.host),
        limit=wanted.max_calls,
        silence_timeout_s=rtp.silence_timeout_s,
    )
    try:
        await front_end.start()
    except (RegistrationRefused, OSError) as refused:
        raise NotReady(f"pyvoip: {refused}: see server, username and password_file") from refused
    return front_end

"""How bots ask for a transfer, by several conventions: the content of their activity's value. Pure.

======================================================  ===============================================================
in the value                                            meaning
======================================================  ===============================================================
``headers``, ``sipUuiHeader`` and ``sipxHeaders``       SIP headers for the target (``voicebot/call_headers.py``)
(Copilot Studio), ``transferSipHeaders`` (AudioCodes)
``attended``                                            whether we call the target first; missing: as the settings say
``announcement``                                        what the target then hears before it gets the caller
======================================================  ===============================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from voicebot.address import Address, AddressError
from voicebot.call_headers import passed_on
from voicebot.events import TransferAsked

MAX_ANNOUNCEMENT = 2000


def transfer_asked(at: float, target: Any, value: Mapping[str, Any]) -> TransferAsked:
    """The event for a transfer to ``target``; without an address in it, the settings decide. Never raises."""
    attended, announcement = value.get("attended"), value.get("announcement")
    return TransferAsked(
        at,
        _address(target),
        passed_on(_headers(value)),
        attended if isinstance(attended, bool) else None,
        announcement[:MAX_ANNOUNCEMENT] if isinstance(announcement, str) else "",
    )


def _address(text: Any) -> Address | None:
    try:
        return Address.parse(text) if isinstance(text, str) else None
    except AddressError:
        return None


def _headers(value: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for name in ("sipUuiHeader", "SipUuiHeader"):
        if name in value:
            yield "User-to-User", value[name]
    for name in ("headers", "sipxHeaders", "sipXHeaders", "SipXHeaders", "transferSipHeaders"):
        given = value.get(name)
        if isinstance(given, Mapping):
            yield from given.items()
        elif isinstance(given, list):
            yield from ((item.get("name"), item.get("value")) for item in given if isinstance(item, Mapping))

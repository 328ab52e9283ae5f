"""The checks that apply to every request (RFC 3261 8.2.1 to 8.2.3), as one pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicebot.sip import info_keys
from voicebot.sip.body import METADATA_TYPES, MULTIPARTS, is_understood, part_in
from voicebot.sip.message import SDP_TYPE, SipRequest

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "REFER", "NOTIFY", "PRACK")
"""The methods that we support."""
ALLOW = ", ".join(METHODS)
_OTHER_METHODS = frozenset({"REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE"})
EXTENSIONS: frozenset[str] = frozenset({"100rel", "replaces", "timer"})
"""The option tags that we support."""
RECORDING = "siprec"
"""The option tag of recording sessions (RFC 7866), supported where calls are recorded."""
SUPPORTED = ", ".join(sorted(EXTENSIONS))
_BODIES: Mapping[str, tuple[str, ...]] = {
    "INVITE": (SDP_TYPE,),
    "UPDATE": (SDP_TYPE,),
    "INFO": info_keys.TYPES,
}
"""What a body must have, by method. The body of a NOTIFY is judged by who has subscribed (`refer.py`)."""
ACCEPT = ", ".join(sorted({*(kind for kinds in _BODIES.values() for kind in kinds), "message/sipfrag", *MULTIPARTS}))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failure response: its status, and the headers that it must have."""

    status: int
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)


def inspect(request: SipRequest, *, recording: bool = False) -> Refusal | None:
    """Check method, extensions, body and Accept. Returns the refusal for the first that we do not support, or None.

    ``recording``: it is of a recording session that we take.
    """
    if request.method not in METHODS:
        return Refusal(405 if request.method in _OTHER_METHODS else 501, {"Allow": ALLOW})
    supported = EXTENSIONS | {RECORDING} if recording else EXTENSIONS
    unknown = [tag for tag in request.tokens("Require") if tag not in supported]
    if unknown:
        return Refusal(420, {"Unsupported": ", ".join(unknown)})
    bodies = _BODIES.get(request.method)
    if recording and bodies is not None:
        bodies = (*bodies, *METADATA_TYPES)
    if request.headers.get("Info-Package") and part_in(request, info_keys.TYPES) is None:
        return Refusal(469, {"Recv-Info": ""})  # RFC 6086 4.2.2: we want none of the packages
    if bodies is not None and not is_understood(request, bodies):
        return Refusal(415, {"Accept": ", ".join((*bodies, *MULTIPARTS)), "Accept-Encoding": "identity"})
    accept = [kind.partition(";")[0].strip().lower() for kind in request.tokens("Accept")]
    if request.method == "INVITE" and accept and not {SDP_TYPE, "application/*", "*/*"} & set(accept):
        return Refusal(406)
    return None

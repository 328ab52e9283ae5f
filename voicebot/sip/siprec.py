"""How a recording client (SIPREC, RFC 7866) can be told from a caller, by its INVITE, and asked to record. Pure.

Few clients give all the signs. What comes without any is a call like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from voicebot.sip.body import metadata_in
from voicebot.sip.inspection import RECORDING
from voicebot.sip.message import SipRequest

CLIENT_TAGS = ("+sip.src", "src")
"""The feature tag of a recording client in its Contact, as RFC 7866 has it and as its drafts had."""
PARTICIPANT_HEADER = "X-Cisco-Recording-Participant"
"""Of network-based recording, which has no metadata: one participant a line, ``sip:7001@host;media-index="1"``."""


def is_from_recording_client(request: SipRequest) -> bool:
    """Whether the request is an INVITE that begins a recording session."""
    return request.method == "INVITE" and (
        RECORDING in request.tokens("Require")
        or any(tag in contact.params for contact in request.contact for tag in CLIENT_TAGS)
        or any(f";{CLIENT_TAGS[0]}" in contact.uri.lower() for contact in request.contact)  # Avaya: within the URI
        or bool(request.headers.get(PARTICIPANT_HEADER))
        or metadata_in(request) is not None
    )


def on_demand(action: Literal["start", "stop"], group: str) -> Mapping[str, str]:
    """The headers of an INFO, within a call with an AudioCodes SBC, that has it begin or end a recording session for
    that call. ``group``: its IP group that leads to the recording server; several are joined by commas.

    What is recorded is the call's other leg, which goes on when the SBC connects it with somebody else instead of us.
    https://techdocs.audiocodes.com/session-border-controller-sbc/mediant-software-sbc/user-manual/version-740/
    """
    side = ";recorded-side=peer" if action == "start" else ""
    return {"X-AC-Action": f"{action}-siprec;recording-ip-group={group}{side}"}

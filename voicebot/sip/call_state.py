"""The state that the parts of one call share: its INVITE, its phase, its dialog.

Each field has one writer: ``invite`` of an outgoing call is written by its :class:`~voicebot.sip.calling.Calling`, all
others by the call. The parts only read them; they return their results, or report them through their
:class:`~voicebot.sip.wire.Wire`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from voicebot.sip.credentials import Credentials
from voicebot.sip.dialog import SipDialog
from voicebot.sip.hop import Hop
from voicebot.sip.inspection import ALLOW, RECORDING, SUPPORTED
from voicebot.sip.invitation import CLIENT_FEATURE
from voicebot.sip.message import SipRequest, SipResponse, response_to
from voicebot.sip.symmetric import Symmetric

SERVER_FEATURE = ";+sip.srs"
"""In the Contact of a recording server."""


class CallPhase(Enum):
    OFFERED = auto()
    ANSWERED = auto()
    CALLING = auto()
    CONFIRMED = auto()
    ENDED = auto()


@dataclass(slots=True, eq=False)
class CallState:
    """``invite``: the INVITE; of an outgoing call the latest attempt. ``source``: where it came from, or was sent to.

    ``local_tag`` and ``contact``: our tag and our Contact, to which a recording session adds what we are. ``trunk``:
    the name of the call's trunk or account, empty if it has none. ``credentials``: for challenges of our requests.
    ``symmetric``: of its dialogs.
    """

    invite: SipRequest
    source: Hop
    local_tag: str
    contact: str
    outgoing: bool
    phase: CallPhase
    trunk: str = ""
    credentials: Credentials | None = field(default=None, repr=False)
    dialog: SipDialog | None = None
    """The call's dialog; an outgoing call has none before it is answered."""
    symmetric: Symmetric = "auto"
    peer_takes_update: bool = False
    recording: bool = False
    """Whether it is a recording session (RFC 7866): the side that has placed it tells of a call that others have."""

    def __post_init__(self) -> None:
        if self.recording:
            self.contact += CLIENT_FEATURE if self.outgoing else SERVER_FEATURE

    @property
    def is_up(self) -> bool:
        return self.phase is CallPhase.CONFIRMED

    def response(self, request: SipRequest, status: int) -> SipResponse:
        """A response that creates a dialog or refreshes its target (RFC 3261 12.1.1)."""
        response = response_to(request, status, to_tag=self.local_tag)
        if routes := request.headers.getlist("Record-Route"):
            response.headers.setlist("Record-Route", list(routes))
        response.headers.set("Contact", self.contact)
        if status >= 200:
            response.headers.set("Allow", ALLOW)
            response.headers.set("Supported", f"{SUPPORTED}, {RECORDING}" if self.recording else SUPPORTED)
        return response

"""Session descriptions as message bodies."""

from __future__ import annotations

from voicebot.sip.message import SDP_TYPE, SipRequest, SipResponse
from voicebot.sip.sdp import SessionDescription


def has_session(message: SipRequest | SipResponse) -> bool:
    return bool(message.body) and message.content_type == SDP_TYPE


def session_in(message: SipRequest | SipResponse) -> SessionDescription | None:
    """The session description in a message's body, None if there is none. Raises :class:`SdpError`."""
    return SessionDescription.parse(message.body) if has_session(message) else None


def put_session(message: SipRequest | SipResponse, session: SessionDescription | None) -> None:
    if session is not None:
        message.headers.set("Content-Type", SDP_TYPE)
        message.body = bytes(session)

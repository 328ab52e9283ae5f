"""What we look for in message bodies: a session description, a key, the outcome of a transfer, recording metadata.

It may be the body itself or one part of a multipart. Parts of other types beside it are passed over, unless they say
``handling=required``. (RFC 5621 takes every part for required that does not say ``optional``; the gateways that leave
it out do not mean that.)
"""

from __future__ import annotations

from collections.abc import Collection

from voicebot.sip.message import SDP_TYPE, SipRequest, SipResponse
from voicebot.sip.multipart import BodyPart, read_parts
from voicebot.sip.sdp import SessionDescription

MULTIPARTS = ("multipart/mixed", "multipart/alternative")
"""The multiparts that we say we accept; others are read as mixed."""
_BOUNDARY = "voicebot-recording-session"
_ABOUT_IT = ("Content-Disposition", "Content-Encoding", "Content-Transfer-Encoding")
_SESSION = (SDP_TYPE,)
METADATA_TYPES = ("application/rs-metadata+xml", "application/rs-metadata")
"""The metadata of a recording session: as RFC 7866 says, and as it did before RFC 9806."""


def part_in(message: SipRequest | SipResponse, types: Collection[str]) -> BodyPart | None:
    """The first part of one of ``types``, None if there is none."""
    if not message.body:
        return None
    return next((part for part in _parts(message, types) if part.is_one_of(types)), None)


def is_understood(message: SipRequest, types: Collection[str]) -> bool:
    """Whether nothing of the body must be understood that is not of ``types``."""
    if not message.body:
        return True
    parts = _parts(message, types)
    found = any(part.is_one_of(types) for part in parts)
    needed = ("required",) if found else ("required", "")
    return all(part.is_one_of(types) for part in parts if part.handling in needed)


def has_session(message: SipRequest | SipResponse) -> bool:
    return part_in(message, _SESSION) is not None


def session_in(message: SipRequest | SipResponse) -> SessionDescription | None:
    """The session description in a message's body, None if there is none. Raises :class:`SdpError`."""
    part = part_in(message, _SESSION)
    return SessionDescription.parse(part.content) if part is not None and part.content is not None else None


def metadata_in(message: SipRequest | SipResponse) -> bytes | None:
    """The metadata of a recording session (RFC 7865) in a message's body, None if there is none."""
    parts = _parts(message, METADATA_TYPES) if message.body else []
    found = (part for part in parts if part.is_one_of(METADATA_TYPES) or part.disposition == "recording-session")
    return next((part.content for part in found if part.content is not None), None)


def put_session(message: SipRequest | SipResponse, session: SessionDescription | None) -> None:
    if session is not None:
        message.headers.set("Content-Type", SDP_TYPE)
        message.body = bytes(session)


def put_session_and_metadata(request: SipRequest, session: SessionDescription, metadata: bytes) -> None:
    """``metadata``: of a recording session (RFC 7866 7.1); empty: there is none."""
    put_session(request, session)
    if metadata:
        parts = (
            b"Content-Type: %s\r\n\r\n%s" % (SDP_TYPE.encode(), bytes(session)),
            b"Content-Type: %s\r\nContent-Disposition: recording-session\r\n\r\n%s"
            % (METADATA_TYPES[0].encode(), metadata),
        )
        request.headers.set("MIME-Version", "1.0")
        request.headers.set("Content-Type", f"multipart/mixed;boundary={_BOUNDARY}")
        delimiter = f"--{_BOUNDARY}".encode()
        request.body = b"".join(b"%s\r\n%s\r\n" % (delimiter, part) for part in parts) + delimiter + b"--\r\n"


def _parts(message: SipRequest | SipResponse, types: Collection[str]) -> list[BodyPart]:
    content_type = message.content_type
    headers = {name.lower(): value for name in _ABOUT_IT if (value := message.headers.get(name)) is not None}
    if content_type in types and not headers:
        return [BodyPart(content_type, "", "", message.body)]  # nearly always
    return read_parts({"content-type": message.headers.get("Content-Type") or "", **headers}, message.body, types)

"""SRTP and SRTCP (RFC 3711) for one call: a libsrtp context for each direction.

A context has the state of its key (roll-over counter, replay window), so it must live as long as the key: a session
refresh with the same key must not make a new context.

A sender who begins with another sequence number and without roll-overs, although key and SSRC are the same, is
followed: its packets are taken if their timestamps were never seen (:mod:`voicebot.rtp.freshness`).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from pylibsrtp import Error, Policy, Session

from voicebot.rtp.freshness import SeenTimestamps

_PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
_TAG_BYTES: Final = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}
_RTCP_TAG_BYTES: Final = 10
"""Also with HMAC_SHA1_32 (RFC 4568 6.2.2)."""
_TIMESTAMP_AND_SSRC: Final = struct.Struct("!4xII")


class NotAuthentic(ValueError):
    """The packet was not encrypted with the key, was received before, or is malformed."""


class MediaKey(NamedTuple):
    """An SRTP suite by its SDES name (RFC 4568), and master key and salt (30 bytes). ``mki``: the master key identifier
    that stands in each received packet, before the authentication tag (RFC 3711 3.1)."""

    suite: str
    key: bytes
    mki: bytes = b""

    def __repr__(self) -> str:
        return f"MediaKey({self.suite!r})"  # the key is a secret


class SecureStream:
    """Both directions of one call. ``local``: the key of what we send; ``remote``: of what the other side sends."""

    __slots__ = ("_inbound", "_inbound_rtcp", "_outbound", "_seen", "local", "remote")

    def __init__(self, local: MediaKey, remote: MediaKey, previous: SecureStream | None = None) -> None:
        """Contexts of ``previous`` are kept if their key is the same. Raises ValueError for an unknown suite."""
        for one in (local, remote):
            if one.suite not in _PROFILES:
                raise ValueError(f"unsupported SRTP suite: {one.suite}")
        self.local, self.remote = local, remote
        self._outbound: Session
        self._inbound: Session
        self._seen: SeenTimestamps
        self._inbound_rtcp: Session  # apart, because RTCP does not begin anew with RTP
        if previous is not None and previous.local == local:
            self._outbound = previous._outbound
        else:
            self._outbound = _context(local, Policy.SSRC_ANY_OUTBOUND)
        if previous is not None and previous.remote == remote:
            self._inbound, self._inbound_rtcp = previous._inbound, previous._inbound_rtcp
            self._seen = previous._seen
        else:
            self._inbound = _context(remote, Policy.SSRC_ANY_INBOUND)
            self._inbound_rtcp = _context(remote, Policy.SSRC_ANY_INBOUND)
            self._seen = SeenTimestamps()

    def protect(self, packet: bytes) -> bytes:
        """Encrypt an RTP packet; each sequence number only once."""
        return self._outbound.protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        return self._outbound.protect_rtcp(packet)

    def unprotect(self, datagram: bytes) -> bytes:
        """The RTP packet in a datagram. Raises :class:`NotAuthentic` and nothing else."""
        datagram = self._without_mki(datagram, _TAG_BYTES[self.remote.suite])
        if len(datagram) < 12:
            raise NotAuthentic
        timestamp, ssrc = _TIMESTAMP_AND_SSRC.unpack_from(datagram)
        if self._seen.restarted and self._seen.is_used(ssrc, timestamp):
            raise NotAuthentic
        try:
            packet = self._inbound.unprotect(datagram)
        except (Error, ValueError) as error:
            if not self._seen.is_fresh(ssrc, timestamp):
                raise NotAuthentic from error
            packet = self._restarted(datagram, ssrc)
        self._seen.note(ssrc, timestamp)
        return packet

    def _restarted(self, datagram: bytes, ssrc: int) -> bytes:
        """The first packet of a sender who has begun anew. Raises :class:`NotAuthentic` if it is not."""
        try:
            _context(self.remote, Policy.SSRC_ANY_INBOUND).unprotect(datagram)
            self._inbound.remove_stream(ssrc)
            packet = self._inbound.unprotect(datagram)
        except (Error, ValueError) as error:
            raise NotAuthentic from error
        self._seen.restart()
        return packet

    def unprotect_rtcp(self, datagram: bytes) -> bytes:
        """The RTCP packet in a datagram. Raises :class:`NotAuthentic` and nothing else."""
        try:
            return self._inbound_rtcp.unprotect_rtcp(self._without_mki(datagram, _RTCP_TAG_BYTES))
        except (Error, ValueError) as error:
            raise NotAuthentic from error

    def _without_mki(self, datagram: bytes, tag_bytes: int) -> bytes:
        """The datagram as libsrtp reads it. The MKI is not authenticated, so one that is not there changes nothing."""
        mki = self.remote.mki
        at = len(datagram) - tag_bytes - len(mki)
        if not mki or at < 0 or datagram[at : at + len(mki)] != mki:
            return datagram
        return datagram[:at] + datagram[at + len(mki) :]


def _context(key: MediaKey, direction: int) -> Session:
    return Session(Policy(key=key.key, ssrc_type=direction, srtp_profile=_PROFILES[key.suite]))

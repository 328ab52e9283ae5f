"""SRTP: what passes, what does not, and that a session refresh does not begin anew."""

from __future__ import annotations

import pytest

from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.rtcp import ReceiverReport, build
from voicebot.rtp.srtp import MediaKey, NotAuthentic, SecureStream

ONE = MediaKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30)))
OTHER = MediaKey("AES_CM_128_HMAC_SHA1_80", bytes(range(30, 60)))
SHORT = MediaKey("AES_CM_128_HMAC_SHA1_32", bytes(range(30)))


def packet(sequence: int, ssrc: int = 7) -> bytes:
    return RtpPacket(0, False, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc, b"\x55" * 160).build()


def test_a_packet_passes_once_and_only_with_the_key() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    sealed = near.protect(packet(1))
    assert sealed != packet(1) and len(sealed) == len(packet(1)) + 10
    assert far.unprotect(sealed) == packet(1)
    for bad in (sealed, packet(2), sealed[:-1] + b"x", b"", b"x" * 3000, far.protect(packet(9))):
        with pytest.raises(NotAuthentic):
            far.unprotect(bad)


def test_the_short_tag_is_of_four_bytes_but_rtcp_keeps_the_long_one() -> None:
    near, far = SecureStream(SHORT, SHORT), SecureStream(SHORT, SHORT)
    assert len(near.protect(packet(1))) == len(packet(1)) + 4
    report = build(ReceiverReport(7, ()), "someone")
    sealed = near.protect_rtcp(report)
    assert len(sealed) == len(report) + 4 + 10  # the index, and RFC 4568's 80 bits
    assert far.unprotect_rtcp(sealed) == report
    with pytest.raises(NotAuthentic):
        far.unprotect_rtcp(sealed)


def test_the_sequence_may_wrap_before_and_after_a_refresh_with_the_same_keys() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    for sequence in range(65_500, 65_600):
        if sequence == 65_550:  # after the wrap: a context made anew would not know of it
            near, far = SecureStream(ONE, OTHER, near), SecureStream(OTHER, ONE, far)
        assert far.unprotect(near.protect(packet(sequence))) == packet(sequence)


def test_a_new_key_opens_only_what_is_made_with_it() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    old = near.protect(packet(1))
    new = MediaKey(ONE.suite, bytes(30))
    far = SecureStream(OTHER, new, far)
    with pytest.raises(NotAuthentic):
        far.unprotect(old)
    assert far.unprotect(SecureStream(new, OTHER).protect(packet(2))) == packet(2)


def test_an_unknown_suite_is_an_error_and_keys_are_not_shown() -> None:
    with pytest.raises(ValueError, match="F8"):
        SecureStream(MediaKey("F8_128_HMAC_SHA1_80", bytes(30)), ONE)
    assert "\\x" not in repr(ONE) and "30" not in repr(ONE)


def test_what_we_send_is_made_with_our_new_key() -> None:
    new = MediaKey(ONE.suite, bytes(30))
    near = SecureStream(new, OTHER, SecureStream(ONE, OTHER))
    assert SecureStream(OTHER, new).unprotect(near.protect(packet(1))) == packet(1)
    assert (near.local, near.remote) == (new, OTHER)

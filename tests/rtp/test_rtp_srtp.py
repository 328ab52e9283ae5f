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


@pytest.mark.parametrize(("key", "tag_bytes"), [(ONE, 10), (SHORT, 4)])
@pytest.mark.parametrize("mki", [b"\x01", b"\0\0\0\x07"])
def test_a_key_identifier_is_taken_out_of_each_packet_that_has_it(key: MediaKey, tag_bytes: int, mki: bytes) -> None:
    near, far = SecureStream(key, OTHER), SecureStream(OTHER, key._replace(mki=mki))
    sealed = near.protect(packet(1))
    named = sealed[:-tag_bytes] + mki + sealed[-tag_bytes:]
    assert far.unprotect(named) == packet(1)
    with pytest.raises(NotAuthentic):
        far.unprotect(named)
    other = near.protect(packet(2))
    for bad in (other[:-tag_bytes] + b"\x09" * len(mki) + other[-tag_bytes:], mki, mki * 5, b""):
        with pytest.raises(NotAuthentic):
            far.unprotect(bad)
    report = build(ReceiverReport(7, ()), "someone")
    sealed = near.protect_rtcp(report)
    assert far.unprotect_rtcp(sealed[:-10] + mki + sealed[-10:]) == report


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


def timed(sequence: int, timestamp: int, ssrc: int = 7) -> bytes:
    return RtpPacket(0, False, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, b"\x55" * 160).build()


@pytest.mark.parametrize("wraps", [0, 1])
@pytest.mark.parametrize("sequence", [1, 29_000, 29_940, 29_999, 30_000, 33_000, 64_000])
@pytest.mark.parametrize("timestamp", [30_000 * 160, 3_000_000_000, 2**32 - 20_000_000])
def test_a_sender_who_begins_anew_with_the_same_key_and_ssrc_is_followed(
    wraps: int, sequence: int, timestamp: int
) -> None:
    """After a hold, with a context of its own that is new: no roll-over, another sequence number."""
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    for number in range(29_900 - wraps * 65_536, 30_000):
        sealed = near.protect(timed(number, number * 160))
        if number % 7 == 0 or number > 29_990:
            far.unprotect(sealed)
    again = SecureStream(ONE, OTHER)
    for number in range(200):
        plain = timed(sequence + number, timestamp + number * 160)
        assert far.unprotect(again.protect(plain)) == plain


def test_what_was_recorded_before_a_sender_began_anew_is_a_replay_for_ever() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    never_received = near.protect(timed(29_000, 29_000 * 160))
    recorded = [near.protect(timed(number, number * 160)) for number in range(30_000, 30_300)]
    for sealed in recorded:
        far.unprotect(sealed)
    for sealed in (*recorded, never_received):
        with pytest.raises(NotAuthentic):
            far.unprotect(sealed)
    for sequence, timestamp in ((5, 40_000 * 160), (60_000, 3_000_000_000), (5, 3_100_000_000)):
        again = SecureStream(ONE, OTHER)
        recorded += [again.protect(timed(sequence + number, timestamp + number * 160)) for number in range(100)]
        for sealed in recorded[-100:]:
            far.unprotect(sealed)
        for sealed in recorded:
            with pytest.raises(NotAuthentic):
                far.unprotect(sealed)


def test_a_new_ssrc_has_sequence_numbers_of_its_own_and_the_old_one_may_begin_anew_after_it() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    for ssrc, sequence, timestamp in ((7, 20_000, 1), (8, 100, 900_000), (7, 300, 2_000_000), (7, 200, 9_000_000)):
        near = SecureStream(ONE, OTHER)
        for number in range(50):
            plain = timed(sequence + number, timestamp + number * 160, ssrc)
            assert far.unprotect(near.protect(plain)) == plain


def test_nobody_begins_anew_without_the_key() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    far.unprotect(near.protect(timed(20_000, 1_000)))
    for bad in (timed(3, 90_000) + bytes(10), SecureStream(OTHER, OTHER).protect(timed(3, 90_000))):
        with pytest.raises(NotAuthentic):
            far.unprotect(bad)
    assert far.unprotect(near.protect(timed(20_001, 1_160))) == timed(20_001, 1_160)


def test_a_sender_who_begins_anew_all_the_time_is_not_remembered_without_end() -> None:
    near, far = SecureStream(ONE, OTHER), SecureStream(OTHER, ONE)
    taken = 0
    for time in range(100):
        near = SecureStream(ONE, OTHER)
        try:
            far.unprotect(near.protect(timed(60_000 - 200 * time, 100_000_000 * time)))
            taken += 1
        except NotAuthentic:
            pass
    assert 20 < taken < 40

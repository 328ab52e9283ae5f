from __future__ import annotations

import pytest

from voicebot.rtp.source import SourceLock, literal

SIGNALLED, NAT, STRANGER, MOVED = ("10.0.0.1", 4000), ("192.0.2.1", 5555), ("198.51.100.9", 9), ("10.0.0.7", 6000)


def test_media_goes_to_the_signalled_address_until_a_packet_comes() -> None:
    lock = SourceLock()
    assert lock.target is None
    lock.signal(SIGNALLED, 0.0)
    assert lock.target == SIGNALLED
    assert lock.admits(NAT, 0.1)
    assert lock.target == NAT


def test_the_first_source_is_locked_and_others_are_foreign() -> None:
    lock = SourceLock()
    lock.signal(SIGNALLED, 0.0)
    assert lock.admits(NAT, 0.1)
    assert not lock.admits(STRANGER, 0.2)
    assert lock.admits(NAT, 100.0)


def test_the_signalled_address_takes_over_and_then_keeps_the_lock() -> None:
    lock = SourceLock()
    lock.signal(SIGNALLED, 0.0)
    assert lock.admits(STRANGER, 0.1)
    assert lock.admits(SIGNALLED, 0.2)
    assert not lock.admits(STRANGER, 0.3)
    assert lock.target == SIGNALLED


def test_a_source_may_lock_before_anything_was_signalled() -> None:
    lock = SourceLock()
    assert lock.admits(NAT, 0.0)
    lock.signal(SIGNALLED, 0.1)
    assert lock.target == NAT


def test_a_session_refresh_changes_nothing() -> None:
    lock = SourceLock()
    lock.signal(SIGNALLED, 0.0)
    lock.admits(NAT, 0.1)
    lock.signal(SIGNALLED, 5.0)
    assert lock.target == NAT
    assert lock.admits(NAT, 5.1)


def test_moved_media_is_not_held_by_the_last_packets_of_the_old_source() -> None:
    lock = SourceLock()
    lock.signal(SIGNALLED, 0.0)
    lock.admits(NAT, 0.1)
    lock.signal(MOVED, 10.0)
    assert lock.target == MOVED
    assert not lock.admits(NAT, 10.5)
    assert lock.admits(STRANGER, 10.6)  # the moved one, from behind its own NAT
    assert not lock.admits(NAT, 12.0)


def test_a_locked_source_that_is_then_signalled_is_not_barred() -> None:
    """A re-INVITE that names the address which the media came from all the time."""
    lock = SourceLock()
    lock.signal(SIGNALLED, 0.0)
    lock.admits(NAT, 0.1)
    lock.signal(NAT, 10.0)
    assert lock.target == NAT
    assert lock.admits(NAT, 10.01)
    assert not lock.admits(STRANGER, 10.02)


def test_the_old_source_may_lock_again_when_no_other_comes() -> None:
    lock = SourceLock()
    lock.signal(SIGNALLED, 0.0)
    lock.admits(NAT, 0.1)
    lock.signal(MOVED, 10.0)
    assert not lock.admits(NAT, 10.99)
    assert lock.admits(NAT, 11.0)


def test_addresses_are_compared_as_sockets_report_them() -> None:
    assert literal("::ffff:192.0.2.1") == "192.0.2.1"
    assert literal("2001:DB8::0:1") == "2001:db8::1"
    with pytest.raises(ValueError, match=r"example\.org"):
        literal("example.org")


def test_a_source_from_before_the_first_description_is_not_barred_by_it() -> None:
    lock = SourceLock()
    assert lock.admits(NAT, 0.0)
    lock.signal(SIGNALLED, 0.1)
    lock.signal(NAT, 0.2)
    assert lock.admits(NAT, 0.3)

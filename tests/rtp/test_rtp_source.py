from __future__ import annotations

import pytest

from voicebot.rtp.source import (
    MOVED_HOST_S,
    MOVED_S,
    STEADY_S,
    STRANGER_AFTER_S,
    SocketAddress,
    SourceLock,
    is_hidden,
    literal,
)

PUBLIC, STRANGER, MOVED = ("203.0.113.1", 4000), ("198.51.100.9", 9), ("203.0.113.7", 6000)
PRIVATE, NAT = ("10.0.0.1", 4000), ("192.0.2.1", 5555)
"""What a phone behind a NAT signals, and where its packets come from."""


def lock_on(signalled: SocketAddress, signalling: str = "", **others: str) -> SourceLock:
    lock = SourceLock(**others)  # type: ignore[arg-type]
    lock.expect(signalling)
    lock.signal(signalled, 0.0)
    return lock


def stream(lock: SourceLock, source: SocketAddress, begin: float, seconds: float, **others: bool) -> list[bool]:
    """What becomes of each packet of a stream of ``source``, one in 20 ms."""
    count = round(seconds / 0.02)
    return [lock.admits(source, begin + 0.02 * n, **others) for n in range(count)]  # type: ignore[arg-type]


def test_media_goes_to_the_signalled_address_and_comes_from_there() -> None:
    lock = SourceLock()
    assert lock.target is None
    lock.signal(PUBLIC, 0.0)
    assert lock.target == PUBLIC
    assert lock.admits(PUBLIC, 0.1)
    assert not any(stream(lock, STRANGER, 10.0, 20.0))
    assert lock.target == PUBLIC


@pytest.mark.parametrize("signalling", ["", "203.0.113.1", "192.0.2.77"])
def test_one_stray_packet_or_a_burst_of_them_gets_nothing(signalling: str) -> None:
    lock = lock_on(PUBLIC, signalling)
    assert not lock.admits(STRANGER, 0.1)
    assert not any(lock.admits(STRANGER, 60.0) for _ in range(100))
    assert not any(lock.admits((PUBLIC[0], 9), 60.0) for _ in range(100))
    assert lock.target == PUBLIC


def test_a_phone_behind_a_nat_is_heard_from_its_first_packet_by_the_address_that_it_signals_from() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    assert not lock.admits(STRANGER, 0.01)
    assert lock.admits(NAT, 0.02)
    assert lock.target == NAT
    assert not any(stream(lock, STRANGER, 0.1, 30.0))


def test_media_from_another_port_of_the_signalled_host_is_heard_when_it_is_a_steady_stream() -> None:
    lock = lock_on(PUBLIC, "192.0.2.77")
    other_port = (PUBLIC[0], 5555)
    heard = stream(lock, other_port, 0.1, 0.5)
    assert not any(heard[:7])
    assert all(heard[10:])
    assert lock.target == other_port


def test_a_stranger_is_heard_only_after_the_signalled_address_has_been_silent() -> None:
    lock = lock_on(PUBLIC, "192.0.2.77")
    assert not any(stream(lock, STRANGER, 0.1, STRANGER_AFTER_S - 0.2))
    assert any(stream(lock, STRANGER, STRANGER_AFTER_S, 1.0))
    assert lock.target == STRANGER
    assert lock.admits(PUBLIC, 9.0)
    assert lock.target == PUBLIC
    assert not any(stream(lock, STRANGER, 9.1, 20.0))


def test_nobody_stands_in_for_a_host_that_signals_and_names_itself() -> None:
    lock = lock_on(PUBLIC, PUBLIC[0])
    assert not any(stream(lock, STRANGER, 0.1, 60.0))
    assert any(stream(lock, (PUBLIC[0], 5555), 60.2, 1.0)), "its NAT may give it another port"


def test_the_host_that_signals_takes_over_from_a_stranger() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    assert any(stream(lock, STRANGER, 0.0, 1.0)), "a private address needs not be waited for"
    assert lock.target == STRANGER
    assert lock.admits(NAT, 1.1)
    assert not any(stream(lock, STRANGER, 1.2, 10.0))


def test_who_sprays_does_not_keep_an_expected_host_from_being_heard() -> None:
    lock = lock_on(PUBLIC, "192.0.2.77")
    heard = False
    for n in range(30):
        assert not lock.admits(STRANGER, 0.02 * n)
        heard = lock.admits((PUBLIC[0], 5555), 0.02 * n + 0.001)
    assert heard


def test_in_a_private_network_the_signalled_address_is_waited_for() -> None:
    lock = lock_on(PRIVATE, "10.0.0.5")
    assert not lock.admits(("10.0.0.5", 6000), 0.1)
    assert not any(stream(lock, ("10.0.0.66", 6000), 0.2, 4.0))


def test_authentic_packets_are_the_calls_wherever_they_come_from() -> None:
    lock = lock_on(PUBLIC, "192.0.2.77")
    assert lock.admits(NAT, 0.1, authentic=True)
    assert lock.target == NAT
    assert lock.admits(STRANGER, 0.2, authentic=True), "a copy that was faster than its original"
    assert lock.target == NAT, "which does not move our packets"
    assert lock.admits(NAT, 8.9, authentic=True)
    for n in range(60):
        assert lock.admits(MOVED, 9.0 + 0.02 * n, authentic=True), "every packet is the call's"
    assert lock.target == MOVED


OTHER_PORT = (PUBLIC[0], 5555)


def mapped_anew(lock: SourceLock, source: SocketAddress, begin: float) -> float:
    """After how many seconds the stream is heard that comes from ``source`` from ``begin`` on."""
    lock.admits(PUBLIC, begin - 0.02)
    heard = stream(lock, source, begin, 3.0, continues=True)
    assert all(heard[heard.index(True) :])
    return heard.index(True) * 0.02


@pytest.mark.parametrize("signalling", ["192.0.2.77", PUBLIC[0]])
@pytest.mark.parametrize(("source", "after_s"), [(OTHER_PORT, MOVED_S), (MOVED, MOVED_HOST_S)])
def test_a_stream_that_goes_on_from_elsewhere_is_heard_when_the_locked_source_has_fallen_silent(
    signalling: str, source: SocketAddress, after_s: float
) -> None:
    lock = lock_on(PUBLIC, signalling)
    assert mapped_anew(lock, source, 7.0) == pytest.approx(after_s, abs=0.03)
    assert lock.target == source


def test_a_stream_does_not_go_on_from_elsewhere_while_it_comes_from_where_it_came() -> None:
    lock = lock_on(PUBLIC, "192.0.2.77")
    for n in range(500):
        assert lock.admits(PUBLIC, 0.02 * n)
        assert not lock.admits(OTHER_PORT, 0.02 * n + 0.001, continues=True)
    assert lock.target == PUBLIC


def test_whoever_does_not_go_on_with_the_stream_gets_nothing_however_long_it_is_silent() -> None:
    lock = lock_on(PUBLIC, PUBLIC[0])
    lock.admits(PUBLIC, 0.1)
    assert not any(stream(lock, OTHER_PORT, 0.2, 120.0))
    assert not any(stream(lock, STRANGER, 200.0, 120.0))
    assert not any(lock.admits(OTHER_PORT, 400.0, continues=True) for _ in range(100)), "nor a burst that guesses it"


def test_a_stream_goes_on_from_elsewhere_although_its_neighbours_spray() -> None:
    lock = lock_on(PUBLIC, PUBLIC[0])
    lock.admits(PUBLIC, 0.1)
    heard = False
    for n in range(100):
        assert not lock.admits((PUBLIC[0], 9), 0.2 + 0.02 * n)
        heard = lock.admits(OTHER_PORT, 0.201 + 0.02 * n, continues=True)
    assert heard


def test_the_former_source_is_heard_again_when_it_comes_back() -> None:
    """Who has seen the stream, and waited until it paused, cannot keep it."""
    lock = lock_on(PRIVATE, NAT[0])
    assert lock.admits(NAT, 0.1)
    assert any(stream(lock, STRANGER, 5.0, 2.0, continues=True))
    heard = stream(lock, NAT, 8.0, 0.5)
    assert heard.index(True) * 0.02 == pytest.approx(STEADY_S, abs=0.03)
    assert not any(stream(lock, STRANGER, 8.5, 0.4, continues=True))
    assert lock.target == NAT


def test_after_a_hold_the_phone_is_heard_from_a_new_port_with_whatever_stream() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    new_port = (NAT[0], 7777)
    assert lock.admits(NAT, 0.1)
    assert not any(stream(lock, new_port, 20.0, 10.0)), "on hold, nobody is waited for"
    lock.resume(60.0)
    assert not any(stream(lock, STRANGER, 60.0, 3.0))
    heard = stream(lock, new_port, 63.0, 0.5)
    assert heard.index(True) * 0.02 == pytest.approx(STEADY_S, abs=0.03)
    assert lock.target == new_port


def test_a_phone_that_is_heard_after_a_hold_is_not_replaced() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    assert lock.admits(NAT, 0.1)
    lock.resume(60.0)
    assert lock.admits(NAT, 60.05)
    assert not any(stream(lock, (NAT[0], 7777), 61.0, 60.0))


def test_where_only_the_signalled_address_is_wanted_no_stream_goes_on_from_elsewhere() -> None:
    lock = lock_on(PUBLIC, "192.0.2.77", latch="signalled")
    lock.admits(PUBLIC, 0.1)
    lock.resume(0.2)
    assert not any(stream(lock, OTHER_PORT, 0.2, 20.0, continues=True))


def test_only_the_signalled_address_where_that_is_set_and_the_first_where_that_is() -> None:
    strict = lock_on(PRIVATE, NAT[0], latch="signalled")
    assert not any(stream(strict, NAT, 0.1, 20.0))
    assert strict.admits(PRIVATE, 30.0)
    first = lock_on(PUBLIC, "192.0.2.77", latch="first")
    assert first.admits(STRANGER, 0.1)
    assert not first.admits(NAT, 0.2)


def test_a_source_may_lock_before_anything_was_signalled() -> None:
    lock = SourceLock()
    assert lock.admits(NAT, 0.0)
    lock.signal(PRIVATE, 0.1)
    assert lock.target == NAT
    known = SourceLock()
    known.expect(NAT[0])
    assert not known.admits(STRANGER, 0.0)
    assert known.admits(NAT, 0.1)


def test_a_session_refresh_changes_nothing() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    lock.admits(NAT, 0.1)
    lock.signal(PRIVATE, 5.0)
    assert lock.target == NAT
    assert lock.admits(NAT, 5.1)


def test_moved_media_is_not_held_by_the_last_packets_of_the_old_source() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    lock.admits(NAT, 0.1)
    lock.signal(("10.0.0.7", 6000), 10.0)
    assert not lock.admits(NAT, 10.5)
    assert lock.admits((NAT[0], 7777), 10.6)  # the moved one, by the NAT
    assert not lock.admits(NAT, 12.0)


def test_a_locked_source_that_is_then_signalled_is_not_barred() -> None:
    """A re-INVITE that names the address which the media came from all the time."""
    lock = lock_on(PRIVATE, NAT[0])
    lock.admits(NAT, 0.1)
    lock.signal(NAT, 10.0)
    assert lock.target == NAT
    assert lock.admits(NAT, 10.01)
    assert not lock.admits(STRANGER, 10.02)


def test_the_old_source_may_lock_again_when_no_other_comes() -> None:
    lock = lock_on(PRIVATE, NAT[0])
    lock.admits(NAT, 0.1)
    lock.signal(("10.0.0.7", 6000), 10.0)
    assert not lock.admits(NAT, 10.99)
    assert lock.admits(NAT, 11.0)


def test_addresses_are_compared_as_sockets_report_them() -> None:
    assert literal("::ffff:192.0.2.1") == "192.0.2.1"
    assert literal("2001:DB8::0:1") == "2001:db8::1"
    with pytest.raises(ValueError, match=r"example\.org"):
        literal("example.org")


@pytest.mark.parametrize(
    ("host", "hidden"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("100.64.0.1", True),
        ("fd00::1", True),
        ("127.0.0.1", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("172.32.0.1", False),
    ],
)
def test_which_addresses_only_their_own_network_reaches(host: str, hidden: bool) -> None:
    assert is_hidden(host) is hidden


def test_a_source_from_before_the_first_description_is_not_barred_by_it() -> None:
    lock = SourceLock()
    assert lock.admits(NAT, 0.0)
    lock.signal(PRIVATE, 0.1)
    lock.signal(NAT, 0.2)
    assert lock.admits(NAT, 0.3)

from __future__ import annotations

from itertools import chain, combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keypad import Keypad, Sent, heard

from voicebot.rtp.packet import MalformedPacket, RtpPacket
from voicebot.rtp.telephone_event import (
    KEYS,
    MAX_QUEUED,
    OutgoingEvent,
    TelephoneEvent,
    TelephoneEventReceiver,
    TelephoneEventSender,
    is_plain_event,
    parse_event,
)

SSRC = 5


def sent(keys: str) -> list[list[OutgoingEvent]]:
    """The packets for ``keys``, one list a key, as our sender makes them."""
    sender = TelephoneEventSender()
    assert sender.press(keys) == len(keys)
    trains: list[list[OutgoingEvent]] = []
    timestamp = 0xFFFFFF00  # wraps within the first key
    while sender.busy:
        event = sender.next_event(timestamp)
        if event is not None:
            if event.marker:
                trains.append([])
            trains[-1].append(event)
        timestamp = (timestamp + 160) & 0xFFFFFFFF
    return trains


def pressed(keys: str, pause_ms: int = 60) -> list[list[Sent]]:
    """The packets for ``keys``, one list a key, with a pause after the last end packet."""
    keypad, presses = Keypad(), []
    for key in keys:
        presses.append(keypad.press(key))
        keypad.talk(pause_ms)
    return presses


def subsets(packets: list[Sent]) -> list[list[Sent]]:
    """Every way to lose packets that leaves at least one."""
    sizes = range(1, len(packets) + 1)
    return [list(some) for some in chain.from_iterable(combinations(packets, size) for size in sizes)]


def test_each_of_the_sixteen_keys_goes_through() -> None:
    assert heard(chain(*pressed(KEYS))) == KEYS


def test_whatever_is_lost_of_a_press_one_packet_gives_one_digit() -> None:
    (press,) = pressed("7")
    for some in subsets(press):
        assert heard(some) == "7"


@pytest.mark.parametrize("pause_ms", [20, 60])
def test_the_same_key_twice_is_two_digits_whatever_is_lost_of_each(pause_ms: int) -> None:
    first, second = pressed("44", pause_ms)
    for one, two in product(subsets(first), subsets(second)):
        assert heard([*one, *two]) == "44"


@given(st.permutations(list(chain(*pressed("1234")))), st.data())
def test_reordered_and_doubled_packets_give_each_digit_once(packets: list[Sent], data: st.DataObject) -> None:
    doubled = packets + data.draw(st.lists(st.sampled_from(packets), max_size=20))
    assert sorted(heard(doubled)) == list("1234")


def test_the_digit_is_told_with_its_first_packet() -> None:
    (press,) = pressed("9")
    assert heard(press[:1]) == "9"


def test_an_event_of_more_than_eight_seconds_continues_in_new_segments() -> None:
    keypad = Keypad()
    long = keypad.held("1", 20.0)
    assert len({sent.packet.timestamp for sent in long}) == 3
    receiver = TelephoneEventReceiver()
    assert heard(long, receiver) == "1"
    keypad.talk(60)
    assert heard(keypad.press("1"), receiver) == "1"


@pytest.mark.parametrize("lost", [{202, 203, 204, 205}, {204, 205}, set(range(100, 205))])
def test_a_segment_continues_though_packets_between_it_and_the_former_one_are_lost(lost: set[int]) -> None:
    long = Keypad().held("1", 12.0)
    assert long[203].packet.timestamp != long[204].packet.timestamp
    assert heard(sent for number, sent in enumerate(long) if number not in lost) == "1"


def test_a_duration_that_overflows_is_one_press() -> None:
    long = Keypad().held("1", 20.0)
    start = long[0].packet.timestamp
    assert heard(sent.but(timestamp=start) for sent in long) == "1"


@pytest.mark.parametrize("duration", [None, 160, 0])
@pytest.mark.parametrize("marker", [False, True])
def test_a_timestamp_that_moves_with_every_packet_gives_one_digit(duration: int | None, marker: bool) -> None:
    """Whether the duration grows or not, and whether or not the end packets move too."""
    keypad = Keypad()
    for moving in (7, 4):
        keys = ""
        for _ in range(2):
            press = keypad.press("3")
            start = press[0].packet.timestamp
            moved = [
                sent.but(timestamp=(start + min(n, moving) * 160) & 0xFFFFFFFF, duration=duration)
                for n, sent in enumerate(press)
            ]
            if marker:
                moved[0] = moved[0].but(marker=True)
            keys += heard(moved)
            keypad.talk(60)
        assert keys == "33"


@pytest.mark.parametrize("step", [160, 480, 5000, 0x90000000])
def test_end_packets_with_timestamps_of_their_own_are_one_press(step: int) -> None:
    for press in pressed("12"):
        ends = [sent.but(timestamp=(sent.packet.timestamp + n * step) & 0xFFFFFFFF) for n, sent in enumerate(press[4:])]
        assert heard([*press[:4], *ends]) == heard([*press[:4], *ends[1:]]) == heard(ends) == press_key(press)


def press_key(press: list[Sent]) -> str:
    return KEYS[press[0].event.code]


@pytest.mark.parametrize("keys", ["123", "1", "11", "121", "1111"])
def test_a_clock_that_stands_still_loses_no_press(keys: str) -> None:
    presses = pressed(keys, 100)
    assert heard(sent.but(timestamp=777) for sent in chain(*presses)) == keys
    assert heard(sent.but(timestamp=777) for press in presses for sent in (press[0], *press[5:])) == keys
    assert heard(sent.but(timestamp=777) for press in presses for sent in press[4:]) == keys, "only the end packets"
    assert heard(sent.but(timestamp=777) for press in presses for sent in press[:4]) == keys, "no end packets"


def test_an_end_packet_alone_is_a_press() -> None:
    keypad = Keypad()
    presses = []
    for key in "113":
        presses += keypad.press(key, updates=0, ends=1)
        keypad.talk(100)
    assert heard(presses) == "113"


def test_an_end_packet_that_comes_long_after_the_updates_is_of_their_press() -> None:
    keypad = Keypad()
    press = keypad.press("5", updates=2, ends=0)
    start = press[0].packet.timestamp
    keypad.talk(1400)
    ends = [sent.but(timestamp=start, duration=11_520) for sent in keypad.press("5", updates=0)]
    assert heard([*press, *ends]) == "5"


def test_a_sender_of_no_end_packets_is_understood() -> None:
    presses = [press[:4] for press in pressed("1123")]
    assert heard(chain(*presses)) == "1123"
    assert heard(sent.but(marker=False) for sent in chain(*presses)) == "1123"
    assert heard(sent.but(duration=160) for sent in chain(*presses)) == "1123"


def test_the_marker_is_not_needed_and_does_no_harm_on_every_packet() -> None:
    for marker in (False, True):
        assert heard(sent.but(marker=marker) for sent in chain(*pressed("1122"))) == "1122"


def test_two_keys_without_a_pause_are_two_though_the_ends_of_the_first_are_among_the_updates_of_the_second() -> None:
    first, second = pressed("12", 0)
    mixed = [*first[:5], second[0], first[5], second[1], first[6], *second[2:]]
    numbered = [sent.but(sequence=number) for number, sent in enumerate(mixed)]
    assert heard(numbered) == "12"


def test_packets_that_were_numbered_anew_after_they_were_reordered_are_one_press() -> None:
    (press,) = pressed("6")
    for order in ((0, 1, 2, 4, 3, 5, 6), (1, 0, 2, 3, 4, 5, 6), (0, 1, 4, 2, 3, 5, 6), (0, 1, 2, 4, 5, 3, 6)):
        again = [press[n].but(sequence=number, at=press[number].at) for number, n in enumerate(order)]
        assert heard(again) == "6"


def test_the_presses_of_a_stalled_network_come_all_at_once() -> None:
    assert heard(sent.but(at=0.0) for sent in chain(*pressed("1122"))) == "1122"


def test_sequence_numbers_that_jump_back_lose_no_press() -> None:
    first, second = pressed("11")
    for jump in (20, 5000):
        again = [sent.but(sequence=(sent.packet.sequence - jump) & 0xFFFF) for sent in second]
        assert heard([*first, *again]) == "11"


def test_events_with_sequence_numbers_of_their_own_are_understood() -> None:
    presses = chain(*pressed("1123"))
    assert heard(sent.but(sequence=number) for number, sent in enumerate(presses)) == "1123"


def test_the_same_key_without_a_pause_is_another_press_if_the_former_has_ended() -> None:
    first, second = pressed("44", 0)
    assert heard([*first, *second]) == heard([first[4], second[0]]) == "44"


def test_a_late_packet_of_an_older_press_does_not_end_the_newer_one() -> None:
    """All packets of a 1 are late, and come in the middle of a long 2, which continues in a new segment."""
    keypad = Keypad()
    late = keypad.press("1")[4]
    keypad.talk(60)
    long = keypad.held("2", 10.0)
    assert heard([*long[:100], late.but(at=long[99].at), *long[100:]]) == "21"


def test_packets_that_come_again_are_nothing() -> None:
    presses = pressed("555")
    receiver = TelephoneEventReceiver()
    assert heard(chain(*presses), receiver) == "555"
    now = presses[-1][-1].at
    assert heard((sent.but(at=now + 0.5) for sent in chain(*presses)), receiver) == ""


def test_events_that_are_no_keys_are_ignored() -> None:
    flash = [event_packet(bytes((code, 10, 0, 160)), code * 1600) for code in range(16, 256)]
    receiver = TelephoneEventReceiver()
    assert [receiver.receive(packet, 0.0) for packet in flash] == [None] * 240


def event_packet(payload: bytes, timestamp: int, sequence: int = 1) -> RtpPacket:
    return RtpPacket(101, False, sequence, timestamp, SSRC, payload)


def test_the_same_timestamp_from_another_source_is_another_press() -> None:
    (press,) = pressed("5")
    assert heard([press[0], press[0].but(ssrc=77)]) == "55"
    assert heard([*press[:2], *(sent.but(ssrc=77) for sent in press[2:])]) == "55"


@given(st.lists(st.tuples(st.binary(max_size=8), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF))))
def test_random_payloads_are_keys_or_nothing_or_malformed(packets: list[tuple[bytes, int, int]]) -> None:
    receiver = TelephoneEventReceiver()
    for payload, timestamp, sequence in packets:
        try:
            key = receiver.receive(event_packet(payload, timestamp, sequence), 0.0)
        except MalformedPacket:
            assert len(payload) < 4
        else:
            assert key is None or key == KEYS[payload[0]]


def test_what_is_plainly_an_event() -> None:
    assert is_plain_event(TelephoneEvent(15, True, 800).build())
    assert not is_plain_event(TelephoneEvent(16, True, 800).build()), "flash"
    assert not is_plain_event(bytes((1, 0x4A, 0, 160))), "the reserved bit"
    assert not is_plain_event(bytes((1, 10, 0, 160, 0))) and not is_plain_event(bytes((1, 10, 0)))


def test_a_key_is_100_ms_long_with_three_ends_and_60_ms_before_the_next() -> None:
    first, second = sent("#1")
    assert [parse_event(event.payload).duration for event in first] == [160, 320, 480, 640, 800, 800, 800]
    assert [parse_event(event.payload).end for event in first] == [False] * 4 + [True] * 3
    assert [event.marker for event in first] == [True] + [False] * 6
    assert len({event.timestamp for event in first}) == 1
    assert (second[0].timestamp - first[0].timestamp - 800) & 0xFFFFFFFF == 480


def test_what_is_not_a_key_is_refused_and_nothing_of_it_is_sent() -> None:
    sender = TelephoneEventSender()
    with pytest.raises(ValueError, match="12x"):
        sender.press("12x")
    assert not sender.busy


def test_more_keys_than_may_wait_are_not_taken() -> None:
    sender = TelephoneEventSender()
    assert sender.press("1" * (MAX_QUEUED + 5)) == MAX_QUEUED == 64
    sender.clear()
    assert not sender.busy
    assert [sender.press("1" * 60), sender.press("1" * 60), sender.press("1")] == [60, 4, 0]
    sender.next_event(0)
    assert sender.press("12") == 1, "one has left"


def test_the_payload_is_that_of_rfc_4733() -> None:
    """Event, then E bit, R bit and volume, then the duration."""
    assert TelephoneEvent(11, False, 400).build() == bytes((11, 10, 0x01, 0x90))
    assert TelephoneEvent(1, True, 1760).build() == bytes((1, 0x80 | 10, 0x06, 0xE0))
    assert parse_event(bytes((1, 0xC0 | 63, 0x06, 0xE0, 99))) == TelephoneEvent(1, True, 1760)
    assert parse_event(bytes((1, 0x7F, 0, 0))) == TelephoneEvent(1, False, 0)


@pytest.mark.parametrize(("later", "keys"), [(1, "8"), (960, "8"), (961, "88"), (0xFFFF_FFFF, "88")])
def test_a_press_without_an_end_continues_within_20_ms_of_its_duration_and_no_later(later: int, keys: str) -> None:
    held = Keypad().press("8", updates=5, ends=0)[4]
    assert heard([held, held.but(sequence=50, timestamp=(held.packet.timestamp + later) & 0xFFFFFFFF)]) == keys


def test_20_ms_are_what_the_clock_rate_of_the_events_has_of_them() -> None:
    held = Keypad(frame=960, timestamp=0).press("8", updates=5, ends=0)[4]
    assert held.event.duration == 4800
    later = [held.but(sequence=50, timestamp=5760), held.but(sequence=99, timestamp=5760 + 5761)]
    assert heard([held, *later], frame=960) == "88"


def test_the_timestamp_of_a_key_is_that_of_its_first_tick_and_its_length_in_units_of_the_clock() -> None:
    sender = TelephoneEventSender()
    sender.press("d")
    events = [sender.next_event(1000 + 960 * tick, 960) for tick in range(9)]
    assert [event and (event.timestamp, parse_event(event.payload)) for event in events] == [
        *((1000, TelephoneEvent(15, False, 960 * tick)) for tick in range(1, 5)),
        *[(1000, TelephoneEvent(15, True, 4800))] * 3,
        None,
        None,
    ]
    assert not sender.busy

from __future__ import annotations

from itertools import chain, combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.rtp.packet import MalformedPacket
from voicebot.rtp.telephone_event import (
    KEYS,
    MAX_QUEUED,
    OutgoingEvent,
    TelephoneEvent,
    TelephoneEventReceiver,
    TelephoneEventSender,
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


def received(packets: list[OutgoingEvent], receiver: TelephoneEventReceiver | None = None) -> str:
    receiver = receiver or TelephoneEventReceiver()
    return "".join(receiver.receive(event.payload, event.timestamp, SSRC) or "" for event in packets)


def subsets(train: list[OutgoingEvent]) -> list[list[OutgoingEvent]]:
    """Every way to lose packets that leaves at least one."""
    sizes = range(1, len(train) + 1)
    return [list(some) for some in chain.from_iterable(combinations(train, size) for size in sizes)]


def test_each_of_the_sixteen_keys_goes_through() -> None:
    assert received(list(chain(*sent(KEYS)))) == KEYS


def test_whatever_is_lost_of_a_press_one_packet_gives_one_digit() -> None:
    (train,) = sent("7")
    assert len(train) == 7
    for some in subsets(train):
        assert received(some) == "7"


def test_the_same_key_twice_is_two_digits_whatever_is_lost_of_each() -> None:
    first, second = sent("44")
    for one, two in product(subsets(first), subsets(second)):
        assert received([*one, *two]) == "44"


@given(st.permutations(list(chain(*sent("1234")))), st.data())
def test_reordered_and_doubled_packets_give_each_digit_once(packets: list[OutgoingEvent], data: st.DataObject) -> None:
    doubled = packets + data.draw(st.lists(st.sampled_from(packets), max_size=20))
    assert sorted(received(doubled)) == list("1234")


def test_the_digit_is_told_with_its_first_packet() -> None:
    (train,) = sent("9")
    assert received(train[:1]) == "9"


def test_an_event_of_more_than_eight_seconds_goes_on_in_a_new_segment() -> None:
    receiver = TelephoneEventReceiver()
    long = [OutgoingEvent(TelephoneEvent(1, False, duration).build(), 0, False) for duration in (160, 65000, 65535)]
    rest = [
        OutgoingEvent(TelephoneEvent(1, end, duration).build(), 65535, False) for duration, end in ((160, 0), (400, 1))
    ]
    assert received([*long, *rest], receiver) == "1"
    assert received([OutgoingEvent(TelephoneEvent(1, False, 160).build(), 65535 + 400 + 320, True)], receiver) == "1"


def test_a_gateway_that_advances_the_timestamp_with_each_update_gives_one_digit() -> None:
    updates = [OutgoingEvent(TelephoneEvent(3, n == 5, n * 160).build(), n * 160, n == 1) for n in range(1, 6)]
    assert received(updates) == "3"


def test_the_same_key_again_within_20_ms_of_its_end_is_another_press() -> None:
    """Only a train without an end bit may go on under another timestamp."""
    pressed = OutgoingEvent(TelephoneEvent(4, False, 160).build(), 0, True)
    ended = OutgoingEvent(TelephoneEvent(4, True, 800).build(), 0, False)
    again = OutgoingEvent(TelephoneEvent(4, False, 160).build(), 800 + 100, True)
    assert received([pressed, ended, again]) == "44"
    assert received([ended, again]) == "44"
    assert received([pressed, again]) == "44", "900 is further than a train of 160 can reach"


def test_a_late_packet_of_an_older_press_does_not_end_the_newer_one() -> None:
    """All packets of a 1 are late, and come in the middle of a long 2, which goes on in a new segment."""
    long = OutgoingEvent(TelephoneEvent(2, False, 65_535).build(), 10_000, True)
    late = OutgoingEvent(TelephoneEvent(1, True, 800).build(), 5_000, False)
    rest = OutgoingEvent(TelephoneEvent(2, False, 160).build(), 10_000 + 65_535, False)
    assert received([long, late, rest]) == "21"


def test_of_two_presses_the_later_is_the_newer_one_when_the_timestamp_wraps_between_them() -> None:
    first = OutgoingEvent(TelephoneEvent(1, False, 160).build(), 0xFFFFFF00, True)
    second = OutgoingEvent(TelephoneEvent(2, False, 800).build(), 5000, True)
    assert received([first, second, second._replace(timestamp=5800)]) == "12"


def test_events_that_are_no_keys_are_ignored() -> None:
    receiver = TelephoneEventReceiver()
    assert [receiver.receive(bytes((code, 10, 0, 160)), code * 1600, SSRC) for code in range(16, 256)] == [None] * 240


def test_the_same_timestamp_from_another_source_is_another_press() -> None:
    receiver = TelephoneEventReceiver()
    (train,) = sent("5")
    assert receiver.receive(train[0].payload, 1, 1) == "5"
    assert receiver.receive(train[0].payload, 1, 2) == "5"


@given(st.lists(st.tuples(st.binary(max_size=8), st.integers(0, 0xFFFFFFFF))))
def test_random_payloads_are_keys_or_nothing_or_malformed(packets: list[tuple[bytes, int]]) -> None:
    receiver = TelephoneEventReceiver()
    for payload, timestamp in packets:
        try:
            key = receiver.receive(payload, timestamp, SSRC)
        except MalformedPacket:
            assert len(payload) < 4
        else:
            assert key is None or key == KEYS[payload[0]]


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
def test_a_train_goes_on_within_20_ms_of_its_end_and_no_later(later: int, keys: str) -> None:
    held = OutgoingEvent(TelephoneEvent(8, False, 800).build(), 5000, True)
    assert received([held, held._replace(timestamp=(5000 + later) & 0xFFFFFFFF)]) == keys


def test_20_ms_are_what_the_codec_has_of_them() -> None:
    receiver = TelephoneEventReceiver()
    receiver.frame = 960
    held = OutgoingEvent(TelephoneEvent(8, False, 800).build(), 0, True)
    assert received([held, held._replace(timestamp=1760), held._replace(timestamp=1760 + 1761)], receiver) == "88"


def test_a_train_goes_on_from_its_longest_update_though_that_was_followed_by_an_older_one() -> None:
    updates = [OutgoingEvent(TelephoneEvent(8, False, duration).build(), 0, False) for duration in (800, 160)]
    assert received([*updates, OutgoingEvent(TelephoneEvent(8, False, 160).build(), 800, False)]) == "8"


def test_an_end_that_comes_before_an_update_is_still_the_end() -> None:
    end, update = (OutgoingEvent(TelephoneEvent(8, ended, 800).build(), 0, False) for ended in (True, False))
    assert received([update, end, update, OutgoingEvent(TelephoneEvent(8, False, 160).build(), 900, False)]) == "88"


def test_a_train_of_one_source_does_not_go_on_in_another() -> None:
    receiver = TelephoneEventReceiver()
    held = TelephoneEvent(5, False, 800).build()
    assert [receiver.receive(held, 0, 1), receiver.receive(held, 800, 2), receiver.receive(held, 1600, 2)] == [
        "5", "5", None,
    ]  # fmt: skip


def test_the_last_sixteen_presses_are_remembered() -> None:
    receiver = TelephoneEventReceiver()
    press = TelephoneEvent(5, True, 800).build()
    assert [receiver.receive(press, number * 5000, SSRC) for number in range(16)] == ["5"] * 16
    assert receiver.receive(press, 0, SSRC) is None
    assert receiver.receive(press, 16 * 5000, SSRC) == "5"
    assert receiver.receive(press, 5000, SSRC) is None
    assert receiver.receive(press, 0, SSRC) == "5"


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

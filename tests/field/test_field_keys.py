"""Event packets as senders were reported to send them, and the keys that are meant (README.md)."""

from __future__ import annotations

from itertools import chain

import pytest
from keypad import Keypad, Sent, heard


def presses(keys: str, pause_ms: int = 80) -> list[list[Sent]]:
    """As they should be sent."""
    keypad, sent = Keypad(timestamp=50_000), []
    for key in keys:
        sent.append(keypad.press(key))
        keypad.talk(pause_ms)
    return sent


def end_packets_move() -> list[Sent]:
    return [
        sent.but(timestamp=sent.packet.timestamp + 160 * max(0, n - 4))
        for press in presses("1123")
        for n, sent in enumerate(press)
    ]


def second_end_packet_moves_far() -> list[Sent]:
    return [
        sent.but(timestamp=sent.packet.timestamp + (sent.event.duration if n == 5 else 0))
        for press in presses("1123")
        for n, sent in enumerate(press)
    ]


def all_packets_move(*, grows: bool) -> list[Sent]:
    return [
        sent.but(timestamp=sent.packet.timestamp + 160 * n, duration=sent.event.duration if grows else 160)
        for press in presses("1123")
        for n, sent in enumerate(press)
    ]


def no_end_and_all_move() -> list[Sent]:
    return [
        sent.but(timestamp=sent.packet.timestamp + 160 * n, end=False)
        for press in presses("1123")
        for n, sent in enumerate(press)
    ]


def clock_stands_still() -> list[Sent]:
    return [sent.but(timestamp=50_000) for sent in chain(*presses("1123"))]


def no_marker() -> list[Sent]:
    return [sent.but(marker=False) for sent in chain(*presses("1123"))]


def starts_with_duration_zero() -> list[Sent]:
    return [sent.but(duration=max(0, sent.event.duration - 160)) for sent in chain(*presses("1123"))]


def one_packet_a_key() -> list[Sent]:
    """It says at once that the key was released."""
    return [press[0].but(end=True, duration=200) for press in presses("1123")]


def the_middle_is_missing() -> list[Sent]:
    keypad = Keypad(timestamp=50_000)
    sent = []
    for key in "1123":
        start = keypad.timestamp
        sent += keypad.press(key, updates=2, ends=0)
        keypad.pause(1400)
        sent += [end.but(timestamp=start, duration=11_520) for end in keypad.press(key, updates=0)]
        keypad.talk(80)
    return sent


def reordered_and_numbered_anew() -> list[Sent]:
    sent = []
    for press in presses("1123"):
        for place, n in enumerate((0, 2, 1, 3, 4, 6, 5)):
            moved = press[n].but(sequence=press[place].packet.sequence, at=press[place].at)
            sent.append(moved.but(timestamp=press[0].packet.timestamp + 80 * n if n < 4 else press[0].packet.timestamp))
    return sent


def reordered_on_the_way() -> list[Sent]:
    return [press[n].but(at=press[6].at) for press in presses("1123") for n in (4, 1, 0, 6, 2, 2, 5, 3)]


def a_stream_and_numbers_of_their_own() -> list[Sent]:
    """The numbers jump from one digit to the next."""
    return [
        sent.but(ssrc=99, sequence=(9000 * number + n) & 0xFFFF)
        for number, press in enumerate(presses("1123"))
        for n, sent in enumerate(press)
    ]


def durations_of_another_clock() -> list[Sent]:
    """They are said to be of 8000 Hz, and timestamps and durations are of 48 000 Hz."""
    keypad, sent = Keypad(frame=960, timestamp=50_000), []
    for key in "1123":
        sent += keypad.press(key)
        keypad.talk(80)
    return sent


def no_packet_but_for_keys() -> list[Sent]:
    """A sender that is silent between keys, as one with silence suppression is: no sequence number is left out."""
    return [sent.but(sequence=number) for number, sent in enumerate(chain(*presses("1123")))]


GITHUB = "https://github.com/"
REPORTED = {
    "sipwise/rtpengine/issues/1812": end_packets_move,
    "ymartineau/peers/issues/29": end_packets_move,
    "sipwise/rtpengine/issues/1929": second_end_packet_moves_far,
    "ymartineau/peers/issues/7": lambda: all_packets_move(grows=True),
    "pjsip/pjproject/issues/363": lambda: all_packets_move(grows=False),
    "RestComm/media-core/issues/62": no_end_and_all_move,
    "sipsorcery-org/sipsorcery/pull/669": clock_stands_still,
    "livekit/sip/pull/796": clock_stands_still,
    "livekit/sip/pull/585": no_marker,
    "signalwire/freeswitch/issues/2835": no_marker,
    "pjsip/pjproject/issues/361": starts_with_duration_zero,
    "theintencity/rtmplite/issues/81": one_packet_a_key,
    "unispeech/asterisk-unimrcp/issues/44": the_middle_is_missing,
    "sipwise/rtpengine/issues/1027": reordered_and_numbered_anew,
    "pjsip/pjproject/issues/478": reordered_on_the_way,
    "sipwise/rtpengine/issues/1569": a_stream_and_numbers_of_their_own,
    "baresip/baresip/issues/2062": durations_of_another_clock,
    "noxxi/p5-net-sip/issues/64": no_packet_but_for_keys,
}
"""By where it was reported: packets with which 1, 1, 2 and 3 were pressed."""


@pytest.mark.parametrize("source", REPORTED)
def test_what_was_pressed_is_heard(source: str) -> None:
    assert heard(REPORTED[source]()) == "1123", GITHUB + source


@pytest.mark.parametrize("source", REPORTED)
def test_what_was_pressed_is_heard_though_one_packet_of_each_press_is_lost(source: str) -> None:
    packets = REPORTED[source]()
    if len(packets) == 4:
        return
    each = len(packets) // 4
    for lost in range(each):
        assert heard(sent for n, sent in enumerate(packets) if n % each != lost) == "1123", (GITHUB + source, lost)

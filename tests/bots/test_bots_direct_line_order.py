"""Activities are said in the order of their ids. That frames overtake one another was reported by a telephony channel:
https://github.com/microsoft/BotFramework-DirectLineJS/issues/245."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots.direct_line_feed import DirectLineFeed
from voicebot.bots.direct_line_order import MAX_WAITING, WAIT_S, ActivityOrder, number_of


def of_bot(number: int) -> dict[str, Any]:
    return {"type": "message", "id": f"c|{number:07d}", "from": {"id": "bot"}, "text": str(number)}


def numbers(activities: list[dict[str, Any]]) -> list[int]:
    return [int(activity["text"]) for activity in activities]


def frame(*activities: dict[str, Any], watermark: int) -> dict[str, Any]:
    return {"activities": list(activities), "watermark": str(watermark)}


def test_what_overtook_waits_for_what_is_before_it() -> None:
    order = ActivityOrder()
    assert numbers(order.take([of_bot(0)], 1.0)) == [0]
    assert order.take([of_bot(2)], 1.1) == []
    assert order.deadline == pytest.approx(1.1 + WAIT_S)
    assert numbers(order.take([of_bot(1)], 1.3)) == [1, 2]
    assert order.deadline is None and order.due(9.0) == []


def test_what_never_comes_is_waited_for_no_longer_than_a_moment() -> None:
    order = ActivityOrder()
    order.take([of_bot(0)], 1.0)
    order.take([of_bot(3)], 1.0)
    order.take([of_bot(2), of_bot(5)], 1.1)
    assert order.due(1.2) == []
    assert numbers(order.due(1.0 + WAIT_S)) == [2, 3]
    assert order.deadline == pytest.approx(1.0 + 2 * WAIT_S)
    assert numbers(order.take([of_bot(1)], 2.0)) == [1]  # late, but heard
    assert numbers(order.due(1.0 + 2 * WAIT_S)) == [5]


def test_our_own_activity_that_comes_back_late_is_not_waited_for() -> None:
    order = ActivityOrder()
    assert numbers(order.take([of_bot(0)], 1.0)) == [0]
    order.sending("2")
    assert numbers(order.take([of_bot(2)], 1.1)) == [2]  # number 1 is ours
    assert order.take([of_bot(4)], 1.2) == [] or order.deadline is None


def test_an_answer_that_overtook_another_waits_though_our_own_number_is_not_known_yet() -> None:
    order = ActivityOrder()
    order.take([of_bot(0)], 1.0)
    order.sending("2")
    assert order.take([of_bot(3)], 1.1) == []  # of 1 and 2, one is ours
    assert numbers(order.take([of_bot(2)], 1.4)) == [2, 3]
    order.sent("2", "c|0000001")
    order.sending("3")
    order.sent("3", "c|0000004")
    assert numbers(order.take([of_bot(5)], 1.5)) == [5]
    assert order.take([of_bot(7)], 1.6) == []


def test_a_post_that_failed_leaves_no_gap_to_be_ours() -> None:
    order = ActivityOrder()
    order.take([of_bot(0)], 1.0)
    order.sending("2")
    order.sent("2")
    assert order.take([of_bot(2)], 1.1) == []


def test_a_conversation_begins_with_number_0_or_with_what_has_waited_for_it() -> None:
    order = ActivityOrder()
    assert order.take([of_bot(1)], 1.0) == []
    assert numbers(order.due(1.0 + WAIT_S)) == [1]


def test_what_has_no_number_waits_for_nothing() -> None:
    order = ActivityOrder()
    order.take([of_bot(0), of_bot(2)], 1.0)
    typing, unnamed = {"type": "typing"}, {"type": "message", "id": "0a1b", "text": "9"}
    assert order.take([typing, unnamed], 1.1) == [typing, unnamed]


def test_too_many_that_wait_wait_no_longer() -> None:
    order = ActivityOrder()
    order.take([of_bot(0)], 1.0)
    said = order.take([of_bot(2 * number + 2) for number in range(MAX_WAITING + 10)], 1.0)
    assert numbers(said) == [2 * number + 2 for number in range(10)]


@pytest.mark.parametrize(
    ("identity", "number"),
    [("c|0000012", 12), ("a|b|3", 3), ("|3", None), ("c|", None), ("c|x", None), ("c|²", None), ("7", None),
     ("c|" + "9" * 40, None), (None, None), (5, None), (["c|1"], None)],
)  # fmt: skip
def test_a_number_is_what_stands_behind_the_conversation(identity: Any, number: int | None) -> None:
    assert number_of(identity) == number


@given(st.permutations(list(range(8))), st.integers(1, 4))
def test_in_whatever_order_they_come_all_are_said_once_and_in_order(came: list[int], size: int) -> None:
    order, said, now = ActivityOrder(), [], 0.0
    for begin in range(0, len(came), size):
        said += numbers(order.take([of_bot(number) for number in came[begin : begin + size]], now))
        now += 0.01
    while order.deadline is not None:
        said += numbers(order.due(order.deadline))
    assert sorted(said) == list(range(8))
    assert said == sorted(said)


def test_a_set_that_is_polled_in_any_order_is_said_in_order_and_twice_is_once() -> None:
    feed = DirectLineFeed("dl_me")
    assert numbers(feed.take(frame(of_bot(2), of_bot(0), of_bot(1), of_bot(2), watermark=3))) == [0, 1, 2]
    assert feed.take(frame(of_bot(1), watermark=3)) == []
    assert (feed.watermark, feed.duplicates) == ("3", 2)


def test_while_something_is_missing_the_watermark_stays_before_it() -> None:
    feed = DirectLineFeed("dl_me")
    feed.take(frame(of_bot(0), watermark=1))
    assert feed.take(frame(of_bot(2), watermark=3), 5.0) == []
    assert feed.watermark == "1"  # a reconnection brings number 1 as well
    assert numbers(feed.take(frame(of_bot(1), of_bot(2), watermark=2), 5.1)) == [1, 2]
    assert feed.watermark == "3"


def test_a_gap_that_stays_lets_the_watermark_go_on() -> None:
    feed = DirectLineFeed("dl_me")
    feed.take(frame(of_bot(0), watermark=1))
    feed.take(frame(of_bot(2), watermark=3), 5.0)
    assert numbers(feed.due(5.0 + WAIT_S)) == [2]
    assert feed.watermark == "3"


def test_our_own_words_that_come_back_tell_their_number() -> None:
    feed = DirectLineFeed("dl_me")
    feed.order.sending("2")
    own = {"type": "message", "id": "c|0000001", "from": {"id": "dl_me"}, "channelData": {"clientActivityID": "2"}}
    assert numbers(feed.take(frame(of_bot(0), own, of_bot(2), watermark=3))) == [0, 2]
    assert feed.take(frame(of_bot(4), watermark=5)) == []

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from voicebot.assist.entries import (
    ChecklistItem,
    Ended,
    KeyPhrases,
    ListeningChanged,
    Mood,
    PartiesChanged,
    Sentiment,
    Suggestion,
    Utterance,
)
from voicebot.assist.feed import PAGE, Feed, News
from voicebot.assist.readers import AT_ONCE, REST_S
from voicebot.events.parties import Party, Role

CALLER = Party("p1", Role.CALLER, "Ada")


def said(name: str, text: str, *, partial: bool = False, party: str = "p1") -> Utterance:
    return Utterance(name, party, text, 0, 400, partial)


def texts(news: News) -> list[str]:
    return [numbered.entry.text for numbered in news.entries if isinstance(numbered.entry, Utterance)]


async def test_entries_are_numbered_and_read_from_any_number_on() -> None:
    feed = Feed("c")
    assert [feed.add(said(name, name)) for name in "abc"] == [1, 2, 3]
    assert texts(feed.since(0)) == ["a", "b", "c"]
    assert texts(feed.since(2)) == ["c"]
    assert feed.since(3) == News([]) == feed.since(99)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (said("u1", "my card", partial=True), said("u1", "my card is", partial=True)),
        (said("u1", "my card is", partial=True), said("u1", "My card is.")),
        (said("u1", "4111 1111"), said("u1", "[card number]")),
        (Mood("u1", Sentiment.NEUTRAL, 0, 0), Mood("u1", Sentiment.NEGATIVE, -0.5, -0.5)),
        (KeyPhrases("u1", ("card",)), KeyPhrases("u1", ("bank",))),
        (Suggestion("s1", "a", "", "x.md"), Suggestion("s1", "b", "", "x.md")),
        (ChecklistItem("greet", "Greet"), ChecklistItem("greet", "Greet", "u1")),
        (PartiesChanged(0, ()), PartiesChanged(5, (CALLER,))),
    ],
)
async def test_what_is_said_again_leaves_nothing_of_what_was_said_before(first: object, second: object) -> None:
    feed = Feed("c")
    feed.add(first)  # type: ignore[arg-type]
    feed.add(said("u2", "meanwhile"))
    feed.add(second)  # type: ignore[arg-type]
    feed.add(second)  # type: ignore[arg-type]
    assert [(n.number, n.first, n.entry) for n in feed.since(0).entries] == [
        (2, 2, said("u2", "meanwhile")),
        (4, 1, second),
    ]


async def test_every_change_of_listening_is_kept() -> None:
    feed = Feed("c")
    for on in (False, True):
        feed.add(ListeningChanged(7, on, "agent"))
    assert len(feed.since(0).entries) == 2


async def test_beyond_the_bound_the_oldest_are_dropped_and_late_readers_are_told() -> None:
    feed = Feed("c", most=3)
    for n in range(1, 6):
        feed.add(said(str(n), str(n)))
    assert (texts(feed.since(0)), feed.since(0).dropped) == (["3", "4", "5"], 2)
    assert feed.since(1).dropped == 2
    assert feed.since(2).dropped == 0
    feed.add(said("1", "a correction of what was dropped"))
    assert len(feed.since(0).entries) == 3


async def test_an_hour_of_partial_results_is_no_longer_than_what_was_said() -> None:
    feed = Feed("c")
    for n in range(2_000):
        for length in range(10):
            feed.add(said(str(n), "word " * length, partial=length < 9))
    number, pages = 0, []
    while entries := feed.since(number).entries:
        number = entries[-1].number
        pages.append(len(entries))
    assert pages == [PAGE] * (2_000 // PAGE)


@pytest.mark.virtual_time
async def test_a_reader_who_comes_late_catches_up_and_lets_others_have_their_turn() -> None:
    feed = Feed("c")
    for n in range(5 * PAGE):
        feed.add(said(str(n), str(n)))
    number = turns = 0

    async def others() -> None:
        nonlocal turns
        while number < feed.last:
            turns += 1
            await asyncio.sleep(0)

    having_their_turn = asyncio.create_task(others())
    while number < feed.last:
        number = (await feed.news(number, 60)).entries[-1].number
    await having_their_turn
    assert turns >= 5
    assert asyncio.get_running_loop().time() == 1000


async def test_whoever_is_to_know_learns_that_the_parties_are_different() -> None:
    feed = Feed("c")
    told = list[tuple[Party, ...]]()
    feed.on_parties = lambda: told.append(feed.parties)
    feed.add(PartiesChanged(0, (CALLER,)))
    feed.add(said("u1", "hello"))
    assert told == [(CALLER,)]


async def test_an_entry_tells_whom_it_is_about_as_it_was_known_then() -> None:
    feed = Feed("c")
    feed.add(said("u1", "hello"))
    feed.add(PartiesChanged(0, (CALLER,)))
    feed.add(said("u2", "hello"))
    feed.add(Mood("u2", Sentiment.POSITIVE, 0.5, 0.25))
    roles = [json.loads(numbered.json).get("ParticipantRole") for numbered in feed.since(0).entries]
    assert roles == ["OTHER", None, "CUSTOMER", "CUSTOMER"]
    feed.add(said("u3", "of nobody", party=""))
    feed.add(Mood("u9", Sentiment.POSITIVE, 0.5, 0.25))
    assert [numbered.party for numbered in feed.since(4).entries] == [None, None]


@pytest.mark.virtual_time
async def test_a_reader_gets_what_comes_when_it_comes() -> None:
    feed = Feed("c")
    reading = asyncio.create_task(feed.news(0, 60))
    await asyncio.sleep(1)
    feed.add(said("u1", "hello"))
    assert texts(await reading) == ["hello"]
    assert asyncio.get_running_loop().time() == 1001


@pytest.mark.virtual_time
async def test_where_nothing_comes_a_reader_gets_nothing_in_time_and_leaves_nothing() -> None:
    feed = Feed("c")
    for _ in range(3):
        assert await feed.news(0, 15) == News([])
    gone = asyncio.create_task(feed.news(0, 15))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait((gone,))
    assert not len(feed._readers)
    assert asyncio.get_running_loop().time() == 1045


@pytest.mark.virtual_time
async def test_at_the_end_readers_read_all_and_learn_that_it_is_the_end() -> None:
    feed = Feed("c")
    reading = asyncio.create_task(feed.news(0, 60))
    await asyncio.sleep(0)
    feed.add(Ended(9, "client"))
    feed.close()
    assert len((await reading).entries) == 1
    assert (await feed.news(1, 60), feed.closed) == (News([]), True)
    assert feed.add(said("u", "too late")) == 0
    assert feed.last == 1


@pytest.mark.virtual_time
async def test_a_thousand_readers_are_woken_a_few_at_a_time_and_seldom() -> None:
    feed = Feed("c")
    loop = asyncio.get_running_loop()
    in_turn = 0
    turns = list[int]()
    """How many readers had their news in each turn of the loop."""
    at = set[float]()

    def turn_is_over() -> None:
        nonlocal in_turn
        turns.append(in_turn)
        in_turn = 0

    async def read() -> int:
        nonlocal in_turn
        number = reads = 0
        while not feed.closed or number < feed.last:
            if entries := (await feed.news(number, 60)).entries:
                number, reads = entries[-1].number, reads + 1
                in_turn += 1
                at.add(round(loop.time(), 6))
                if in_turn == 1:
                    loop.call_soon(turn_is_over)
        return reads

    readers = [asyncio.create_task(read()) for _ in range(1_000)]
    await asyncio.sleep(0)
    for n in range(40):
        feed.add(said("u1", "word " * n, partial=True))
        await asyncio.sleep(0.01)
    feed.add(said("u1", "that is all"))
    feed.close()
    reads = await asyncio.gather(*readers)
    assert max(turns) <= AT_ONCE
    assert max(reads) <= 4  # of 41 versions of the utterance: the first, and what it was after each pause
    assert all(later - before >= 1_000 * REST_S * 0.999 for before, later in pairwise(sorted(at)))

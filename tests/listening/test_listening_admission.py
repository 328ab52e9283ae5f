"""Who may hold how many connections, and who makes room for whom."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from voicebot.listening import Admissions, Bounds, Place, Rate, source_of

TRUNK = "192.0.2.1"


class Table:
    """Admissions of which is noted who made room."""

    def __init__(self, total: int, of_source: int, reserve: int = 0) -> None:
        self.admissions = Admissions(Bounds(total, of_source, reserve))
        self.given_up: list[str] = []

    def take(self, host: str, name: str = "") -> Place | None:
        place = self.admissions.take(host, host == TRUNK)
        if place is not None:
            place.give_up = lambda: self.given_up.append(name or host)
        return place


def test_one_source_has_no_more_than_its_bound_and_its_oldest_idle_connection_makes_room() -> None:
    table = Table(total=10, of_source=2)
    assert all(table.take("192.0.2.9", name) for name in ("first", "second", "third"))
    assert table.given_up == ["first"] and len(table.admissions) == 2
    assert table.take("192.0.2.8") is not None, "others have their own"
    assert table.given_up == ["first"]


def test_of_all_sources_the_connection_that_was_idle_for_longest_makes_room() -> None:
    table = Table(total=3, of_source=3)
    first, *_ = [table.take(f"192.0.2.{n}") for n in (2, 3, 4)]
    assert first is not None
    first.rest()  # something came by it
    assert table.take("192.0.2.5") is not None
    assert table.given_up == ["192.0.2.3"]


def test_a_connection_in_use_makes_room_for_nobody() -> None:
    table = Table(total=2, of_source=2)
    places = [table.take("192.0.2.2"), table.take("192.0.2.3")]
    for place in places:
        assert place is not None
        place.use()
    assert table.take("192.0.2.4") is None and table.take("192.0.2.2") is None
    assert (table.admissions.refused, table.given_up) == (2, [])
    assert places[0] is not None
    places[0].rest()
    assert table.take("192.0.2.4") is not None
    assert table.given_up == ["192.0.2.2"]


def test_strangers_never_have_the_places_in_reserve_and_never_end_a_trunks_connection() -> None:
    table = Table(total=4, of_source=4, reserve=2)
    for n in range(2, 9):
        place = table.take(f"192.0.2.{n}")
        if place is not None:
            place.use()
    assert len(table.admissions) == 2
    assert [table.take(TRUNK) is not None for _ in range(2)] == [True, True]
    assert table.given_up == []
    assert table.take("192.0.2.9") is None, "the trunk's are idle, but not for strangers"
    assert table.take(TRUNK) is not None
    assert table.given_up == [TRUNK]


def test_a_trunk_finds_a_place_whatever_strangers_hold() -> None:
    table = Table(total=4, of_source=4)
    for n in range(2, 9):
        table.take(f"192.0.2.{n}")
    assert table.take(TRUNK) is not None
    assert table.given_up[-1] == "192.0.2.5"


def test_who_proves_to_be_a_trunk_counts_as_one() -> None:
    table = Table(total=3, of_source=3, reserve=1)
    roaming = table.take("192.0.2.2")
    assert roaming is not None
    roaming.trust()
    for n in (3, 4, 5):
        table.take(f"192.0.2.{n}")
    assert table.given_up == ["192.0.2.3"] and roaming.trusted
    assert len(table.admissions) == 3


def test_a_network_of_ipv6_is_one_source() -> None:
    assert source_of("2001:db8:1:2::1") == source_of("2001:db8:1:2:3::4") != source_of("2001:db8:1:3::1")
    table = Table(total=10, of_source=1)
    table.take("2001:db8::1")
    table.take("2001:db8::2")
    assert table.given_up == ["2001:db8::1"]


def test_fewer_places_than_wished_are_shared_out_alike() -> None:
    wished = Bounds(total=2000, of_source=200, reserve=200)
    assert wished.within(5000) == wished
    assert wished.within(80) == Bounds(total=80, of_source=40, reserve=10)
    assert wished.within(1) == Bounds(total=1, of_source=1, reserve=0)


Step = Callable[[Admissions, list[Place], int], None]


def _take(admissions: Admissions, places: list[Place], which: int) -> None:
    place = admissions.take(f"192.0.2.{which % 5}", which % 5 == 0)
    if place is not None:
        place.give_up = lambda: places.remove(place)
        places.append(place)


def _on_one(act: Callable[[Place], None]) -> Step:
    def step(_admissions: Admissions, places: list[Place], which: int) -> None:
        if places:
            act(places[which % len(places)])

    return step


def _leave(_admissions: Admissions, places: list[Place], which: int) -> None:
    if places:
        place = places.pop(which % len(places))
        place.leave()
        place.leave()
        place.rest()


STEPS: list[Step] = [_take, _take, _leave, _on_one(Place.use), _on_one(Place.rest), _on_one(Place.trust)]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 50)), max_size=60))
def test_whatever_happens_the_bounds_hold_and_nothing_is_counted_twice(steps: list[tuple[Step, int]]) -> None:
    admissions, places = Admissions(Bounds(total=6, of_source=3, reserve=2)), list[Place]()
    for step, which in steps:
        step(admissions, places, which)
        assert len(admissions) == len(places) <= 6
        assert all(sum(p.source == source for p in places) <= 3 for source in {p.source for p in places})
    for place in list(places):
        place.leave()
    places.clear()
    assert len(admissions) == 0
    taken = [admissions.take(f"198.51.100.{n}") for n in range(4)]
    assert all(taken) and admissions.given_up >= 0


def arrivals(table: Admissions, host: str, count: int, now: float) -> int:
    """How many of ``count`` connections that come at once are let in."""
    return sum(table.arrives(host, now) for _ in range(count))


def test_new_connections_of_one_source_have_a_rate_whatever_becomes_of_the_others() -> None:
    table = Admissions(Bounds(10, 10, arrivals=Rate(50, 100), arrivals_of_source=Rate(2, 5)))
    assert arrivals(table, "192.0.2.9", 20, 0.0) == 5
    assert arrivals(table, "192.0.2.8", 20, 0.0) == 5, "others have their own"
    assert arrivals(table, "192.0.2.9", 20, 1.0) == 2
    assert arrivals(table, "192.0.2.9", 20, 100.0) == 5
    assert table.too_often == 15 + 15 + 18 + 15
    assert sum(table.arrives(f"2001:db8::{n}", 100.0) for n in range(20)) == 5, "a /64 is one source"


def test_new_connections_of_all_strangers_have_a_rate_and_trunks_have_none() -> None:
    table = Admissions(Bounds(10, 10, reserve=2, arrivals=Rate(1, 20), arrivals_of_source=Rate(1, 5)))
    assert sum(arrivals(table, f"198.51.100.{n}", 5, 0.0) for n in range(50)) == 20
    assert all(table.arrives(TRUNK, 0.0, trusted=True) for _ in range(100))


def test_who_has_proved_to_be_trusted_comes_in_whatever_strangers_do() -> None:
    """A trunk that is known by its password, and connects anew."""
    table = Admissions(Bounds(10, 10, arrivals=Rate(1, 20), arrivals_of_source=Rate(1, 5)))
    place = table.take("192.0.2.2")
    assert place is not None
    place.trust()
    place.leave()
    assert sum(arrivals(table, f"198.51.100.{n}", 5, 0.0) for n in range(50)) == 20
    assert arrivals(table, "192.0.2.2", 10, 0.0) == 5, "so many as one source may"

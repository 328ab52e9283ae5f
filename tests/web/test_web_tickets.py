from __future__ import annotations

from voicebot.web.tickets import Tickets


def test_a_ticket_is_good_once() -> None:
    tickets = Tickets(60.0, 8)
    one, other = tickets.issue(0.0), tickets.issue(0.0)
    assert one != other
    assert tickets.take(one, 1.0)
    assert not tickets.take(one, 1.0)
    assert tickets.take(other, 59.9)
    assert not tickets.take("", 1.0)
    assert not tickets.take("made up", 1.0)


def test_a_ticket_expires() -> None:
    tickets = Tickets(60.0, 8)
    one = tickets.issue(0.0)
    assert not tickets.take(one, 60.0)
    assert len(tickets) == 0


def test_there_are_no_more_than_there_may_be_and_the_newest_are_good() -> None:
    tickets = Tickets(60.0, 8)
    issued = [tickets.issue(float(n) / 1000) for n in range(10_000)]
    assert len(tickets) == 8
    assert [tickets.take(one, 11.0) for one in issued[-9:]] == [False] + [True] * 8


def test_a_ticket_can_stand_in_a_url() -> None:
    ticket = Tickets(60.0, 8).issue(0.0)
    assert len(ticket) >= 32 and all(c.isalnum() or c in "-_" for c in ticket)

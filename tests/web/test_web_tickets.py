from __future__ import annotations

from voicebot.web.tickets import Tickets


def issued(tickets: Tickets, now: float, token: str = "token") -> str:
    ticket = tickets.issue(token, now)
    assert ticket is not None
    return ticket


def test_a_ticket_is_good_once_and_tells_whose_it_is() -> None:
    tickets = Tickets(60.0, 8)
    one, other = issued(tickets, 0.0), issued(tickets, 0.0, "")
    assert one != other
    assert tickets.take(one, 1.0) == "token"
    assert tickets.take(one, 1.0) is None
    assert tickets.take(other, 59.9) == ""
    assert tickets.take("", 1.0) is None
    assert tickets.take("made up", 1.0) is None


def test_a_ticket_expires() -> None:
    tickets = Tickets(60.0, 8)
    one = issued(tickets, 0.0)
    assert tickets.take(one, 60.0) is None
    assert len(tickets) == 0


def test_ten_thousand_are_refused_and_nobody_else_feels_it() -> None:
    tickets = Tickets(60.0, 8)
    asked = [tickets.issue("flood", float(n) / 1000) for n in range(10_000)]
    good = [ticket for ticket in asked if ticket is not None]
    assert (len(good), len(tickets)) == (8, 8)
    assert tickets.take(issued(tickets, 10.0, "other"), 10.0) == "other"
    assert tickets.take(good[0], 10.0) == "flood"
    issued(tickets, 10.0, "flood")
    assert tickets.issue("flood", 10.0) is None
    issued(tickets, 60.5, "flood")


def test_a_ticket_can_stand_in_a_url() -> None:
    ticket = issued(Tickets(60.0, 8), 0.0)
    assert len(ticket) >= 32 and all(c.isalnum() or c in "-_" for c in ticket)

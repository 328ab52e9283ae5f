"""Examples of expressions and of the ways of saying a value, for the reference page. The tests compute each of them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

VARIABLES: Final[dict[str, Any]] = {
    "nights": 2,
    "price": Decimal("79.50"),
    "paid": False,
    "name": "Ada Palmer",
    "account": "204815",
    "code": "K7X",
    "phone": "+14255550139",
    "mail": "ada.palmer@example.com",
    "expiry": "2028-12",
    "arrival": date(2026, 12, 24),
    "opens": time(8, 30),
    "now": datetime(2026, 12, 1, 18, 0),
    "days": ["Monday", "Friday"],
    "rooms": [{"type": "single", "price": 80}, {"type": "double", "price": 120}],
    "guest": {"name": "Ada", "city": "Bonn"},
}
"""What the variables of the examples hold."""

EXPRESSIONS: Final[dict[str, tuple[tuple[str, Any], ...]]] = {
    "A part of a thing, an item of a list (the first is 0, the last is -1); a part that is not there is nothing": (
        ("guest.city", "Bonn"), ('guest["city"]', "Bonn"), ("rooms[0].type", "single"), ("days[-1]", "Friday"),
        ("guest.phone", None),
    ),
    "Parts of a day or a time: `year`, `month`, `day`, `weekday` (Monday is 1), `hour`, `minute`": (
        ("arrival.year", 2026), ("arrival.weekday", 4), ("opens.hour", 8), ("now.minute", 0),
    ),
    "Arithmetic; `//` and `%` are the whole number of a division and its rest": (
        ("price * nights + 10", 169), ("-nights", -2), ("7 / 2", Decimal("3.5")), ("7 // 2", 3), ("7 % 2", 1),
        ("(nights + 1) * 2", 6),
    ),
    "Days later, days earlier, days between": (
        ("arrival + nights", date(2026, 12, 26)), ("arrival - 1", date(2026, 12, 23)), ("arrival - date(now)", 23),
    ),
    "Texts and lists are joined": (
        ('"Room " + nights', "Room 2"), ('days + ["Sunday"]', ["Monday", "Friday", "Sunday"]),
    ),
    "Compared; a text that is a number counts as a number, days and times as such": (
        ("price > 50", True), ("nights != 2", False), ('account == "204815"', True), ("nights <= 2", True),
        ('arrival < "2026-12-31"', True), ('opens >= "09:00"', False),
    ),
    "Whether something is in a list, a text or a thing": (
        ('"Friday" in days', True), ('"Palmer" in name', True), ('"city" in guest', True),
        ('"Sunday" not in days', True),
    ),
    "`and`, `or`, `not`; nothing, 0, false and what is empty count as no": (
        ("nights and not paid", True), ('guest.phone or "unknown"', "unknown"), ("not days", False),
    ),
    "One value or another": (('"night" if nights == 1 else "nights"', "nights"),),
    "Numbers, texts, lists, and `true`, `false`, `none`": (
        ("12.5", Decimal("12.5")), ("'a text'", "a text"), ("[1, 2]", [1, 2]), ("true", True),
        ("paid == false", True), ("none", None),
    ),
}  # fmt: skip
"""By what they are for: each expression with its value."""

FUNCTIONS: Final[dict[str, tuple[tuple[str, Any], ...]]] = {
    "len": (("len(name)", 10), ("len(rooms)", 2)),
    "number": (('number("12") + 1', 13), ("number(name)", None)),
    "text": (("text(nights)", "2"), ("text(arrival)", "2026-12-24")),
    "round": (("round(price)", 80), ("round(price / 7, 2)", Decimal("11.36"))),
    "lower": (("lower(code)", "k7x"),),
    "upper": (('upper("bonn")', "BONN"),),
    "last": (("last(account, 4)", "4815"),),
    "first": (("first(account, 2)", "20"), ("first(name, 3)", "Ada")),
    "starts": (('starts(phone, "+1425")', True), ('starts(code, "B")', False)),
    "min": (("min(nights, 7)", 2),),
    "max": (("max(price, 100)", 100),),
    "date": (('date("2026-12-24") == arrival', True), ("date(now)", date(2026, 12, 1))),
    "time": (('time("18:30") > opens', True),),
}
"""By the function: each expression with its value."""

FORMATS: Final[dict[str, tuple[str, str, str]]] = {
    "digits": ("{account|digits}", "two zero four, eight one five", "one by one, in groups"),
    "phone": ("{phone|phone}", "plus one, four two five, five five five, zero one three nine", "a telephone number"),
    "spelled": ("{code|spelled}", "K, seven, X", "one letter or digit after the other"),
    "email": ("{mail|email}", "ada dot palmer at example dot com", "an e-mail address"),
    "number": ("{nights|number}", "2", "a number"),
    "ordinal": ("{nights|ordinal}", "2nd", "a place in an order"),
    "money": ("{price|money:EUR}", "79 euros and 50 cents", "money; without a currency, that of the country"),
    "date": ("{arrival|date}", "Thursday, December 24, 2026",
             "a day; `date:short` leaves out the year, `date:long` the weekday, `date:weekday` is that alone"),
    "month": ("{expiry|month}", "December 2028", "a month of a year"),
    "duration": ("{nights|duration:nights}", "2 nights",
                 "how long, with what is counted: `minutes`, `hours`, `days`, `nights`, `weeks`, `months` or `years`"),
    "time": ("{opens|time}", "8:30 AM", "a time of day"),
    "moment": ("{now|moment}", "Tuesday, December 1, 2026, 6 PM", "a day with its time"),
    "truth": ("{paid|truth}", "no", "yes or no"),
    "list": ('{rooms|list:"a {type} for {price|money}"}', "a single for 80 dollars and a double for 120 dollars",
             "a list; the text in quotes is said of each thing. It knows the thing's parts, the thing itself as "
             "`item`, and its place as `position`"),
    "or": ("{days|or}", "Monday or Friday", "the same, with `or` before the last"),
    "text": ("{account|text}", "204815", "as it is"),
}  # fmt: skip
"""By the way of saying a value: a text, how it is spoken in English, what is said so."""

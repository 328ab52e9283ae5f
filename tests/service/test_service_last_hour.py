from __future__ import annotations

from voicebot.service.last_hour import MOST_ENDS, OTHER, LastHour


def test_calls_are_counted_for_an_hour_by_how_they_ended() -> None:
    now = 0.0
    hour = LastHour(lambda: now)
    hour.call_ended({"end": {"reason": "caller"}})
    now = 30 * 60.0
    for _ in range(2):
        hour.call_ended({"end": {"reason": "bot"}})
    assert hour.ends() == {"caller": 1, "bot": 2}
    now = 61 * 60.0
    assert hour.ends() == {"bot": 2}
    now = 200 * 60.0
    assert hour.ends() == {}


def test_however_many_ends_there_are_little_is_kept() -> None:
    hour = LastHour(lambda: 0.0)
    for number in range(10 * MOST_ENDS):
        hour.call_ended({"end": {"reason": f"reason {number}"}})
    assert len(hour.ends()) == MOST_ENDS + 1 and hour.ends()[OTHER] == 9 * MOST_ENDS

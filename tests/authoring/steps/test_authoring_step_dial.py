"""``dial``: somebody else is called, and the caller waits for what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from folder_line import Line, write

from voicebot.address import Address
from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.bots.interpretation import events_from_activity
from voicebot.events import CallAsked
from voicebot.host.storage import SqliteStorage

WAIT = "One moment, please."
MAIN = """
    steps:
      - id: neighbour
        dial:
          to: "+1 425 555 {last(caller, 4)}"
          trunk: carrier
          bot: notifier
          context: {order: "{3 + 4}", today: "{today}"}
          announce: I am calling your neighbour.
          hold: [It rings., It still rings.]
          every: 10s
          longest: 30s
        save: went
        busy: busy
        too_long: late
        keys: {"1": left}
        on_fail: failed
      - {id: reached, hangup: "Reached: {went}."}
      - {id: busy, hangup: Busy.}
      - {id: late, hangup: "Late: {went}, {error.message}."}
      - {id: left, hangup: Left.}
      - {id: failed, hangup: "{went}, {error.status}, {error.message}."}
"""


def line(tmp_path: Path, main: str = MAIN, **around: Any) -> Line:
    return Line(write(tmp_path / "d", main=main), **around)


def placed(caller: Line) -> list[dict[str, Any]]:
    return [sent["value"] for sent in caller.sent if sent.get("name") == "call.place"]


async def told(caller: Line, state: str, command: str = "dial-1", **more: Any) -> list[str]:
    return await caller.event("call.status", {"state": state, "commandId": command, **more})


async def test_what_is_asked_for_is_understood_by_the_call(tmp_path: Path) -> None:
    caller = line(tmp_path)
    assert await caller.dial() == ["I am calling your neighbour."]
    (wish,) = [sent for sent in caller.sent if sent.get("name") == "call.place"]
    assert events_from_activity(wish, 1, 0.0) == [
        CallAsked(
            0.0, Address.parse("+14255550100"), "carrier", "notifier", "dial-1", {"order": 7, "today": "2026-12-01"}
        )
    ]
    assert caller.patience_ms == [10_000]
    assert await told(caller, "answered") == ["Reached: answered."]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("busy", "Busy."),
        ("no-answer", "no_answer, 480, Gone."),
        ("declined", "declined, 480, Gone."),
        ("unreachable", "unreachable, 480, Gone."),
        ("refused", "refused, 480, Gone."),
        ("cancelled", "cancelled, 480, Gone."),
        ("something new", "error, 480, Gone."),
    ],
)
async def test_each_way_to_come_to_nothing_can_be_told_from_the_others(tmp_path: Path, state: str, said: str) -> None:
    caller = line(tmp_path)
    await caller.dial()
    assert await told(caller, state, status=480, reason="Gone") == [said]


async def test_callers_who_wait_are_told_so_and_not_for_ever(tmp_path: Path) -> None:
    caller = line(tmp_path)
    await caller.dial()
    assert await caller.silence() == ["It rings."]
    assert await caller.say("hello?") == ["It rings."]
    assert await caller.noise() == ["It rings."]
    assert await caller.press("7") == ["It rings."]
    assert await caller.silence() == ["It still rings."]
    assert await caller.silence() == ["Late: too_long, nothing was known after 30 s."]


async def test_a_key_leads_on_and_later_news_change_nothing(tmp_path: Path) -> None:
    main = MAIN.replace("{id: left, hangup: Left.}", "{id: left, ask: Anything else?, yesno: true, next: reached}")
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.press("1") == ["Anything else?"]
    assert await told(caller, "busy") == []
    assert await caller.say("yes") == ["Reached: ."]


async def test_who_waits_for_the_end_waits_for_the_end(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, dial: {to: "+1", wait_for: ended}, save: went, on_fail: b}
          - {id: b, dial: "+2", save: then}
          - {id: c, hangup: "{went}, {then}"}
    """
    caller = line(tmp_path, main)
    assert await caller.dial() == [WAIT]
    assert await told(caller, "answered") == []
    assert await caller.silence() == [WAIT]
    assert await told(caller, "busy", "dial-9") == [], "another call"
    assert await told(caller, "ended") == [WAIT]
    assert [wish["commandId"] for wish in placed(caller)] == ["dial-2"]
    assert await told(caller, "ended", "dial-1") == []
    assert await told(caller, "refused", "dial-2") == ["ended, refused"]


async def test_who_is_refused_for_ever_does_not_dial_for_ever(tmp_path: Path) -> None:
    caller = line(tmp_path, 'steps: [{id: a, dial: {to: "+1", announce: Again.}, on_fail: a}, {id: b, hangup: Bye.}]')
    said = await caller.dial()
    for number in range(1, 21):
        assert said == ["Again."]
        said = await told(caller, "refused", f"dial-{number}")
    assert said == ["I am sorry, I cannot help you any further. Goodbye."]
    assert caller.hung_up


async def test_nobody_has_to_wait(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, dial: {to: "+1", wait_for: nothing}}
          - {id: b, ask: Anything else?, yesno: true}
          - {id: c, hangup: Bye.}
    """
    caller = line(tmp_path, main)
    assert await caller.dial() == ["Anything else?"]
    assert len(placed(caller)) == 1
    assert await told(caller, "busy") == []
    assert await caller.say("no") == ["Bye."]


async def test_the_dialog_there_knows_why_it_calls(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, if: direction == "outbound" and context.order, then: b, else: c}
          - {id: b, hangup: "Order {context.order|digits}."}
          - {id: c, hangup: Hello.}
    """
    assert await line(tmp_path, main).dial(direction="outbound", context={"order": "42"}) == ["Order four two."]
    assert await line(tmp_path, main).dial() == ["Hello."]
    assert check_dialogs(load_dialogs(tmp_path / "d")) == []


async def test_waiting_survives_the_host(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main=MAIN)
    said = []
    for what in ("dial", "voicebot.resume", "silence", "call.status"):
        storage = SqliteStorage(tmp_path / "state.sqlite")
        await storage.open()
        caller = Line(folder, storage=storage)
        if what == "dial":
            said.append(await caller.dial())
        elif what == "silence":
            said.append(await caller.silence())
        else:
            said.append(await caller.event(what, {"state": "answered", "commandId": "dial-1"}))
        await storage.close()
    assert said == [["I am calling your neighbour."], ["It rings."], ["It rings."], ["Reached: answered."]]


def test_the_picture_has_a_way_for_each_outcome(tmp_path: Path) -> None:
    picture = draw(load_dialogs(write(tmp_path / "d", main=MAIN)))
    assert all(label in picture for label in ("answered", "busy", "too long", "comes to nothing", "key 1", "☎"))

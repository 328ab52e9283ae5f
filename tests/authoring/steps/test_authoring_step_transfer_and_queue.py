"""``transfer`` and ``queue``: how callers get to people, and what happens when nobody is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from folder_line import Line, write

from voicebot.authoring.http import HttpFailed, HttpRequest
from voicebot.bots.transfers import transfer_asked
from voicebot.host.storage import SqliteStorage

BUSY = {"state": "failed", "status": 486, "message": "Busy Here"}
HOLD = "All our agents are busy at the moment. Please hold the line."

LINE = """
    schedules: {office: {zone: Europe/Berlin, week: {mon-fri: "08:00-18:00"}, holidays: ["12-25"]}}
    globals: {agent: {key: "0", goto: bye}}
    steps:
      - id: people
        queue:
          to: "+15550100"
          hours: office
          announce: Connecting you.
          status: {get: "https://acd.example/line", headers: {Key: "{secrets.ACD}"}}
          full_when: queue.waiting > 20
          free_when: queue.free > 0
          position: You are number {queue.waiting + 1}.
          hold: [Please hold., Still busy.]
          every: 20s
          longest: 60s
        closed: closed
        full: full
        keys: {"1": call-back}
        on_fail: nobody
      - {id: closed, hangup: Closed.}
      - {id: full, hangup: Full.}
      - {id: call-back, hangup: We call back.}
      - {id: nobody, hangup: Nobody.}
      - {id: bye, hangup: Bye.}
"""


def line(tmp_path: Path, main: str = LINE, status: Any = None, **around: Any) -> Line:
    async def fetch(request: HttpRequest) -> Any:
        assert request.headers == {"Key": "s3cret"}
        if status is None:
            raise HttpFailed("down", 503)
        return status

    around.setdefault("secrets", {"ACD": "s3cret"})
    return Line(write(tmp_path / "d", main=main), fetch=fetch, **around)


async def test_a_transfer_takes_headers_and_context_along(tmp_path: Path) -> None:
    main = """
        constants: {who: "Ada Löwe, 50 %"}
        steps:
          - id: a
            transfer:
              to: "+15550100"
              headers: {User-to-User: "00{caller};encoding=hex", X-Reason: bill}
              context: {account_number: "{1000 + 234}", name: "{who}", tags: [a, b]}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    handed = caller.transfer
    assert handed is not None
    assert (handed["TargetPhoneNumber"], handed["account_number"], handed["name"]) == (
        "+15550100", 1234, "Ada Löwe, 50 %",
    )  # fmt: skip
    assert transfer_asked(0.0, None, handed).headers == {
        "X-Context-account-number": "1234",
        "X-Context-name": "Ada L%C3%B6we, 50 %25",
        "X-Context-tags": '["a", "b"]',
        "User-to-User": "00+15550100;encoding=hex",
        "X-Reason": "bill",
    }


async def test_why_a_transfer_failed_is_known(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, transfer: "+1", on_fail: why}
          - {id: why, hangup: "{error.status}: {error.message}"}
    """
    for value, told in (
        (BUSY, "486: Busy Here"),
        ({"state": "failed"}, "0: "),
        ({"state": "failed", "status": "x", "message": {}}, "0: "),
    ):
        caller = line(tmp_path, main)
        await caller.dial()
        assert await caller.event("handoff.status", value) == [told]


async def test_who_is_free_gets_the_caller_at_once(tmp_path: Path) -> None:
    caller = line(tmp_path, status={"waiting": 0, "free": 2})
    assert await caller.dial() == ["Connecting you.", "You are number 1."]
    assert caller.transfer == {"TargetPhoneNumber": "+15550100"}
    await caller.event("handoff.status", {"state": "completed"})
    assert caller.visits == [("main", "people", "end")]


async def test_callers_wait_in_rounds_and_hear_where_they_stand(tmp_path: Path) -> None:
    status = {"waiting": 3, "free": 0}
    caller = line(tmp_path, status=status)
    assert await caller.dial() == ["Connecting you.", "You are number 4.", "Please hold."]
    assert caller.transfer is None
    assert caller.patience_ms == [20000]
    assert [sent["channelData"]["sessionParams"]["userNoInputRetries"] for sent in caller.sent
            if sent.get("name") == "config"] == [100]  # fmt: skip
    status["waiting"] = 1
    assert await caller.silence() == ["You are number 2.", "Still busy."]
    status["free"] = 1
    assert await caller.silence() == ["You are number 2."]
    assert caller.transfer is not None
    assert await caller.event("handoff.status", BUSY) == ["Still busy."]
    status["free"] = 0
    assert await caller.silence() == ["You are number 2.", "Nobody."]


async def test_keys_lead_out_of_the_line_and_words_change_nothing(tmp_path: Path) -> None:
    caller = line(tmp_path, status={"waiting": 3, "free": 0})
    await caller.dial()
    assert await caller.say("how long will it take") == ["Please hold."]
    assert await caller.press("7") == ["Please hold."]
    assert await caller.press("1") == ["We call back."]


async def test_what_can_be_said_at_any_time_can_be_said_in_the_line(tmp_path: Path) -> None:
    caller = line(tmp_path, status={"waiting": 3, "free": 0})
    await caller.dial()
    assert await caller.say("operator") == ["Bye."]


async def test_a_line_is_closed_outside_of_its_hours_and_on_holidays(tmp_path: Path) -> None:
    for moment in (datetime(2026, 12, 1, 17, 30, tzinfo=UTC), datetime(2026, 12, 25, 12, tzinfo=UTC)):
        caller = line(tmp_path, now=lambda moment=moment: moment)
        assert await caller.dial() == ["Closed."]


async def test_a_line_that_is_full_takes_nobody_more(tmp_path: Path) -> None:
    caller = line(tmp_path, status={"waiting": 21, "free": 1})
    assert await caller.dial() == ["Full."]


async def test_without_a_word_of_the_service_each_round_tries(tmp_path: Path) -> None:
    caller = line(tmp_path)
    assert await caller.dial() == ["Connecting you."]
    for hold in ("Please hold.", "Still busy.", "Still busy."):
        assert caller.transfer is not None
        assert await caller.event("handoff.status", BUSY) == [hold]
        assert await caller.silence() == []
    assert caller.transfer is not None
    assert await caller.event("handoff.status", BUSY) == ["Nobody."]


async def test_a_single_try(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, queue: {to: "+1", longest: 0}, on_fail: b}
          - {id: b, hangup: "{error.status}"}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.event("handoff.status", BUSY) == ["486"]


async def test_waiting_has_words_of_its_own_and_survives_the_host(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main='steps: [{id: a, queue: "+1"}, {id: b, hangup: Nobody.}]')
    said = []
    for what in ("dial", BUSY, "silence", BUSY, "voicebot.resume"):
        storage = SqliteStorage(tmp_path / "state.sqlite")
        await storage.open()
        caller = Line(folder, storage=storage)
        if what == "dial":
            said.append(await caller.dial())
        elif what == "silence":
            said.append(await caller.silence())
        else:
            name = what if isinstance(what, str) else "handoff.status"
            said.append(await caller.event(name, what))
        await storage.close()
    assert said == [[], [HOLD], [], [HOLD], [HOLD]]

"""How the service is, over HTTP: who sees what of it, and who may end it."""

from __future__ import annotations

import asyncio

import pytest
from let_in import let_in
from operations_desk import logger, operations_desk
from waiting import until

from voicebot.web import Panel, Role, operations_api
from voicebot.web.panel import MAX_LINES


async def test_the_panels_say_what_is_wrong() -> None:
    async with operations_desk() as desk:
        status, told = await desk.ask("GET")
        assert (status, told["well"]) == (200, True)
        assert told["panels"] == [{"title": "Dialogs", "facts": [["version", "2 & more"]], "lines": [], "wrong": False}]
        desk.panels.append(Panel("Lines", lines=["down"] * (MAX_LINES + 2), wrong=True))
        _, told = await desk.ask("GET")
        assert told["well"] is False
        assert len(told["panels"][1]["lines"]) == MAX_LINES + 1 and told["panels"][1]["lines"][-1] == "and 2 more"


async def test_each_role_sees_what_is_for_it() -> None:
    access = let_in("root", wall=Role.VIEWER, anna=Role.OPERATOR)
    async with operations_desk(access) as desk:
        logger.warning("the transfer to %s failed: %s", "+15550100", "nobody at home")
        _, seen = await desk.ask("GET", token="wall")
        assert seen["troubles"][0]["text"] == "the transfer to … failed: …" and seen["actions"] == []
        _, seen = await desk.ask("GET", token="anna")
        assert seen["troubles"][0]["text"] == "the transfer to … failed: nobody at home" and seen["actions"] == []
        assert (await desk.ask("POST", "/drain", "anna"))[0] == 403
        _, seen = await desk.ask("GET", token="root")
        assert [(line["who"], line["action"], line["status"]) for line in seen["actions"]] == [("anna", "drain", 403)]


async def test_an_admin_drains_the_service() -> None:
    async with operations_desk() as desk:
        assert (await desk.ask("POST", "/drain"))[0] == 202
        assert desk.drained == 1
        assert [line["action"] for line in desk.access.audit.latest] == ["drain"]


async def test_an_admin_has_the_checks_run_one_at_a_time_and_it_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    access = let_in("root", anna=Role.OPERATOR)
    found = {"check": "disk", "good": False, "detail": "3 MB free", "mend": "make room", "warning": False}
    async with operations_desk(access) as desk:
        desk.findings.append(found)
        assert (await desk.ask("POST", "/doctor", "anna"))[0] == 403
        assert await desk.ask("POST", "/doctor", "root") == (200, {"findings": [found]})
        desk.examined.clear()
        waits = asyncio.ensure_future(desk.ask("POST", "/doctor", "root"))
        await until(lambda: desk.examining == 1)
        assert (await desk.ask("POST", "/doctor", "root"))[0] == 409
        desk.examined.set()
        assert (await waits)[0] == 200
        desk.examined.clear()
        monkeypatch.setattr(operations_api, "DOCTOR_S", 0.01)
        status, answer = await desk.ask("POST", "/doctor", "root")
        assert status == 503 and "voicebot doctor" in answer["error"]["message"]
        assert desk.examining == 0
        noted = [(line["who"], line["action"], line["status"]) for line in desk.access.audit.latest]
        assert noted == [("anna", "doctor", 403), *(("root", "doctor", status) for status in (200, 409, 200, 503))]


async def test_lines_of_the_audit_log_that_are_lost_are_told() -> None:
    async with operations_desk() as desk:
        desk.access.audit.lost = 3
        _, told = await desk.ask("GET")
        assert told["well"] is False
        assert told["panels"][-1]["facts"] == [["lines lost", "3"]]


async def test_where_there_is_no_phone_the_first_page_is_this_one() -> None:
    async with operations_desk() as desk, desk.http.get(desk.console.url) as response:
        assert (response.status, response.url.path) == (200, "/operations")
        assert "<h1>Operations</h1>" in await response.text()

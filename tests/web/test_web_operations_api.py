"""How the service is, over HTTP: who sees what of it, and who may end it."""

from __future__ import annotations

from let_in import let_in
from operations_desk import logger, operations_desk

from voicebot.web import Panel, Role
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


async def test_where_there_is_no_phone_the_first_page_is_this_one() -> None:
    async with operations_desk() as desk, desk.http.get(desk.console.url) as response:
        assert (response.status, response.url.path) == (200, "/operations")
        assert "<h1>Operations</h1>" in await response.text()

"""`/v1/calls`: place a call, list the calls, show one, end one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from voicebot.address import Address
from voicebot.calls import CallRequest, Calls, CannotCall, Outbound
from voicebot.fleet import Fleet
from voicebot.json_body import parse_json
from voicebot.listening.http import read_body
from voicebot.web.answers import error, faults
from voicebot.web.roles import CALL

MAX_BODY: Final = 64 << 10
HANG_UP_TIMEOUT_S: Final = 5.0
_STATUS: Final = {"invalid": 400, "forbidden": 403, "full": 503}


def _address(value: object) -> Address:
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")
    return Address.parse(value)


def address_or_none(value: object) -> Address | None:
    """Of a body: an address as text, or an empty one. Raises ValueError."""
    return None if value == "" else _address(value)


class CallBody(BaseModel):
    """The body of `POST /v1/calls`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: Annotated[Address, PlainValidator(_address)]
    sender: Annotated[Address | None, PlainValidator(address_or_none), Field(alias="from")] = None
    trunk: str = Field("", max_length=64)
    bot: str = Field("", max_length=64)
    context: dict[str, Any] = {}
    headers: dict[str, str] = Field({}, max_length=16)
    ring_timeout_s: float = Field(0.0, ge=0, le=600)

    def request(self) -> CallRequest:
        return CallRequest(self.to, self.sender, self.trunk, self.bot, self.context, self.headers, self.ring_timeout_s)


class CallsApi:
    """The handlers; ``routes`` are for a :class:`web.Application`. ``fleet``: the calls of its nodes are shown, too."""

    def __init__(self, calls: Calls, outbound: Outbound, fleet: Fleet | None = None) -> None:
        self._calls = calls
        self._outbound = outbound
        self._fleet = fleet

    @property
    def routes(self) -> list[web.RouteDef]:
        one = "/v1/calls/{id}"
        return [
            web.post("/v1/calls", self.place),
            web.get("/v1/calls", self.list),
            web.get(one, self.show),
            web.delete(one, self.end),
        ]

    async def place(self, request: web.Request) -> web.Response:
        """Place a call. Answers 202 with the call's id while it is being set up."""
        try:
            body = CallBody.model_validate(parse_json(await read_body(request)))
        except web.HTTPRequestTimeout:
            return error(408, "the body did not come")
        except ValidationError as wrong:
            return error(400, faults(wrong))
        except ValueError:
            return error(400, 'the body must be JSON, for example {"to": "+15550100"}')
        try:
            call = await self._outbound.place(body.request())
        except CannotCall as why:
            return error(_STATUS[why.why], str(why))
        summary = call.summary()
        request[CALL] = summary["id"]
        return web.json_response(summary, status=202)

    async def list(self, request: web.Request) -> web.Response:
        """List the running calls of all nodes; with ``?ended=1``, also the latest that have ended here."""
        calls = [call.summary() for call in self._calls.running()]
        if self._fleet is not None:
            calls = [call | {"node": self._fleet.name} for call in calls]
        calls += [call for _, call in await _elsewhere(self._fleet)]
        if request.query.get("ended", "0") not in ("0", "false"):
            calls = self._calls.ended() + calls
        return web.json_response({"calls": calls})

    async def show(self, request: web.Request) -> web.Response:
        found = self._find(request.match_info["id"])
        if found is None:
            _, found = await _find_elsewhere(self._fleet, request.match_info["id"])
        return web.json_response(found) if found is not None else error(404, "there is no such call")

    async def end(self, request: web.Request) -> web.Response:
        """Hang up. Harmless if the call has ended. 202 if another node has it, and will hang up."""
        call = self._calls.find(request.match_info["id"])
        if call is not None:
            async with asyncio.timeout(HANG_UP_TIMEOUT_S):
                await call.hang_up()
        elif self._find(request.match_info["id"]) is None:
            node, found = await _find_elsewhere(self._fleet, request.match_info["id"])
            if found is None or self._fleet is None:
                return error(404, "there is no such call")
            if not await self._fleet.ask_end(node, found["id"]):
                return error(503, "its node cannot be reached")
            return web.Response(status=202)
        return web.Response(status=204)

    def _find(self, name: str) -> dict[str, Any] | None:
        running = self._calls.find(name)
        if running is not None:
            return running.summary()
        return next((ended for ended in self._calls.ended() if ended["id"] == name), None)


async def _elsewhere(fleet: Fleet | None) -> list[tuple[str, dict[str, Any]]]:
    """The calls of other nodes, each with its node."""
    return await fleet.calls_elsewhere() if fleet is not None else []


async def _find_elsewhere(fleet: Fleet | None, name: str) -> tuple[str, dict[str, Any] | None]:
    """The node that has the call with this id, and the call; None if there is none."""
    found = ((node, call) for node, call in await _elsewhere(fleet) if call.get("id") == name)
    return next(found, ("", None))

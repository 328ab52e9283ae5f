"""The OpenAPI document (3.1) of all that the console answers but the files of its pages: at `/v1/openapi.json`.

It is made of the table here and of the table of permissions, so that a request needs what the document says. A test
compares it with the routes of the server, and the answers of other tests with its schemas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from voicebot import __version__
from voicebot.archive.query import MOST_ROWS, NAMES
from voicebot.web.openapi_schemas import SCHEMAS, TEXT, Schema, ref
from voicebot.web.permissions import PERMISSIONS, Permission, Proof

PATH: Final = "/v1/openapi.json"
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Operation:
    """``answer``: the schema's name of what is answered with ``status``; empty: nothing, or what is of type ``kind``.
    ``body``: the schema's name of what is sent. ``query``: names, with what they are. ``also``: other statuses than
    those of errors that every request may get."""

    summary: str
    answer: str = ""
    status: int = 200
    kind: str = ""
    body: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)


_SEARCH: Final = {
    **dict.fromkeys(NAMES, "what the calls must have"),
    "words": "what was said: words or their beginnings, phrases in quotation marks",
    "number": "a part of the caller's or called number, or of the Call-ID",
    "since": "when they began, as 2026-11-29T14:05:00Z",
    "until": "before when they began",
    "before": "`next` of the answer before",
    "limit": f"how many, at most {MOST_ROWS}",
}
_AFTER: Final = {"after": "the number of the last entry that is known"}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "GET /healthz": Operation("whether the process runs", "Health"),
    "GET /readyz": Operation("whether calls are taken", "Readiness", also={503: "Readiness"}),
    "GET /metrics": Operation("figures for Prometheus", kind="text/plain"),
    f"GET {PATH}": Operation("this document", kind=JSON),
    "GET /v1/me": Operation("whose token this is", "Me"),
    "GET /v1/operations": Operation("how the service is", "Operations"),
    "POST /v1/operations/doctor": Operation("run the checks of `voicebot doctor`", "Findings"),
    "POST /v1/operations/drain": Operation("take no more calls, and end with the last", status=202),
    "GET /v1/calls": Operation("running calls", "Calls", query={"ended": "1: also the latest that have ended"}),
    "GET /v1/calls/{id}": Operation("one call", "Call"),
    "POST /v1/calls": Operation("place a call", "Call", status=202, body="NewCall"),
    "DELETE /v1/calls/{id}": Operation("hang up", status=204, also={202: ""}),
    "GET /v1/live/calls/events": Operation("running calls, once a second what has changed", kind=EVENTS),
    "GET /v1/live/calls/{id}/events": Operation("one call, line by line", kind=EVENTS),
    "GET /v1/live/calls/{id}/flow.svg": Operation("the flow of its dialogs", kind="image/svg+xml", also={204: ""}),
    "GET /v1/dialogs/{version}/flow.svg": Operation(
        "the flow of dialogs, by the version that records name", kind="image/svg+xml", also={204: ""}
    ),
    "POST /v1/live/calls/{id}/hangup": Operation("hang up", status=204),
    "POST /v1/live/calls/{id}/transfer": Operation("transfer the caller", status=202, body="Transfer"),
    "GET /v1/live/calls/{id}/audio": Operation("what is heard in it", kind="application/octet-stream"),
    "GET /v1/records": Operation("find calls that were, the latest first", "KeptCalls", query=_SEARCH),
    "GET /v1/records/facets": Operation("values to choose from", "Facets"),
    "GET /v1/records/{id}": Operation("the record of a call", "Record"),
    "GET /v1/records/{id}/waves": Operation("how loud its recording is", "Waves", also={204: ""}),
    "GET /v1/records/{id}/picture.svg": Operation("the call as a picture", kind="image/svg+xml"),
    "POST /v1/records/{id}/listen": Operation("a cookie for its recording", status=204),
    "GET /v1/records/{id}/audio.wav": Operation("its recording", kind="audio/wav", also={206: ""}),
    "POST /v1/phone/tickets": Operation("a ticket for a call from a page", "Ticket", status=201),
    "GET /v1/phone/sip": Operation("SIP over WebSocket (RFC 7118)", status=101, query={"ticket": "good once"}),
    "POST /v1/assist/tokens": Operation("make a token for a page", "Assist", status=201, body="Assist"),
    "GET /v1/assist/me": Operation("what this token opens", "Assist"),
    "GET /v1/assist/calls": Operation(
        "calls that are listened to", "Assist", query={"ended": "1: also the latest that have ended", "agent": "whose"}
    ),
    "GET /v1/assist/calls/{id}": Operation("one of them", "Assist"),
    "GET /v1/assist/calls/{id}/entries": Operation("what has been told of it", "Assist", query=_AFTER),
    "GET /v1/assist/calls/{id}/events": Operation("what is told of it", kind=EVENTS, also={204: ""}),
    "POST /v1/assist/calls/{id}/pause": Operation("pause listening", status=204),
    "POST /v1/assist/calls/{id}/resume": Operation("go on listening", status=204),
    "POST /v1/assist/calls/{id}/summary": Operation("sum it up", "Assist"),
    "POST /v1/assist/calls/{id}/checklist/{item}": Operation("tick an item", status=204),
    "GET /v1/assist/agents/{agent}/events": Operation("what is told of an agent's calls", kind=EVENTS),
    "GET /v1/assist/knowledge": Operation("search the articles", "Assist", query={"q": "words"}),
}


def document() -> dict[str, Any]:
    """As values for ``json.dumps``."""
    paths: dict[str, dict[str, Any]] = {}
    for name, operation in OPERATIONS.items():
        method, path = name.split(" ")
        paths.setdefault(path, {})[method.lower()] = _told(operation, PERMISSIONS[name], path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "voicebot", "version": __version__, "description": "docs/operations.md has more on each."},
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _told(operation: Operation, allowed: Permission, path: str) -> dict[str, Any]:
    noted = f" The audit log has it as “{allowed.action}”." if allowed.action else ""
    parameters = [_parameter(name, "path", "") for name in re.findall(r"{(\w+)}", path)]
    parameters += [_parameter(name, "query", what) for name, what in operation.query.items()]
    answers = {str(operation.status): _answer(operation.answer, operation.kind)}
    answers |= {str(status): _answer(name, "") for status, name in operation.also.items()}
    told: dict[str, Any] = {
        "summary": operation.summary,
        "description": _NEEDS.get(allowed.needs, f"Needs a token of the role {allowed.needs}.") + noted,
        "security": [] if allowed.needs is Proof.NONE else [{"token": []}],
        "responses": answers | {"default": {"description": "an error", **_content(ref("Error"), JSON)}},
    }
    if parameters:
        told["parameters"] = parameters
    if operation.body:
        told["requestBody"] = {"required": True, **_content(ref(operation.body), JSON)}
    return told


_NEEDS: Final[Mapping[object, str]] = {
    Proof.NONE: "Open to everybody; it tells nothing of single calls.",
    Proof.OWN: "Needs a ticket, a cookie or a token that opens what it is for.",
}


def _parameter(name: str, where: str, what: str) -> dict[str, Any]:
    described = {"description": what} if what else {}
    return {"name": name, "in": where, "required": where == "path", "schema": dict(TEXT), **described}


def _answer(name: str, kind: str) -> dict[str, Any]:
    if name:
        return {"description": name, **_content(ref(name), JSON)}
    return {"description": kind or "nothing", **(_content({}, kind) if kind else {})}


def _content(schema: Schema, kind: str) -> dict[str, Any]:
    return {"content": {kind: {"schema": dict(schema)}}}

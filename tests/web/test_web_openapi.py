"""The OpenAPI document: against the routes of the server and the answers that it gives."""

from __future__ import annotations

import json

from api_document import DOCUMENT, conforms
from jsonschema import Draft202012Validator
from test_web_permissions import asked, routes, running, whole_server

from voicebot.web.permissions import PERMISSIONS, Proof

STREAMS = ("/events", "/sip", "/audio")


def of_pages(path: str) -> bool:
    return not path.startswith(("/v1", "/healthz", "/readyz", "/metrics"))


async def test_every_route_is_in_it_and_nothing_else() -> None:
    there = {(method, path) for method, path in routes(whole_server()) if not of_pages(path)}
    told = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert there == told


def test_it_says_what_a_request_needs() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            needed = PERMISSIONS[f"{method.upper()} {path}"].needs
            assert bool(operation["security"]) == (needed is not Proof.NONE)
            named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
            assert all(f"{{{name}}}" in path for name in named) and path.count("{") == len(named)


def test_its_schemas_are_schemas_and_all_are_used() -> None:
    text = json.dumps(DOCUMENT)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in text


async def test_what_the_server_answers_is_what_it_says() -> None:
    """Everything is asked for, with a token, without, and for what is not there. Streams are not read."""
    async with running() as (http, at, server):
        for method, path in routes(server):
            if of_pages(path) or path.endswith(STREAMS):
                continue
            for token in ("admin", "viewer", ""):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                body = {} if method == "POST" else None
                async with http.request(method, at + asked(path), headers=headers, json=body) as got:
                    kind = got.headers.get("Content-Type", "")
                    conforms(f"{method} {path}", got.status, kind, await got.read())


async def test_it_is_served_to_everybody() -> None:
    async with running() as (http, at, _), http.get(f"{at}/v1/openapi.json") as got:
        assert await got.json() == DOCUMENT

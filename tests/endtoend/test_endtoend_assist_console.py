"""The page, the API and the bounds of the console in the real service, with calls that are listened to and without."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from served import Service, SpeechDouble

TOKEN = "the-console-token"


def ask(service: Service, path: str, token: str = TOKEN, body: Any = None) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{service.ready['console_port']}{path}", data)
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.slow
def test_calls_are_shown_where_some_are_listened_to(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    service = serve(speech__service="url", speech__url=speak().url, console__token=TOKEN, siprec__numbers='["4711"]')
    assert ask(service, "/assist")[0] == ask(service, "/assist/app.js", "")[0] == 200
    assert ask(service, "/v1/assist/calls", "")[0] == 401
    assert ask(service, "/v1/assist/calls") == (200, '{"Calls": []}')
    status, made = ask(service, "/v1/assist/tokens", body={"Role": "agent", "Agent": "7001"})
    assert status == 201
    agents = json.loads(made)["Token"]
    assert json.loads(ask(service, "/v1/assist/me", agents)[1])["Agent"] == "7001"
    assert ask(service, "/v1/calls", agents)[0] == 401
    assert "voicebot_assist_streams 0.0" in ask(service, "/metrics")[1]


@pytest.mark.slow
def test_where_no_calls_are_listened_to_there_is_nothing_of_it(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    service = serve(speech__service="url", speech__url=speak().url, console__token=TOKEN)
    for path in ("/assist", "/assist/app.js", "/v1/assist/calls"):
        assert ask(service, path)[0] == 404

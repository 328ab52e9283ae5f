"""``voicebot dial``: have the running service place a call, and print how it proceeds."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import typer

from voicebot.address import Address
from voicebot.commands.context import pairs
from voicebot.settings import SettingsError, load_settings

REQUEST_S = 10.0
LOOK_EVERY_S = 0.25


class NotAsked(Exception):
    """The service could not be reached, or has refused; the text says why."""


def run_dial(
    to: str,
    config: Path | None,
    *,
    trunk: str,
    bot: str,
    sender: str,
    context: Sequence[str],
    wait: bool,
    as_json: bool,
) -> int:
    """Status 0: the call was placed and, with ``wait``, answered; 1: it was not answered; 2: it was refused."""
    try:
        settings = load_settings(config)
        console = settings.console
        host = "127.0.0.1" if console.host in ("0.0.0.0", "::") else console.host
        client = ConsoleClient(f"http://{f'[{host}]' if ':' in host else host}:{console.port}", console.secret())
        request: dict[str, Any] = {
            "to": str(Address.parse(to)),
            "trunk": trunk,
            "bot": bot,
            "from": sender,
            "context": pairs(context),
        }
        call = client.ask("POST", "/v1/calls", {name: value for name, value in request.items() if value})
        state = _told("", call, as_json)
        while wait and state != "ended":
            time.sleep(LOOK_EVERY_S)
            call = client.ask("GET", f"/v1/calls/{quote(call['id'], safe='')}")
            state = _told(state, call, as_json)
    except (NotAsked, SettingsError, ValueError) as error:
        typer.echo(str(error), err=True)
        return 2
    if as_json:
        typer.echo(json.dumps(call))
    return 1 if call["not_answered"] else 0


class ConsoleClient:
    """The API of a running service. ``url``: of its console."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to one request. Raises :class:`NotAsked`."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self._url + path,
            data,
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_S) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as refused:
            raise NotAsked(_reason(refused)) from refused
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise NotAsked(f"no service at {self._url}: {reason}; start it with: voicebot serve") from error
        return dict(answer)


def _reason(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(refused.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {refused.code}"


def _told(before: str, call: dict[str, Any], as_json: bool) -> str:
    """Print the state of the call if it is not ``before``, and return it."""
    state = str(call["state"])
    if state == before or as_json:
        return state
    why = call["not_answered"]
    if state == "ended" and why:
        typer.echo(f"not answered: {why['outcome']} {why['status'] or ''} {why['reason']}".rstrip())
    elif state == "ended":
        typer.echo(f"ended by {call['end']}")
    else:
        typer.echo(f"{state} {call['to']} ({call['id']})" if not before else state)
    return state

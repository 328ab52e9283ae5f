"""``voicebot call``: place a scripted call, or many, and print what was measured on the wire."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import typer
import uvloop
from rich.console import Console

from voicebot.address import Address
from voicebot.audio.codecs import Codec, named
from voicebot.caller import (
    CallNotTried,
    CallOptions,
    CallReport,
    CallScript,
    LoadReport,
    ScriptError,
    load_script,
    place_call,
    place_many,
)
from voicebot.commands.demo import DEMO_SCRIPT
from voicebot.commands.transcript import line_printer, print_figures
from voicebot.log import configure_logging
from voicebot.private_files import whole_file
from voicebot.service.speech import KEY_ENV
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.speech import SpeechEndpoint


def run_call(
    to: str,
    script_path: Path | None,
    calls: int,
    concurrency: int,
    speech: str,
    out: Path | None,
    *,
    as_json: bool,
    ca: Path | None = None,
    codec: str = "PCMU",
) -> int:
    """Call ``to`` with the script (default: the demo's). Status 1: a call did not reach the end of its script."""
    configure_logging("WARNING")
    try:
        check_ca(ca)
        wire = named(codec)
        script = load_script(script_path or DEMO_SCRIPT)
        return uvloop.run(_call(sip_address(to), script, calls, concurrency, speech, out, as_json, ca, wire))
    except (ScriptError, CallNotTried, NotReady, ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        return 2


def sip_address(text: str) -> Address:
    """``text`` as an address that can be called without a trunk. Raises ValueError with one line."""
    address = Address.parse(text)
    if address.domain is None:
        raise ValueError(f"{text}: not a SIP address; write it like sip:bot@127.0.0.1:5060")
    return address


def check_ca(file: Path | None) -> None:
    """Raise ValueError with one line for a file without certificates."""
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"--ca {file}: not a file of certificates in PEM: {error}") from error


async def _call(
    to: Address,
    script: CallScript,
    calls: int,
    concurrency: int,
    speech: str,
    out: Path | None,
    as_json: bool,
    ca: Path | None,
    codec: Codec,
) -> int:
    console = Console(highlight=False, stderr=as_json)
    async with caller_speech(speech) as endpoint:
        if calls == 1:
            options = CallOptions(speech=endpoint, keep_audio=out is not None, ca_file=ca, codec=codec)
            report: CallReport | LoadReport = await place_call(to, script, options, on_line=line_printer(console))
        else:
            if script.expects_words:
                raise CallNotTried(f"{script.source}: many calls are not transcribed; leave `expect` out of the script")
            options = CallOptions(speech=endpoint, transcribe=False, ca_file=ca, codec=codec)
            report = await place_many(to, script, calls=calls, concurrency=concurrency, ramp_s=1.0, options=options)
    if out is not None:
        await asyncio.to_thread(_keep, report, out)
    if as_json:
        typer.echo(json.dumps(report.as_dict()))
    else:
        print_figures(console, report.as_dict()["figures"])
        if isinstance(report, LoadReport):
            console.print(f"calls: {report.as_dict()['outcomes']} {report.as_dict()['reasons'] or ''}")
        else:
            console.print(f"[bold]{report.outcome}[/]: {report.reason}")
    return 0 if report.ok else 1


def _keep(report: CallReport | LoadReport, out: Path) -> None:
    with whole_file(out / "caller.json") as file:
        file.write(json.dumps(report.as_dict(), indent=1).encode())
    if isinstance(report, CallReport) and report.audio is not None:
        report.audio.write(out / "caller.wav")


@asynccontextmanager
async def caller_speech(url: str) -> AsyncIterator[SpeechEndpoint]:
    """The speech service of the caller: the one at ``url``, or an offline one that ends with the block."""
    if url:
        yield SpeechEndpoint(host=url, key=os.environ.get("VOICEBOT_SPEECH__KEY"))
        return
    ready: dict[str, Any] = {}
    key = secrets.token_urlsafe()
    argv = [sys.executable, "-m", "voicebot.localspeech", "--exit-with-parent", "--port", "0", "--log-level", "WARNING"]
    environment = {**os.environ, KEY_ENV: key}
    child = ChildProcess(
        "speech service of the caller", [*argv, "--key-env", KEY_ENV], on_ready=ready.update, environment=environment
    )
    await child.start()
    try:
        yield SpeechEndpoint(host=f"ws://127.0.0.1:{ready['port']}", key=key)
    finally:
        await child.stop()

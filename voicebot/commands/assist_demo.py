"""``voicebot assist-demo``: a call between two people, listened to.

The service is started as by ``voicebot serve``, in a process and on ports of its own. A recording client of ours forks
a call between two synthesised people to it, as an SBC would; what the agent's page shows is printed meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import typer
import uvloop
from rich.console import Console
from rich.markup import escape

from voicebot.address import Address
from voicebot.caller import CallNotTried, ForkOptions, ForkReport, ScriptError, TwoPeople, fork_call, load_two_people
from voicebot.commands.assist_told import ToldEvents, missing
from voicebot.commands.assist_transcript import AssistPrinter
from voicebot.commands.dial import ConsoleClient, NotAsked
from voicebot.commands.own_service import OwnService, own_service, record_of, until_interrupted
from voicebot.log import configure_logging
from voicebot.private_files import make_folder
from voicebot.service.supervisor import NotReady

SCRIPT: Final = Path(__file__).with_name("assist_demo.yaml")
DESK: Final = "assist"
"""The number at which the service takes recording sessions."""
PAUSE_S: Final = 6
"""How long a rule may pause the listening: the demo waits for its end."""
END_DEADLINE_S: Final = 30.0
"""How long after the call its last words, the summary and the end may take."""
SETTINGS: Final = {
    "SIP__HOST": "127.0.0.1",
    "SIP__PORT": 0,
    "RTP__PORT_LOW": 37000,
    "RTP__PORT_HIGH": 37999,
    "BOT__HTTP_PORT": 0,
    "CONSOLE__PORT": 0,
    "CALLS__DRAIN_S": 1,
    "SIPREC__NUMBERS": json.dumps([DESK]),
    "ASSIST__RECORDING": "true",
    "ASSIST__PAUSE_S": PAUSE_S,
}


def run_assist_demo(script: Path | None, out: Path, *, stay: bool, as_json: bool) -> int:
    """Status 0: all has come that is to come; 1: something is missing, or was shown that is secret; 2: not tried."""
    configure_logging("WARNING")
    try:
        people = load_two_people(script or SCRIPT)
        make_folder(out)
        return uvloop.run(_demo(people, out, Console(highlight=False, stderr=as_json), stay, as_json))
    except (ScriptError, NotReady, NotAsked, CallNotTried, OSError, aiohttp.ClientError) as error:
        typer.echo(str(error) or type(error).__name__, err=True)
        return 2


async def _demo(script: TwoPeople, out: Path, console: Console, stay: bool, as_json: bool) -> int:
    log, token, told = out / "assist-serve.log", secrets.token_urlsafe(), ToldEvents()
    console.print(
        f"starting the service with its embedded speech and language services (its log: {log})", soft_wrap=True
    )
    settings = SETTINGS | {
        "CALLS__RECORDS": out,
        "CONSOLE__AUDIT_LOG": out / "audit.jsonl",
        "CONSOLE__TOKEN": token,
        "SPEECH__LANGUAGE": script.language,
        "SIPREC__AGENTS": json.dumps([script.agent.number]),
    }
    async with own_service(log, settings) as service:
        page = await _page(service, token, script.agent.number)
        console.print(f"the agent's page: [bold]{page}[/]", soft_wrap=True)
        console.print(f"in some seconds {script.caller.name} calls {script.agent.name}\n")
        printer = AssistPrinter(console)

        def take(event: Mapping[str, Any]) -> None:
            told.take(event)
            printer.show(event)

        report = await _watched(service, token, script, take, lambda: told.is_over)
        record = await record_of(report.call_id, out, recording=True)
        files = await asyncio.to_thread(_leave, out, record)
        kept = await asyncio.to_thread(_texts, [*files, log])
        lacking = [*missing(script, told, report, kept), *([] if record is not None else ["no record of the call"])]
        _conclude(console, files | {log: "the log of the service"}, lacking)
        if as_json:
            typer.echo(json.dumps({"ok": not lacking, "missing": lacking, "page": page, "events": told.events}))
        if stay:
            console.print("the page stays until Ctrl-C")
            await until_interrupted()
    return 1 if lacking else 0


def _conclude(console: Console, files: Mapping[Path, str], lacking: Sequence[str]) -> None:
    console.print()
    for file, what in files.items():
        console.print(f"[dim]{file}[/]  {what}", soft_wrap=True)
    for one in lacking:
        console.print(f"[red]missing[/]: {escape(one)}", soft_wrap=True)
    console.print("[bold red]failed[/]" if lacking else "[bold green]all that was to come has come[/]")


async def _page(service: OwnService, token: str, agent: str) -> str:
    """The address of the agent's page, for an hour."""
    client = ConsoleClient(service.console, token)
    wanted = {"Role": "agent", "Agent": agent}
    made = await asyncio.to_thread(client.ask, "POST", "/v1/assist/tokens", wanted)
    return service.console + str(made["Page"])


async def _watched(
    service: OwnService,
    token: str,
    script: TwoPeople,
    take: Callable[[Mapping[str, Any]], None],
    is_over: Callable[[], bool],
) -> ForkReport:
    """Fork the call to the service, and ``take`` what is told of the agent's calls until the call ``is_over``."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        url = f"{service.console}/v1/assist/agents/{script.agent.number}/events"
        async with http.ws_connect(url, protocols=["voicebot.assist"], max_msg_size=1 << 20) as socket:

            async def watch() -> None:
                async for message in socket:
                    take(json.loads(message.data))
                    if is_over():
                        break

            watching = asyncio.create_task(watch(), name="watching the agent's calls")
            try:
                to = Address(DESK, service.address.domain)
                report = await fork_call(to, script, ForkOptions(speech=service.speech))
                await asyncio.wait([watching], timeout=END_DEADLINE_S)
            finally:
                watching.cancel()
                await asyncio.wait([watching])
            if not watching.cancelled():
                watching.result()
            return report


def _leave(out: Path, record: Path | None) -> dict[Path, str]:
    """Give the files of the call the names that the demo has for them. Returns them, each with a description."""
    if record is None:
        return {}
    document, wav = out / "assist-call.json", out / "assist-call.wav"
    files = {document: "the call's record"}
    if record.with_suffix(".wav").exists():
        record.with_suffix(".wav").replace(wav)
        files[wav] = "the recording: caller left, agent right, silent where something is withheld"
    record.replace(document)
    return files


def _texts(files: list[Path]) -> dict[str, str]:
    """The contents of the files with texts."""
    return {file.name: file.read_text("utf-8", "replace") for file in files if file.suffix != ".wav" and file.exists()}

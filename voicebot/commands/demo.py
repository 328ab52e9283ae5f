"""``voicebot demo``: the whole product once, from start to picture.

The service is started as ``voicebot serve`` would start it, in a process and on ports of its own, and called by the
built-in caller. What comes back is transcribed by the caller, so that a step counts only when it was really heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import typer
import uvloop
from rich.console import Console

from voicebot.address import Address
from voicebot.caller import CallNotPlaced, CallOptions, CallReport, load_script, place_call
from voicebot.calls.picture import write_picture
from voicebot.log import configure_logging
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.speech import SpeechEndpoint

DEMO_SCRIPT = Path(__file__).with_name("demo.yaml")
RECORD_DEADLINE_S = 10.0


def run_demo(out: Path, *, as_json: bool) -> int:
    """Status 0 only when the dialog reached its end."""
    configure_logging("WARNING")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return uvloop.run(_demo(out, Console(highlight=False, stderr=as_json), as_json))
    except (NotReady, CallNotPlaced, OSError) as error:
        typer.echo(str(error), err=True)
        return 2


async def _demo(out: Path, console: Console, as_json: bool) -> int:
    from voicebot.commands.call import line_printer, print_figures

    console.print("starting the bot with its embedded speech service (its log: " + str(out / "serve.log") + ")")
    ready: dict[str, Any] = {}
    service = ChildProcess("voicebot serve", _serve_command(out), on_ready=ready.update, environment=_environment(out))
    await service.start()
    try:
        console.print(f"calling {ready['sip']}\n")
        options = CallOptions(speech=SpeechEndpoint(host=ready["speech"]), keep_audio=True)
        report = await place_call(
            Address.parse(ready["sip"]), load_script(DEMO_SCRIPT), options, on_line=line_printer(console)
        )
        record = await _record(out, report.call_id)
    finally:
        await service.stop()
    files = await asyncio.to_thread(_leave, out, record, report)
    console.print()
    print_figures(console, report.as_dict()["figures"])
    for file, what in files.items():
        console.print(f"[dim]{file}[/]  {what}", soft_wrap=True)
    verdict = "[bold green]the dialog reached its end[/]" if report.ok else f"[bold red]failed[/]: {report.reason}"
    console.print(verdict, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps({**report.as_dict(), "files": [str(f) for f in files]}))
    return 0 if report.ok else 1


def _serve_command(out: Path) -> list[str]:
    serve = 'exec "$0" -m voicebot.commands serve --json --exit-with-parent 2>"$1"'  # the shell adds the log file
    return ["sh", "-c", serve, sys.executable, str(out / "serve.log")]


def _environment(out: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("VOICEBOT_")}
    return kept | {
        "VOICEBOT_SIP__HOST": "127.0.0.1",
        "VOICEBOT_SIP__PORT": "0",
        "VOICEBOT_RTP__PORT_LOW": "38000",
        "VOICEBOT_RTP__PORT_HIGH": "38999",
        "VOICEBOT_BOT__HTTP_PORT": "0",
        "VOICEBOT_CONSOLE__PORT": "0",
        "VOICEBOT_CALLS__RECORDS": str(out),
        "VOICEBOT_CALLS__RECORDING": "true",
        "VOICEBOT_CALLS__DRAIN_S": "1",
    }


async def _record(out: Path, call_id: str) -> Path | None:
    """The record that the service wrote of our call, once its recording is there too; None when it does not come."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(RECORD_DEADLINE_S):
            while True:
                if (file := await asyncio.to_thread(_find_record, out, call_id)) is not None:
                    return file
                await asyncio.sleep(0.05)
    return None


def _find_record(out: Path, call_id: str) -> Path | None:
    for file in out.glob("*.json"):
        if json.loads(file.read_text()).get("call_id") == call_id and file.with_suffix(".wav").exists():
            return file
    return None


def _leave(out: Path, record: Path | None, report: CallReport) -> dict[Path, str]:
    """Put what the call left under its plain names."""
    files: dict[Path, str] = {}
    (out / "caller-report.json").write_text(json.dumps(report.as_dict(), indent=1))
    files[out / "caller-report.json"] = "what the caller heard and measured"
    if record is not None:
        wav, timeline, picture = out / "call.wav", out / "call.json", out / "call.svg"
        record.with_suffix(".wav").replace(wav)
        record.replace(timeline)
        write_picture(json.loads(timeline.read_text()), wav, picture)
        files |= {
            timeline: "the call's record with its timeline",
            wav: "the recording: caller left, bot right",
            picture: "the call as a picture (open it in a browser)",
        }
    return files

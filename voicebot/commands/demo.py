"""``voicebot demo``: one call from beginning to end, with its record, recording and picture.

The service is started as by ``voicebot serve``, in a process and on ports of its own, and the built-in caller calls it.
The caller transcribes the bot's audio, so a step succeeds only if its words were really heard.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Literal

import typer
import uvloop
from rich.console import Console

from voicebot.archive.picture import write_picture
from voicebot.caller import CallNotTried, CallOptions, CallReport, load_script, place_call
from voicebot.commands.own_service import own_service, record_of, until_interrupted
from voicebot.commands.transcript import line_printer, print_figures
from voicebot.log import configure_logging
from voicebot.private_files import make_folder, whole_file
from voicebot.service.supervisor import NotReady

RECORDS = "records"
"""In the folder of the demo: the records and recordings of its calls."""
DEMO_SCRIPT = Path(__file__).with_name("demo.yaml")
SETTINGS: dict[str, object] = {
    "SIP__HOST": "127.0.0.1",
    "SIP__PORT": 0,
    "RTP__PORT_LOW": 38000,
    "RTP__PORT_HIGH": 38999,
    "BOT__HTTP_PORT": 0,
    "CONSOLE__PORT": 0,
    "CALLS__RECORDING": "true",
    "CALLS__DRAIN_S": 1,
}


By = Literal["sip", "acs", "acs-platform"]


def run_demo(out: Path, *, by: By = "sip", stay: bool = False, as_json: bool) -> int:
    """``by``: how the caller reaches the bot. ``stay``: show the call in the page of calls, until Ctrl-C. Status 0: the
    dialog reached its end; 1: it did not."""
    configure_logging("WARNING")
    try:
        make_folder(out / RECORDS)
        return uvloop.run(_demo(out, by, Console(highlight=False, stderr=as_json), stay, as_json))
    except (NotReady, CallNotTried, OSError) as error:
        typer.echo(str(error), err=True)
        return 2


async def _demo(out: Path, by: By, console: Console, stay: bool, as_json: bool) -> int:
    console.print("starting the bot with its embedded speech service (its log: " + str(out / "serve.log") + ")")
    settings = SETTINGS | {"CALLS__RECORDS": out / RECORDS}
    if by != "sip":
        return await _tell(out, await _by_acs(out, by, settings, console), by, console, as_json, page="")
    async with own_service(out / "serve.log", settings) as service:
        console.print(f"calling {service.address}\n")
        options = CallOptions(speech=service.speech, keep_audio=True)
        report = await place_call(service.address, load_script(DEMO_SCRIPT), options, on_line=line_printer(console))
        status = await _tell(out, report, by, console, as_json, page=f"{service.console}/calls" if stay else "")
        if stay:
            await until_interrupted()
    return status


async def _by_acs(out: Path, by: By, settings: dict[str, object], console: Console) -> CallReport:
    from voicebot.commands.acs_demo import call_by_acs, call_by_acs_platform

    speaks = ", which speaks and listens itself: what is said is text" if by == "acs-platform" else ""
    console.print(f"calling by a double of Azure Communication Services{speaks}\n")
    call = call_by_acs_platform if by == "acs-platform" else call_by_acs
    return await call(out / "serve.log", settings, load_script(DEMO_SCRIPT), line_printer(console))


async def _tell(out: Path, report: CallReport, by: By, console: Console, as_json: bool, *, page: str) -> int:
    """What the call was like, and which files it left. ``page``: the address at which calls can be seen, or empty."""
    record = await record_of(report.call_id, out / RECORDS, recording=by != "acs-platform")
    files = await asyncio.to_thread(_leave, out, record, report)
    console.print()
    print_figures(console, report.as_dict()["figures"])
    for file, what in files.items():
        console.print(f"[dim]{file}[/]  {what}", soft_wrap=True)
    verdict = "[bold green]the dialog reached its end[/]" if report.ok else f"[bold red]failed[/]: {report.reason}"
    console.print(verdict, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps({**report.as_dict(), "files": [str(f) for f in files]}))
    if page and record is not None:
        console.print(f"see and hear it: [bold]{page}#call={record.stem}[/]  (until Ctrl-C)", soft_wrap=True)
    return 0 if report.ok else 1


def _leave(out: Path, record: Path | None, report: CallReport) -> dict[Path, str]:
    """Write the files of the call to ``out``. Returns them, each with a description."""
    files: dict[Path, str] = {}
    with whole_file(out / "caller-report.json") as file:
        file.write(json.dumps(report.as_dict(), indent=1).encode())
    files[out / "caller-report.json"] = "what the caller heard and measured"
    if record is not None:
        wav, timeline, picture = out / "call.wav", out / "call.json", out / "call.svg"
        recorded = record.with_suffix(".wav").exists()
        for kept, copy in ((record.with_suffix(".wav"), wav), (record, timeline)):
            if not kept.exists():
                copy.unlink(missing_ok=True)  # that of an earlier demo
                continue
            with whole_file(copy) as file:
                file.write(kept.read_bytes())
        write_picture(json.loads(timeline.read_text()), wav if recorded else None, picture)
        files |= {
            timeline: "the call's record with its timeline",
            **({wav: "the recording: caller left, bot right"} if recorded else {}),
            picture: "the call as a picture (open it in a browser)",
        }
    return files

"""``voicebot test --voice``: run the transcript tests as real calls, by synthesised callers.

Each test is run in text first; one that fails there is not run by voice. Then the service is started as by ``voicebot
serve``, on ports and with settings of its own and with offline speech, and serves a :mod:`~voicebot.authoring.stage` of
the dialogs. The built-in caller places the calls, two at a time. What the bot said is read from their records.

Status 0: all tests that can be run by voice passed; 1: a test failed; 2: no test could be run.
"""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import typer

from voicebot.address import Address
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Rehearsal, Result
from voicebot.authoring.stage import TEST_HEADER, build_stage
from voicebot.authoring.talk import Failure
from voicebot.authoring.transcripts import DialogTest, read_transcripts
from voicebot.caller import CallNotTried, CallOptions, Phone
from voicebot.commands.check import told
from voicebot.commands.own_service import own_service, record_of
from voicebot.commands.test import run_quietly
from voicebot.commands.voice_script import NotByVoice, VoiceScript, voice_script
from voicebot.commands.voice_verdict import Understood, verdict
from voicebot.host.loader import DialogsError
from voicebot.host.sdk_choice import chosen_sdk
from voicebot.log import configure_logging
from voicebot.service.supervisor import NotReady

SIDE_BY_SIDE: Final = 2
"""How many calls are run at a time. The offline models of both sides run on this machine."""
MAX_CALL_S: Final = 300.0
RENDER_ATTEMPTS: Final = 3
SETTINGS: Final = """\
[sip]
host = "127.0.0.1"
port = 0
[rtp]
port_low = 36000
port_high = 37999
[speech]
service = "local"
language = "en-US"
[bot]
dialogs = {dialogs}
sdk = {sdk}
reload = false
http_port = 0
[console]
port = 0
[calls]
records = {records}
drain_s = 1
[log]
level = "WARNING"
"""


@dataclass(frozen=True, slots=True)
class VoiceResult:
    """The result of one test. ``skipped``: why it was not run by voice, or ``""``. ``in_text``: it failed in text."""

    test: DialogTest
    failure: Failure | None = None
    skipped: str = ""
    in_text: bool = False
    took_s: float = 0.0
    understood: tuple[Understood, ...] = ()

    @property
    def outcome(self) -> str:
        return "skipped" if self.skipped else "passed" if self.failure is None else "failed"


def run_voice_tests(folder: Path, *, as_json: bool, only: str = "") -> int:
    """Run the tests of ``folder`` whose name contains ``only``."""
    configure_logging("WARNING")
    dialogs, transcripts = load_dialogs(folder), read_transcripts(folder)
    if not dialogs.usable or transcripts.problems:
        for problem in [*dialogs.problems, *transcripts.problems]:
            typer.echo(told(problem), err=True)
        return 2
    numbered = [(n, test) for n, test in enumerate(transcripts.tests) if only.casefold() in test.name.casefold()]
    if not numbered:
        typer.echo(f"{folder / 'tests'}: no tests here" + (f" with {only!r} in their name" if only else ""), err=True)
        return 2

    def tell(result: VoiceResult) -> None:
        if not as_json:
            typer.echo("\n".join(lines_of(result)))

    async def everything() -> list[VoiceResult]:
        me = asyncio.current_task()
        assert me is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)  # as Ctrl-C: ends the service, too
        results = await run_quietly(Rehearsal(dialogs), [test for _, test in numbered])
        ready, over = _plan([number for number, _ in numbered], results)
        for result in over:
            tell(result)
        return [*over, *(await _hold(folder, ready, tell) if ready else [])]

    try:
        every = asyncio.run(everything())
    except (DialogsError, NotReady, CallNotTried, OSError) as error:
        typer.echo(str(error), err=True)
        return 2
    order = {id(test): number for number, test in numbered}
    every.sort(key=lambda result: order[id(result.test)])
    counts = {name: sum(result.outcome == name for result in every) for name in ("passed", "failed", "skipped")}
    if as_json:
        typer.echo(json.dumps({"tests": [_data(result) for result in every], **counts}, ensure_ascii=False, indent=1))
    else:
        skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
        typer.echo(f"{counts['passed']} of {len(every)} tests passed by voice{skipped}")
    return 1 if counts["failed"] else 0


def lines_of(result: VoiceResult) -> list[str]:
    """The lines for one test: its result, where it failed, and what was recognised otherwise than it was said."""
    lines = [f"{result.outcome} {result.took_s:6.1f} s  {result.test.name}"]
    if result.skipped:
        return [f"skipped {'':8}  {result.test.name}: {result.skipped}"]
    if result.failure is not None:
        lines.append(f"  {result.failure.file}:{result.failure.line}:{' in text already:' if result.in_text else ''}")
        lines.append(f"  expected: {result.failure.expected}")
        lines.append(f"  heard:    {result.failure.heard}")
    for act in result.understood:
        if act.differs and (result.failure is None or act.line <= result.failure.line):
            recognised = repr(act.recognised) if act.recognised else "nothing"
            lines.append(f"  in line {act.line} the caller said {act.said!r}, heard: {recognised}")
    return lines


def _plan(numbers: Sequence[int], results: Sequence[Result]) -> tuple[list[tuple[int, DialogTest, VoiceScript]],
                                                                      list[VoiceResult]]:  # fmt: skip
    """The calls to place, and the results of tests that need no call."""
    ready: list[tuple[int, DialogTest, VoiceScript]] = []
    over: list[VoiceResult] = []
    for number, result in zip(numbers, results, strict=True):
        if result.failure is not None:
            over.append(VoiceResult(result.test, result.failure, in_text=True))
            continue
        try:
            ready.append((number, result.test, voice_script(result.test, result.languages)))
        except NotByVoice as not_so:
            over.append(VoiceResult(result.test, skipped=f"{result.test.file.name}:{not_so.line}: {not_so}"))
    return ready, over


async def _hold(
    folder: Path, calls: Sequence[tuple[int, DialogTest, VoiceScript]], tell: Callable[[VoiceResult], None]
) -> list[VoiceResult]:
    """Start the service, place the calls, end the service."""
    with tempfile.TemporaryDirectory(prefix="voicebot-test-") as made:
        place = Path(made)
        await asyncio.to_thread(build_stage, folder, place / "stage")
        await asyncio.to_thread(_settings, place)
        async with own_service(place / "serve.log", {}, place / "voicebot.toml") as service:
            common = CallOptions(
                speech=service.speech,
                transcribe=False,
                sender=Address("+15550100"),  # the same caller as in text
                max_call_s=MAX_CALL_S,
            )
            async with Phone(service.address, common) as phone:
                for _, _, voice in calls:
                    await _render(phone, voice)
                free = asyncio.Semaphore(SIDE_BY_SIDE)

                async def one(number: int, test: DialogTest, voice: VoiceScript) -> VoiceResult:
                    async with free:
                        result = await _call(phone, service.address, place / "records", number, test, voice)
                    tell(result)
                    return result

                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(*call)) for call in calls]
                return [task.result() for task in tasks]


async def _render(phone: Phone, voice: VoiceScript) -> None:
    """Synthesise the caller's words before the first call, because recognition keeps the machine busy during calls."""
    for attempt in range(RENDER_ATTEMPTS):
        try:
            await phone.prepare(voice.script)
            return
        except CallNotTried:
            if attempt + 1 == RENDER_ATTEMPTS:
                raise


async def _call(
    phone: Phone, to: Address, records: Path, number: int, test: DialogTest, voice: VoiceScript
) -> VoiceResult:
    began = time.monotonic()
    headers = {TEST_HEADER: str(number)}
    options = replace(phone.options, headers=headers, transfer_status=voice.transfer_status)
    try:
        report = await phone.call(to, voice.script, options=options)
    except CallNotTried as error:
        return VoiceResult(test, Failure(test.file, test.line, "a call", str(error)), took_s=time.monotonic() - began)
    file = await record_of(report.call_id, records) if report.call_id else None
    took_s = time.monotonic() - began
    if file is None:
        failure = Failure(test.file, test.line, "a call with a record", report.reason or "nothing")
        return VoiceResult(test, failure, took_s=took_s)
    record = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
    judged = await verdict(test, voice, report, record)
    return VoiceResult(test, judged.failure, took_s=took_s, understood=judged.understood)


def _settings(place: Path) -> None:
    values = {"dialogs": str(place / "stage"), "records": str(place / "records"), "sdk": chosen_sdk()}
    text = SETTINGS.format(**{name: json.dumps(value) for name, value in values.items()})
    (place / "voicebot.toml").write_text(text, encoding="utf-8")


def _data(result: VoiceResult) -> dict[str, object]:
    failure = result.failure
    return {
        "file": str(result.test.file), "line": result.test.line, "name": result.test.name,
        "outcome": result.outcome, "skipped": result.skipped or None, "took_ms": round(1000 * result.took_s, 2),
        "failure": None if failure is None else {
            "file": str(failure.file), "line": failure.line, "expected": failure.expected, "heard": failure.heard,
            "in_text": result.in_text,
        },
        "understood": [{"line": act.line, "said": act.said, "heard": act.recognised} for act in result.understood],
    }  # fmt: skip

"""What the trace of a call costs the call process.

    python -m bench.traces                   calls of 20 turns, one after the other
    python -m bench.traces --turns 5

A collector in a process of its own takes what the official exporter sends. Without ``traces.endpoint`` none of this
runs, or is imported. Spans are made and encoded on a thread, but Python computes on one at a time: so it is also
measured how late the event loop is meanwhile, beside the same without traces. The CPU is that of this thread.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

import uvloop

from voicebot.audio import PCMU
from voicebot.caller.measure import Spread
from voicebot.calls import RecordBuilder
from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    LegEnded,
    PlaybackEnded,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.events import Final as FinalResult
from voicebot.legs import LegInfo
from voicebot.trace_context import span_id
from voicebot.traces import spans_of
from voicebot.traces.export import THREAD, TraceExport
from voicebot.turns import AskKind

COLLECTOR: Final = """
import http.server
class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
server.serve_forever()
"""
TURN_S: Final = 6.0
EVERY_S: Final = 0.001


def record(number: int, turns: int) -> dict[str, Any]:
    """Of a call with so many turns, as calls make it."""
    call = span_id(str(number)) + span_id(str(-number - 1))
    info = LegInfo(call_id=f"{number}@bench", caller="+15550100", callee="7000", audio=PCMU, trunk="sbc")
    made = RecordBuilder(call, info, started_at_wall=datetime.now(UTC), started_at=0.0, bot="dialogs")
    made.note(CallAnswered(0.02))
    for turn in range(1, turns + 1):
        at = TURN_S * turn
        made.note(SpeechStarted(at, at - 0.1))
        made.note(SpeechStopped(at + 1.3, at + 1.0))
        made.note(FinalResult(at + 1.2, "my bill please", at, at + 1.0, 0.9))
        made.asked(turn, "my bill please", AskKind.SPEECH, at + 1.3)
        made.note(BotMessage(at + 1.31, turn, "Which account?", "Which account?"))
        made.note(BotDone(at + 1.31, turn))
        made.spoken(turn, "Which account?", turn, at + 1.31)
        made.synthesised(turn, turn, "Which account?", at + 1.35)
        made.note(PlaybackStarted(at + 1.36, turn))
        made.note(PlaybackEnded(at + 3.0, turn, 1.64, True))
    made.note(LegEnded(TURN_S * (turns + 1), "caller"))
    return made.build()


async def pauses(running: asyncio.Event) -> list[float]:
    """How late, in ms, a task was that wants to run every millisecond."""
    loop, found = asyncio.get_running_loop(), []
    while not running.is_set():
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        found.append(1000 * (loop.time() - due))
    return found


async def export_all(export: TraceExport, records: list[dict[str, Any]]) -> None:
    """One call after the other, as calls end."""
    for one in records:
        expected = sum(export.counts.values()) + sum(1 for _ in spans_of(one))
        export.call_ended(one)
        while sum(export.counts.values()) < expected:  # noqa: ASYNC110 - it is counted on a thread
            await asyncio.sleep(0.005)


async def measure(endpoint: str, calls: int, turns: int) -> dict[str, Any]:
    records = [record(number, turns) for number in range(calls)]
    export = TraceExport(endpoint, {"service.name": "bench"})
    export.start()
    await export_all(export, records[:3])
    (thread,) = (one for one in threading.enumerate() if one.name == THREAD)
    clock = time.pthread_getcpuclockid(thread.ident or 0)
    before = time.clock_gettime(clock)
    await export_all(export, records)
    used_s = time.clock_gettime(clock) - before

    over = asyncio.Event()
    without = asyncio.create_task(pauses(over))
    await asyncio.sleep(3.0)
    over.set()
    beside_nothing = await without
    over = asyncio.Event()
    beside = asyncio.create_task(pauses(over))
    await export_all(export, records)
    over.set()
    beside_traces = await beside
    await export.close()
    return {
        "calls": calls,
        "turns": turns,
        "spans_a_call": sum(1 for _ in spans_of(records[0])),
        "refused": export.counts["refused"],
        "cpu_ms_a_call": round(1000 * used_s / calls, 2),
        "pause_ms": spread(beside_traces),
        "pause_ms_without": spread(beside_nothing),
    }


def spread(found: list[float]) -> dict[str, float | None]:
    times = Spread.of(found)
    return {"p50": times.p50, "p95": times.p95, "p99": times.p99, "max": times.max}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.traces", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with subprocess.Popen([sys.executable, "-c", COLLECTOR], stdout=subprocess.PIPE, text=True) as collector:
        try:
            assert collector.stdout is not None
            endpoint = f"http://127.0.0.1:{collector.stdout.readline().strip()}"
            result = uvloop.run(measure(endpoint, options.calls, options.turns))
        finally:
            collector.kill()
    if options.json:
        print(json.dumps(result))
        return 0
    pause, without = result["pause_ms"], result["pause_ms_without"]
    print(
        f"a call of {result['turns']} turns, {result['spans_a_call']} spans: {result['cpu_ms_a_call']} ms of CPU; the"
        f" event loop late, p50/p99/max: {pause['p50']} / {pause['p99']} / {pause['max']} ms, without traces"
        f" {without['p50']} / {without['p99']} / {without['max']} ms"
        + (f"; {result['refused']} spans were refused" if result["refused"] else "")
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The pyVoIP leg beside our own: the same calls, by way of the same registrar, everything echoed.

    python -m bench.pyvoip                       10, then 50 calls on each (needs Kamailio and the extra pyvoip)

Each front end is a registered extension in a process of its own; set-up is from INVITE to 200 OK, media is timed by
the kernel's stamps at the phones, as in :mod:`bench.echo_calls`.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bench.echo_calls import HEADINGS, Echo, measure
from voicebot.legs import Leg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import Account, ListenAt, SipEndpoint

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "doubles"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "peers"))
from registrar import KAMAILIO, NO_KAMAILIO, registrar_running

HOST = "127.0.0.1"
PASSWORD = "secret"  # of every extension, in that Kamailio's configuration
STEPS = (10, 50)


def account(port: int, user: str, *, register: bool = True) -> Account:
    return Account("pbx", f"sip:{HOST}:{port}", user, PASSWORD, register=register)


async def serve(kind: str, registrar: int, calls: int) -> None:
    """The child: extension 7000, which echoes until standard input ends."""
    clock, ports = MediaClock(), PortRange(20000, 20000 + 2 * calls + 200, HOST)
    answering: set[asyncio.Task[None]] = set()

    def take(leg: Leg) -> None:
        leg.connect(Echo(leg))
        task = asyncio.ensure_future(leg.answer())
        answering.add(task)
        task.add_done_callback(answering.discard)

    if kind == "pyvoip":
        from voicebot.legs.pyvoip_front_end import PyVoipFrontEnd
        from voicebot.legs.pyvoip_phone import PyVoipAccount

        front: PyVoipFrontEnd | SipFrontEnd = PyVoipFrontEnd(
            PyVoipAccount(HOST, "7000", PASSWORD, HOST, registrar), take, clock=clock, ports=ports, limit=calls + 10
        )
        await front.start()
    else:
        endpoint = SipEndpoint(ListenAt(host=HOST, port=0), accounts=[account(registrar, "7000")])
        front = SipFrontEnd(endpoint, take, MediaOptions(clock, ports), limit=calls + 10)
        await front.start()
    clock.start()
    await asyncio.sleep(1.5)  # ours registers; pyVoIP has registered, and begins to listen a second later
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await front.close()
    await clock.close()


@asynccontextmanager
async def extension(kind: str, registrar: int, calls: int) -> AsyncIterator[tuple[str, int]]:
    """What to call, and the process id."""
    pipe = asyncio.subprocess.PIPE
    argv = [sys.executable, "-m", "bench.pyvoip", "--serve", kind, str(registrar), str(calls)]
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not await process.stdout.readline():
            raise SystemExit(f"the {kind} front end did not start")
        yield f"sip:7000@{HOST}:{registrar}", process.pid
    finally:
        process.stdin.close()
        await process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS), help="numbers of calls")
    parser.add_argument("--rate", type=float, default=10.0, help="calls set up a second (default 10)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure each step (default 10)")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        kind, registrar, calls = options.serve
        uvloop.run(serve(kind, int(registrar), int(calls)))
        return
    if KAMAILIO is None:
        raise SystemExit(NO_KAMAILIO)
    for kind in ("sip", "pyvoip"):
        print(f"{'our own' if kind == 'sip' else 'pyVoIP'}:\n{HEADINGS}", flush=True)
        with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder, registrar_running(Path(folder)) as port:
            serving = functools.partial(extension, kind, port)
            callers = [account(port, "7001", register=False)]
            steps = sorted(options.steps)
            rows = uvloop.run(measure(serving, steps, options.rate, options.seconds, callers, late_ms=float("inf")))
            for row in rows:
                rate = row["received"] / row["calls"] / row["seconds"]
                print(f"{row['calls']:5.0f}  {rate:.2f} packets a second and call")


if __name__ == "__main__":
    main()

"""pipecat-ai beside this service: the calls of `bench.floor`, with the same recogniser, voice and understanding.

    python -m bench.peers                        one case in four, 5 calls at once: some 10 minutes
    python -m bench.peers --quick                one case of each kind
    python -m bench.peers --only '^story|yesno'  a regular expression for the names of the cases

The first run makes an environment for pipecat-ai in var/bench/pipecat, from PyPI (1 GB). Its voice activity detection,
end of turn (smart-turn) and interruptions are those that it has by default. It is one process: its CPU is that of a
whole call. It has no use for what a question expects, so it is not told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from bench.floor import report
from bench.floor.calls import Records, Telephone
from bench.floor.cases import all_cases, plans, sample
from bench.floor.running import Side, run, side
from bench.floor.sayings import BILLING
from bench.floor.sources import Library, SourceMissing
from bench.service import Service
from voicebot.log import configure_logging
from voicebot.service.supervisor import ChildProcess

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "var" / "bench" / "pipecat"
PACKAGE = "pipecat-ai==1.14.0"
READY_S = 180.0
"""It imports much, and loads the models."""
ONE_IN, ONE_IN_QUICK = 4, 1000


def environment() -> Path:
    """The Python that has pipecat-ai and what this project needs; made once. Raises CalledProcessError."""
    python = ENVIRONMENT / "bin" / "python"
    done = ENVIRONMENT / PACKAGE
    if not done.exists():
        print(f"making {ENVIRONMENT}: {PACKAGE} from PyPI ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        # It wants an older soxr; what it does with it works with ours.
        for wanted in ([PACKAGE, "psutil"], ["-e", str(ROOT)]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        done.touch()
    return python


@asynccontextmanager
async def pipecat() -> AsyncIterator[Side]:
    """The bot of :mod:`bench.peers.pipecat_bot`, from ready to gone."""
    python = await asyncio.to_thread(environment)
    with TemporaryDirectory(prefix="voicebot-bench-") as folder:
        ready: dict[str, Any] = {}
        argv = [str(python), "-m", "bench.peers.pipecat_bot", folder]
        variables = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        child = ChildProcess("pipecat", argv, on_ready=ready.update, environment=variables, ready_timeout_s=READY_S)
        await child.start()
        try:
            assert child.pid is not None
            yield Side("pipecat", Service(ready, child.pid, 0.0), Records(Path(folder)))
        finally:
            await child.stop()


async def measure(options: argparse.Namespace) -> int:
    """Prints the tables. Returns the exit status."""
    share = ONE_IN_QUICK if options.quick else ONE_IN
    cases = sample([case for case in all_cases() if re.search(options.only, case.name)], share)
    library = Library()
    for line in await library.prepare([BILLING, *(case.source for case in cases if case.source is not None)]):
        print(line)
    there = []
    for case in cases:
        try:
            if case.source is None or library.sound(case.source):
                there.append(case)
        except SourceMissing:
            continue
    async with side("this", None, {}) as this, pipecat() as other, Telephone(library) as telephone:
        calls = plans(there)
        results = await run([this, other], telephone, calls, options.calls, lambda text: print(f"  {text}", flush=True))
    print(f"\n{options.calls} calls at once\n\n{report.tables(results)}")
    if options.misses:
        print("\n".join(report.misses(results)))
    return 0 if there else 1


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=5, help="how many at once (default: 5)")
    parser.add_argument("--only", default="", help="a regular expression for the names of the cases")
    parser.add_argument("--quick", action="store_true", help="one case of each kind")
    parser.add_argument("--misses", action="store_true", help="list the cases that are not as they should be")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    return int(uvloop.run(measure(options)))


if __name__ == "__main__":
    raise SystemExit(main())

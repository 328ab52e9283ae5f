"""What a call costs Kamailio: its processors' time, for ``deploy/try/sizing.py``.

A node behind Kamailio: first nothing, then calls. What happens in quiet times, such as OPTIONS, is taken off.
Processors' time, unlike other figures, holds on a machine that does other things.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
from local_fleet import caller_options, local_fleet, script_of
from program import Program
from trial import tried

from voicebot.caller import place_many

CALLS = 24
QUIET_S = 15.0
CALL = script_of("listen:", 'keys: "1"', 'keys: "2"', 'keys: "3"', "expect_end: hangup")


def _used_s(program: Program) -> float:
    """By a program and its children."""
    assert program.process is not None
    parent = psutil.Process(program.process.pid)
    times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


async def run(folder: Path) -> bool:
    """Whether all calls were made."""
    async with local_fleet(folder, nodes=1) as fleet:
        now = asyncio.get_running_loop().time
        began, before_s = now(), _used_s(fleet.kamailio)
        await asyncio.sleep(QUIET_S)
        rang, quiet_s = now(), _used_s(fleet.kamailio)
        report = await place_many(fleet.edge, CALL, calls=CALLS, concurrency=6, ramp_s=2, options=caller_options())
        over, after_s = now(), _used_s(fleet.kamailio)
    made = sum(call.ok for call in report.calls)
    usual_s = (quiet_s - before_s) / (rang - began) * (over - rang)
    print(f"  {made} of {CALLS} calls were made, in {over - rang:.0f} s")
    print(f"  a call: {(after_s - quiet_s - usual_s) / CALLS * 1e6:.0f} us of Kamailio's processes")
    return made == CALLS


if __name__ == "__main__":
    sys.exit(tried(run))

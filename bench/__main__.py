"""``make bench``: every figure of the README, in some half an hour.

Each part runs alone; its rows are printed as they come. What disturbs a figure most is other work on the machine, so
the machine is named first.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

PARTS = [
    ["-m", "bench.understanding"],
    ["-m", "bench.sentiment"],
    ["-m", "bench.start"],
    ["-m", "bench.turns", "--speech", "embedded", "--calls", "1", "4", "10"],
    ["-m", "bench.turns", "--speech", "scripted", "--calls", "1", "10", "50"],
    ["-m", "bench.floor"],
    ["-m", "bench.authoring"],
    ["-m", "bench.rtp_pacing", "--legs", "100", "--seconds", "10"],
    ["-m", "bench.localspeech", "speech"],
    ["-m", "bench.human_voice"],
    ["-m", "bench.channel"],
    ["-m", "bench.assist"],
    ["-m", "bench.fleet"],
    ["-m", "bench.soak", "--calls", "200"],
]


def main() -> int:
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    status = 0
    for part in PARTS:
        print("\n$ python " + " ".join(part), flush=True)
        status = max(status, subprocess.run([sys.executable, *part], check=False).returncode)
    return status


if __name__ == "__main__":
    raise SystemExit(main())

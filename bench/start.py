"""From ``voicebot serve`` to ready: how long, what processor time the processes took, and what they then hold.

python -m bench.start
"""

from __future__ import annotations

import argparse
import json
import statistics

import uvloop

from bench.service import Usage, serving
from voicebot.log import configure_logging


async def run(times: int) -> dict[str, object]:
    seconds = []
    taken: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    for _ in range(times):
        async with serving() as service:
            seconds.append(service.start_s)
            usage = service.usage()
            memory = usage.rss_mb
            for name, cpu_s in usage.since(Usage()).items():
                taken.setdefault(name, []).append(cpu_s)
    return {
        "starts": times,
        "median_s": round(statistics.median(seconds), 2),
        "max_s": round(max(seconds), 2),
        "cpu_s": {name: round(statistics.median(each), 2) for name, each in taken.items()},
        "rss_mb": {name: round(value) for name, value in memory.items()},
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    result = uvloop.run(run(options.times))
    print(json.dumps(result) if options.json else result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

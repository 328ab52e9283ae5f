"""``make fleet``: a fleet on loopback, some calls through it, and who served them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from local_fleet import caller_options, local_fleet, script_of
from trial import tried

from voicebot.caller import place_many

CALL = script_of("listen:", 'keys: "1"', 'keys: "2"', 'keys: "3"', "expect_end: hangup")


async def run(folder: Path, calls: int, *, stay: bool) -> bool:
    """Whether all went well."""
    async with local_fleet(folder) as fleet:
        print(f"three nodes behind Kamailio: {fleet.edge}; logs in {folder}")
        report = await place_many(
            fleet.edge, CALL, calls=calls, concurrency=calls, ramp_s=calls / 4, options=caller_options()
        )
        by_node = await fleet.served({call.call_id for call in report.calls if call.ok})
        for name, ids in by_node.items():
            print(f"  {name}: {len(ids)} calls")
        for why, count in report.as_dict()["reasons"].items():
            print(f"  nobody: {count} calls: {why}")
        if stay:
            print("Ctrl-C ends it")
            await asyncio.Event().wait()
    return sum(map(len, by_node.values())) == calls


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=9, help="how many calls (default: %(default)s)")
    parser.add_argument("--stay", action="store_true", help="go on until Ctrl-C")
    options = parser.parse_args()
    sys.exit(tried(lambda folder: run(folder, options.calls, stay=options.stay), stays=options.stay))

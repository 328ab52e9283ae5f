"""An upgrade under load: SIPp calls twice a second, each call is up for 15 s, and the nodes are restarted one by one.

Each node is told to stop, ends when its calls have, and is started again; the next follows when Kamailio gives it calls
again. SIPp counts: no call may be refused, or end before its caller hangs up.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from local_fleet import CALLERS_HOST, HERE, LocalFleet, Node, local_fleet
from program import NotInstalled, Program, free_port
from trial import tried

RATE = 2
UP_S = 15


class Load:
    """SIPp, as it calls and calls. Its counts are in ``folder``."""

    def __init__(self, fleet: LocalFleet, folder: Path) -> None:
        folder.mkdir()
        self._counts = folder / "counts.csv"
        domain = fleet.edge.domain
        assert domain is not None
        self.program = Program(
            "SIPp",
            [
                *("sipp", f"{domain.host}:{domain.port}", "-sf", str(HERE / "caller.xml"), "-s", "bot", "-nostdin"),
                *("-i", CALLERS_HOST, "-mi", CALLERS_HOST, "-mp", str(free_port(CALLERS_HOST) // 2 * 2)),
                *("-r", str(RATE), "-l", "1000", "-d", str(UP_S * 1000)),
                *("-trace_stat", "-fd", "1", "-stf", str(self._counts), "-trace_err", "-error_file", "/dev/stderr"),
            ],
            folder / "sipp.log",
        )

    async def stop(self) -> None:
        """No more calls; those that are up go on to their end."""
        assert self.program.process is not None
        self.program.process.send_signal(signal.SIGUSR1)
        await self.program.ended()

    def why(self) -> list[str]:
        """What SIPp says of calls that went wrong; Kamailio asks it by OPTIONS, which it tells at length."""
        return [line for line in self.program.log().splitlines() if "Aborting" in line or line.startswith("SIP/2.0 ")]

    def counted(self, name: str) -> int:
        """A figure of SIPp's, at the last time that it wrote them."""
        with self._counts.open() as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return int(rows[-1][name]) if rows else 0


def calls_for(node: Node, *, come: bool) -> Callable[[dict[int, bool]], bool]:
    """Whether Kamailio gives ``node`` new calls, or does not."""
    return lambda takes: takes[node.number] is come


async def run(folder: Path) -> bool:
    """Whether all went well."""
    if shutil.which("sipp") is None:
        raise NotInstalled("sip-tester: apt-get install sip-tester")
    async with local_fleet(folder, calls__drain_s=60) as fleet:
        load = Load(fleet, folder / "sipp")
        await load.program.start()
        await asyncio.sleep(UP_S)
        print(f"  {load.counted('CurrentCall')} calls are up, {RATE} come in a second", flush=True)
        for node in fleet.nodes:
            assert node.program.process is not None
            node.program.process.terminate()
            away_s = await fleet.until(calls_for(node, come=False))
            status = await node.program.ended()
            await node.start()
            back_s = await fleet.until(calls_for(node, come=True))
            print(
                f"  {node.name}: no new calls {away_s:.1f} s after it was told to stop; its exit status: {status}; "
                f"new calls {back_s:.1f} s after it was ready",
                flush=True,
            )
        await load.stop()
    done, failed = load.counted("SuccessfulCall(C)"), load.counted("FailedCall(C)")
    print(f"{done + failed} calls, {failed} refused or lost")
    for line in load.why()[:20] if failed else ():
        print(f"  {line}")
    return done > 0 and failed == 0


if __name__ == "__main__":
    sys.exit(tried(run))

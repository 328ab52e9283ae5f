"""The floor in real calls: how long callers wait, what is cut off, misunderstood, or taken for an interruption.

    python -m bench.floor                              1 and 5 calls at once, some 15 minutes
    python -m bench.floor --calls 5 --beside ../old    the same calls to the service of another checkout, in turns
    python -m bench.floor --quick                      one of each kind
    python -m bench.floor --part tuning --misses       only what may be tuned to, and each case that failed
    python -m bench.floor --virtual --worst 20         answers alone, in virtual time (:mod:`bench.floor.virtual`)

Real calls over loopback to the running service with the embedded engines. Gaps are measured on the wire, from the
caller's last audible sample to the first audible one of the answer; what was understood is read from the records.
A load of one call is measured with a sample of the cases. Other work on the machine spoils the figures: it is told.
"""

from __future__ import annotations

import argparse
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import uvloop

from bench.floor import report
from bench.floor.calls import Telephone
from bench.floor.cases import Case, Purpose, all_cases, chosen, plans, sample
from bench.floor.running import run, side, until_idle
from bench.floor.sayings import BILLING
from bench.floor.scoring import SideResult
from bench.floor.sources import NO_SHARED, Library, SourceMissing
from bench.recordings import shared
from voicebot.log import configure_logging

ONE_IN_ALONE = 10
"""The share of the cases with which a load of one call is measured."""
ONE_IN_QUICK = 1000
"""One of each family."""
WARMING_LINES = 3


async def measure(options: argparse.Namespace, settings: dict[str, str]) -> list[dict[str, Any]]:
    """All loads; prints the tables as they come. Returns what goes into the JSON file."""
    cases = [case for case in chosen(all_cases(), options.part) if re.search(options.only, case.name)]
    if options.quick:
        cases = sample(cases, ONE_IN_QUICK)
    if options.virtual:
        cases = [case for case in cases if case.purpose is Purpose.ANSWER]
    library = Library()
    for line in await library.prepare([BILLING, *(case.source for case in cases if case.source is not None)]):
        print(line)
    if not shared("human_digits"):
        print(NO_SHARED)
    cases = [case for case in cases if _is_there(case, library)]
    if options.virtual:
        from bench.floor import virtual

        result = await virtual.answers(cases, library, options.slow, policy=virtual.policy_of(settings))
        _show([result], 1, options)
        return [{"slow": options.slow, "sides": [report.as_dict(result)]}]
    written: list[dict[str, Any]] = []
    async with AsyncExitStack() as stack:
        sides = [await stack.enter_async_context(side("this", None, settings, options.records))]
        if options.beside:
            other = options.beside.resolve()
            sides.append(await stack.enter_async_context(side(other.name[:8], other, settings, options.records)))
        telephone = await stack.enter_async_context(Telephone(library))
        if not options.quick:  # the first calls have prompts rendered that all others find
            await run(sides, telephone, plans(sample(cases, ONE_IN_QUICK)), WARMING_LINES, _tell)
            await until_idle(sides)
        for lines in options.calls:
            some = sample(cases, ONE_IN_ALONE) if lines == 1 and not options.quick else cases
            results = await run(sides, telephone, plans(some), lines, _tell)
            _show(results, lines, options)
            written.append({"calls": lines, "sides": [report.as_dict(result) for result in results]})
    return written


def _tell(text: str) -> None:
    print(f"  {text}", flush=True)


def _is_there(case: Case, library: Library) -> bool:
    try:
        return case.source is None or bool(library.sound(case.source))
    except SourceMissing:
        return False


def _show(results: list[SideResult], lines: int, options: argparse.Namespace) -> None:
    print(f"\n{lines} call{'s' if lines > 1 else ''} at once, {options.part} cases\n\n{report.tables(results)}\n")
    if not options.quick:
        print("\n".join(report.bars(*results)), flush=True)
    if options.misses:
        print("\n".join(report.misses(results)), flush=True)
    if options.worst:
        print("\n".join(line for result in results for line in report.worst(result, options.worst)), flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.floor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 5], help="how many at once (default: 1 5)")
    parser.add_argument("--beside", type=Path, help="another checkout, whose service gets the same calls")
    parser.add_argument("--part", choices=("all", "tuning", "held-out"), default="all")
    parser.add_argument("--only", default="", help="a regular expression for the names of the cases")
    parser.add_argument("--quick", action="store_true", help="one case of each kind")
    parser.add_argument("--misses", action="store_true", help="list the cases that are not as they should be")
    parser.add_argument("--worst", type=int, default=0, help="list so many of the latest answers, and their parts")
    parser.add_argument("--virtual", action="store_true", help="only answers, in virtual time, without calls")
    parser.add_argument("--slow", type=float, default=1.0, help="how much longer decodes take in virtual time")
    parser.add_argument("--setting", nargs="+", default=[], help="settings of the services: SECTION__NAME=VALUE")
    parser.add_argument("--records", type=Path, help="keep the records of the calls below this folder")
    parser.add_argument("--json", type=Path, help="write every outcome into this file, too")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    settings = {f"VOICEBOT_{name}": value for name, _, value in (text.partition("=") for text in options.setting)}
    written = uvloop.run(measure(options, settings))
    if options.json is not None:
        options.json.write_text(json.dumps(written, indent=1))
    tried = [o for load in written for one in load["sides"] for o in one["outcomes"]]
    return 0 if tried and not any(o["problem"] for o in tried) else 1


if __name__ == "__main__":
    raise SystemExit(main())

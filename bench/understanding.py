"""How much of what callers say is understood: the share of the tables that is right, in total and by kind.

    python -m bench.understanding [--wrong]

The tables are in ``tests/authoring/understanding``. ``held_out`` was written before any result was seen and is not
tuned on. ``--wrong`` lists what is misunderstood.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "authoring" / "understanding"))

from spoken_cases import Case, cases, first_run, tables  # type: ignore[import-not-found]


def main() -> int:
    parser = argparse.ArgumentParser(description="The share of spoken forms that is understood.")
    parser.add_argument("--wrong", action="store_true", help="list what is misunderstood")
    parser.add_argument("--table", default="*", help="only these tables (cases_en, held_out_en, ...)")
    arguments = parser.parse_args()
    for table in tables(f"{arguments.table}.yaml"):
        list(cases(table))  # loads the language
        began = perf_counter()
        found = list(cases(table))
        each = (perf_counter() - began) / len(found)
        right = sum(case.right for case in found)
        first = first_run(table)
        print(
            f"{table.stem}: {right} of {len(found)} right, {right / len(found):.1%} ({each * 1e6:.0f} µs each)"
            + (f"; when first seen {first}" if first else "")
        )
        by_kind: dict[str, list[Case]] = defaultdict(list)
        for case in found:
            by_kind[case.kind].append(case)
        print("  " + ", ".join(f"{kind} {sum(c.right for c in of)}/{len(of)}" for kind, of in by_kind.items()))
        for case in found:
            if arguments.wrong and not case.right:
                print(f"    {case.kind}: {case.said!r} is {case.got!r}, not {case.meant!r}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

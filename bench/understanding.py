"""How much of what callers say is understood: the share of the tables that is right, in total and by kind.

    python -m bench.understanding [--wrong]

The tables are in ``tests/authoring/understanding``. The ``held_out`` ones were written before they were run; what was
right then is given beside what is right now, since some faults that they showed have been mended. That first figure is
the one to expect of callers. ``--wrong`` lists what is misunderstood.
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
    arguments = parser.parse_args()
    by_language: dict[str, list[Case]] = defaultdict(list)
    unseen: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for table in tables():
        list(cases(table))  # loads the language
        began = perf_counter()
        found = list(cases(table))
        each = (perf_counter() - began) / len(found)
        by_language[found[0].language[:2]] += found
        first = first_run(table)
        if first is not None:
            unseen[found[0].language[:2]][0] += first[0]
            unseen[found[0].language[:2]][1] += first[1]
        said = f"; when first run {first[0]} of {first[1]}" if first else ""
        print(f"{table.stem}: {_share(found)} right ({each * 1e6:.0f} µs each){said}")
        for case in found:
            if arguments.wrong and not case.right:
                print(f"    {case.kind}: {case.said!r} is {case.got!r}, not {case.meant!r}")
    for language, found in sorted(by_language.items(), key=lambda item: -len(item[1])):
        by_kind: dict[str, list[Case]] = defaultdict(list)
        for case in found:
            by_kind[case.kind].append(case)
        right, of = unseen[language]
        print(f"{language}: {_share(found)} right; held out, when first run: {right} of {of}, {right / of:.1%}")
        print("  " + ", ".join(f"{kind} {_share(group)}" for kind, group in by_kind.items()))
    return 0


def _share(found: list[Case]) -> str:
    right = sum(case.right for case in found)
    return f"{right} of {len(found)}, {right / len(found):.1%}"


if __name__ == "__main__":
    raise SystemExit(main())

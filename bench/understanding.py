"""How much of what callers say is understood: the share of the tables that is right, in total and by kind.

    python -m bench.understanding [--wrong]

The tables are in ``tests/authoring/understanding``. The ``held_out`` ones were written before they were run; what was
right then is given beside what is right now, since some faults that they showed have been mended. That first figure is
the one to expect of callers. The ``first_seen`` ones were written before the code, and nothing is tuned to them: they
are counted by themselves. ``--wrong`` lists what is misunderstood. Kinds of answers that dialogs do not have yet are
named and not counted.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "authoring" / "understanding"))

from spoken_cases import Case, cases, first_run, first_seen, tables


def main() -> int:
    parser = argparse.ArgumentParser(description="The share of spoken forms that is understood.")
    parser.add_argument("--wrong", action="store_true", help="list what is misunderstood")
    arguments = parser.parse_args()
    by_language: dict[str, list[Case]] = defaultdict(list)
    unseen: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for table in tables():
        found = _run(table, wrong=arguments.wrong)
        by_language[found[0].language[:2]] += found
        first = first_run(table)
        if first is not None:
            unseen[found[0].language[:2]][0] += first[0]
            unseen[found[0].language[:2]][1] += first[1]
    for language, found in sorted(by_language.items(), key=lambda item: -len(item[1])):
        right, of = unseen[language]
        print(f"{language}: right {_share(found)}; held out, when first run: {right} of {of}, {right / of:.1%}")
        print("  " + _by_kind(found))
    seen_first: list[Case] = []
    for table in first_seen():
        found = _run(table, wrong=arguments.wrong)
        seen_first += found
        print("  " + _by_kind(found))
    print(f"first seen: right {_share(seen_first)}")
    print("  " + _by_kind(seen_first))
    return 0


def _run(table: Path, *, wrong: bool) -> list[Case]:
    """The cases of a table, with a line about it, and the misunderstood ones if they are to be listed."""
    list(cases(table))  # loads the language
    began = perf_counter()
    found: list[Case] = list(cases(table))
    each = (perf_counter() - began) / len(found)
    first = first_run(table)
    said = f"; when first run {first[0]} of {first[1]}" if first else ""
    print(f"{table.stem}: right {_share(found)} ({each * 1e6:.0f} µs each){said}")
    for case in found:
        if wrong and case.there and not case.right:
            print(f"    {case.kind}: {case.said!r} is {case.got!r}, not {case.meant!r}")
    return found


def _by_kind(found: list[Case]) -> str:
    by_kind: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        by_kind[case.kind.split()[0]].append(case)
    return ", ".join(f"{kind} {_share(group)}" for kind, group in by_kind.items())


def _share(found: list[Case]) -> str:
    """The share of those that are right, and how many are of kinds that dialogs do not have."""
    there = [case for case in found if case.there]
    if not there:
        return f"dialogs have no such kind ({len(found)})"
    right = sum(case.right for case in there)
    left = f" (dialogs have no such kind: {len(found) - len(there)})" if len(there) < len(found) else ""
    return f"{right} of {len(there)}, {right / len(there):.1%}{left}"


if __name__ == "__main__":
    raise SystemExit(main())

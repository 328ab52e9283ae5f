"""Do the tests notice small changes? A sample of mutants of the central modules, and what the tests of their rooms say.

    python -m bench.mutants [MODULE ...] [--sample 25] [--seed 1] [--jobs 2] [--out out/mutants.json]

The changes are those of cosmic-ray's operators, and the loss of a statement. Its own sessions try each mutant with one
test command, which would take days here, so the sample and the choice of tests are ours. Places are drawn at random,
one mutant each, so that a line of arithmetic does not outweigh the rest. A mutant meets the test files named after
its module first, then the others of its room. It is killed when a test fails, or when the tests take far too long.

`mutants.toml` names the modules, the tests of those whose tests are not where the tree says, and the mutants that are
no mistakes, each with the reason. Changes that cannot matter are not made at all: to annotations, which are never
evaluated; to how arguments may be passed; to the arguments of a class's decorators; to the value of a limit
(``MAX_...``), of which one more or less is no mistake, unlike a change where it is applied.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

from bench.mutations import ROOT, Mutant, sampled

NURSERY = Path(__file__).with_name("mutants_nursery.py")
CONFIGURATION = Path(__file__).with_suffix(".toml")
MARKS = "not alone and not slow and not peer"
AT_LEAST_S = 30.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """``tests``: by module, folders and files of tests, where the tree does not say it. ``equivalent``: what is no
    mistake (:meth:`Mutant.is_in`)."""

    modules: tuple[str, ...]
    tests: dict[str, tuple[str, ...]]
    equivalent: frozenset[tuple[str, str, str, str]]

    @classmethod
    def read(cls) -> Configuration:
        data = tomllib.loads(CONFIGURATION.read_text())
        listed = [(e["module"], e.get("within", ""), e["was"], e["now"]) for e in data.get("equivalent", ())]
        tests = {module: tuple(paths) for module, paths in data.get("tests", {}).items()}
        return cls(tuple(data["modules"]), tests, frozenset(listed))


# --- the tests -------------------------------------------------------------------------------------------------------


def tests_of(module: str, configuration: Configuration) -> list[list[str]]:
    """What is run until something fails: first the files that are named after the module, then those of its room."""
    path = Path(module)
    room = path.parent.relative_to("voicebot")
    ground = f"tests/test_{path.stem}.py"  # of a module beside the rooms
    folders = configuration.tests.get(module) or (str(Path("tests") / room) if room.parts else ground,)
    files = sorted(
        str(file.relative_to(ROOT)) for folder in folders
        for file in ([ROOT / folder] if folder.endswith(".py") else (ROOT / folder).rglob("test_*.py"))
    )  # fmt: skip
    name = "_".join([*room.parts, path.stem])
    near = [file for file in files if Path(file).stem == f"test_{name}" or Path(file).stem.startswith(f"test_{name}_")]
    return [part for part in (near, [file for file in files if file not in near]) if part]


class Workplace:
    """A copy of the tree in which one mutant at a time is tried."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = int(time.time())
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for name in listed.splitlines():
            if (source := ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
        environment = os.environ | {"CI": "1", "PYTHONPATH": str(folder)}
        self._nursery = subprocess.Popen(
            [sys.executable, NURSERY], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def passes(self, parts: list[list[str]], within_s: float) -> bool:
        """Whether all tests pass in time."""
        return all(self._run(part, within_s) for part in parts)

    def survives(self, mutant: Mutant, parts: list[list[str]], within_s: float) -> bool:
        """Whether no test notices ``mutant``."""
        file = self._folder / mutant.module
        original = file.read_text()
        try:
            self._write(file, mutant.code)
            return self.passes(parts, within_s)
        finally:
            self._write(file, original)

    def _write(self, file: Path, code: str) -> None:
        """Each time by a second later than before: what Python has compiled of the file is known by its time."""
        file.write_text(code)
        self._written += 1
        os.utime(file, (self._written, self._written))

    def _run(self, files: list[str], within_s: float) -> bool:
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        arguments = ["-x", "-q", "-p", "no:cacheprovider", "-m", MARKS, *files]
        self._nursery.stdin.write(json.dumps({"arguments": arguments, "within_s": within_s}) + "\n")
        self._nursery.stdin.flush()
        status = json.loads(self._nursery.stdout.readline())
        return status in (0, 5)  # 5: none of these files has a test that is not slow

    def close(self) -> None:
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait()
        self._nursery.stdout.close()


@dataclass(slots=True)
class Score:
    """What became of the mutants of one module."""

    module: str
    killed: int
    survived: list[Mutant]
    equivalent: list[Mutant]

    @property
    def counted(self) -> int:
        return self.killed + len(self.survived)


def try_module(
    module: str, configuration: Configuration, mutants: list[Mutant], places: SimpleQueue[Workplace]
) -> Score:
    """Try all ``mutants`` in a place of their own."""
    place = places.get()
    try:
        parts = tests_of(module, configuration)
        began = time.monotonic()
        if not place.passes(parts, 600):
            print(f"{module}: NOT TRIED, as its tests fail without any change", flush=True)
            return Score(module, 0, [], [])
        within_s = AT_LEAST_S + 3 * (time.monotonic() - began)
        score = Score(module, 0, [], [])
        for mutant in mutants:
            survives = place.survives(mutant, parts, within_s)
            if not survives:
                score.killed += 1
            elif mutant.is_in(configuration.equivalent):
                score.equivalent.append(mutant)
            else:
                score.survived.append(mutant)
        print(f"{module}: {score.killed} of {score.counted}", flush=True)
        for mutant in score.survived:
            print(f"    {mutant.told}", flush=True)
        return score
    finally:
        places.put(place)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="as voicebot/turns/floor.py; default: all that are listed"
    )
    parser.add_argument("--sample", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="only show the mutants")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "mutants.json")
    given = parser.parse_args(arguments)
    configuration = Configuration.read()
    modules = given.modules or list(configuration.modules)
    if missing := [module for module in modules if not (ROOT / module).is_file()]:
        parser.error(f"no such module: {', '.join(missing)}")
    mutants = {module: sampled(module, given.sample, given.seed) for module in modules}
    if given.show:
        for mutant in (mutant for of_one in mutants.values() for mutant in of_one):
            print(mutant.told)
        return 0
    with tempfile.TemporaryDirectory(prefix="voicebot-mutants-") as made, ThreadPoolExecutor(given.jobs) as threads:
        places: SimpleQueue[Workplace] = SimpleQueue()
        for number in range(given.jobs):
            places.put(Workplace(Path(made) / str(number)))
        scores = list(threads.map(lambda m: try_module(m, configuration, mutants[m], places), modules))
        for _ in range(given.jobs):
            places.get().close()
    tell(scores, given.out)
    return 0


def tell(scores: Iterable[Score], out: Path) -> None:
    """The score by module, and all of it for later."""
    scores = list(scores)
    width = max(len(score.module) for score in scores)
    print(f"\n{'module':{width}}  killed    of  equivalent")
    for score in scores:
        print(f"{score.module:{width}}  {score.killed:6} {score.counted:5}  {len(score.equivalent):10}")
    total = Counter(killed=sum(s.killed for s in scores), counted=sum(s.counted for s in scores))
    print(
        f"{'all':{width}}  {total['killed']:6} {total['counted']:5}   {total['killed'] / max(1, total['counted']):.1%}"
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    kept = [asdict(score) for score in scores]
    for data in kept:
        for mutant in (*data["survived"], *data["equivalent"]):
            del mutant["code"]
    out.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    raise SystemExit(main())

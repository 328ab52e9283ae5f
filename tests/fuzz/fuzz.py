"""Coverage-guided fuzzing of everything that reads what others write.

    python tests/fuzz/fuzz.py sip -max_total_time=600

To instrument the code takes seconds, more than to fuzz it a little. So with the name of a module instead of a target's,
runs of its targets are read from standard input, one a line: a JSON array of a file for what it says, the target and
its arguments. Each is a child of its own, whose exit status is answered.

An exception that escapes, an input that takes over two seconds or more than a gigabyte ends the run and leaves the
input in a file. What was found once belongs into ``corpus/TARGET``, from where every run starts. A target is a function
of bytes in the ``TARGETS`` of one of the modules :data:`MODULES`.
"""

from __future__ import annotations

import ast
import ctypes
import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

Target = Callable[[bytes], None]

HERE = Path(__file__).parent
MODULES = ("of_calls", "of_bots", "of_files")
TORTURE = HERE.parent / "sip" / "torture"
LIMITS = ["-timeout=2", "-rss_limit_mb=1024", "-max_len=8192"]


def targets() -> dict[str, str]:
    """The module of each target, without importing any: what is fuzzed must be imported under instrumentation."""
    found = {}
    for module in MODULES:
        for node in ast.parse((HERE / f"{module}.py").read_text()).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict) and _named(node.target, "TARGETS"):
                found |= {key.value: module for key in node.value.keys if isinstance(key, ast.Constant)}
    return found


def _named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def main(arguments: list[str]) -> None:
    name, *rest = arguments
    if name not in MODULES:
        fuzz(name, instrumented(targets()[name])[name], rest)
    known = instrumented(name)
    for line in sys.stdin:
        log, target, *rest = json.loads(line)
        if (child := os.fork()) == 0:
            says = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(says, stream.fileno())
            end_at_once()
            fuzz(target, known[target], rest)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def instrumented(module: str) -> dict[str, Target]:
    """The targets of this module, which is imported with all that it fuzzes."""
    import atheris

    with atheris.instrument_imports(include=["voicebot"]):
        found: dict[str, Target] = importlib.import_module(module).TARGETS
    return found


def fuzz(name: str, target: Target, arguments: list[str]) -> NoReturn:
    import atheris

    seeds = [HERE / "corpus" / name]
    if name in ("sip", "message", "stream", "sdp"):
        seeds.append(TORTURE)
    # What the run finds goes into the first folder: one that the caller names, so that the corpus stays as it is.
    folders = [str(folder) for folder in seeds if folder.is_dir()]
    found = [argument for argument in arguments if not argument.startswith("-")]
    options = [argument for argument in arguments if argument.startswith("-")]
    atheris.Setup([sys.argv[0], *found, *folders, *LIMITS, *options], target)
    atheris.Fuzz()
    raise AssertionError("fuzzing ends the process")


def end_at_once() -> None:
    """In a child: end with the status of the run, but without what libraries do at the end. onnxruntime would wait for
    threads that only the parent has."""
    ctypes.CDLL(None).on_exit(ENDS, None)


ENDS = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)(lambda status, _: os._exit(status))


if __name__ == "__main__":
    main(sys.argv[1:])

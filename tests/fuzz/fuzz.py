"""Coverage-guided fuzzing of everything that reads what others write.

    python tests/fuzz/fuzz.py sip -max_total_time=600

An exception that escapes, an input that takes over two seconds or more than a gigabyte ends the run and leaves the
input in a file. What was found once belongs into ``corpus/TARGET``, from where every run starts. A target is a function
of bytes in the ``TARGETS`` of one of the modules :data:`MODULES`.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

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
    import atheris

    name = arguments[0]
    with atheris.instrument_imports(include=["voicebot"]):
        target = importlib.import_module(targets()[name]).TARGETS[name]
    seeds = [HERE / "corpus" / name]
    if name in ("sip", "message", "stream", "sdp"):
        seeds.append(TORTURE)
    # What the run finds goes into the first folder: one that the caller names, so that the corpus stays as it is.
    folders = [str(folder) for folder in seeds if folder.is_dir()]
    found = [argument for argument in arguments[1:] if not argument.startswith("-")]
    options = [argument for argument in arguments[1:] if argument.startswith("-")]
    atheris.Setup([sys.argv[0], *found, *folders, *LIMITS, *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])

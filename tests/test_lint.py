"""``make lint`` fails where it should: the checks of ours, run on a copy of the tree with faults planted in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("voicebot", "bench", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def run(tool: str, tree: Path) -> tuple[int, str]:
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [TOOLS / tool], cwd=tree, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_circles_and_imports_against_the_layers_are_found(tree: Path) -> None:
    rtp = tree / "voicebot" / "rtp"
    (rtp / "planted.py").write_text("from voicebot.rtp import planted_too\n")
    (rtp / "planted_too.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from voicebot.rtp.planted import planted_too\n"
    )
    (tree / "voicebot" / "audio" / "planted.py").write_text("import voicebot.calls\n")
    (rtp / "planted_last.py").write_text("import voicebot.turns\n")
    (tree / "voicebot" / "planted.py").touch()
    status, said = run("lint-imports", tree)
    assert status != 0
    assert "no circles BROKEN" in said and ".planted_too -> .planted" in said.replace("voicebot.rtp", "")
    assert "arrows go one way BROKEN" in said
    _, _, broken = said.partition("Broken contracts")
    for place in ("voicebot.audio.planted", "voicebot.rtp.planted_last", "planted"):
        assert place in broken


def test_dead_functions_are_found(tree: Path) -> None:
    (tree / "voicebot" / "rtp" / "planted.py").write_text("def nobody_calls_this() -> None:\n    pass\n")
    status, said = run("vulture", tree)
    assert status != 0
    (found,) = said.splitlines()
    assert found.startswith("voicebot/rtp/planted.py:1: unused function 'nobody_calls_this'")

"""Peers in Python whose packages must not be installed beside ours: each in an environment of its own, made once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicebot" / "peers"


def interpreter(name: str, requirements: str) -> Path:
    """The interpreter of the environment of this name. ``requirements``: its packages, as pip reads them from a file.
    Without a package index, or without packages for this Python, the test is skipped."""
    kind = hashlib.sha256((requirements + sys.version).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{kind}"
    python = folder / "bin" / "python"
    CACHE.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that share it run side by side
        _make(name, requirements, folder, python)
    return python


def _make(name: str, requirements: str, folder: Path, python: Path) -> None:
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        (folder / "requirements.txt").write_text(requirements)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]
        pip = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if pip.returncode != 0:
            pytest.skip(f"pip could not install {name}: it is NOT tested: {pip.stderr[-500:]}")
        (folder / "installed").touch()


def without_our_path() -> dict[str, str]:
    """The environment variables for it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

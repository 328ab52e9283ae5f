"""Packages from npm for peers, fetched once into the user's cache folder; the test is skipped where that fails."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicebot" / "peers"


def installed(source: Path, what: str, only_if_set: str = "") -> Path:
    """A folder with the ``node_modules`` that ``source/package.json`` asks for. Blocks, the first time for long.

    What takes too long for every machine is installed only where the environment has ``only_if_set``.
    """
    _needs_npm(what)
    manifest = (source / "package.json").read_bytes()
    folder = CACHE / f"{source.name}-{hashlib.sha256(manifest).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        if only_if_set and not os.environ.get(only_if_set):
            pytest.skip(f"{what} is NOT tested: set {only_if_set}=1 to have its packages installed")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(manifest)
        _npm(folder, what, "install", "--ignore-scripts", "--no-audit", "--no-fund")
        (folder / "installed").touch()
    return folder


def archive(package: str, what: str) -> Path:
    """The archive of one package (``@scope/name@1.2.3``), without what it depends on."""
    _needs_npm(what)
    folder = CACHE / f"archive-{hashlib.sha256(package.encode()).hexdigest()[:12]}"
    if not (folder / "fetched").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _npm(folder, what, "pack", package)
        (folder / "fetched").touch()
    (file,) = folder.glob("*.tgz")
    return file


def _needs_npm(what: str) -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip(f"node and npm are not installed: {what} is NOT tested")


def _npm(folder: Path, what: str, *argv: str) -> None:
    npm = subprocess.run(["npm", *argv], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if npm.returncode != 0:
        pytest.skip(f"npm could not {argv[0]} the packages: {what} is NOT tested: {npm.stderr[-500:]}")

"""The service's folder, and what is made of those that killed services left."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from voicebot.service.runtime_folder import PREFIX, runtime_folder, sweep

KILLED = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from voicebot.service.runtime_folder import runtime_folder
folder = runtime_folder()
(folder.path / "version-1").mkdir()
(folder.path / "version-1" / "main.yaml").write_text("steps: []")
print(folder.path, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_service_left_is_removed_and_nothing_else(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(place)], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.parent == place and (left / "version-1" / "main.yaml").exists()
    living = runtime_folder()
    others = [place / "voicebot-test-abc", place / f"{PREFIX}file"]
    others[0].mkdir()
    others[1].touch()
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    assert sweep() == 1
    assert not left.exists()
    assert living.path.is_dir() and elsewhere.is_dir() and all(other.exists() for other in others)
    living.remove()


def test_a_folder_is_gone_when_its_service_has_ended(place: Path) -> None:
    folder = runtime_folder()
    assert folder.path.parent == place and folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    folder.remove()
    assert list(place.iterdir()) == []
    assert sweep() == 0

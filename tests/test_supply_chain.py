"""What is installed: one version of each package, known by its hashes, and no copyleft in the core."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-all.lock", "requirements-dev.lock")


def packages(lock: str) -> dict[str, str]:
    """Each package of a lock file, with its entry."""
    entries = re.split(r"^(?=\S)", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return {re.split(r"[\[=]", entry)[0]: entry for entry in entries if entry.strip()}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_one_version_and_its_hashes(lock: str) -> None:
    found = packages(lock)
    assert len(found) > 50
    for name, entry in found.items():
        assert re.match(rf"{re.escape(name)}(\[[\w,-]+\])?==[\w.+!-]+( ; .+)? \\\n", entry), entry[:80]
        assert "--hash=sha256:" in entry, name


def test_what_the_core_needs_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[<>=~ ]", one)[0].lower() for one in project["dependencies"]}
    assert wanted <= {name.lower() for name in packages("requirements.lock")}


def test_all_extras_but_the_one_under_the_gpl_are_locked_in_the_versions_of_the_core() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].items()
    wanted = {
        re.split(r"[\[<>=~ ]", one)[0].lower()
        for name, needs in extras
        if name not in ("dev", "pyvoip")
        for one in needs
    }
    every, core = packages("requirements-all.lock"), packages("requirements.lock")
    assert wanted <= {name.lower() for name in every}
    assert {name: every.get(name) for name in core} == core


def test_only_what_is_locked_is_installed() -> None:
    installs = re.findall(r"pip install .*", (ROOT / "Makefile").read_text())
    environment = [line for line in installs if "uv" not in line.split()]  # the tool that makes the lock files
    assert len(environment) == 3
    assert all("--require-hashes" in line or "--no-deps" in line for line in environment)


def test_nothing_that_the_core_needs_or_that_images_have_is_under_the_gpl() -> None:
    looked_at = 0
    for name in packages("requirements-all.lock"):
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        looked_at += 1
        said = (about.get("License-Expression") or about.get("License") or "").partition("\n")[0]
        classified = [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
        licences = " ".join([said, *classified])
        lesser = re.search(r"LGPL|Lesser General Public", licences)
        assert lesser or not re.search(r"\bA?GPL|General Public License", licences), (name, licences)
    assert looked_at > 50

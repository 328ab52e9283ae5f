"""What docs/security.md promises, and docs/acs.md says of faults, is shown by tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
FAULTS = (ROOT / "docs" / "acs.md").read_text()


def test_every_test_that_the_page_names_is_there() -> None:
    written = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)\(", written, re.MULTILINE))
    named = re.findall(r"`(test_\w+?)(\.\.\.)?`", PAGE + FAULTS)
    assert len(named) > 10
    for name, cut in named:
        assert any(test.startswith(name) for test in there) if cut else name in there, name
    for path in re.findall(r"`(tests/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path


def test_every_promise_names_what_shows_it() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise ")]
    assert len(rows) > 10
    for row in rows:
        assert re.search(r"`tests?[/_]", row.split("|")[3]), row

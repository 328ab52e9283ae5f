"""Whatever an author does to a file: it is told with a place, and nothing raises."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.loader import load_dialogs

SAMPLE = Path(__file__).parents[2] / "dialogs"
WORDS = [
    "steps",
    "ask",
    "say",
    "goto",
    "choice",
    "yes",
    "[]",
    "{}",
    ": ",
    "- ",
    "{",
    "}",
    '"',
    "*a",
    "&a",
    "12",
    "-",
    "\t",
]


def spoilt(text: str, chance: random.Random) -> str:
    """``text`` with one to three mistakes of the kind that hands make."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2:
                lines[at] = " " * chance.randrange(8) + lines[at].strip()
            case 3:
                cut = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + chance.choice(WORDS) + lines[at][cut:]
            case _:
                lines = lines[: max(1, at)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(60))
def test_a_spoilt_file_never_makes_the_check_fail(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for file in SAMPLE.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    victim = chance.choice(sorted(tmp_path.glob("*.yaml")))
    victim.write_text(spoilt(victim.read_text(), chance))
    for problem in check_dialogs(load_dialogs(tmp_path)):
        assert problem.line >= 1
        assert problem.message


@pytest.mark.parametrize(
    "text", ["", "\n", "steps:\n", "steps: []\n", "steps: {}\n", "- a\n", "steps:\n  - id: a\n    sya: Hi\n"]
)
def test_a_file_without_steps_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(text)
    assert check_dialogs(load_dialogs(tmp_path))

"""Whatever an author does to a file: it is told with a place, and nothing raises."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from voicebot import authoring
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


STARTERS = Path(authoring.__file__).parent / "starters"
BIG = "9" * 400
ODD: list[Any] = [
    [], {}, [[]], [{}], {"a": {}}, {"": ""}, [None], None, True, False, 0, -1, 1.5, "", " ", "a" * 5000, "a/" * 3000,
    "{" + BIG + "}", "{" + BIG + ".0}", BIG, "{a|money:" + BIG + "}", "{" + "(" * 400 + "}", "{" + "not " * 100 + "}",
    "{a" + "[0]" * 150 + "}", "{" + "-" * 400 + "1}", "{a" + "+1" * 240 + "}", "{" + "a if a else " * 38 + "a}",
    "." * 300, "a.b" * 300, "../" * 300, "\x00", "\ud800", "\x85", "*" * 300, "menu", "main", {"goto": "menu"},
    {"say": []}, {"yes": []}, {"a": [[]]}, [{"id": []}], [{"id": {}, "say": "a"}], {"de": {}}, "http://[", "{a.b['d']}",
    "2026-99-99", "99:99-99:99", {"mon-xyz": "1"}, {"mon": BIG}, "+" + BIG, "%" * 50, "(" * 300, "a|b|c", "{{{{", "}}}",
]  # fmt: skip
"""What an author would hardly write, and a program might."""


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in inside for found in paths_of(value, (*path, key)))]


def replaced(data: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = replaced(data[path[0]], path[1:], by)
    return copy


@pytest.mark.parametrize(
    "folder", [SAMPLE, *(STARTERS / name for name in ("parcel", "clinic", "hotel"))], ids=lambda folder: folder.name
)
@pytest.mark.parametrize("seed", range(40))
def test_whatever_stands_in_the_place_of_a_value_the_check_tells(folder: Path, seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for file in folder.glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for victim in sorted(tmp_path.glob("*.yaml")):
        data = yaml.load(victim.read_text(), yaml.BaseLoader)
        path = chance.choice(paths_of(data))
        victim.write_text(yaml.safe_dump(replaced(data, path, chance.choice(ODD)), allow_unicode=False))
    for problem in check_dialogs(load_dialogs(tmp_path)):
        assert problem.line >= 1
        assert problem.message


@pytest.mark.parametrize("value", [odd for odd in ODD if isinstance(odd, str)])
@pytest.mark.parametrize("word", ["say", "if", "call", "goto", "hours"])
def test_whatever_a_step_says_the_check_tells(word: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(yaml.safe_dump({"steps": [{"id": "a", word: value}, {"id": "b", "say": "B"}]}))
    for problem in check_dialogs(load_dialogs(tmp_path)):
        assert problem.line >= 1


@pytest.mark.parametrize("text", ["a = " + "(" * 5000, "a = " + "-" * 100_000 + "1", "\x00", "x" * 100 + "\udcff"])
def test_whatever_python_stands_beside_the_dialogs_the_check_tells(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "main.yaml").write_text("steps:\n  - {id: a, call: own.work}\n")
    problems = check_dialogs(load_dialogs(tmp_path))
    assert [problem for problem in problems if problem.file.name == "own.py"]


def test_a_file_that_is_nested_too_deeply_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("steps:\n  - say: " + "[" * 60_000 + "\n")
    (problem,) = [p for p in check_dialogs(load_dialogs(tmp_path)) if p.code == "yaml"]
    assert (problem.file.name, problem.line) == ("main.yaml", 2)
    assert "nested deeper" in problem.message


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_what_is_no_file_is_told_and_not_waited_for(what: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("steps:\n  - {id: a, hangup: {text: Bye., audio: x.wav}}\n")
    for name in ("x.yaml", "x.wav"):
        match what:
            case "pipe":
                os.mkfifo(tmp_path / name)
            case "device":
                (tmp_path / name).symlink_to("/dev/zero")
            case _:
                (tmp_path / name).mkdir()
    problems = check_dialogs(load_dialogs(tmp_path))
    assert {problem.file.name for problem in problems} == {"main.yaml", "x.yaml"}
    assert "file-unreadable" in {problem.code for problem in problems}

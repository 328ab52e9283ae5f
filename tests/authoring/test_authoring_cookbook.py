"""The guide for authors can be believed: each recipe is a bot with nothing to mend, whose tests pass."""

from __future__ import annotations

import re
import shutil
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voicebot.authoring.document import parse_document
from voicebot.cli import app

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "authors"
DIALOGS = ROOT / "dialogs"
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# (\S+\.yaml)\n")


def recipes() -> dict[str, list[tuple[str, str]]]:
    """Title: name and content of each file."""
    sections = re.split(r"^## ", (GUIDE / "cookbook.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    found = {}
    for section in sections:
        blocks = _BLOCK.findall(section)
        names = [_NAMED.match(block) for block in blocks]
        assert all(names), f"{section[:30]!r} has a block that does not begin with its file's name"
        found[section.splitlines()[0]] = [(name[1], block) for name, block in zip(names, blocks, strict=True) if name]
    return found


RECIPES = recipes()


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture
def kitchen(tmp_path: Path) -> Path:
    """An author's folder, with a sound in it."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "sounds").mkdir()
    with wave.open(str(tmp_path / "sounds" / "welcome.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(3200))
    return tmp_path


@pytest.mark.parametrize("recipe", RECIPES, ids=[re.sub(r"\W+", "-", recipe.lower()) for recipe in RECIPES])
def test_a_recipe_is_a_bot_that_does_as_its_tests_say(recipe: str, kitchen: Path) -> None:
    files = RECIPES[recipe]
    assert "main.yaml" in dict(files)
    for name, content in files:
        (kitchen / name).write_text(content, "utf-8")
    assert run("check", str(kitchen)) == (0, "nothing to mend\n")
    if any(name.startswith("tests/") for name, _ in files):
        status, output = run("test", str(kitchen))
        assert status == 0, output


def test_every_recipe_is_in_the_list_at_the_top() -> None:
    text = (GUIDE / "cookbook.md").read_text("utf-8")
    listed = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert listed == {re.sub(r"[^\w-]", "", recipe.lower().replace(" ", "-")) for recipe in RECIPES}


@pytest.mark.parametrize(
    "page",
    [GUIDE / "README.md", GUIDE / "cookbook.md", DIALOGS / "README.md"],
    ids=lambda page: f"{page.parent.name}-{page.stem}",
)
def test_what_stands_in_the_guide_can_be_read(page: Path) -> None:
    blocks = _BLOCK.findall(page.read_text("utf-8"))
    assert blocks
    for block in blocks:
        assert parse_document(page, block).problems == []


def test_the_tutorial_leads_to_a_bot_with_nothing_to_mend(tmp_path: Path) -> None:
    bot = tmp_path / "dialogs"
    shutil.copytree(DIALOGS, bot)
    text = (bot / "main.yaml").read_text("utf-8")
    hours, option, step, choice = _BLOCK.findall((GUIDE / "README.md").read_text("utf-8"))[:4]
    for before, after in (
        (hours, f"{hours}    next: anything-else\n"),
        ("    next: hours\n", f"    next: hours\n{option}"),
        ("  - id: anything-else\n", f"{step}\n  - id: anything-else\n"),
        ("    choice: {billing: , outage: , hours: }\n", choice),
    ):
        assert before in text, "the tutorial speaks of something that the sample has not"
        text = text.replace(before, after, 1)
    (bot / "main.yaml").write_text(text, "utf-8")
    assert run("check", str(bot)) == (0, "nothing to mend\n")
    assert run("test", str(bot))[0] == 0
    new = "tests:\n  - test: The address\n    talk:\n      - keys: '4'\n      - bot: ['You find us *', Is there *]\n"
    (bot / "tests" / "new.yaml").write_text(new, "utf-8")
    assert run("test", str(bot))[0] == 0

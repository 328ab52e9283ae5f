"""The bots that come with the product: nothing to mend, tested to the last step, and as good as their word."""

from __future__ import annotations

import importlib.util
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

import voicebot.authoring
from voicebot.cli import app

STARTERS = Path(voicebot.authoring.__file__).parent / "starters"
BOTS = [Path(__file__).parents[2] / "dialogs", STARTERS / "clinic", STARTERS / "parcel", STARTERS / "hotel"]
NAMES = [bot.name for bot in BOTS]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"starter_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("bot", BOTS, ids=NAMES)
def test_there_is_nothing_to_mend(bot: Path) -> None:
    assert run("check", str(bot)) == (0, "nothing to mend\n")


@pytest.mark.parametrize("bot", BOTS, ids=NAMES)
def test_its_tests_pass_and_visit_every_step(bot: Path) -> None:
    status, output = run("test", str(bot), "--min-coverage", "100")
    assert status == 0, output


@pytest.mark.parametrize("bot", BOTS[1:], ids=NAMES[1:])
def test_a_starter_is_told_to_its_author(bot: Path) -> None:
    readme = (bot / "README.md").read_text("utf-8")
    for file in bot.glob("*.yaml"):
        # a translation is told by the file that it translates
        assert f"`{file.name.split('.')[0]}.yaml`" in readme, f"{file.name} is not in the README"


async def test_the_clinic_books_moves_and_cancels() -> None:
    book = imported(STARTERS / "clinic" / "appointments.py")
    maria = await book.patient(date(1985, 5, 23), "0117")
    assert maria == {"number": "1001", "name": "Maria Lopez"}
    assert await book.patient(date(1985, 5, 23), "0118") is None
    upcoming = await book.upcoming("1001")
    assert date.fromisoformat(upcoming["day"]).weekday() < 5
    monday = date.today() + timedelta(days=70 - date.today().weekday())
    first = await book.free(monday)
    later = await book.free(monday, first["time"])
    assert first["time"] < later["time"]
    assert await book.move("1001", first["day"], first["time"])
    assert not await book.book("1002", first["day"], first["time"], "checkup"), "nobody is booked into another's time"
    assert (await book.free(monday))["time"] == later["time"]
    assert await book.book("1002", later["day"], later["time"], "checkup")
    await book.cancel("1001")
    assert await book.upcoming("1001") is None
    assert (await book.free(monday))["time"] == first["time"]
    assert await book.free(monday - timedelta(days=1)) is None, "not on a Sunday"


async def test_the_hotel_books_what_is_free_moves_and_cancels() -> None:
    rooms = imported(STARTERS / "hotel" / "rooms.py")
    day = date.today() + timedelta(days=60)
    assert [room["id"] for room in await rooms.free(day, 2, 2)] == ["double", "family", "suite"]
    code = await rooms.book("suite", day, 2, {"name": "LEE"})
    assert (await rooms.booking(code))["nights"] == 2
    assert "suite" not in [room["id"] for room in await rooms.free(day + timedelta(days=1), 1, 3)]
    assert "suite" in [room["id"] for room in await rooms.free(day + timedelta(days=2), 1, 3)]
    assert await rooms.book("suite", day, 1, {}) is None, "nobody is booked into another's room"
    other = await rooms.book("suite", day + timedelta(days=2), 2, {})
    assert other != code
    assert not await rooms.move(code, day + timedelta(days=2)), "the room is taken then"
    assert await rooms.move(code, day - timedelta(days=1)), "its own nights are free for it"
    assert await rooms.fee(code) == 0
    assert await rooms.move(code, date.today())
    assert await rooms.fee(code) == 260
    await rooms.cancel(code)
    assert await rooms.booking(code) is None

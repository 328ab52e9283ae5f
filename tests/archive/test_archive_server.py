"""The archive answers: its server and its client over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from archive_run import archive
from kept_calls import call_name, keep, kept_call, record_audio
from waiting import DEADLINE_S, LOOK_AGAIN_S

from voicebot.archive.client import ArchiveAway, ArchiveClient
from voicebot.archive.index import FILE


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a sweep takes long."""
    monkeypatch.setattr("voicebot.archive.server.REST", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "records"
    made.mkdir()
    return made


async def search(client: ArchiveClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/search", query)
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def numbers(client: ArchiveClient, **query: str) -> list[int]:
    return sorted(int(row["id"], 16) for row in (await search(client, **query))["calls"])


async def until_asked(ask: Callable[[], Awaitable[Any]], answer: Any) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while await ask() != answer:
            await asyncio.sleep(LOOK_AGAIN_S)


def damage(folder: Path) -> None:
    """Another file is in the place of the index."""
    draft = folder / ".draft"
    draft.write_bytes(b"\x99" * 100_000)
    for file in folder.glob(f"{FILE}-*"):
        file.unlink()  # SQLite would take everything from its log
    draft.rename(folder / FILE)


def in_the_index(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob(f"{FILE}*"))


async def test_what_is_in_the_folder_is_found_and_what_is_told_of_at_once(folder: Path) -> None:
    keep(folder, kept_call(1))
    async with archive(folder, sweep_s=600) as client:
        await until_asked(lambda: numbers(client), [1])
        keep(folder, kept_call(2, [("apples", "yes")]))
        await client.take(call_name(2))
        assert await numbers(client, words="apples") == [2]
        assert (await search(client))["missing"] == (await search(client))["unreadable"] == 0


async def test_records_that_come_and_go_by_other_hands_are_seen(folder: Path) -> None:
    async with archive(folder) as client:
        await until_asked(lambda: numbers(client), [])
        keep(folder, kept_call(1), kept_call(2))
        await until_asked(lambda: numbers(client), [1, 2])
        (folder / f"{call_name(1)}.json").unlink()
        assert await numbers(client) == [2]  # before any sweep


async def test_words_of_records_that_are_gone_are_overwritten(folder: Path) -> None:
    keep(folder, kept_call(1, [("Rumpelstilzchen", "yes")]), kept_call(2))
    async with archive(folder, purge_s=0.05) as client:
        await until_asked(lambda: numbers(client), [1, 2])
        (folder / f"{call_name(1)}.json").unlink()

        async def kept() -> bool:
            return b"umpelstilzchen" in in_the_index(folder)

        await until_asked(kept, False)
        assert await numbers(client) == [2]


async def test_an_index_that_is_damaged_while_it_is_used_is_made_anew(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(folder, *(kept_call(number) for number in range(50)))
    async with archive(folder, sweep_s=600) as client:
        await until_asked(lambda: numbers(client), list(range(50)))
        damage(folder)
        assert await numbers(client, words="parcel") == list(range(50))
        assert "made anew" in caplog.text


async def test_values_to_choose_from(folder: Path) -> None:
    keep(folder, kept_call(1, bot="sales"))
    async with archive(folder) as client:
        await until_asked(lambda: numbers(client), [1])
        assert json.loads((await client.get("/facets")).body)["bot"] == ["sales"]


async def test_the_recording_is_shown_and_drawn(folder: Path) -> None:
    keep(folder, kept_call(1), kept_call(2))
    record_audio(folder / f"{call_name(1)}.wav", 0.5, 0.0)
    async with archive(folder) as client:
        await until_asked(lambda: numbers(client), [1, 2])
        rows = {int(row["id"], 16): row["recording"] for row in (await search(client))["calls"]}
        assert rows == {1: True, 2: False}
        drawn = json.loads((await client.get(f"/calls/{call_name(1)}/waves")).body)
        assert (drawn["step_ms"], len(drawn["left"]), len(drawn["right"])) == (20.0, 50, 50)
        assert min(drawn["left"]) > 90 and max(drawn["right"]) == 0
        for number in (1, 2):
            picture = await client.get(f"/calls/{call_name(number)}/picture")
            assert (picture.status, picture.content_type) == (200, "image/svg+xml")
            assert b"Where is my parcel?" in picture.body
        assert (await client.get(f"/calls/{call_name(2)}/waves")).status == 404


async def test_long_recordings_are_drawn_in_longer_steps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.archive.waves.MOST_STEPS", 100)
    record_audio(folder / f"{call_name(1)}.wav", 0.0, 0.5, seconds=10.0)
    async with archive(folder) as client:
        drawn = json.loads((await client.get(f"/calls/{call_name(1)}/waves")).body)
    assert (drawn["step_ms"], len(drawn["left"])) == (100.0, 100)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVEfmt "])
async def test_what_is_no_recording_is_refused(folder: Path, content: bytes) -> None:
    (folder / f"{call_name(1)}.wav").write_bytes(content)
    async with archive(folder) as client:
        assert (await client.get(f"/calls/{call_name(1)}/waves")).status == 400


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc%2fpasswd", "%2e%2e", ".index", "a" * 7, "A" * 32, "a" * 65, "a%00" * 8]
)
async def test_only_ids_of_calls_name_files(folder: Path, name: str) -> None:
    async with archive(folder) as client:
        for what in ("waves", "picture"):
            assert (await client.get(f"/calls/{name}/{what}")).status == 404


async def test_a_wrong_query_is_told(folder: Path) -> None:
    async with archive(folder) as client:
        answer = await client.get("/search", {"since": "yesterday"})
    assert answer.status == 400 and "since" in json.loads(answer.body)["error"]


async def test_an_archive_that_is_away_is_told(folder: Path) -> None:
    client = ArchiveClient(folder / "nowhere")
    with pytest.raises(ArchiveAway):
        await client.get("/search")
    assert not await client.healthy()
    await client.close()


async def test_a_folder_that_is_not_there_yet_is_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with archive(folder) as client:
        assert await numbers(client) == []
        keep(folder, kept_call(1))
        await until_asked(lambda: numbers(client), [1])

"""Against Azurite, Microsoft's emulator of Azure Storage, on a port of its own.

Its packages (190 MB, a minute) are installed once, where ``TESTS_INSTALL_AZURITE=1`` asks for it.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from node_packages import installed
from state_items import read, write

from voicebot.host.storage import EtagConflict, ItemWrite, StorageUnusable
from voicebot.host_wire import STATE_PASSWORD_ENV

pytest.importorskip("azure.storage.blob", reason="needs the extra: pip install 'voicebot[azure-blob]'")
pytestmark = pytest.mark.peer

from voicebot.host.blob_storage import BlobStorage  # noqa: E402

PACKAGE = Path(__file__).parents[1] / "peers" / "azurite"
# The emulator's own account, which is the same everywhere and is no secret: its documentation prints it.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """The account's address."""
    folder = installed(PACKAGE, "state in Azure Blob Storage", only_if_set="TESTS_INSTALL_AZURITE")
    script = folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--disableTelemetry"]
    emulator = subprocess.Popen(
        ["node", str(script), *options, "--skipApiVersionCheck"], stdout=subprocess.PIPE, text=True, cwd=folder
    )
    assert emulator.stdout is not None
    try:
        for line in emulator.stdout:
            if found := re.search(r"successfully listens on (http://\S+)", line):
                yield f"{found[1]}/{ACCOUNT}"
                break
        else:
            raise AssertionError(f"Azurite ended with {emulator.wait()}")
    finally:
        emulator.kill()
        emulator.wait()


@pytest.fixture
async def storage(account: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BlobStorage]:
    monkeypatch.setenv(STATE_PASSWORD_ENV, KEY)
    storage = BlobStorage(f"{account}/state")
    await storage.open()
    yield storage
    await storage.delete(["a", "b"])
    await storage.close()


async def test_items_come_back_and_absent_ones_do_not(storage: BlobStorage) -> None:
    odd = "telephony/conversations/a|b?c#d%2F é/../."
    await write(storage, {"a": {"n": 1}, odd: {"n": "ü"}, "long" * 500: {"n": 3}})
    items = await read(storage, ["a", odd, "long" * 500, "c"])
    assert {key: item["n"] for key, item in items.items()} == {"a": 1, odd: "ü", "long" * 500: 3}
    assert await read(storage, []) == {}
    await write(storage, {})
    await storage.open()  # the container is there already


async def test_of_many_writers_at_once_exactly_one_wins(storage: BlobStorage) -> None:
    await write(storage, {"a": {"n": 0}})
    copies = [(await read(storage, ["a"]))["a"] for _ in range(8)]
    for number, copy in enumerate(copies):
        copy["n"] = number
    outcomes = await asyncio.gather(*(write(storage, {"a": copy}) for copy in copies), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["EtagConflict"] * 7 + ["NoneType"]
    assert (await read(storage, ["a"]))["a"]["n"] == outcomes.index(None)


async def test_writing_twice_from_the_same_item_is_no_conflict_and_without_an_etag_the_last_wins(
    storage: BlobStorage,
) -> None:
    item = {"n": 1}
    await write(storage, {"a": item})
    item["n"] = 2
    await write(storage, {"a": item})
    await write(storage, {"a": {"n": 3}})
    assert (await read(storage, ["a"]))["a"]["n"] == 3
    with pytest.raises(EtagConflict, match="a was written"):
        await write(storage, {"a": item})


async def test_deleting_forgets_and_does_not_mind_what_is_absent(storage: BlobStorage) -> None:
    item = {"n": 1}
    await write(storage, {"a": item})
    await storage.delete({"a", "never there"})
    assert await read(storage, ["a"]) == {}
    with pytest.raises(EtagConflict):
        await write(storage, {"a": item})


async def test_what_is_stored_is_the_text(storage: BlobStorage) -> None:
    await storage.write([ItemWrite("a", None, '{"n":1}')])
    blob = await storage._container.get_blob_client("a").download_blob()
    assert await blob.readall() == b'{"n":1}'


async def test_a_wrong_key_and_an_account_that_is_away_are_told_in_time(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, secret, told in (
        (f"{account}/state", "d3Jvbmc=", "cannot be used"),
        ("http://127.0.0.1:9/x/state", KEY, "cannot be reached"),
    ):
        monkeypatch.setenv(STATE_PASSWORD_ENV, secret)
        storage = BlobStorage(address)
        with pytest.raises(StorageUnusable, match=told):
            await storage.open()
        await storage.close()

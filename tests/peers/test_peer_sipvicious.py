"""What the scanners that everybody runs find of us: nothing."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from voicebot.sip import Access, ListenAt, SipEndpoint, Trunk

LOOPBACK = "127.0.0.1"
TOOLS = {name: shutil.which(name) for name in ("svmap", "svwar", "svcrack")}
ELSEWHERE = Trunk("sbc", (ipaddress.ip_network("192.0.2.0/28"),))
PHONE = Trunk("phone", username="100", password="s3cret-and-long")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(None in TOOLS.values(), reason="SIPVicious is not installed: apt-get install sipvicious"),
]


@pytest.fixture(params=["address", "password"])
async def bot(request: pytest.FixtureRequest) -> AsyncIterator[SipEndpoint]:
    trunk = ELSEWHERE if request.param == "address" else PHONE
    endpoint = SipEndpoint(ListenAt(port=0), trunks=[trunk], access=Access("drop"))
    await endpoint.start()
    yield endpoint
    await endpoint.close()


async def run(folder: Path, tool: str, *arguments: str) -> str:
    """What the tool says when it is through, or when its time is up."""
    path = TOOLS[tool]
    assert path is not None
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )
    try:
        async with asyncio.timeout(120):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode("utf-8", "replace")


async def test_svmap_finds_no_device(bot: SipEndpoint, tmp_path: Path) -> None:
    said = await run(tmp_path, "svmap", f"-p{bot.port}", "-P", "0", "-x", LOOPBACK, LOOPBACK)
    assert bot.counters.received and f"{LOOPBACK}:{bot.port}" not in said, said
    assert not bot.counters.sent


async def test_svmap_would_find_one_that_answers_everybody(tmp_path: Path) -> None:
    endpoint = SipEndpoint(ListenAt(port=0))
    await endpoint.start()
    try:
        said = await run(tmp_path, "svmap", f"-p{endpoint.port}", "-P", "0", "-x", LOOPBACK, LOOPBACK)
        assert f"{LOOPBACK}:{endpoint.port}" in said
    finally:
        await endpoint.close()


@pytest.mark.parametrize(
    "method",
    ["REGISTER", pytest.param("INVITE", marks=pytest.mark.long), pytest.param("OPTIONS", marks=pytest.mark.long)],
)
async def test_svwar_finds_no_extension(bot: SipEndpoint, tmp_path: Path, method: str) -> None:
    said = await run(tmp_path, "svwar", f"-p{bot.port}", "-e100-105", "-m", method, LOOPBACK)
    assert bot.counters.received and "| 10" not in said, said
    assert bot.counters.calls_in == 0


async def test_svcrack_finds_no_password(bot: SipEndpoint, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("\n".join(["100", "1234", "secret", "s3cret-and-long"]))
    said = await run(tmp_path, "svcrack", f"-p{bot.port}", "-u100", "-d", "words", LOOPBACK)
    assert bot.counters.received and "s3cret" not in said, said

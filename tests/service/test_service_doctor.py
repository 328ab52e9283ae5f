"""The checks for the console: the real process, with settings that are wrong, so that it ends soon."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from voicebot.service.doctor import Doctor


async def test_it_reads_the_settings_anew_and_tells_what_is_wrong_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config := tmp_path / "voicebot.toml").write_text("[sip]\nmax_cals = 3\n")
    found = await Doctor(config).findings()
    (wrong,) = (one for one in found if not one["good"])
    assert wrong["check"] == "settings" and "max_cals" in wrong["detail"] and wrong["mend"]

    monkeypatch.setattr("sys.executable", "/bin/false")
    (wrong,) = await Doctor(config).findings()
    assert not wrong["good"] and "voicebot doctor" in wrong["mend"]


async def test_who_waits_no_longer_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script := tmp_path / "sleep").write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    script.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(script))
    waiting = asyncio.ensure_future(Doctor(None).findings())
    pid = tmp_path / "pid"
    async with asyncio.timeout(60):
        while not (pid.exists() and pid.read_text().strip()):
            await asyncio.sleep(0.02)
        waiting.cancel()
        while Path(f"/proc/{pid.read_text().strip()}/exe").exists():  # noqa: ASYNC240
            await asyncio.sleep(0.02)

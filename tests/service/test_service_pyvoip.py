"""The start says what is missing for [pyvoip]."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from voicebot.app import Application
from voicebot.service import pyvoip
from voicebot.service.supervisor import NotReady
from voicebot.settings import load_settings


async def test_the_missing_extra_is_named_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text('[pyvoip]\nserver = "192.0.2.1"\nusername = "7000"\n')
    here = importlib.util.find_spec
    monkeypatch.setattr(pyvoip, "find_spec", lambda name: None if name == "pyVoIP" else here(name))
    with pytest.raises(NotReady, match=r"pyvoip.server: pyVoIP is not installed: pip install 'voicebot\[pyvoip\]'"):
        async with Application(load_settings(file)):
            pass

"""The commands for authors run dialogs on the SDK of the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from voicebot.commands.sdk import SDK_ENV, follow_settings

WHICH = """
import sys
from pathlib import Path
from voicebot.cli import _follow_settings
_follow_settings(Path(sys.argv[1]))
from voicebot.host.sdk import SDK
print(SDK)
"""


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if "_SDK" not in k})
    monkeypatch.chdir(tmp_path)


def test_commands_for_authors_do_not_load_the_settings_of_the_service() -> None:
    """Nor with them the SIP side and the Speech SDK: each `voicebot check` would take twice the time."""
    modules = ", ".join(f"voicebot.commands.{name}" for name in ("sdk", "check", "test", "chat", "graph", "new"))
    script = f"import sys, {modules}; print('voicebot.settings' in sys.modules, 'voicebot.sip' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "False False\n"


def settings(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "voicebot.toml"
    file.write_text(text)
    return file


def test_without_settings_it_stays_as_it_is(tmp_path: Path) -> None:
    assert follow_settings(None) == ""
    assert follow_settings(settings(tmp_path, '[sip]\nport = "wrong, which is none of an author\'s business"\n')) == ""
    assert SDK_ENV not in os.environ


def test_the_settings_of_the_folder_are_followed_and_the_environment_goes_before_them(tmp_path: Path) -> None:
    settings(tmp_path, '[bot]\nsdk = "botbuilder"\n')
    assert (follow_settings(None), os.environ[SDK_ENV]) == ("", "botbuilder")
    settings(tmp_path, '[bot]\nsdk = "teams"\n')
    assert follow_settings(None) == ""
    del os.environ[SDK_ENV]
    assert follow_settings(None) == "bot.sdk: 'teams' is neither botbuilder nor microsoft-agents"


def test_what_cannot_be_read_or_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be read" in follow_settings(tmp_path / "absent.toml")
    assert "not valid TOML" in follow_settings(settings(tmp_path, "[bot\n"))
    monkeypatch.setattr("voicebot.commands.sdk.find_spec", lambda name: None)
    problem = follow_settings(settings(tmp_path, '[bot]\nsdk = "microsoft-agents"\n'))
    assert problem == "bot.sdk: microsoft-agents needs an extra: pip install 'voicebot[microsoft-agents]'"


def test_a_command_runs_on_it(tmp_path: Path) -> None:
    pytest.importorskip("microsoft_agents.hosting.dialogs", reason="needs: pip install 'voicebot[microsoft-agents]'")
    file = settings(tmp_path, '[bot]\nsdk = "microsoft-agents"\n')
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", WHICH, str(file)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "microsoft-agents"

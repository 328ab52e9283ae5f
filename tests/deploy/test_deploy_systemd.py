"""The units of one machine, and the settings that they go with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from voicebot.service.sip import listeners
from voicebot.settings import Settings, load_settings

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"
CALLS = SYSTEMD / "voicebot@.service"
UNITS = [CALLS, SYSTEMD / "voicebot-speech.service"]
ANALYSE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYSE is None, reason="needs systemd-analyze (Debian package systemd)")
MOST_EXPOSED = 3.0


def values(unit: Path, name: str) -> list[str]:
    """What a unit gives for a name, as often as it does."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> dict[int, Settings]:
    """By the number of an instance, what the file and the environment of its unit make."""
    found = {}
    for number in range(1, 10):
        with monkeypatch.context() as patched:
            for name in [name for name in os.environ if name.startswith("VOICEBOT_")]:
                patched.delenv(name)
            for assignment in " ".join(values(CALLS, "Environment")).split():
                name, _, value = assignment.partition("=")
                value = value.replace("%i", str(number)).replace("%S", "/var/lib").replace("%C", "/var/cache")
                patched.setenv(name, value)
            found[number] = load_settings(SYSTEMD / "voicebot.toml")
    return found


def test_instances_share_a_file_and_no_port(settings_of: dict[int, Settings]) -> None:
    signalling = [at.port for settings in settings_of.values() for at in listeners(settings)]
    consoles = [settings.console.port for settings in settings_of.values()]
    audio = [range(settings.rtp.port_low, settings.rtp.port_high + 1) for settings in settings_of.values()]
    ports = [*signalling, *consoles, 5060, 6100, *(port for one in audio for port in one)]
    assert len(ports) == len(set(ports))
    assert all(
        len(one) >= 2 * settings.sip.max_calls for one, settings in zip(audio, settings_of.values(), strict=True)
    )
    assert len({settings.calls.records for settings in settings_of.values()}) == len(settings_of)


def test_a_stop_waits_for_the_calls_and_only_the_call_process_is_told(settings_of: dict[int, Settings]) -> None:
    assert values(CALLS, "KillMode") == ["mixed"]
    assert int(values(CALLS, "TimeoutStopSec")[0]) > settings_of[1].calls.drain_s >= settings_of[1].calls.max_duration_s


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_well_formed(unit: Path, tmp_path: Path) -> None:
    (program := tmp_path / "voicebot").write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for each in UNITS:  # systemd-analyze looks whether what is started is there
        (tmp_path / each.name).write_text(each.read_text().replace("/opt/voicebot/.venv/bin/voicebot", str(program)))
    done = subprocess.run(
        [str(ANALYSE), "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_may_do_little_that_it_does_not_need(unit: Path) -> None:
    argv = [str(ANALYSE), "security", "--offline=true", "--no-pager", str(unit)]
    told = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    level = re.search(r"exposure level for \S+: ([0-9.]+)", told)
    assert level is not None and float(level[1]) < MOST_EXPOSED, told

"""Each command with something wrong: one clear line, a status, and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from voicebot.cli import app

LOOPBACK = "127.0.0.1"


def voicebot(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder``, with ``settings`` (``sip__port="0"``) in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
    (folder / "dialogs").mkdir(exist_ok=True)
    (folder / "dialogs" / "main.py").touch()
    return subprocess.run(
        [sys.executable, "-m", "voicebot", *arguments],
        cwd=folder,
        env=kept | {f"VOICEBOT_{name.upper()}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ``voicebot serve`` in this process, in a folder with dialogs. For what ends before anything starts."""
    for name in [name for name in os.environ if name.startswith("VOICEBOT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "dialogs").mkdir()
    monkeypatch.chdir(tmp_path)

    def serve(*options: str, **settings: str) -> Result:
        environment = {f"VOICEBOT_{name.upper()}": value for name, value in settings.items()}
        return CliRunner().invoke(app, ["serve", *options], env=environment, catch_exceptions=False)

    return serve


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"sip__port": "70000"}, "sip.port"),
        ({"speech__service": "azure"}, "region"),
        ({"speech__service": "url", "speech__url": "http://x"}, "speech.url"),
        ({"sip__prot": "5060"}, "VOICEBOT_SIP__PROT"),
        ({"bot__dialogs": "nowhere"}, "bot.dialogs"),
        ({"rtp__port_low": "4000", "rtp__port_high": "3000"}, "port_high"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    checked: Callable[..., Result], settings: dict[str, str], named: str
) -> None:
    done = checked(**settings)
    assert done.exit_code == 2
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not done.stdout


def test_a_misspelt_setting_in_the_file_is_named_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "voicebot.toml").write_text("[sip]\nprot = 5060\n")
    done = voicebot(tmp_path, "serve")
    assert done.returncode == 2
    assert "voicebot.toml" in done.stderr and "sip.prot" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_good_settings_pass_the_check_without_a_start(checked: Callable[..., Result]) -> None:
    done = checked("--check", sip__port="0")
    assert (done.exit_code, done.stderr) == (0, "")


def test_dialogs_that_cannot_be_loaded_stop_the_start_and_name_the_place(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "main.py").write_text("def create_dialog(context):\n    return nonsense\n")
    done = voicebot(
        tmp_path, "serve", bot__dialogs=str(folder), sip__port="0", bot__http_port="0", console__port="0",
        speech__service="url", speech__url=f"ws://{LOOPBACK}:9",
    )  # fmt: skip
    assert done.returncode == 2
    assert "main.py" in done.stderr and "nonsense" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_sip_port_is_told_by_serve_and_by_the_doctor(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        port = str(taken.getsockname()[1])
        speech = {"speech__service": "url", "speech__url": f"ws://{LOOPBACK}:9"}
        doctor = voicebot(tmp_path, "doctor", sip__port=port, **speech)
        served = voicebot(tmp_path, "serve", sip__port=port, bot__http_port="0", console__port="0",
                          speech__service="url", speech__url=f"ws://{LOOPBACK}:9",
                          bot__dialogs=str(Path(__file__).parent / "dialogs_faulty"),
                          log__level="ERROR")  # fmt: skip
    assert doctor.returncode == 1
    assert f"{LOOPBACK}:{port}" in doctor.stdout
    assert "change sip.port" in " ".join(doctor.stdout.split())
    assert served.returncode == 2
    assert f"{LOOPBACK}:{port}" in served.stderr
    assert len(served.stderr.splitlines()) == 1, served.stderr
    assert "Traceback" not in served.stderr


@pytest.fixture(scope="module", autouse=True)
def call_to_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """It takes some seconds until it gives up, so it is begun before the other tests."""
    script = tmp_path_factory.mktemp("nobody") / "script.yaml"
    script.write_text("steps:\n  - listen:\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        uri = f"sip:bot@{LOOPBACK}:{silent.getsockname()[1]}"
        argv = [sys.executable, "-m", "voicebot", "call", uri, "--script", str(script)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as calling:
            yield calling
            calling.kill()


def test_a_call_to_where_nobody_answers_says_so(call_to_nobody: subprocess.Popen[str]) -> None:
    out, errors = call_to_nobody.communicate(timeout=300)
    print(out, errors)
    assert call_to_nobody.returncode == 1
    assert "nothing responds at UDP" in out
    assert "Traceback" not in out + errors


def test_the_doctor_says_what_the_limit_of_open_files_allows(tmp_path: Path) -> None:
    limited = f'ulimit -n 300; exec "{sys.executable}" -m voicebot doctor'
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")} | {
        "VOICEBOT_SPEECH__SERVICE": "url", "VOICEBOT_SPEECH__URL": f"ws://{LOOPBACK}:9", "VOICEBOT_SIP__PORT": "0",
    }  # fmt: skip
    (tmp_path / "dialogs").mkdir()
    told = subprocess.run(["sh", "-c", limited], cwd=tmp_path, env=environment, capture_output=True, text=True,
                          timeout=300, check=False).stdout  # fmt: skip
    assert "open files: 300 allow 21 calls and 32 connections" in told
    assert "100 calls (sip.max_calls) need a higher limit" in told

"""The compose file of a trial: each program takes what the file gives it. Compose itself is not run here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from node_packages import archive

from voicebot.settings import load_settings

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
FILE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
SCHEMA_PACKAGE = "dclint@3.1.0"
"""It has the schema of the Compose Specification."""
HOST = "127.0.0.10"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def content(name: str) -> str:
    """A file of the compose file, as compose fills it in."""
    given = {"HOST_ADDRESS": HOST}
    return _VARIABLE.sub(lambda found: given.get(found[1], found[2]), FILE["configs"][name]["content"])


def test_it_is_a_compose_file_by_the_schema_of_the_specification() -> None:
    with tarfile.open(archive(SCHEMA_PACKAGE, "the compose file")) as package:
        member = package.extractfile("package/schemas/compose.schema.json")
        assert member is not None
        judge = Draft7Validator(json.load(member))
    assert [f"{error.json_path}: {error.message}" for error in judge.iter_errors(FILE)] == []
    wrong = FILE | {"services": SERVICES | {"redis": SERVICES["redis"] | {"readonly": True}}}
    assert [error.json_path for error in judge.iter_errors(wrong)] == ["$.services.redis"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_may_do_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert ":" in service["image"], "an image without a version"


def test_everything_that_is_named_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in FILE["volumes"] or (FOLDER / source).exists(), source
        for one in service.get("configs", ()):
            assert one["source"] in FILE["configs"]
    build = SERVICES["voicebot"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).is_file()


def test_the_service_takes_its_settings_and_may_end_in_peace(tmp_path: Path) -> None:
    (file := tmp_path / "voicebot.toml").write_text(content("voicebot"))
    settings = load_settings(file)
    assert settings.fleet.url == settings.bot.state_url
    assert int(SERVICES["voicebot"]["stop_grace_period"].removesuffix("s")) > settings.calls.drain_s
    assert f"sip:{HOST}:{settings.sip.port}" in content("dispatcher")
    assert f"127.0.0.1:{settings.console.port}" in content("prometheus")


@pytest.mark.skipif(shutil.which("kamailio") is None, reason="needs kamailio (Debian)")
def test_kamailio_takes_its_configuration(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "../kamailio/kamailio.cfg", tmp_path)
    (tmp_path / "site.cfg").write_text(content("site"))
    argv = ["kamailio", "-c", "-f", str(tmp_path / "kamailio.cfg")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian package prometheus)")
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "../watching/alerts.yml", tmp_path)
    (file := tmp_path / "prometheus.yml").write_text(content("prometheus"))
    done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    (source,) = yaml.safe_load(content("sources"))["datasources"]
    assert source["url"].removeprefix("http://") in " ".join(SERVICES["prometheus"]["command"])
    (provider,) = yaml.safe_load(content("dashboards"))["providers"]
    assert any(volume.split(":")[1] == provider["options"]["path"] for volume in SERVICES["grafana"]["volumes"])

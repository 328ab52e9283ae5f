"""The fleet that this call process is one node of, made from the settings, and what of it is shown."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Collection
from typing import Any

from voicebot import __version__
from voicebot.fleet import Fleet, Keeper, NodeState, differences
from voicebot.host_wire import STATE_PASSWORD_ENV
from voicebot.redis_server import LIMIT_S, RedisAddress, RedisServer
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import Settings
from voicebot.web import Figure, Panel

logger = logging.getLogger(__name__)

_OWN: dict[str, set[str] | bool] = {
    "sip": {"host", "port", "listen", "advertised_host", "media_host", "max_calls", "least_calls"},
    "rtp": {"port_low", "port_high"},
    "console": {"host", "port", "public_url", "certificate", "key"},
    "connector": {"host", "port", "public_url"},
    "acs": {"host", "port", "public_url"},
    "speech": {"url", "local_port", "prompt_cache_dir"},
    "language": {"local_port"},
    "bot": {"http_port", "state_file"},
    "calls": {"records"},
    "tls": True,
    "pyvoip": True,
    "log": True,
    "fleet": {"node"},
}
"""Settings in which nodes differ for good reasons."""


def make_fleet(
    settings: Settings,
    *,
    port: Callable[[], int],
    draining: Callable[[], bool],
    dialogs: Callable[[], str],
    calls: Callable[[], list[dict[str, Any]]],
    end_call: Callable[[str], None],
    keeper: Keeper,
    register: Callable[[Collection[str], Collection[str] | None], None],
) -> Fleet | None:
    """None if this process is alone. ``port``: the SIP port; ``dialogs``: the digest of the version that serves;
    ``calls`` as the API lists them; ``register`` is told the accounts that are ours, and those of other nodes. Raises
    :class:`NotReady` without the extra for Redis."""
    if not settings.fleet.url:
        return None
    password = os.environ.get(STATE_PASSWORD_ENV, "")
    try:
        limit_s = min(LIMIT_S, settings.fleet.lease_s / 3)  # so that a Redis that hangs silences nobody
        server = RedisServer(RedisAddress.parse(settings.fleet.url), password=password, limit_s=limit_s)
    except ImportError as error:
        raise NotReady("fleet.url: Redis needs an extra: pip install 'voicebot[redis]'") from error
    digest = settings_digest(settings)

    def state() -> NodeState:
        return NodeState(node_name(settings, port()), 0, draining(), __version__, digest, dialogs())

    def listed() -> list[dict[str, Any]]:
        name = node_name(settings, port())
        return [call | {"node": name} for call in calls()]

    limits = settings.fleet.limits(settings.trunks)
    takes = settings.fleet.takeover and bool(settings.bot.state_url)
    return Fleet(
        server,
        limits,
        state=state,
        calls=listed,
        end_call=end_call,
        keeper=keeper if takes else None,
        accounts=[account.name for account in settings.accounts if account.register_here],
        register=register,
        lease_s=settings.fleet.lease_s,
    )


class LastWord:
    """Has the others told as soon as this process has ended without a word (:mod:`voicebot.fleet.last_word`)."""

    def __init__(self, settings: Settings, node: str) -> None:
        self._reading, self._writing = os.pipe()
        argv = [sys.executable, "-m", "voicebot.fleet.last_word", settings.fleet.url, node, str(self._reading)]
        self.process = ChildProcess("last word", argv, on_ready=lambda _: None, pass_fds=[self._reading])

    async def start(self) -> None:
        """Without it, the others wait until the lease has run out."""
        try:
            await self.process.start()
        except NotReady as error:
            logger.warning("%s", error)

    async def close(self) -> None:
        """End it. It says nothing."""
        await self.process.stop()
        os.close(self._reading)
        os.close(self._writing)


def last_word(settings: Settings, fleet: Fleet | None) -> LastWord | None:
    """None where nobody would go on with the calls of this process."""
    return LastWord(settings, fleet.id) if fleet is not None and fleet.keeps else None


def node_name(settings: Settings, port: int) -> str:
    return settings.fleet.node or f"{socket.gethostname()}:{port}"


def settings_digest(settings: Settings) -> str:
    """The same for nodes that do the same (:class:`~voicebot.fleet.NodeState`). Secrets are not in it."""
    told = settings.model_dump(mode="json", exclude=_OWN)
    return " ".join(f"{name}:{_digest(section)}" for name, section in sorted(told.items()) if section)


def _digest(section: object) -> str:
    return hashlib.sha256(json.dumps(section, sort_keys=True).encode()).hexdigest()[:8]


def fleet_figures(fleet: Fleet) -> list[Figure]:
    """The metrics of the fleet, as this node sees it."""
    nodes = fleet.nodes
    draining = sum(node.draining for node in nodes)
    return [
        Figure("fleet_up", "1 while Redis is used for what nodes share", {"": float(not fleet.trouble)}, kind="gauge"),
        Figure("fleet_nodes", "Nodes", {"serving": len(nodes) - draining, "draining": draining}, "state", "gauge"),
        Figure("fleet_calls", "Calls of all nodes", {"": sum(node.calls for node in nodes)}, kind="gauge"),
        Figure(
            "fleet_calls_moved", "Calls taken from nodes that were gone, and given up to others", fleet.moved, "how"
        ),
        Figure("fleet_settings", "Nodes by settings: 1 is right", {"": len(_settings(fleet))}, kind="gauge"),
        Figure("fleet_dialogs", "Versions of the dialogs that serve", {"": len(_dialogs(fleet))}, kind="gauge"),
    ]


def fleet_panel(fleet: Fleet, most: int) -> Panel:
    """Which nodes there are. ``most``: the most calls of all; 0: no limit."""
    calls = sum(node.calls for node in fleet.nodes)
    facts = [("calls of all nodes", f"{calls} of {most}" if most else str(calls))]
    for node in sorted(fleet.nodes, key=lambda node: node.name):
        facts.append((node.name, f"{node.calls} calls, version {node.version}{', draining' if node.draining else ''}"))
    lines = fleet_notes(fleet)
    return Panel("Fleet", facts, lines, wrong=bool(lines))


def fleet_notes(fleet: Fleet) -> list[str]:
    """What is wrong with it; empty if nothing is."""
    away = [f"fleet: {fleet.trouble}: each node goes by its own limits"] if fleet.trouble else []
    return away + [f"fleet: {difference}" for difference in differences(fleet.nodes)]


def _settings(fleet: Fleet) -> set[str]:
    return {node.settings for node in fleet.nodes}


def _dialogs(fleet: Fleet) -> set[str]:
    return {node.dialogs for node in fleet.nodes}

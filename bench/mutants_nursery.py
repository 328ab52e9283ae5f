"""Runs pytest over and over without importing it, and what it needs, each time: forks for each run.

Told on standard input, a line of JSON each: what to run, and how long it may take; tells the exit status, null when the
time was up. It imports nothing of ours, so a run sees the files as they are then.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time

IMPORTED = (
    *("pytest", "pytest_asyncio.plugin", "xdist", "hypothesis.strategies", "hypothesis.stateful", "_pytest.python"),
    *("numpy", "yaml", "aiohttp.web", "pydantic", "pydantic_settings", "cryptography.x509", "OpenSSL.SSL", "jwt"),
    *("dns.resolver", "sipmessage", "typer", "prometheus_client", "psutil"),
)
LOOK_S = 0.02


def run(arguments: list[str], within_s: float) -> int | None:
    """The exit status of pytest with ``arguments``, None when the time was up. What the tests started is ended."""
    child = os.fork()
    if child == 0:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        import pytest

        status = 1
        try:
            status = int(pytest.main(arguments))
        finally:
            os._exit(status)
    group, end = child, time.monotonic() + within_s
    outcome: int | None = None
    try:
        while time.monotonic() < end:
            ended, code = os.waitpid(child, os.WNOHANG)
            if ended:
                child, outcome = 0, os.waitstatus_to_exitcode(code)
                break
            time.sleep(LOOK_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        if child:
            os.waitpid(child, 0)
    return outcome


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    assert not any(name.partition(".")[0] in ("voicebot", "bench") for name in sys.modules)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(run(order["arguments"], order["within_s"])), flush=True)


if __name__ == "__main__":
    main()

"""What the limit of open files allows."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from voicebot.listening.descriptors import CONNECTIONS, LEAST_CONNECTIONS, OF_CALL, OF_PROCESS, allowance

RAISED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
from voicebot.listening.descriptors import raise_limit
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_the_limit_is_raised_to_the_most_that_there_may_be() -> None:
    if 0 <= resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 200:
        pytest.skip("this machine allows less")
    done = subprocess.run([sys.executable, "-c", RAISED], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["200", "200"], done.stderr


@pytest.mark.parametrize("set_aside", [0, 264])
@pytest.mark.parametrize("wanted", [1, 50, 400])
@pytest.mark.parametrize("limit", [64, 200, 1024, 4096, 20_000])
def test_calls_come_first_and_all_together_is_never_more_than_the_limit(
    limit: int, wanted: int, set_aside: int
) -> None:
    allowed = allowance(limit, wanted, set_aside)
    assert 0 <= allowed.calls <= wanted and LEAST_CONNECTIONS <= allowed.connections <= CONNECTIONS
    together = OF_PROCESS + set_aside + allowed.calls * OF_CALL + allowed.connections
    assert together <= max(limit, OF_PROCESS + set_aside + LEAST_CONNECTIONS)
    assert 0 <= allowed.of_viewers <= max(0, limit - together)
    assert allowed.of_sip + 2 * allowed.of_http == allowed.connections
    if allowed.connections > LEAST_CONNECTIONS:
        assert allowed.calls in (wanted, (limit - OF_PROCESS - set_aside - LEAST_CONNECTIONS) // OF_CALL)

"""For all tests: hypothesis judges what the code does, never how fast this machine is."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "machine-independent",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # a new find belongs to whoever changes something, not to whoever lands next
)
settings.load_profile("machine-independent")

"""Prometheus scrapes a node while calls are made: every query of deploy/watching has a number for an answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from watch import dashboard_queries, talked_of, watched

MISSING = [name for name in ("prometheus", "kamailio", "redis-server") if shutil.which(name) is None]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.long,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


async def test_every_query_of_alerts_and_dashboards_has_a_number_for_an_answer(tmp_path: Path) -> None:
    async with watched(tmp_path) as (fleet, prometheus):
        assert await talked_of(fleet, prometheus) == {}
        assert len(dashboard_queries()) > 40
        assert await prometheus.wrong("voicebot_no_such_figure", "a graph") == "a graph: no answer"
        assert (await prometheus.wrong("sum(", "a graph")).startswith("a graph: ")

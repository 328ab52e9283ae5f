"""Three nodes behind Kamailio, as deploy/ sets them up, and a node that is told to stop while calls come in."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from drain import run

MISSING = [program for program in ("kamailio", "kamcmd", "redis-server") if shutil.which(program) is None]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}: apt-get install kamailio redis"),
]


async def test_a_node_that_drains_gets_no_new_calls_and_none_is_refused_or_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(tmp_path, within_s=math.inf), capsys.readouterr().out

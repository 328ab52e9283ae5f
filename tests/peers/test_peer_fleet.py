"""Three nodes behind Kamailio, as deploy/ sets them up: one is told to stop while calls come in, another is killed."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from crash import Trial
from drain import drain_in_turn
from local_fleet import caller_options, local_fleet

from voicebot.caller import Phone

MISSING = [program for program in ("kamailio", "kamcmd", "redis-server") if shutil.which(program) is None]
PATIENT = {"calls__drain_s": 60, "fleet__lease_s": 5}
"""A machine that is busy with other tests may keep a node from its beat for a while."""

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}: apt-get install kamailio redis"),
]


async def test_no_call_is_lost_with_a_node_whether_it_drains_or_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with local_fleet(tmp_path, **PATIENT) as fleet, Phone(fleet.edge, caller_options()) as phone:
        wrong = await drain_in_turn(fleet, phone, fleet.nodes[:1], within_s=math.inf)
        trial = Trial(fleet, phone)
        await trial.strike(fleet.nodes[1])
        assert [*wrong, *trial.wrong] == [] and max(trial.silences) < math.inf, capsys.readouterr().out

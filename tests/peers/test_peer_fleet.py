"""Three nodes behind Kamailio, as deploy/ sets them up: one is told to stop while calls come in, another is killed, and
Kamailio is restarted."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from crash import Trial
from drain import drain_in_turn
from edge import restart_edge
from limits import Callers, exact
from local_fleet import caller_options, local_fleet
from media_engine import NO_RTPENGINE, RTPENGINE

from voicebot.caller import Phone

MISSING = [program for program in ("kamailio", "kamcmd", "redis-server") if shutil.which(program) is None]
MOST = 20
LEASE_S = 8
PATIENT = {"calls__drain_s": 60, "fleet__lease_s": LEASE_S, "fleet__max_calls": MOST}
"""A machine that is busy with other tests may keep a node from its beat for a while."""

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}: apt-get install kamailio redis"),
]


async def test_no_call_is_lost_with_a_node_or_the_edge_and_the_limit_of_all_is_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with local_fleet(tmp_path, **PATIENT) as fleet, Phone(fleet.edge, caller_options()) as phone:
        callers, trial = Callers(fleet, phone), Trial(fleet, phone)
        wrong = await exact(callers, MOST)
        wrong += await drain_in_turn(fleet, phone, fleet.nodes[:1], within_s=math.inf)
        await trial.strike(fleet.nodes[1])
        wrong += await exact(callers, MOST)
        wrong += await restart_edge(fleet, phone)
        assert [*wrong, *trial.wrong] == [], capsys.readouterr().out
        assert max(trial.silences) < LEASE_S, "a process that is killed has a last word: nobody waits for its lease"


@pytest.mark.long
@pytest.mark.skipif(RTPENGINE is None, reason=NO_RTPENGINE)
async def test_no_call_is_lost_with_a_node_whose_audio_goes_through_rtpengine(tmp_path: Path) -> None:
    async with local_fleet(tmp_path, media=True, **PATIENT) as fleet, Phone(fleet.edge, caller_options()) as phone:
        trial = Trial(fleet, phone)
        await trial.strike(fleet.nodes[0])
        assert trial.wrong == []

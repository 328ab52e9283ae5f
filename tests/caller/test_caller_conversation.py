"""One scripted conversation, frame by frame, on virtual time: when the steps of a script are over."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from waiting import until

from voicebot.audio import FRAME_S, PCMU
from voicebot.caller import parse_script
from voicebot.caller.conversation import ScriptedCall, StepFailed
from voicebot.caller.ear import Ear
from voicebot.rtp import Playout

pytestmark = pytest.mark.virtual_time

SPEECH = bytes(range(0x10, 0x1A)) * 16
QUIET_S = 0.2


class Line:
    """The bot's end of the line: each call of :meth:`hear` takes as long as the audio does."""

    def __init__(self, script: str) -> None:
        parsed = parse_script(f"quiet_s: {QUIET_S}\ndeadline_s: 5\nsteps:\n{script}")
        self.call = ScriptedCall(parsed, {}, Ear(PCMU, quiet_s=QUIET_S))
        self.answered = asyncio.get_running_loop().time()

    def run(self) -> asyncio.Task[None]:
        leg = SimpleNamespace(playout=Playout(PCMU))  # all of a leg that a script without sound of its own needs
        return asyncio.create_task(self.call.run(leg, self.answered))  # type: ignore[arg-type]

    async def hear(self, payload: bytes, seconds: float) -> None:
        for _ in range(round(seconds / FRAME_S)):
            await asyncio.sleep(FRAME_S)
            self.call.frame(payload, asyncio.get_running_loop().time())

    def hang_up(self) -> None:
        self.call.ended("caller", asyncio.get_running_loop().time())


@pytest.mark.parametrize("late_s", [0.0, 0.1, 0.3])
async def test_a_prompt_that_has_begun_before_the_script_is_the_answer_that_is_listened_for(late_s: float) -> None:
    line = Line(" - listen:\n - expect_end: hangup\n")
    await line.hear(SPEECH, late_s)
    running = line.run()
    await line.hear(SPEECH, 0.5)
    await line.hear(PCMU.frame_of_silence, QUIET_S + 0.1)
    line.hang_up()
    await running


async def test_a_call_that_ends_before_anything_was_heard_fails_the_step() -> None:
    line = Line(" - listen:\n - expect_end: hangup\n")
    running = line.run()
    await line.hear(PCMU.frame_of_silence, 0.5)
    line.hang_up()
    await until(running.done)
    with pytest.raises(StepFailed, match="the call ended"):
        await running

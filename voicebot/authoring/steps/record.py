"""``record``: commands the recording of the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from voicebot.authoring import channel
from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.noted import note_pause
from voicebot.authoring.steps.outcome import GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep
from voicebot.authoring.turn import Turn


class RecordStep(DialogStep):
    """Controls the recording of the call, if the service records calls (setting `calls.recording`).

    While it is paused, the call's record and log keep neither words nor keys.
    """

    WORD = "record"

    record: Literal["start", "pause", "resume", "stop"] = Field(
        description="`pause` before what must not be recorded and `resume` after it; or `start` and `stop`."
    )

    def doubts(self, site: Site) -> Iterator[Fault]:
        goes_on = any(isinstance(step, RecordStep) and step.record in ("resume", "start") for step in site.steps)
        if self.record == "pause" and site.is_whole and not goes_on:
            yield doubt(("record",), "paused-for-good", "the recording is paused here and nothing lets it go on",
                        "add a step with record: resume; or stop it")  # fmt: skip

    async def run(self, turn: Turn) -> StepOutcome:
        if self.record == "pause":
            note_pause(turn.context, turn.script.name, turn.variables)
        await channel.record(turn.context, self.record)
        return GoOn()

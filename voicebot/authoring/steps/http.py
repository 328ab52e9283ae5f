"""``http``: asks a web service."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pydantic import Field

from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.http import HttpFailed
from voicebot.authoring.model import Name, ServiceRequest, Target
from voicebot.authoring.steps.outcome import Ending, Failed, GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.turn import Turn

logger = logging.getLogger(__name__)


class HttpStep(DialogStep):
    """Sends a request to a web service. The answer (JSON) can be saved."""

    WORD = "http"
    COLOUR = "http"
    MAY_TRANSLATE = ("http",)

    http: ServiceRequest = Field(description="The request.")
    save: Name | None = Field(None, description="The variable that stores the answer.")
    on_error: Target | None = Field(
        None, description="The step to go to if the request fails; {error.status} and {error.message} say why."
    )

    def exits(self, onward: str) -> list[Exit]:
        return [Exit(onward), Exit(self.on_error, "error")]

    def shown(self) -> str:
        return f"{self.http.method.upper()} {self.http.url}"

    def doubts(self, site: Site) -> Iterator[Fault]:
        if self.on_error is None and site.header.defaults.on_fail is None:
            yield doubt(("http",), "no-on-error", "nothing says what happens when the service fails",
                        "add on_error: and a step", at_key=True)  # fmt: skip

    async def run(self, turn: Turn) -> StepOutcome:
        if turn.is_dry_run:
            return Ending.WAITS
        try:
            answer = await turn.meanwhile(self.http.wait, turn.fetch(self.http))
        except HttpFailed as error:
            logger.warning("%s: step %r: %s", turn.script.name, self.id, error)
            turn.error(str(error), error.status)
            return Failed() if self.on_error is None else GoOn(self.on_error)
        if self.save is not None:
            turn.variables[self.save] = answer
        return GoOn()

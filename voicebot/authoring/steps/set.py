"""``set``: keeps values in variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from voicebot.authoring.as_written import as_written
from voicebot.authoring.document import YamlPath
from voicebot.authoring.model import DialogHeader, Name, Value
from voicebot.authoring.steps.outcome import GoOn, StepOutcome
from voicebot.authoring.steps.step import DialogStep, DialogVariable, copied
from voicebot.authoring.turn import Turn


class SetStep(DialogStep):
    """Stores values in variables."""

    WORD = "set"
    COLOUR = "set"

    set: dict[Name, Value] = Field(
        description='Variables and their values: `attempts: "{attempts + 1}"`, `city: Bonn`, `paid: true`.',
        min_length=1,
    )

    def shown(self) -> str:
        return ", ".join(f"{name} = {as_written(value)}" for name, value in self.set.items())

    def sets(self) -> Iterator[tuple[YamlPath, str]]:
        yield from ((("set", name), name) for name in self.set)

    def hands_on(self, dialogs: Mapping[str, DialogHeader]) -> Iterator[tuple[DialogVariable, DialogVariable]]:
        for name, value in self.set.items():
            yield from copied(value, DialogVariable(name))

    async def run(self, turn: Turn) -> StepOutcome:
        scope = turn.scope()
        for name, value in self.set.items():
            scope[name] = turn.variables[name] = turn.script.value(value, scope)
        return GoOn()

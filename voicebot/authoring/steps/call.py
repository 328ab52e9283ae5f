"""``call``: runs another dialog, or something written in Python."""

from __future__ import annotations

import logging
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from pydantic import Field

from voicebot.authoring.document import Fault, YamlPath, doubt
from voicebot.authoring.model import DialogHeader, Duration, Name, PlainText, Target, Value, Wait
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.authoring.steps.outcome import Begin, Ending, Failed, GaveUp, GoOn, StepOutcome
from voicebot.authoring.steps.python_source import faults_of_call
from voicebot.authoring.steps.site import Site, is_file
from voicebot.authoring.steps.step import DialogStep, DialogVariable, Exit, copied
from voicebot.authoring.turn import Turn

logger = logging.getLogger(__name__)

_PYTHON = re.compile(r"(?P<module>[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*)\.(?P<name>[A-Za-z_]\w*)\Z")


class CallStep(DialogStep):
    """Runs another dialog, or something written in Python, and goes on when it has ended."""

    WORD = "call"
    COST = 10  # each call nests, and the stack is bounded
    COLOUR = "call"
    MAY_TRANSLATE = ("call", "wait")

    call: PlainText = Field(
        description="Another dialog file (`billing`, `shop/order`), or `module.name` of a Python file in the folder: "
        "an async function or a Bot Framework dialog. A file may list functions in `PURE`, which only look something "
        "up or compute: they may be called before the caller has finished speaking, and more than once."
    )
    inputs: dict[Name, Value] = Field(default_factory=dict, alias="with", description="Its inputs and their values.")
    save: Name | dict[Name, Name] | None = Field(
        None,
        description="The variable that stores the result, or `mine: theirs` for several outputs of a dialog.",
    )
    wait: Wait | None = Field(None, description="Said while callers wait (Python functions only).")
    timeout: Duration = Field(5.0, description="How long a Python function may take.")
    on_error: Target | None = Field(None, description="The step to go to if a Python function fails; {error} says why.")
    on_fail: Target | None = Field(
        None, description="The step to go to if a question in that dialog was never answered."
    )

    @property
    def calls(self) -> str:
        return self.call

    def exits(self, onward: str) -> list[Exit]:
        return [Exit(onward), Exit(self.on_error, "error"), Exit(self.on_fail, "no answer")]

    def ends_turn(self, dialogs: Container[str]) -> bool:
        return self.call in dialogs

    def sets(self) -> Iterator[tuple[YamlPath, str]]:
        if isinstance(self.save, dict):
            yield from ((("save", mine), mine) for mine in self.save)
        else:
            yield from super().sets()

    def hands_on(self, dialogs: Mapping[str, DialogHeader]) -> Iterator[tuple[DialogVariable, DialogVariable]]:
        called = dialogs.get(self.call)
        if called is None:
            return
        for name, value in self.inputs.items():
            yield from copied(value, DialogVariable(name, self.call))
        saved = self.save
        if isinstance(saved, dict):
            yield from ((DialogVariable(theirs, self.call), DialogVariable(mine)) for mine, theirs in saved.items())
        elif saved is not None:
            for name in called.outputs:
                yield DialogVariable(name, self.call), DialogVariable(f"{saved}.{name}")

    def link_faults(self, site: Site) -> Iterator[Fault]:
        called = site.dialogs.get(self.call)
        if called is None:
            python = _PYTHON.match(self.call)
            module = site.folder / (python["module"].replace(".", "/") + ".py") if python else None
            if (module is None or not is_file(module)) and not site.has_file(self.call):
                yield Fault(("call",), "unknown-dialog", f"there is no dialog {self.call!r}",
                            did_you_mean(self.call, site.dialogs)
                            or f"{self.call}.yaml, or module.function of a Python file")  # fmt: skip
            return
        for name in self.inputs:
            if name not in called.inputs:
                mend = did_you_mean(name, called.inputs) or f"add it to inputs of {self.call}.yaml"
                said = f"{self.call} has no input {name!r}"
                yield Fault(("with", name), "unknown-input", said, mend, at_key=True)
        for mine, theirs in self.save.items() if isinstance(self.save, dict) else ():
            if theirs not in called.outputs:
                yield Fault(("save", mine), "unknown-output", f"{self.call} has no output {theirs!r}",
                            did_you_mean(theirs, called.outputs)
                            or f"add it to outputs of {self.call}.yaml")  # fmt: skip

    def doubts(self, site: Site) -> Iterator[Fault | Problem]:
        called = site.dialogs.get(self.call)
        if called is None:
            if self.on_error is None and site.header.defaults.on_fail is None and "." in self.call:
                yield doubt(("call",), "no-on-error", "nothing says what happens when the function fails",
                            "add on_error: and a step", at_key=True)  # fmt: skip
            yield from faults_of_call(site.folder, self.call, self.inputs)
            return
        left_out = [name for name in called.inputs if name not in self.inputs]
        if left_out:
            said = f"{self.call} wants {', '.join(map(repr, left_out))}, which is not given"
            yield doubt(("call",), "missing-input", said, f"add with: {{{left_out[0]}: ...}}", at_key=True)

    async def run(self, turn: Turn) -> StepOutcome:
        scope = turn.scope()
        given = {name: turn.script.value(value, scope) for name, value in self.inputs.items()}
        functions = turn.around.functions
        if not functions.may_be_tried(self.call):
            turn.only_for_real()
        if not functions.is_function(self.call):
            return Begin(self.call, given)
        if turn.is_dry_run:
            return Ending.WAITS
        try:
            result = await turn.meanwhile(self.wait, functions.run(self.call, given, self.timeout))
        except Exception as error:
            turn.only_for_real()
            logger.exception("%s: step %r: %s failed", turn.script.name, self.id, self.call)
            turn.error(f"{type(error).__name__}: {error}"[:200], 0)
            return Failed() if self.on_error is None else GoOn(self.on_error)
        self._keep(turn, result)
        return GoOn()

    async def returned(self, turn: Turn, result: Any) -> StepOutcome:
        if isinstance(result, GaveUp):
            return Failed(self.on_fail)
        self._keep(turn, result)
        return GoOn()

    def _keep(self, turn: Turn, returned: Any) -> None:
        result = _lists(returned)
        if isinstance(self.save, str):
            turn.variables[self.save] = result
        elif self.save is not None:
            came = result if isinstance(result, Mapping) else {}
            turn.variables.update({mine: came.get(theirs) for mine, theirs in self.save.items()})


def _lists(value: Any) -> Any:
    """``value`` with lists in place of tuples, which dialogs do not know."""
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return {key: _lists(item) for key, item in value.items()} if isinstance(value, dict) else value

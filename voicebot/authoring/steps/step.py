"""What every step has and tells of itself, so that loader, checks, picture and flow need not know its type.

A kind of step is a class over :class:`DialogStep` in a file of its own, and an entry of
:data:`~voicebot.authoring.steps.kinds.STEP_KINDS`. Most need a few fields, :meth:`~DialogStep.run`, and little else.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from voicebot.authoring.document import Fault, YamlPath
from voicebot.authoring.model import DialogHeader, Id, Part, Prompt, Target
from voicebot.authoring.problems import Problem
from voicebot.authoring.steps.outcome import Ending, GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.template import only_expression
from voicebot.authoring.turn import Turn
from voicebot.authoring.walking import strings_in

END_KEY = "#"


class Exit(NamedTuple):
    """A path out of a step. A ``target`` of None is the file's ``on_fail``. ``label``: for the picture."""

    target: str | None
    label: str = ""


class DialogVariable(NamedTuple):
    """A variable, or a part of one (``booking.room``), of a dialog; ``""`` is the dialog of the step."""

    variable: str
    dialog: str = ""


def copied(value: Any, end: DialogVariable) -> Iterator[tuple[DialogVariable, DialogVariable]]:
    """From where to where variables are copied when ``end`` is set to ``value``, or to a thing with parts."""
    for path, text in strings_in(value):
        variable = only_expression(text)
        if variable is not None:
            yield DialogVariable(variable), end._replace(variable=".".join([end.variable, *map(str, path)]))


class DialogStep(Part):
    """What every step has."""

    WORD: ClassVar[str] = ""
    """The word of a file that says what the step does."""
    MODES: ClassVar[tuple[str, ...]] = ()
    """The values of ``state["mode"]`` in which it waits; its runner sets them."""
    COST: ClassVar[int] = 1
    """How many of the steps that one turn may run it counts for."""
    MAY_BE_LAST: ClassVar[bool] = False
    """Whether a call may end after it without a further word."""
    USES_NEXT: ClassVar[bool] = True
    """Whether its ``next`` can have an effect."""
    KNOWS_OWN_VALUE: ClassVar[bool] = False
    """Whether its own texts can use the variable that it sets."""
    MAY_TRANSLATE: ClassVar[tuple[str, ...]] = ()
    """Its words that a translation (``main.de.yaml``) may repeat."""
    MUST_TRANSLATE: ClassVar[tuple[str, ...]] = ()
    """Its words that a translation has to repeat when the step has them."""
    COLOUR: ClassVar[str] = ""
    """Its colour in the picture: a key of :data:`~voicebot.authoring.picture.COLOURS`."""

    id: Id = Field(description="The step's name, with which other steps go to it.")
    note: str | None = Field(None, description="For people who read the file; callers never hear it.")
    next: Target | None = Field(None, description="The id of the next step, or `end`. Default: the step below.")

    # --- what is known without running it -----------------------------------------------------------------------------

    def exits(self, onward: str) -> list[Exit]:
        """Every path out of it. ``onward``: its ``next``, or the step below."""
        return [Exit(onward)]

    def ends_turn(self, dialogs: Container[str]) -> bool:
        """Whether it always waits for the caller or ends the call. ``dialogs``: the names of the dialog files."""
        return bool(self.MODES)

    @property
    def calls(self) -> str:
        """The dialog or Python function that it calls; ``""`` for none."""
        return ""

    @property
    def is_private(self) -> bool:
        """Whether what callers say to it must not be recorded."""
        return False

    @property
    def changes_language(self) -> bool:
        """Whether the call can go on in another language after it."""
        return False

    def shown(self) -> str:
        """The text on its card in the picture."""
        value = getattr(self, self.WORD, "")
        if isinstance(value, Prompt):
            return value.text
        return value if isinstance(value, str) else ""

    def sets(self) -> Iterator[tuple[YamlPath, str]]:
        """Each variable that it gives a value to, with the path of the name."""
        saved = getattr(self, "save", None)
        if isinstance(saved, str):
            yield ("save",), saved

    def labels(self) -> Iterator[tuple[tuple[str, str], str]]:
        """What is said for a variable that it sets: the name of the variable, the value as it is written, the label."""
        yield from ()

    def hands_on(self, dialogs: Mapping[str, DialogHeader]) -> Iterator[tuple[DialogVariable, DialogVariable]]:
        """From where to where it copies variables as they are. ``dialogs``: those of the folder."""
        yield from ()

    def possible_values(self) -> Mapping[str, tuple[str, ...]]:
        """The values of the variables that it sets, for those where it can list them all."""
        return {}

    # --- what may be wrong with it ------------------------------------------------------------------------------------

    def own_faults(self) -> Iterator[Fault]:
        """Errors that can be told from the step alone."""
        yield from ()

    def link_faults(self, site: Site) -> Iterator[Fault]:
        """Errors in what it says of other files. (Targets and variables are looked at for every step.)"""
        yield from ()

    def doubts(self, site: Site) -> Iterator[Fault | Problem]:
        """Warnings, and errors that need another file to be read. A Problem is one of that file."""
        yield from ()

    # --- its runner ---------------------------------------------------------------------------------------------------

    async def run(self, turn: Turn) -> StepOutcome:
        """Run it. ``turn.state["mode"]`` is None; a step that waits sets it to one of :attr:`MODES`."""
        return GoOn()

    async def resume(self, turn: Turn) -> StepOutcome:
        """Go on with an activity that came while it waits in one of its :attr:`MODES`."""
        return Ending.WAITS

    async def returned(self, turn: Turn, result: Any) -> StepOutcome:
        """Go on when the dialog that it has begun has ended with ``result``."""
        return GoOn()

    async def prompt_again(self, turn: Turn) -> None:
        """Say again what it waits for, after a restart of the host. It waits in one of its :attr:`MODES`."""

    async def asked_for(self, turn: Turn, what: str) -> bool:
        """Answer what callers may ask of any question: ``help``, ``repeat``, ``slower``. These cost no try. False: it
        is none of them."""
        await self.prompt_again(turn)
        return True

    def offering(self, turn: Turn) -> DialogStep:
        """The step as it is before it runs now: some of it may depend on data, which the state keeps from here on."""
        return self

    def as_offered(self, state: Mapping[str, Any]) -> DialogStep:
        """The step as it was when it ran (:meth:`offering`)."""
        return self

    def is_answer(self, turn: Turn, text: str, *, whole: bool) -> bool:
        """Whether ``text`` answers it while it waits, although there is a global command in it. ``whole``: the command
        is all that was said."""
        return False

    def understands(self, turn: Turn, text: str) -> bool:
        """Whether it can make something of ``text`` while it waits. What it cannot may be a global command that was
        misheard."""
        return True

    def end_key(self, state: Mapping[str, Any]) -> str:
        """The key that ends what is keyed in while it waits."""
        return END_KEY

    def means_end_key(self, state: Mapping[str, Any], key: str) -> bool:
        """Whether ``key``, which ends what was keyed in before, means something to it as well, before any other key."""
        return self.takes_key(state, key)

    def takes_key(self, state: Mapping[str, Any], key: str) -> bool:
        """Whether ``key`` means something to it while it waits, and is therefore not a global command."""
        return False

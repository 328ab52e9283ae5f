"""What every step has, and what every step can be asked: the generic half of the room asks here, and tests no types.

A kind of step is a class over :class:`DialogStep` in a file of its own, and an entry of
:data:`~voicebot.authoring.steps.kinds.STEP_KINDS`. Most need a few fields, :meth:`~DialogStep.run`, and little else.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from voicebot.authoring.document import Fault, YamlPath
from voicebot.authoring.model import Id, Part, Prompt, Target
from voicebot.authoring.problems import Problem
from voicebot.authoring.steps.outcome import Ending, GoOn, Outcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.turn import Turn


class Exit(NamedTuple):
    """A path out of a step. ``target`` None: where the file's ``on_fail`` leads. ``label``: what the picture shows."""

    target: str | None
    label: str = ""


class DialogStep(Part):
    """What every step has."""

    WORD: ClassVar[str] = ""
    """The word of a file that says what the step does."""
    MODES: ClassVar[tuple[str, ...]] = ()
    """What it can wait for, by the names that the stored state has for it; its runner sets ``state["mode"]``."""
    COST: ClassVar[int] = 1
    """What it takes of the steps that one turn may run."""
    MAY_BE_LAST: ClassVar[bool] = False
    """Whether a call can end behind it and callers still know that it ends."""
    USES_NEXT: ClassVar[bool] = True
    """Whether its ``next`` can have an effect."""
    KNOWS_OWN_VALUE: ClassVar[bool] = False
    """Whether its own texts are said after it has set its variable."""
    MAY_TRANSLATE: ClassVar[tuple[str, ...]] = ()
    """Its words that a translation (``main.de.yaml``) may repeat."""
    MUST_TRANSLATE: ClassVar[tuple[str, ...]] = ()
    """Its words that a translation has to repeat, where they are used."""
    COLOUR: ClassVar[str] = ""
    """The word of a step with the same colour in the picture (:data:`~voicebot.authoring.picture.COLOURS`)."""

    id: Id = Field(description="The step's name, by which others go to it.")
    note: str | None = Field(None, description="For whoever reads the file; callers never hear it.")
    next: Target | None = Field(
        None, description="The id of the step that follows, or `end`. Without it, the step below follows."
    )

    # --- what is known without running it -----------------------------------------------------------------------------

    def exits(self, onward: str) -> list[Exit]:
        """Every path out of it, in the order in which they are written. ``onward``: its ``next``, or the step below."""
        return [Exit(onward)]

    def ends_turn(self, dialogs: Container[str]) -> bool:
        """Whether it waits for the caller, or ends the call, each time. ``dialogs``: the names of dialog files."""
        return bool(self.MODES)

    @property
    def calls(self) -> str:
        """The dialog or the Python function that it calls; ``""`` for none."""
        return ""

    @property
    def is_private(self) -> bool:
        """Whether what callers say to it is kept nowhere."""
        return False

    @property
    def changes_language(self) -> bool:
        """Whether the call can go on in another language behind it."""
        return False

    def shown(self) -> str:
        """What its card in the picture shows."""
        value = getattr(self, self.WORD, "")
        if isinstance(value, Prompt):
            return value.text
        return value if isinstance(value, str) else ""

    def sets(self) -> Iterator[tuple[YamlPath, str]]:
        """Each variable that it gives a value to, with the path of the name."""
        saved = getattr(self, "save", None)
        if isinstance(saved, str):
            yield ("save",), saved

    def possible_values(self) -> Mapping[str, tuple[str, ...]]:
        """Of the variables that it sets, those that can have no other values than these."""
        return {}

    # --- what may be wrong with it ------------------------------------------------------------------------------------

    def own_faults(self) -> Iterator[Fault]:
        """Errors that can be told from the step alone."""
        yield from ()

    def link_faults(self, site: Site) -> Iterator[Fault]:
        """Errors in what it says of other files. (Targets and variables are looked at for every step.)"""
        yield from ()

    def doubts(self, site: Site) -> Iterator[Fault | Problem]:
        """What an author should look at; the dialogs can be used all the same. A Problem is one of another file."""
        yield from ()

    # --- its runner ---------------------------------------------------------------------------------------------------

    async def run(self, turn: Turn) -> Outcome:
        """Do what it does. ``turn.state["mode"]`` is None; it is set to one of :attr:`MODES` where the step waits."""
        return GoOn()

    async def resume(self, turn: Turn) -> Outcome:
        """Go on with what has come, while it waits in one of its :attr:`MODES`."""
        return Ending.WAITS

    async def returned(self, turn: Turn, result: Any) -> Outcome:
        """Go on when the dialog that it has begun has ended with ``result``."""
        return GoOn()

    async def prompt_again(self, turn: Turn) -> None:
        """Say once more what it waits for: the host was started anew. It waits in one of its :attr:`MODES`."""

    def takes_key(self, state: Mapping[str, Any], key: str) -> bool:
        """Whether ``key`` has a meaning to it while it waits, so that it is none of the global commands."""
        return False

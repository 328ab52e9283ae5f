"""``ask`` as it is written: a question's fields, its exits, and what may be wrong with it. It runs in ``ask.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from voicebot.authoring.answers.choice import option_doubts
from voicebot.authoring.answers.confirm import Confirm
from voicebot.authoring.answers.question import Question
from voicebot.authoring.as_written import as_written
from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.model import BargeIn, Duration, KeypadKey, Name, PhraseList, Prompt, Prompts, Target
from voicebot.authoring.steps.language import untranslated
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit


class AskedQuestion(Question, DialogStep):
    """A question, what is said around it, and where its answers lead."""

    WORD = "ask"
    COLOUR = "ask"
    KNOWS_OWN_VALUE = True
    MUST_TRANSLATE = ("ask", "choice", "confirm", "retry", "no_input", "no_match", "help")
    MAY_TRANSLATE = (*MUST_TRANSLATE, "options", "digits", "date", "time", "pattern", "phone", "phrases")

    save: Name | None = Field(None, description="The variable that stores the answer.")
    confirm: Confirm | None = Field(None, description="Asks whether the answer was understood correctly.")
    retry: Prompts = Field(
        default_factory=list,
        description="Said instead of the question when there was no answer: one text for each further try.",
    )
    no_input: Prompts = Field(default_factory=list, description="Like `retry`, for silence only.")
    no_match: Prompts = Field(default_factory=list, description="Like `retry`, for answers that were not understood.")
    tries: int | None = Field(None, ge=1, le=10, description="How many tries callers get. Default: `3`.")
    on_fail: Target | None = Field(None, description="The step to go to when all tries have failed.")
    help: Prompt | None = Field(None, description="Said when the caller asks for help, which uses up no try.")
    keys: dict[KeypadKey, Target] = Field(default_factory=dict, description="Keys that lead straight to a step.")
    barge_in: BargeIn | None = Field(None, description="Whether callers may interrupt the question. Default: `true`.")
    no_input_after: Duration | None = Field(None, description="How long a silence counts as no answer.")
    pace: Literal["quick", "usual", "patient"] | None = Field(
        None,
        description="How soon callers have finished: `quick`, `usual`, or `patient` for those who have to think or to "
        "look something up. Default: as the service is set.",
    )
    early: bool = Field(
        False,
        description="Whether a yes, a no, a number or a place in the list can answer the question before it was heard. "
        "An answer that is named (an option's words, a day, an account number) counts at once in any case.",
    )
    phrases: PhraseList = Field(default_factory=list, description="Words that the speech recogniser should expect.")
    sensitive: bool = Field(
        False,
        description="Whether the answer is private (a card number, a PIN). Until it is given and confirmed, the "
        "recording pauses, and the call's record and log keep neither words nor keys.",
    )

    # --- what is known without running it -----------------------------------------------------------------------------

    @property
    def is_private(self) -> bool:
        return self.sensitive

    @property
    def changes_language(self) -> bool:
        return self.languages is not None

    def labels(self) -> Iterator[tuple[tuple[str, str], str]]:
        for name, option in (self.choice or {}).items():
            if self.save is not None and option.label is not None:
                yield (self.save, name if option.value is None else as_written(option.value)), option.label

    def exits(self, onward: str) -> list[Exit]:
        answer = self.wanted.answer
        found = []
        for name, option in self.wanted.options.items():
            found.append(Exit(option.next or onward, f"{name} ({option.key})" if option.key else name))
        if self.options is not None:
            found.append(Exit(self.options.next or onward, f"one of {self.options.things}"))
            found += [Exit(self.options.empty, f"no {self.options.things}")] if self.options.empty else []
        by_answer = answer.targets() if answer is not None else {}
        found += [Exit(target or onward, label) for label, target in by_answer.items()]
        if not by_answer and (answer is not None or not found):
            found.append(Exit(onward, self.kind if self.choice else ""))
        keys = [Exit(target, f"key {key}") for key, target in self.keys.items()]
        return [*found, *keys, Exit(self.on_fail, "no answer")]

    # --- what may be wrong with it ------------------------------------------------------------------------------------

    def own_faults(self) -> Iterator[Fault]:
        yield from self.answer_faults()
        if self.confirm is not None and self.save is None:
            yield Fault(("confirm",), "confirm-without-save", "nothing keeps what is confirmed",
                        "add save: and the name of a variable", at_key=True)  # fmt: skip

    def link_faults(self, site: Site) -> Iterator[Fault]:
        for locale in self.languages or ():
            yield from untranslated(site, locale, ("languages", locale))

    def doubts(self, site: Site) -> Iterator[Fault]:
        commands = site.header.globals
        if self.on_fail is None and site.header.defaults.on_fail is None and site.is_main and commands.agent is None:
            yield doubt(("ask",), "no-on-fail", "callers who are not understood here are hung up on",
                        "add on_fail: and a step, here or under defaults", at_key=True)  # fmt: skip
        doubts = option_doubts(self.wanted.options, self.keys, site.global_keys())
        yield from (fault.within(self.options_path) for fault in doubts)

"""``ask``: asks a question and waits for the answer; asks again, confirms, helps, and gives up in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from voicebot.authoring import channel
from voicebot.authoring.answers.answer import Answered, More, Reading, Slot, Unclear
from voicebot.authoring.answers.choice import option_doubts, option_faults, option_for
from voicebot.authoring.answers.confirm import Confirm
from voicebot.authoring.answers.question import KINDS, Question
from voicebot.authoring.document import Fault, YamlPath, doubt
from voicebot.authoring.model import (
    BargeIn,
    Duration,
    KeypadKey,
    Name,
    PhraseList,
    Prompt,
    Prompts,
    Target,
)
from voicebot.authoring.steps.language import untranslated
from voicebot.authoring.steps.outcome import Ending, Failed, GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.turn import Turn, nth
from voicebot.telephony_channel import NO_INPUT, NO_MATCH

TRIES = 3
ROUNDS = 3
"""How often an answer may be rejected before the question counts as failed."""
MAX_PHRASES = 400
ASKING, CONFIRMING = "ask", "confirm"
YES_KEY, NO_KEY = "1", "2"
"""The keys with which callers confirm an answer, or reject it."""


class AskStep(Question, DialogStep):
    """Asks a question and waits for the answer."""

    WORD = "ask"
    MODES = (ASKING, CONFIRMING)
    COLOUR = "ask"
    KNOWS_OWN_VALUE = True
    MUST_TRANSLATE = ("ask", "choice", "confirm", "retry", "no_input", "no_match", "help")
    MAY_TRANSLATE = (*MUST_TRANSLATE, "digits", "date", "time", "pattern", "phone", "phrases")

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

    def exits(self, onward: str) -> list[Exit]:
        answer = self.wanted.answer
        found = []
        for name, option in self.wanted.options.items():
            label = "" if self.choice is None else f"{name} ({option.key})" if option.key else name
            found.append(Exit(option.next or onward, label))
        by_answer = answer.targets() if answer is not None else {}
        found += [Exit(target or onward, label) for label, target in by_answer.items()]
        if not by_answer and (answer is not None or not found):
            found.append(Exit(onward, self.kind if self.choice else ""))
        keys = [Exit(target, f"key {key}") for key, target in self.keys.items()]
        return [*found, *keys, Exit(self.on_fail, "no answer")]

    # --- what may be wrong with it ------------------------------------------------------------------------------------

    def own_faults(self) -> Iterator[Fault]:
        present = [kind for kind in KINDS if getattr(self, kind) is not None]
        if not present:
            yield Fault(("ask",), "no-kind", "nothing says what kind of answer this question has",
                        f"add one of {', '.join(KINDS)}", at_key=True)  # fmt: skip
        others = [kind for kind in present if kind != "choice"] if "languages" not in present else present
        if len(others) > 1:
            said = f"a question has one kind of answer, this one has {' and '.join(map(repr, others))}"
            yield Fault((others[1],), "two-kinds", said, "leave one of them out", at_key=True)
        yield from (fault.within(self._options_path) for fault in option_faults(self.wanted.options))
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
        yield from (fault.within(self._options_path) for fault in doubts)

    @property
    def _options_path(self) -> YamlPath:
        return (self.kind if self.chooses else "choice",)

    # --- its runner ---------------------------------------------------------------------------------------------------

    async def run(self, turn: Turn) -> StepOutcome:
        state = turn.state
        state.update(mode=ASKING, misses=0, slot={})
        if state.get("asked") != self.id:
            state.update(asked=self.id, rounds=0)
        state.pop("candidate", None)
        await self._expect(turn)
        await self.prompt_again(turn)
        if self.sensitive:  # after the question, which is no secret
            await channel.keep_private(turn.context, True)
        return Ending.WAITS

    async def resume(self, turn: Turn) -> StepOutcome:
        if turn.event in (NO_INPUT, NO_MATCH):
            return await self._no_answer(turn)
        text, key = turn.message, turn.key
        if text is None:
            return Ending.WAITS
        if key is not None:
            return await self._key(turn, key)
        if self._confirm(turn) is not None:
            return await self._confirming(turn, text)
        asks_for = turn.script.understanding.asks_for(text)
        reading = None
        if asks_for is None or not self.wanted.takes_anything:
            reading = self.wanted.read_words(text, turn.state["slot"], turn.script.understanding, turn.today())
        if reading is None and asks_for is not None and await self._asked_for(turn, asks_for):
            return Ending.WAITS
        return await self._take(turn, reading)

    async def prompt_again(self, turn: Turn) -> None:
        confirm = self._confirm(turn)
        if confirm is not None:
            await turn.speak(confirm.ask, asking=True)
        else:
            await turn.speak(self.ask, asking=True, barge_in=self.barge_in)

    def takes_key(self, state: Mapping[str, Any], key: str) -> bool:
        if state["mode"] == CONFIRMING:
            return key in (YES_KEY, NO_KEY) or key in self.keys
        return key in self.keys or self.wanted.takes_key(key)

    def _confirm(self, turn: Turn) -> Confirm | None:
        """The confirmation that is being asked for; None while the question itself is."""
        return self.confirm if turn.state["mode"] == CONFIRMING else None

    async def _confirming(self, turn: Turn, text: str) -> StepOutcome:
        understanding = turn.script.understanding
        value = self.wanted.instead(text, turn.state["candidate"], understanding, turn.today())
        if value is not None:
            return await self._confirmed(turn, True if value == turn.state["candidate"] else value)
        yes = understanding.yes_no(text)
        if yes is not None:
            return await self._confirmed(turn, yes)
        option = self.wanted.option_said(text, understanding) if not self.chooses else None
        if option is not None:
            return await self._take(turn, option)
        asks_for = understanding.asks_for(text)
        if asks_for is not None and await self._asked_for(turn, asks_for):
            return Ending.WAITS
        return await self._missed(turn, silent=False)

    async def _confirmed(self, turn: Turn, answer: Any) -> StepOutcome:
        """``answer``: True, False, or the value that is meant instead."""
        state = turn.state
        if answer is True:
            return await self._answered(turn, state["candidate"], state.get("option"))
        state["rounds"] = state.get("rounds", 0) + 1
        if state["rounds"] >= ROUNDS:
            return Failed(self.on_fail)
        if answer is not False:
            return await self._take(turn, Answered(answer))
        if self.confirm is not None and self.confirm.wrong is not None:
            await turn.speak(self.confirm.wrong)
        return await self.run(turn)

    async def _key(self, turn: Turn, key: str) -> StepOutcome:
        slot: Slot = turn.state["slot"]
        if not slot.get("keys") and key in self.keys:
            return GoOn(self.keys[key])
        if key == "*" and not slot.get("keys"):
            slot.clear()
            await self.prompt_again(turn)
            return Ending.WAITS
        if turn.state["mode"] == CONFIRMING:
            if key in (YES_KEY, NO_KEY):
                return await self._confirmed(turn, key == YES_KEY)
            return await self._missed(turn, silent=False)
        reading = self.wanted.read_key(key, slot, turn.script.understanding, turn.today())
        pause_s = self.wanted.keys_pause_s
        if pause_s is not None and isinstance(reading, More) and len(slot.get("keys", "")) == 1:
            await channel.configure(turn.context, self._phrases(turn), pause_s)
        return await self._take(turn, reading)

    async def _no_answer(self, turn: Turn) -> StepOutcome:
        silent = turn.event == NO_INPUT
        slot: Slot = turn.state["slot"]
        if silent and turn.state["mode"] == ASKING and slot.get("keys"):
            await self._expect(turn)
            ended = self.wanted.keys_ended(slot, turn.script.understanding, turn.today())
            return await self._take(turn, ended)
        return await self._missed(turn, silent=silent)

    async def _take(self, turn: Turn, reading: Reading) -> StepOutcome:
        if isinstance(reading, More):
            if reading.prompt is not None:
                await turn.speak(reading.prompt, asking=True)
            return Ending.WAITS
        if isinstance(reading, Unclear):
            return await self._unclear(turn, reading)
        if reading is None:
            return await self._missed(turn, silent=False)
        if self.confirm is None or (reading.option is not None and not self.chooses):
            return await self._answered(turn, reading.value, reading.option)
        turn.state.update(mode=CONFIRMING, candidate=reading.value, option=reading.option, misses=0, slot={})
        if self.save is not None:
            turn.variables[self.save] = reading.value
        await self._expect(turn)
        await self.prompt_again(turn)
        return Ending.WAITS

    async def _answered(self, turn: Turn, value: Any, option: str | None) -> StepOutcome:
        if self.save is not None and (option is None or self.chooses):
            turn.variables[self.save] = value
        turn.state.pop("candidate", None)
        turn.state["asked"] = ""
        options, answer = self.wanted.options, self.wanted.answer
        if option is None and answer is None:
            option = option_for(options, value)
        if option is not None and option in options:
            if self.languages:
                await channel.use_language(turn.context, option, turn.around.locales)
            return GoOn(options[option].next)
        return GoOn(answer.target(value) if answer is not None else None)

    async def _asked_for(self, turn: Turn, what: str) -> bool:
        """Help, repeat, slower: these cost no try. False for what the question does not answer to."""
        commands = turn.script.main.globals
        if what == "slower":
            turn.call["slow"] = True
        if what in ("slower", "repeat"):
            command = commands.slower if what == "slower" else commands.repeat
            if command is not None and command.message is not None:
                await turn.speak(command.message)
            await self.prompt_again(turn)
            return True
        if what != "help":
            return False
        confirm = self._confirm(turn)
        prompt = (confirm.help if confirm is not None else self.help) or turn.script.header.defaults.help
        if prompt is None and commands.help is not None:
            prompt = commands.help.message
        if prompt is None:
            await self.prompt_again(turn)
        else:
            await turn.speak(prompt, asking=True)
        return True

    async def _unclear(self, turn: Turn, reading: Unclear) -> StepOutcome:
        """Ask what was meant."""
        if not reading.alone and self._is_last_try(turn):
            return Failed(self.on_fail)
        usual = turn.script.usual[reading.asks]
        if reading.prompt is not None or reading.alone:
            await turn.speak(reading.prompt or usual, asking=True)
        else:
            await turn.speak(usual)
            await self.prompt_again(turn)
        return Ending.WAITS

    def _is_last_try(self, turn: Turn) -> bool:
        """Count a try that led to no answer."""
        turn.state["misses"] = turn.state.get("misses", 0) + 1
        return bool(turn.state["misses"] >= (self.tries or turn.script.header.defaults.tries or TRIES))

    async def _missed(self, turn: Turn, *, silent: bool) -> StepOutcome:
        state, defaults = turn.state, turn.script.header.defaults
        if self._is_last_try(turn):
            return Failed(self.on_fail)
        confirm = self._confirm(turn)
        own = confirm.retry if confirm is not None else (self.no_input if silent else self.no_match) or self.retry
        if own:
            await turn.speak(nth(own, state["misses"]), asking=True)
            return Ending.WAITS
        usual = (defaults.no_input if silent else defaults.no_match) or defaults.retry
        await turn.speak(nth(usual, state["misses"]) if usual else turn.script.usual["sorry"])
        await self.prompt_again(turn)
        return Ending.WAITS

    async def _expect(self, turn: Turn) -> None:
        """Tell the recogniser what to expect, and how long to wait for it."""
        defaults = turn.script.header.defaults
        patience_s = self.no_input_after if self.no_input_after is not None else defaults.no_input_after
        await channel.configure(turn.context, self._phrases(turn), patience_s)

    def _phrases(self, turn: Turn) -> list[str]:
        answer, confirming = self.wanted.answer, self._confirm(turn) is not None
        own = [*self.phrases, *(() if confirming else self.wanted.phrases())]
        usual = [*(turn.script.expected("yesno") if confirming else ()),
                 *(turn.script.expected(answer.EXPECTED) if answer is not None else ())]  # fmt: skip
        return list(dict.fromkeys([*own, *usual]))[:MAX_PHRASES]

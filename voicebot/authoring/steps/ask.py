"""``ask``: asks a question and waits for the answer; asks again, confirms, helps, and gives up in the end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from voicebot.authoring import channel
from voicebot.authoring.answers.answer import Answered, More, Reading, Slot, Unclear
from voicebot.authoring.answers.choice import option_for, option_pressed
from voicebot.authoring.answers.confirm import Confirm
from voicebot.authoring.answers.doubt import AGAIN, asked_about, heard_part, sure_of_sound, unsure
from voicebot.authoring.answers.heard import MOST_UNHEARD, share_to_hear
from voicebot.authoring.answers.likeliest import Heard
from voicebot.authoring.answers.parts import PART_PAUSE_S
from voicebot.authoring.as_written import as_written
from voicebot.authoring.model import AGENT, BargeIn, Prompt
from voicebot.authoring.steps.asked import AskedQuestion
from voicebot.authoring.steps.commands import COMMAND, answer_command, without_command
from voicebot.authoring.steps.no_answer import (
    MOMENT_S,
    ask_again,
    ask_what_is_meant,
    may_wait,
    wait,
    waited,
    was_last_try,
)
from voicebot.authoring.steps.offered import offered, options_offered
from voicebot.authoring.steps.outcome import Ending, Failed, GoOn, StepOutcome
from voicebot.authoring.steps.step import DialogStep
from voicebot.authoring.steps.transfer import transferred
from voicebot.authoring.turn import Turn
from voicebot.telephony_channel import NO_INPUT, NO_MATCH

ROUNDS = 3
"""How often an answer may be rejected before the question counts as failed."""
ASKING, CONFIRMING = "ask", "confirm"
YES_KEY, NO_KEY = "1", "2"
"""The keys with which callers confirm an answer, or reject it."""


class AskStep(AskedQuestion):
    """Asks a question and waits for the answer."""

    MODES = (ASKING, CONFIRMING)

    @cached_property
    def _depends(self) -> bool:
        """Whether what is offered depends on data."""
        return self.options is not None or any(option.condition for option in (self.choice or {}).values())

    def offering(self, turn: Turn) -> DialogStep:
        if self._depends:
            turn.state["offered"] = offered(turn, self.choice or {}, self.options)
        return self.as_offered(turn.state)

    def as_offered(self, state: Mapping[str, Any]) -> DialogStep:
        if not self._depends:
            return self
        step = self.model_copy(update={"choice": options_offered(state, self.choice or {}, self.options)})
        for known in ("wanted", "kind"):
            step.__dict__.pop(known, None)
        return step

    async def run(self, turn: Turn) -> StepOutcome:
        state = turn.state
        if self.options is not None and self.options.empty is not None and not state["offered"]["made"]:
            return GoOn(self.options.empty)
        if self._depends and not self.choice and self.wanted.answer is None:
            return Failed(self.on_fail)
        state.update(mode=ASKING, misses=0, slot={}, heard=False, unheard=0, waits=0, waiting=False)
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
        if turn.call.get("fallback") and (outcome := transferred(turn)) is not Ending.WAITS:
            return outcome or await without_command(turn, AGENT, self.prompt_again)
        text, key = turn.message, turn.key
        if text is None:
            return Ending.WAITS
        if turn.state.pop("waiting", False):
            await self._expect(turn)
        if key is not None:
            return await self._key(turn, key)
        state, understanding, today = turn.state, turn.script.understanding, turn.today()
        heard = self._was_heard(turn)
        asks_for = understanding.asks_for(text)
        waits = understanding.asks_to_wait(text, whole=self.wanted.takes_anything)
        if state["mode"] == CONFIRMING:
            meant = self.wanted.read_confirming(text, state["candidate"], understanding, today, heard=heard)
            if isinstance(meant, bool) and unsure(turn.confidence):
                return await self._missed(turn)
            if meant is not None:
                return await self._confirmed(turn, meant)
        elif self.wanted.takes_anything and (waits or (heard and understanding.hesitates(text))):
            pass
        elif asks_for is None or not self.wanted.takes_anything or self.wanted.takes_command(asks_for):
            before = dict(state["slot"])
            reading = self.wanted.read_words(text, state["slot"], understanding, today, heard=heard)
            nothing_else = asks_for is None and not waits and not understanding.hesitates(text)
            if reading is not None or (nothing_else and understanding.seems_to_ask_for(text) is None):
                likeliest = self._likeliest(turn, reading, text, before, heard=heard)
                if likeliest is not None:
                    return await self._take(turn, *likeliest)
            if reading is not None:
                return await self._take(turn, reading, turn.confidence)
        if asks_for is None and sure_of_sound(turn.confidence):
            asks_for = understanding.seems_to_ask_for(text)
        if asks_for is not None and await self.asked_for(turn, asks_for):
            turn.took(self.id, COMMAND, asks_for)
            return Ending.WAITS
        if waits and may_wait(turn):
            turn.took(self.id, "wait")
            await self._expect(turn, MOMENT_S)
            await wait(turn, self.prompt_again)
            return Ending.WAITS
        if heard and understanding.hesitates(text):
            turn.took(self.id, "hesitation")
            return Ending.WAITS
        if heard or state["unheard"] >= MOST_UNHEARD:
            return await self._missed(turn)
        state["unheard"] += 1
        turn.took(self.id, "said before the question was heard")
        await self.prompt_again(turn)
        return Ending.WAITS

    def _likeliest(
        self, turn: Turn, reading: Reading, text: str, before: Slot, *, heard: bool
    ) -> tuple[Answered, float | None] | None:
        """The answer by all that may have been said, and how sure it is. ``before``: the slot before ``reading``, which
        is that of ``text``."""
        understanding, today = turn.script.understanding, turn.today()
        others = [
            Heard(self.wanted.read_words(other, dict(before), understanding, today, heard=heard), sure)
            for other, sure in turn.alternatives
            if understanding.asks_for(other) is None
        ]
        found = self.wanted.likeliest(reading, text, turn.confidence, others, understanding) if others else None
        if found is not None and found[0] is not reading:
            turn.state["slot"] = before
        return found

    async def prompt_again(self, turn: Turn) -> None:
        confirm = self._confirm(turn)
        if confirm is not None:
            await self._speak(turn, confirm.ask)
        else:
            await self._speak(turn, self.ask, self.barge_in)

    def is_answer(self, turn: Turn, text: str, *, whole: bool) -> bool:
        understanding = turn.script.understanding
        if turn.state["mode"] == CONFIRMING and understanding.yes_no(text) is not None:
            return True
        return self.wanted.is_named(text, understanding, turn.today(), whole=whole)

    def understands(self, turn: Turn, text: str) -> bool:
        state, understanding, today = turn.state, turn.script.understanding, turn.today()
        if state["mode"] == CONFIRMING:
            meant = self.wanted.read_confirming(text, state["candidate"], understanding, today, heard=True)
            return meant is not None
        reading = self.wanted.read_words(text, dict(state["slot"]), understanding, today)
        return self.wanted.takes_anything or reading is not None

    def takes_key(self, state: Mapping[str, Any], key: str) -> bool:
        if state["mode"] == CONFIRMING:
            return key in (YES_KEY, NO_KEY) or key in self.keys
        return key in self.keys or self.wanted.takes_key(key)

    def end_key(self, state: Mapping[str, Any]) -> str:
        answer = self.wanted.answer if state["mode"] == ASKING else None
        return answer.ends_with if answer is not None else super().end_key(state)

    def means_end_key(self, state: Mapping[str, Any], key: str) -> bool:
        named = key in self.keys or (state["mode"] == ASKING and option_pressed(self.wanted.options, key) is not None)
        return named or bool(state["slot"].get("keys"))

    def _confirm(self, turn: Turn) -> Confirm | None:
        """The confirmation that is being asked for; None while the question itself is."""
        if turn.state["mode"] != CONFIRMING or self.confirm is not None:
            return self.confirm if turn.state["mode"] == CONFIRMING else None
        return Confirm.model_construct(ask=turn.script.usual[turn.state["asks"]])

    async def _speak(self, turn: Turn, prompt: Prompt, barge_in: BargeIn | None = None) -> None:
        """Say what asks for an answer, and keep how much of it has to be heard."""
        understood = turn.state.get("understood")
        said = await turn.speak(prompt, asking=True, barge_in=barge_in, understood=understood)
        turn.state["to_hear"] = share_to_hear(said, reads_back=self._confirm(turn) is not None)

    def _was_heard(self, turn: Turn) -> bool:
        """Whether what the caller says can be an answer: the question was heard, now or in an earlier try."""
        state = turn.state
        if turn.prompt_heard >= state.get("to_hear", 0):
            state["heard"] = True
        return self.early or bool(state.get("heard", True))

    async def _confirmed(self, turn: Turn, answer: Any) -> StepOutcome:
        """``answer``: True, False, the value that is meant instead; or, as Answered, an option or the whole answer."""
        state = turn.state
        if isinstance(answer, Answered):
            return await self._take(turn, answer, turn.confidence)
        if answer is True:
            return await self._answered(turn, state["candidate"], state.get("option"))
        state["rounds"] = state.get("rounds", 0) + 1
        turn.took(self.id, "not right")
        if state["rounds"] >= ROUNDS:
            return Failed(self.on_fail)
        if answer is not False:
            return await self._take(turn, Answered(answer), turn.confidence)
        if self.confirm is not None and self.confirm.wrong is not None:
            await turn.speak(self.confirm.wrong)
        return await self.run(turn)

    async def _key(self, turn: Turn, key: str) -> StepOutcome:
        slot: Slot = turn.state["slot"]
        if not slot.get("keys") and key in self.keys:
            turn.took(self.id, "key", key)
            return GoOn(self.keys[key])
        if key == "*" and not slot.get("keys"):
            slot.clear()
            await self.prompt_again(turn)
            return Ending.WAITS
        if turn.state["mode"] == CONFIRMING:
            if key in (YES_KEY, NO_KEY):
                return await self._confirmed(turn, key == YES_KEY)
            return await self._missed(turn)
        reading = self.wanted.read_key(key, slot, turn.script.understanding, turn.today())
        pause_s = self.wanted.keys_pause_s
        if pause_s is not None and isinstance(reading, More) and len(slot.get("keys", "")) == 1:
            await self._expect(turn, pause_s)
        return await self._take(turn, reading, None)

    async def _no_answer(self, turn: Turn) -> StepOutcome:
        silent, waiting = turn.event == NO_INPUT, turn.state.get("waiting", False)
        slot: Slot = turn.state["slot"]
        if silent:
            turn.state.update(heard=True, waiting=False)  # silence is what follows when everything was played
        if silent and turn.state["mode"] == ASKING and (slot.get("keys") or slot.get("said")):
            ended = self.wanted.parts_ended(slot, turn.script.understanding, turn.today())
            await self._expect(turn)
            return await self._take(turn, ended, None)
        if waiting and silent:
            await self._expect(turn)
            await waited(turn, self.prompt_again)
        if waiting:
            return Ending.WAITS
        return await self._missed(turn, silent=silent)

    async def _take(self, turn: Turn, reading: Reading, confidence: float | None) -> StepOutcome:
        """Go on with ``reading``, of which the recogniser is as sure as ``confidence``; None: it does not say."""
        if isinstance(reading, More):
            turn.took(self.id, f"a part of {self.kind}")
            heard_part(turn.state["slot"], confidence)
            if turn.state["slot"].get("said"):
                await self._expect(turn, PART_PAUSE_S if reading.prompt is None else None)
            if reading.prompt is not None:
                await self._speak(turn, reading.prompt)
            return Ending.WAITS
        if isinstance(reading, Unclear):
            return await self._missed(turn, unclear=reading)
        if reading is None:
            return await self._missed(turn)
        asks = asked_about(reading, self.wanted.answer, turn.state["slot"], confidence)
        if asks == AGAIN or (asks is not None and self.sensitive and self.confirm is None):
            return await self._missed(turn)
        if asks is None and (self.confirm is None or (reading.option is not None and not self.chooses)):
            return await self._answered(turn, reading.value, reading.option)
        self._note(turn, reading.value, reading.option, ", to be confirmed")
        turn.state.update(
            mode=CONFIRMING, candidate=reading.value, option=reading.option, misses=0, slot={}, heard=False, unheard=0,
            asks=asks, understood=self.wanted.said_for(reading),
        )  # fmt: skip
        if self.save is not None and (reading.option is None or self.chooses):
            turn.variables[self.save] = reading.value
        await self._expect(turn)
        await self.prompt_again(turn)
        return Ending.WAITS

    async def _answered(self, turn: Turn, value: Any, option: str | None) -> StepOutcome:
        if self.save is not None and (option is None or self.chooses):
            turn.variables[self.save] = value
        self._note(turn, value, option)
        turn.state.pop("candidate", None)
        turn.state["asked"] = ""
        turn.state.pop("offered", None)
        options, answer = self.wanted.options, self.wanted.answer
        if option is None and answer is None:
            option = option_for(options, value)
        if option is not None and option in options:
            if self.languages:
                await channel.use_language(turn.context, option, turn.around.locales)
            return GoOn(options[option].next)
        return GoOn(answer.target(value) if answer is not None else None)

    def _note(self, turn: Turn, value: Any, option: str | None, then: str = "") -> None:
        """What the answer was taken for, for those who watch the call."""
        what = self.kind if option is None or self.chooses else "choice"
        shown = option if option is not None and not self.chooses else as_written(value)
        turn.took(self.id, f"{what}{then}", f"{self.save} = {shown}" if self.save is not None else shown)

    async def asked_for(self, turn: Turn, what: str) -> bool:
        confirm = self._confirm(turn)
        own_help = confirm.help if confirm is not None else self.help
        return await answer_command(turn, what, own_help, self.prompt_again, self._speak)

    async def _missed(self, turn: Turn, *, silent: bool = False, unclear: Unclear | None = None) -> StepOutcome:
        """There was no answer, or one that is ``unclear``: ask again, or give up."""
        turn.took(self.id, "silence" if silent else "no match" if unclear is None else "unclear")
        turn.state["slot"].pop("said", None)
        if (unclear is None or not unclear.alone) and was_last_try(turn, self.tries):
            return Failed(self.on_fail)
        if unclear is not None:
            await ask_what_is_meant(turn, unclear, self.prompt_again, self._speak)
            return Ending.WAITS
        confirm = self._confirm(turn)
        own = confirm.retry if confirm is not None else (self.no_input if silent else self.no_match) or self.retry
        await ask_again(turn, own, self.prompt_again, self._speak, silent=silent)
        return Ending.WAITS

    async def _expect(self, turn: Turn, patience_s: float | None = None) -> None:
        """Tell the call what to expect, and how long to wait for it; None: as long as the question says."""
        for usual_s in (self.no_input_after, turn.script.header.defaults.no_input_after):
            patience_s = usual_s if patience_s is None else patience_s
        confirms = turn.state["mode"] == CONFIRMING
        known, key = turn.script.expectations, (self.id, confirms, patience_s)
        usual = not (self._depends or turn.state["slot"] or turn.script.header.defaults.still_there)
        told = known.get(key) if usual else None
        if told is None:
            answer = self.wanted.expectation(turn.state["slot"], turn.script.understanding, confirms=confirms)
            told = turn.expectation(self._phrases(turn), patience_s, answer=answer, pace=self.pace)
        if usual:
            known[key] = told
        await turn.expect(told)

    def _phrases(self, turn: Turn) -> list[str]:
        answer, confirming = self.wanted.answer, self._confirm(turn) is not None
        own = [*self.phrases, *(() if confirming else self.wanted.phrases())]
        usual = [*(turn.script.expected("yesno") if confirming else ()),
                 *(turn.script.expected(answer.EXPECTED) if answer is not None else ())]  # fmt: skip
        return [*own, *usual]

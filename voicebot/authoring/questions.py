"""Questions: what callers answer, and what becomes of it: asking again, confirming, help, giving up in the end.

The part of a :class:`~voicebot.authoring.flow.Flow` that deals with callers rather than with steps.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voicebot.authoring import line
from voicebot.authoring.model import FAIL, AnyStep, Ask, BargeIn, Call, Confirm, Dial, Prompt, Queue
from voicebot.authoring.program import Program
from voicebot.authoring.reading import (
    Answered,
    More,
    collects_keys,
    keys_ended,
    keys_pause_s,
    option_meant,
    read_key,
    read_words,
    value_said,
)
from voicebot.host.sdk import Dialog, DialogContext, TurnContext

TRIES = 3
ROUNDS = 3
"""How often an answer may be turned down before the question counts as failed."""
NOTHING_HEARD = ("noUserInput", "unrecognizedSpeech")


class GaveUp:
    """What a dialog ends with when its caller could not be understood."""


GAVE_UP = GaveUp()


class Jump:
    """Options that begin a dialog at a step, with variables: how what can be said at any time gets there."""

    def __init__(self, step: str, variables: dict[str, Any]) -> None:
        self.step = step
        self.variables = variables


class Questions(Dialog):  # type: ignore[misc]
    """``programs``: the dialog in each of its languages; the first is the one of its file."""

    def __init__(self, name: str, programs: dict[str, Program], around: line.Surroundings) -> None:
        super().__init__(name)
        self.programs = programs
        self._default = next(iter(programs.values()))
        self._around = around

    @abstractmethod
    async def _go_on(self, dc: DialogContext) -> Any:
        """Run steps until one waits or the dialog ends."""

    async def _ask(self, dc: DialogContext, program: Program, step: Ask) -> Any:
        state = dc.active_dialog.state
        state.update(mode="ask", misses=0, slot={})
        if state.get("asked") != step.id:
            state.update(asked=step.id, rounds=0)
        state.pop("candidate", None)
        await self._expect(dc.context, program, step, confirming=False)
        await self._put(dc.context, program, step, state)
        if step.sensitive:  # behind the question, which everybody may know
            await line.keep_private(dc.context, True)
        return Dialog.end_of_turn

    # --- answers ------------------------------------------------------------------------------------------------------

    async def _words(self, dc: DialogContext, program: Program, step: Ask, text: str) -> Any:
        state = dc.active_dialog.state
        understanding = program.understanding
        asks_for = understanding.asks_for(text)
        today = self._around.now().date()
        if state["mode"] == "confirm":
            return await self._confirming(dc, program, step, text, asks_for)
        reading = None if asks_for and step.kind in ("text", "name") else (
            read_words(step, text, state["slot"], understanding, today)
        )  # fmt: skip
        if reading is None and asks_for is not None and await self._asked_for(dc, program, step, asks_for):
            return Dialog.end_of_turn
        return await self._take(dc, program, step, reading)

    async def _confirming(self, dc: DialogContext, program: Program, step: Ask, text: str, asks_for: str | None) -> Any:
        state, understanding = dc.active_dialog.state, program.understanding
        assert step.confirm is not None
        today = self._around.now().date()
        instead = understanding.correction(text)
        value: Any = None
        if step.kind != "yesno":
            if instead is not None:
                value = value_said(step, instead, understanding, today)
            if value is None and step.kind == "digits":
                value = value_said(step, text, understanding, today)
        yes = understanding.yes_no(text)
        if value is None and yes is None and step.kind in ("number", "money", "date", "choice", "languages"):
            value = value_said(step, text, understanding, today)
        if value is not None:
            return await self._confirmed(dc, program, step, True if value == state["candidate"] else value)
        if yes is not None:
            return await self._confirmed(dc, program, step, yes)
        chosen = option_meant(step, text, understanding) if not step.chooses else None
        if chosen is not None:
            return await self._take(dc, program, step, chosen)
        if asks_for is not None and await self._asked_for(dc, program, step, asks_for):
            return Dialog.end_of_turn
        return await self._missed(dc, program, step, silent=False)

    async def _confirmed(self, dc: DialogContext, program: Program, step: Ask, answer: Any) -> Any:
        """``answer``: True, False, or the value that is meant instead."""
        state = dc.active_dialog.state
        if answer is True:
            return await self._answered(dc, program, step, state["candidate"], state.get("option"))
        state["rounds"] = state.get("rounds", 0) + 1
        if state["rounds"] >= ROUNDS:
            return await self._failed(dc, program, self._on_fail(program, step))
        if answer is not False:
            return await self._take(dc, program, step, Answered(answer))
        assert step.confirm is not None
        if step.confirm.wrong is not None:
            await self._speak(dc.context, program, state, step.confirm.wrong)
        return await self._ask(dc, program, step)

    async def _key(self, dc: DialogContext, program: Program, step: Ask, key: str) -> Any:
        context, state = dc.context, dc.active_dialog.state
        slot = state["slot"]
        if not slot.get("keys") and key in step.keys:
            return await self._next(dc, program, step, step.keys[key])
        if key == "*" and not slot.get("keys"):
            slot.clear()
            await self._put(context, program, step, state)
            return Dialog.end_of_turn
        if state["mode"] == "confirm":
            if key in ("1", "2"):
                return await self._confirmed(dc, program, step, key == "1")
            return await self._missed(dc, program, step, silent=False)
        reading = read_key(step, key, slot, self._around.now().date())
        pause = keys_pause_s(step)
        if pause is not None and isinstance(reading, More) and slot.get("keys") and len(slot["keys"]) == 1:
            await line.configure(context, program.expected(step, False), pause)
        return await self._take(dc, program, step, reading)

    async def _no_answer(self, dc: DialogContext, program: Program, step: Ask) -> Any:
        context, state = dc.context, dc.active_dialog.state
        silent = context.activity.name == "noUserInput"
        if silent and state["mode"] == "ask" and state["slot"].get("keys"):
            await self._expect(context, program, step, confirming=False)
            return await self._take(dc, program, step, keys_ended(step, state["slot"], self._around.now().date()))
        return await self._missed(dc, program, step, silent=silent)

    async def _take(self, dc: DialogContext, program: Program, step: Ask, reading: Any) -> Any:
        context, state = dc.context, dc.active_dialog.state
        if isinstance(reading, More):
            prompt = getattr(step.digits, reading.say) if reading.say and step.digits is not None else None
            if reading.say == "rest" and prompt is None:
                return await self._missed(dc, program, step, silent=False)
            if reading.say == "short" and prompt is None:
                return await self._missed(dc, program, step, silent=False)
            if prompt is not None:
                await self._speak(context, program, state, prompt, asking=True)
            return Dialog.end_of_turn
        if not isinstance(reading, Answered):
            return await self._missed(dc, program, step, silent=False)
        if step.confirm is None or (reading.option is not None and not step.chooses):
            return await self._answered(dc, program, step, reading.value, reading.option)
        state.update(mode="confirm", candidate=reading.value, option=reading.option, misses=0, slot={})
        if step.save is not None:
            state["vars"][step.save] = reading.value
        await self._expect(context, program, step, confirming=True)
        await self._put(context, program, step, state)
        return Dialog.end_of_turn

    async def _answered(self, dc: DialogContext, program: Program, step: Ask, value: Any, option: str | None) -> Any:
        state = dc.active_dialog.state
        if step.save is not None and (option is None or step.chooses):
            state["vars"][step.save] = value
        state.pop("candidate", None)
        state["asked"] = ""
        target = step.next
        if option is None and step.chooses:
            option = next((name for name, one in step.options.items() if value in (name, one.value)), None)
        if option is not None and option in step.options:
            target = step.options[option].next or target
            if step.languages:
                await line.use_language(dc.context, option, self._around.locales)
        elif step.yesno is not None:
            target = (step.yesno.yes if value else step.yesno.no) or target
        return await self._next(dc, program, step, target)

    async def _asked_for(self, dc: DialogContext, program: Program, step: Ask, what: str) -> bool:
        """Help, repeat, slower: what is said instead of an answer and costs no try."""
        context, state = dc.context, dc.active_dialog.state
        globals_ = program.main.globals
        if what == "slower":
            line.call_state(context)["slow"] = True
        if what in ("slower", "repeat"):
            chosen = globals_.slower if what == "slower" else globals_.repeat
            if chosen is not None and chosen.message is not None:
                await self._speak(context, program, state, chosen.message)
            await self._put(context, program, step, state)
            return True
        if what != "help":
            return False
        confirm = step.confirm if state["mode"] == "confirm" else None
        prompt = (confirm.help if confirm is not None else step.help) or program.dialog.defaults.help
        if prompt is None and globals_.help is not None:
            prompt = globals_.help.message
        if prompt is None:
            await self._put(context, program, step, state)
        else:
            await self._speak(context, program, state, prompt, asking=True)
        return True

    async def _missed(self, dc: DialogContext, program: Program, step: Ask, *, silent: bool) -> Any:
        context, state = dc.context, dc.active_dialog.state
        defaults = program.dialog.defaults
        state["misses"] = state.get("misses", 0) + 1
        if state["misses"] >= (step.tries or defaults.tries or TRIES):
            return await self._failed(dc, program, self._on_fail(program, step))
        confirm: Confirm | None = step.confirm if state["mode"] == "confirm" else None
        own = confirm.retry if confirm is not None else (step.no_input if silent else step.no_match) or step.retry
        if own:
            await self._speak(context, program, state, _nth(own, state["misses"]), asking=True)
            return Dialog.end_of_turn
        usual = (defaults.no_input if silent else defaults.no_match) or defaults.retry
        await self._speak(context, program, state, _nth(usual, state["misses"]) if usual else program.sorry)
        await self._put(context, program, step, state)
        return Dialog.end_of_turn

    # --- where it goes on --------------------------------------------------------------------------------------------

    async def _next(self, dc: DialogContext, program: Program, step: AnyStep, target: str | None) -> Any:
        going = target or program.after[step.id]
        self._visited(program, step, going)
        dc.active_dialog.state["step"] = going
        return await self._go_on(dc)

    async def _failed(self, dc: DialogContext, program: Program, target: str | None) -> Any:
        """Go on at ``target``, or at the file's ``on_fail``; else leave it to the dialog that has called this one."""
        state = dc.active_dialog.state
        going = target or program.dialog.defaults.on_fail
        step = program.steps.get(state["step"])
        if going is not None and going != state["step"]:
            if step is not None:
                self._visited(program, step, going)
            state["step"] = going
            return await self._go_on(dc)
        return await self._give_up(dc, program)

    async def _give_up(self, dc: DialogContext, program: Program) -> Any:
        """Leave it to the dialog that has called this one; the main dialog has an agent, or ends the call."""
        state = dc.active_dialog.state
        if len(dc.stack) > 1:
            return await dc.end_dialog(GAVE_UP)
        going = program.dialog.defaults.on_fail
        if going not in (None, FAIL, state["step"]) and state.get("given_up") is None:
            state.update(given_up=True, step=going)
            return await self._go_on(dc)
        agent = program.main.globals.agent
        if agent is not None and agent.goto is not None and agent.goto != state["step"]:
            state["step"] = agent.goto
            return await self._go_on(dc)
        return await self._hopeless(dc, program)

    async def _hopeless(self, dc: DialogContext, program: Program) -> Any:
        await self._speak(dc.context, program, dc.active_dialog.state, program.cannot, barge_in=False)
        await line.hang_up(dc.context)
        return await dc.cancel_all_dialogs()

    async def _end(self, dc: DialogContext, program: Program, state: dict[str, Any]) -> Any:
        return await dc.end_dialog({name: state["vars"].get(name) for name in program.dialog.outputs})

    def _after(self, program: Program, step: AnyStep) -> str:
        return step.next or program.after[step.id]

    def _on_fail(self, program: Program, step: Ask) -> str | None:
        return step.on_fail or program.dialog.defaults.on_fail

    def _keep(self, state: dict[str, Any], step: Call, result: Any) -> None:
        if isinstance(step.save, str):
            state["vars"][step.save] = result
        elif step.save is not None:
            came = result if isinstance(result, Mapping) else {}
            state["vars"].update({mine: came.get(theirs) for mine, theirs in step.save.items()})

    def _visited(self, program: Program, step: AnyStep, going: str) -> None:
        if self._around.visited is not None:
            self._around.visited(program.name, step.id, going)

    # --- speaking -----------------------------------------------------------------------------------------------------

    async def _put(self, context: TurnContext, program: Program, step: Ask, state: dict[str, Any]) -> None:
        """Put the open question."""
        if state["mode"] == "confirm" and step.confirm is not None:
            await self._speak(context, program, state, step.confirm.ask, asking=True)
        else:
            await self._speak(context, program, state, step.ask, asking=True, barge_in=step.barge_in)

    async def _speak(
        self, context: TurnContext, program: Program, state: dict[str, Any], prompt: Prompt, *, asking: bool = False,
        barge_in: BargeIn | None = None,
    ) -> None:  # fmt: skip
        words = program.words(prompt)
        scope, slow = self._scope(context, program, state), bool(line.call_state(context).get("slow"))
        audio = words.sound(scope) if not slow else ""  # files cannot be played more slowly: then it is spoken
        may = words.barge_in if words.barge_in is not None else barge_in
        if may is None and asking:
            may = program.dialog.defaults.barge_in
        await line.send(
            context, words.rendered(scope, slow), asking=asking, barge_in=may, locale=program.locale, audio=audio
        )

    async def _expect(self, context: TurnContext, program: Program, step: Ask, *, confirming: bool) -> None:
        patience = step.no_input_after if step.no_input_after is not None else program.dialog.defaults.no_input_after
        await line.configure(context, program.expected(step, confirming), patience)

    def _program(self, context: TurnContext) -> Program:
        return self.programs.get(line.call_state(context).get("locale", ""), self._default)

    def _scope(self, context: TurnContext, program: Program, state: dict[str, Any]) -> dict[str, Any]:
        call = line.call_state(context)
        now: datetime = self._around.now()
        return {
            **program.constants, "caller": call.get("caller", ""), "callee": call.get("callee", ""),
            "direction": call.get("direction", "inbound"), "context": call.get("context", {}), "now": now,
            "today": now.date(), "locale": program.locale, **state["vars"],
        }  # fmt: skip


def is_collecting(program: Program, state: dict[str, Any]) -> bool:
    """Whether keys belong to the open question: several make its answer, or it was begun to be keyed in."""
    step = program.steps.get(state.get("step", ""))
    return isinstance(step, Ask) and state.get("mode") == "ask" and collects_keys(step)


def takes_key(program: Program, state: dict[str, Any], key: str) -> bool:
    """Whether the open question itself has a meaning for ``key``."""
    step = program.steps.get(state.get("step", ""))
    if isinstance(step, Queue | Dial) and state.get("mode") == step.WORD:
        return key in step.keys
    if not isinstance(step, Ask) or state.get("mode") not in ("ask", "confirm"):
        return False
    if key in step.keys:
        return True
    if state["mode"] == "confirm":
        return key in ("1", "2")
    options = {option.key for option in step.options.values()}
    return key in options or (step.yesno is not None and key in (step.yesno.yes_key, step.yesno.no_key))


def _nth(prompts: list[Prompt], number: int) -> Prompt:
    return prompts[min(number, len(prompts)) - 1]

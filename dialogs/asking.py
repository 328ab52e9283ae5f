"""Questions: ask, understand the answer, ask again in other words, and in the end give up politely.

A :class:`Question` is a dialog that ends with the answer. It deals with what each question on a phone has to deal with:
keys as well as words, silence (event ``noUserInput``), noise (event ``unrecognizedSpeech``), "repeat" and "help". After
the last ``retry`` text it ends with :data:`GIVE_UP`, which every :class:`Steps` passes on to its own caller.

To make a new kind of question, write what :meth:`Question.understand` does with words, :meth:`Question.key` with keys.
"""

from __future__ import annotations

from typing import Any

from botbuilder.core import TurnContext
from botbuilder.dialogs import Dialog, DialogContext, DialogInstance, DialogTurnResult, WaterfallDialog
from botbuilder.schema import ActivityTypes

from . import understanding
from .saying import ask, digits_aloud, expect

GIVE_UP = "give up"
"""What a dialog ends with when the caller could not be understood."""


def options(
    text: str, *, retry: tuple[str, ...], help: str, speak: str | None = None, known: str | None = None
) -> dict[str, Any]:
    """What a question asks: ``text`` at first, one text of ``retry`` after the other when that did not work.

    ``known`` is handed to the question's ``understand`` (what is being confirmed, for instance).
    """
    return {"text": text, "speak": speak, "retry": list(retry), "help": help, "known": known}


class Question(Dialog):
    """Ends with the answer, or with :data:`GIVE_UP`."""

    phrases: tuple[str, ...] = ()
    """Words that the recogniser should expect."""

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        """What ``text`` answers; None when it is no answer. ``state`` may keep parts of an answer between turns."""
        raise NotImplementedError

    def key(self, key: str, state: dict[str, Any]) -> Any:
        """What a key answers; None when it is no answer, ``WAIT`` when more keys must follow."""
        raise NotImplementedError

    async def begin_dialog(self, dialog_context: DialogContext, options: Any = None) -> DialogTurnResult:
        state = dialog_context.active_dialog.state
        state.update(options, misses=0)
        if self.phrases:
            await expect(dialog_context.context, list(self.phrases))
        await ask(dialog_context.context, state["text"], state["speak"])
        return Dialog.end_of_turn

    async def continue_dialog(self, dialog_context: DialogContext) -> DialogTurnResult:
        context, state = dialog_context.context, dialog_context.active_dialog.state
        activity = context.activity
        if activity.type == ActivityTypes.event and activity.name in ("noUserInput", "unrecognizedSpeech"):
            return await self._missed(dialog_context)
        if activity.type != ActivityTypes.message:
            return Dialog.end_of_turn
        text = (activity.text or "").strip()
        if is_key(activity):
            if text == "*" and not state.get("digits"):
                await self.reprompt_dialog(context, dialog_context.active_dialog)
                return Dialog.end_of_turn
            answer = self.key(text, state)
        else:
            answer = self.understand(text, state)
            if answer is None and understanding.wants_repeat(text):
                await self.reprompt_dialog(context, dialog_context.active_dialog)
                return Dialog.end_of_turn
            if answer is None and understanding.wants_help(text):
                await ask(context, state["help"])
                return Dialog.end_of_turn
        if isinstance(answer, Wait):
            if answer.say:
                await ask(context, answer.say)
            return Dialog.end_of_turn
        if answer is None:
            return await self._missed(dialog_context)
        return await dialog_context.end_dialog(answer)

    async def reprompt_dialog(self, context: TurnContext, instance: DialogInstance) -> None:
        await ask(context, instance.state["text"], instance.state["speak"])

    async def _missed(self, dialog_context: DialogContext) -> DialogTurnResult:
        state = dialog_context.active_dialog.state
        missed = state["misses"]
        state["misses"] = missed + 1
        if missed >= len(state["retry"]):
            return await dialog_context.end_dialog(GIVE_UP)
        await ask(dialog_context.context, state["retry"][missed])
        return Dialog.end_of_turn


class Wait:
    """An answer that is not complete. ``say``: what to say meanwhile, if anything."""

    def __init__(self, say: str = "") -> None:
        self.say = say


class YesNo(Question):
    """Ends with True or False. Keys: 1 for yes, 2 for no."""

    phrases: tuple[str, ...] = ("yes", "no", "correct", "wrong", "that's right")

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        return understanding.yes_no(text)

    def key(self, key: str, state: dict[str, Any]) -> Any:
        return understanding.YES_NO_KEYS.get(key)


class Digits(Question):
    """Ends with ``length`` digits, spoken (all at once or in parts) or entered key by key; ``#`` ends, ``*`` clears."""

    phrases: tuple[str, ...] = (
        "zero",
        "oh",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "double",
        "triple",
    )

    def __init__(self, dialog_id: str, length: int, *, rest: str, short: str) -> None:
        super().__init__(dialog_id)
        self.length = length
        self.rest = rest
        self.short = short

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        heard = understanding.digits(text, self.length)
        if not heard:
            return None
        so_far = state.get("digits", "")
        state["digits"] = ""
        for candidate in (heard, so_far + heard):
            if len(candidate) == self.length:
                return candidate
        if len(so_far + heard) > self.length:
            return None
        state["digits"] = so_far + heard
        return Wait(self.rest)

    def key(self, key: str, state: dict[str, Any]) -> Any:
        so_far = state.get("digits", "")
        if key == "*":
            state["digits"] = ""
            return Wait()
        if key == "#":
            state["digits"] = ""
            return Wait(self.short) if so_far else None
        if not key.isdecimal():
            return Wait()
        state["digits"] = so_far + key
        if len(state["digits"]) < self.length:
            return Wait()
        complete, state["digits"] = state["digits"], ""
        return complete


class ConfirmDigits(YesNo):
    """Ends with True, False, or other digits when the caller corrects them: "no, one two three four five six"."""

    phrases = YesNo.phrases + Digits.phrases

    def __init__(self, dialog_id: str, length: int) -> None:
        super().__init__(dialog_id)
        self.length = length

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        heard = understanding.digits(text, self.length)
        if len(heard) == self.length:
            return True if heard == state["known"] else heard
        return super().understand(text, state)


class Steps(WaterfallDialog):
    """A waterfall that ends with :data:`GIVE_UP` as soon as one of its dialogs does."""

    async def resume_dialog(self, dialog_context: DialogContext, reason: Any, result: object) -> DialogTurnResult:
        if result == GIVE_UP:
            return await dialog_context.end_dialog(GIVE_UP)
        return await super().resume_dialog(dialog_context, reason, result)


def is_key(activity: Any) -> bool:
    """Whether a message is a key on the phone (one message for each key)."""
    return any((entity.type or "").upper() == "DTMF" for entity in activity.entities or [])


def filled(texts: tuple[str, ...], digits: str) -> tuple[str, ...]:
    """``texts`` with their ``{digits}`` spoken."""
    return tuple(text.format(digits=digits_aloud(digits)) for text in texts)

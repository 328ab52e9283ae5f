"""One turn of a call, as the runner of a step sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from voicebot.authoring import channel
from voicebot.authoring.addresses import AddressRefused
from voicebot.authoring.answers.expectation import ANYTHING, Expectation
from voicebot.authoring.as_written import as_written
from voicebot.authoring.functions import Functions
from voicebot.authoring.http import Fetch, HttpFailed, HttpRequest
from voicebot.authoring.model import BargeIn, Prompt, ServiceRequest, Value, Wait
from voicebot.authoring.noted import note_answer
from voicebot.authoring.script import DialogScript
from voicebot.host.sdk import ActivityTypes, TurnContext
from voicebot.host.trial import only_for_real
from voicebot.host_wire import WrittenJson

MAX_PHRASES = 400
"""The recogniser is told to expect at most this many."""

Visited = Callable[[str, str, str], None]
"""``(dialog, step, where it went on)``: for coverage."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What dialogs use of the world outside; tests bring their own."""

    now: Callable[[], datetime]
    fetch: Fetch
    functions: Functions
    secrets: Mapping[str, str] = field(default_factory=dict)
    visited: Visited | None = None
    locales: tuple[str, ...] = ("en-US",)
    """The languages of the dialogs, the main file's first."""


class Turn:
    """What has come in, what is known, and what can be said and done.

    ``state``: the dialog's, plain JSON, stored after the turn: ``step``, ``mode`` (what the step waits for), ``vars``,
    and what the step itself keeps. ``script``: the texts of the dialog in the language of the call.
    """

    __slots__ = ("around", "context", "script", "state")

    def __init__(self, context: TurnContext, script: DialogScript, state: dict[str, Any], around: Surroundings) -> None:
        self.context = context
        self.script = script
        self.state = state
        self.around = around

    # --- what came ----------------------------------------------------------------------------------------------------

    @property
    def event(self) -> str:
        """The name of the event that came in; ``""`` when it was something else."""
        activity = self.context.activity
        return (activity.name or "") if activity.type == ActivityTypes.event else ""

    @property
    def told(self) -> dict[str, Any]:
        """The value of the event; empty when it is not a mapping."""
        value = self.context.activity.value
        return value if isinstance(value, dict) else {}

    @property
    def message(self) -> str | None:
        """What the caller said or pressed; None when something else came in."""
        activity = self.context.activity
        return (activity.text or "").strip() if activity.type == ActivityTypes.message else None

    @property
    def prompt_heard(self) -> float:
        """How much of what was said last the caller had heard when beginning to speak, from 0 to 1."""
        return channel.prompt_heard(self.context.activity)

    @property
    def confidence(self) -> float | None:
        """How sure the recogniser is of :attr:`message`, from 0 to 1; None where it does not say, and for a key."""
        return channel.confidence(self.context.activity) if self.key is None else None

    @property
    def alternatives(self) -> list[tuple[str, float | None]]:
        """What may have been said instead of :attr:`message`, with how sure the recogniser is of it."""
        return channel.alternatives(self.context.activity) if self.key is None else []

    @property
    def key(self) -> str | None:
        """The key that the caller pressed; None when something else came in."""
        return self.message if channel.is_key(self.context.activity) else None

    @property
    def is_dry_run(self) -> bool:
        """Whether the dialogs are only being warmed up, and must not ask anything of the world outside."""
        return channel.is_dry_run(self.context)

    def only_for_real(self) -> None:
        """What follows has an effect outside the call, or is told to operators: a trial (:mod:`voicebot.host.trial`)
        ends here."""
        only_for_real(self.context)

    # --- what is known ------------------------------------------------------------------------------------------------

    @property
    def variables(self) -> dict[str, Any]:
        """The dialog's variables, by name."""
        variables: dict[str, Any] = self.state["vars"]
        return variables

    @property
    def call(self) -> dict[str, Any]:
        """The state of the call (:func:`~voicebot.authoring.channel.call_state`)."""
        return channel.call_state(self.context)

    def scope(self) -> dict[str, Any]:
        """Every name that an expression knows, with its value."""
        call, now = self.call, self.around.now()
        return {
            **self.script.constants, "caller": call.get("caller", ""), "callee": call.get("callee", ""),
            "direction": call.get("direction", "inbound"), "context": call.get("context", {}), "now": now,
            "today": now.date(), "locale": self.script.locale, **self.variables,
        }  # fmt: skip

    def today(self) -> date:
        return self.around.now().date()

    def is_open(self, schedule: str) -> bool:
        """Whether it is open now, by a schedule of the main file."""
        hours = self.script.schedules.get(schedule)
        return hours is not None and hours.is_open(self.around.now())

    def facts(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """``values`` with their gaps filled, as plain JSON for others."""
        scope = self.scope()
        return {name: plain(self.script.value(value, scope)) for name, value in values.items()}

    # --- what is said and done ----------------------------------------------------------------------------------------

    async def speak(
        self, prompt: Prompt, *, asking: bool = False, barge_in: BargeIn | None = None, understood: Any = None
    ) -> str:
        """Say ``prompt``, and return its words. ``asking``: an answer is expected. ``barge_in``: unless the prompt
        itself says. ``understood``: what one of our own prompts calls so.
        """
        words = self.script.words(prompt)
        scope, slow = self.scope(), bool(self.call.get("slow"))
        if understood is not None:
            scope["understood"] = understood
        audio = words.sound(scope) if not slow else ""  # a file cannot be played more slowly, so the text is spoken
        may = words.barge_in if words.barge_in is not None else barge_in
        if may is None and asking:
            may = self.script.header.defaults.barge_in
        said = words.rendered(scope, slow)
        await channel.say(self.context, said, asking=asking, barge_in=may, locale=self.script.locale, audio=audio)
        return said[0]

    def expectation(
        self,
        phrases: Iterable[str],
        no_input_s: float | None,
        *,
        patient: bool = False,
        answer: Expectation = ANYTHING,
        pace: str | None = None,
    ) -> WrittenJson:
        """For :meth:`expect`: ``phrases``, and what the author lets callers say at any time. ``answer``: what the
        answer looks like. The rest: as in :func:`~voicebot.authoring.channel.configuration`.
        """
        script, own = self.script, self.script.header.defaults.still_there
        expected = list(dict.fromkeys([*phrases, *script.own_commands]))[:MAX_PHRASES]
        told = answer.told(script.understanding.usual.fillers, script.commands)
        lost = None if own is None else script.words(own).rendered(self.scope(), bool(self.call.get("slow")))[1]
        return channel.configuration(expected, no_input_s, patient=patient, answer=told, pace=pace, still_there=lost)

    async def expect(self, expectation: WrittenJson) -> None:
        """Tell the call what to expect."""
        await channel.configure(self.context, expectation)

    def took(self, step: str, what: str, value: Any = "") -> None:
        """Note what the caller's answer to ``step`` was taken for, in a word or two, and its ``value``."""
        note_answer(self.context, f"{self.script.name}.{step}", what, value)

    def error(self, message: str, status: int) -> None:
        """Keep why something failed, for ``{error.message}`` and ``{error.status}``."""
        self.variables["error"] = {"message": message, "status": status}

    async def fetch(self, asked: ServiceRequest) -> Any:
        """What a web service answers. Raises :class:`~voicebot.authoring.http.HttpFailed`."""
        self.only_for_real()
        script, scope = self.script, {**self.scope(), "secrets": self.around.secrets}
        try:
            address = script.address(asked.url, scope)
        except AddressRefused as error:
            raise HttpFailed(str(error)) from error
        return await self.around.fetch(
            HttpRequest(
                asked.method,
                address,
                {name: script.text(value, scope) for name, value in asked.headers.items()},
                {name: _query(script.value(value, scope)) for name, value in asked.query.items()},
                plain(script.value(asked.body, scope)),
                asked.timeout,
                asked.retries,
            )
        )

    async def meanwhile(self, wait: Wait | None, work: Awaitable[Any]) -> Any:
        """Do ``work``, and say ``wait`` at once, or when ``work`` takes longer. Raises what ``work`` raises."""
        if wait is None:
            return await work
        task = asyncio.ensure_future(work)
        try:
            if wait.after:
                await asyncio.wait((task,), timeout=wait.after)
            if not task.done():
                await self.speak(wait.say)
            return await task
        finally:
            task.cancel()


def plain(value: Any) -> Any:
    """``value`` as plain JSON."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return as_written(value)


def nth(prompts: list[Prompt], number: int) -> Prompt:
    """The prompt for the ``number``-th time, counted from 1; the last one from then on."""
    return prompts[min(max(number, 1), len(prompts)) - 1]


def _query(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(plain(value), ensure_ascii=False)
    return "" if value is None else as_written(value)

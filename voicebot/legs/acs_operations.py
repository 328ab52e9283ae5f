"""The operations of one call whose prompts and questions Azure Communication Services carries out itself: ``play`` and
``recognize`` (:mod:`voicebot.legs.operations`).

A request is accepted at once, and an event with the operation's context tells what came of it. Each interrupts the one
before. Requests are sent one after the other, and one that was overtaken while it waited is not sent.

An audio file has to be fetched by the service: it is at an address of the call while the call lasts.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from voicebot.legs.acs_events import CallEvent, CommunicationIdentifier
from voicebot.legs.acs_frames import KEYS
from voicebot.legs.acs_platform import Platform, PlatformRefused
from voicebot.legs.operations import (
    Begun,
    Heard,
    NotCarriedOut,
    NotUnderstood,
    Operation,
    Outcome,
    Played,
    Pressed,
    PromptFailed,
    Silent,
)
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

MAX_FILES: Final = 64
"""That can still be fetched; the oldest go first."""
MAX_ASKED: Final = 4
"""Operations of which something may still be told."""

INITIAL_SILENCE: Final = 8510
INTER_DIGIT: Final = 8532
STOP_TONE: Final = 8514
NOT_UNDERSTOOD: Final = frozenset({8547, 8563})
"""None of the choices; no words."""
CANCELLED: Final = 8508
PROMPT_FAILED: Final = frozenset({8511, 8535, 8536, 8565})
"""Of a prompt before the question: it cannot be played, its file is not usable or cannot be fetched, its text is
refused by the speech service."""


class AcsOperations:
    """``connection()``: the id of the call, known when it is up. ``file_url``: makes the address of an audio file, of
    its name."""

    def __init__(
        self,
        platform: Platform,
        connection: Callable[[], str],
        other: CommunicationIdentifier,
        file_url: Callable[[str], str],
        tasks: BackgroundTasks,
    ) -> None:
        self.on_outcome: Callable[[Outcome], None] | None = None
        self._platform = platform
        self._connection = connection
        self._other = other
        self._file_url = file_url
        self._tasks = tasks
        self._prefix = secrets.token_hex(4)
        """The contexts of our operations begin with it; transfers have others."""
        self._wanted: Operation | None = None
        """What is to be asked for next; with ``_stop``, after what runs was cancelled."""
        self._stop = False
        self._asking: asyncio.Task[None] | None = None
        self._asked: OrderedDict[int, Operation] = OrderedDict()
        """The latest operations, by their numbers."""
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._over = False

    # --- Operations

    def begin(self, operation: Operation) -> None:
        self._wanted, self._stop = operation, False
        self._ask()

    def cancel(self) -> None:
        self._wanted, self._stop = None, True
        self._ask()

    # --- for the leg

    def end(self) -> None:
        """The call has ended."""
        self._over = True
        self.on_outcome = None
        self._wanted, self._stop = None, False
        self._files.clear()

    def file(self, name: str) -> bytes | None:
        """The samples of a file that was to be played, 16 bit at 16 kHz."""
        return self._files.get(name)

    def told(self, event: CallEvent) -> None:
        """An event of a ``Play...`` or ``Recognize...`` kind."""
        prefix, _, number = event.operation.partition("-")
        if prefix != self._prefix or not number.isdecimal() or len(number) > 9:
            return
        operation = self._asked.get(int(number))
        outcome = _outcome(event, operation) if operation is not None else None
        if outcome is not None:
            self._tell(outcome)

    # --- inside

    def _ask(self) -> None:
        if self._asking is None and not self._over:
            self._asking = self._tasks.spawn(self._ask_in_turn(), "asking for an operation")

    async def _ask_in_turn(self) -> None:
        try:
            while not self._over and (self._wanted is not None or self._stop):
                operation, stop = self._wanted, self._stop
                self._wanted, self._stop = None, False
                if operation is not None:
                    await self._carry_out(operation)
                elif stop:
                    await self._cancel()
        finally:
            self._asking = None

    async def _carry_out(self, operation: Operation) -> None:
        urls = [self._keep(prompt.samples) if prompt.samples else "" for prompt in operation.prompts]
        prompts = tuple(zip(operation.prompts, urls, strict=True))
        context = f"{self._prefix}-{operation.number}"
        self._asked[operation.number] = operation
        if len(self._asked) > MAX_ASKED:
            self._asked.popitem(last=False)
        try:
            if operation.recognition is None:
                await self._platform.play(self._connection(), prompts, context)
            else:
                await self._platform.recognize(
                    self._connection(), prompts, operation.recognition, context, self._other.raw_id
                )
        except PlatformRefused as refused:
            logger.warning("connection %s: an operation is refused: %s", self._connection(), refused)
            self._tell(NotCarriedOut(operation.number, str(refused)))
        else:
            self._tell(Begun(operation.number))

    async def _cancel(self) -> None:
        try:
            await self._platform.cancel(self._connection())
        except PlatformRefused as refused:
            logger.warning("connection %s: an operation cannot be cancelled: %s", self._connection(), refused)

    def _keep(self, samples: bytes) -> str:
        name = secrets.token_hex(8)
        self._files[name] = samples
        if len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
        return self._file_url(name)

    def _tell(self, outcome: Outcome) -> None:
        if self.on_outcome is not None and not self._over:
            self.on_outcome(outcome)


def _outcome(event: CallEvent, operation: Operation) -> Outcome | None:
    """What an event means; None: nothing, or that the operation was interrupted."""
    number, code, reason = operation.number, event.result.sub_code, str(event.result)
    match event.kind:
        case "PlayStarted":
            return Begun(number)
        case "PlayCompleted":
            return Played(number)
        case "PlayFailed":
            return PromptFailed(number, event.failed_prompt or 0, reason)
        case "RecognizeCompleted":
            return _recognised(event, operation)
        case "RecognizeFailed" if code == INITIAL_SILENCE:
            return Silent(number)
        case "RecognizeFailed" if code in NOT_UNDERSTOOD:
            return NotUnderstood(number)
        case "RecognizeFailed" if code == INTER_DIGIT:
            return _recognised(event, operation)
        case "RecognizeFailed" if code == CANCELLED:
            return None
        case "RecognizeFailed" if event.failed_prompt is not None or code in PROMPT_FAILED:
            return PromptFailed(number, event.failed_prompt or 0, reason)
        case "RecognizeFailed":
            return NotCarriedOut(number, reason)
    return None


def _recognised(event: CallEvent, operation: Operation) -> Outcome:
    number, found, question = operation.number, event.recognised, operation.recognition
    end_key = question.keys.end_key if question is not None and question.keys is not None else ""
    if event.result.sub_code == STOP_TONE and end_key:
        return Pressed(number, found.keys + end_key)  # it is not among those that were collected
    if found.keys:
        return Pressed(number, found.keys)
    if found.speech:
        return Heard(number, found.speech, found.confidence)
    if len(found.label) == 1 and found.label in KEYS:  # a choice by its key has no phrase
        return Pressed(number, found.label)
    return NotUnderstood(number)

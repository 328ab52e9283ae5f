"""What a platform does that speaks and listens by itself, so that no audio of the call comes to us.

It carries out one *operation* at a time: it says prompts, listens for an answer, or does the first and then the second.
What comes of it is told as an *outcome*. A leg whose call is served so is :class:`Operated`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Prompt:
    """``text``, plain or an SSML document, in ``voice`` (empty: one for the language) and ``language``. If there are
    ``samples``, 16 bit at 16 kHz, they are played instead."""

    text: str
    voice: str = ""
    language: str = ""
    samples: bytes = b""


@dataclass(frozen=True, slots=True)
class KeyRules:
    """How keys are collected: until there are ``most``, until ``end_key`` (empty: none), or until none has come for
    ``gap_s``."""

    most: int
    end_key: str
    gap_s: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """What is listened for, in ``language``: ``speech``, and ``keys`` (None: none).

    * ``phrases``: if there are any, one of them is to be said, and nothing else is understood.
    * ``interrupts``: whether the caller may interrupt the prompts.
    * ``silence_s``: how long to wait for the caller after the prompts; ``end_silence_s``: the quiet after which the
      caller has finished.
    """

    language: str
    speech: bool
    keys: KeyRules | None
    phrases: tuple[str, ...] = ()
    interrupts: bool = True
    silence_s: float = 5.0
    end_silence_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Operation:
    """``number``: from 1, in order. ``prompts``: to be said one after the other; ``recognition``: None if nothing is
    listened for. One of the two there must be."""

    number: int
    prompts: tuple[Prompt, ...]
    recognition: Recognition | None


@dataclass(frozen=True, slots=True)
class Begun:
    """The caller begins to hear the prompts. May be told twice: the later time is the better one."""

    number: int


@dataclass(frozen=True, slots=True)
class Played:
    """The prompts of an operation without recognition were heard to their end."""

    number: int


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller has said something. ``confidence``: 0 to 1, or None."""

    number: int
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """The caller has pressed keys: ``0-9 * # A-D``, with that which has ended them."""

    number: int
    keys: str


@dataclass(frozen=True, slots=True)
class Silent:
    """After the prompts, the caller has said and pressed nothing for as long as was to be waited."""

    number: int


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The caller has said something that is none of the phrases, or in which no words were found."""

    number: int


@dataclass(frozen=True, slots=True)
class PromptFailed:
    """A prompt could not be said. ``index``: which, from 0; those before it were heard."""

    number: int
    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class NotCarriedOut:
    """The operation has failed: the platform is busy, or cannot listen."""

    number: int
    reason: str


Outcome = Begun | Played | Heard | Pressed | Silent | NotUnderstood | PromptFailed | NotCarriedOut
"""After :class:`Begun`, one other of them ends the operation. Of an operation that was interrupted by the next one, or
cancelled, nothing may come."""


class Operations(Protocol):
    """Of one call. ``on_outcome`` is called on the event loop."""

    on_outcome: Callable[[Outcome], None] | None

    def begin(self, operation: Operation) -> None:
        """Have ``operation`` carried out, in place of the one that runs."""

    def cancel(self) -> None:
        """Have the operation ended that runs."""


@runtime_checkable
class Operated(Protocol):
    """A leg whose platform may speak and listen in our place."""

    @property
    def operations(self) -> Operations | None:
        """None: it does not; the leg carries audio."""

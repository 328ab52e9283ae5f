"""The bot's turn: what it has said and the caller has not yet heard, and what becomes of it when it is cut off.

All that the bot says for one request is one turn, however many messages it is made of. Dropping it drops the messages
that have not arrived yet, too; what was heard is known only when playback has ended every utterance of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.events import InputHint, PlaybackEnded
from voicebot.turns.commands import Canned
from voicebot.turns.heard import heard_text
from voicebot.turns.listening import words

MAX_QUEUED = 50
"""Utterances waiting to be heard; a bot that says more in one go is cut there."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One prompt. ``request`` is what it answers, 0 for prompts of our own."""

    number: int
    request: int
    text: str
    hint: InputHint
    canned: Canned | None = None
    audio: str = ""


class BotSpeech:
    """The queue of utterances, in the order in which they will be heard; the first is playing or being rendered."""

    def __init__(self) -> None:
        self._count = 0
        self._queue: list[Utterance] = []
        self._dropped: dict[int, Utterance] = {}
        self._suppressed_through = 0
        self.heard = ""
        self.heard_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._queue)

    @property
    def dropping(self) -> bool:
        """Whether playback still has to tell how much of a dropped turn was heard."""
        return bool(self._dropped)

    @property
    def speech_interrupts(self) -> bool:
        """Whether a voice may interrupt what is playing now."""
        return not self._queue or self._queue[0].hint.speech_interrupts

    @property
    def keys_interrupt(self) -> bool:
        """Whether a key may interrupt what is playing now."""
        return not self._queue or self._queue[0].hint.keys_interrupt

    def has_canned(self) -> bool:
        """Whether a prompt of our own (apology, "one moment") is on its way already."""
        return any(u.canned for u in self._queue)

    def wanted(self, request: int) -> bool:
        """False for messages of a turn that was dropped, and when too much is queued."""
        return (request == 0 or request > self._suppressed_through) and len(self._queue) < MAX_QUEUED

    def add(self, request: int, text: str, hint: InputHint, canned: Canned | None = None, audio: str = "") -> Utterance:
        """Queue an utterance; its number is unique in the call."""
        self._count += 1
        utterance = Utterance(self._count, request, text, hint, canned, audio)
        self._queue.append(utterance)
        return utterance

    def drop(self, through_request: int) -> None:
        """Forget all that is queued, and all that will still come for requests up to ``through_request``."""
        self._suppressed_through = max(self._suppressed_through, through_request)
        self._dropped.update({u.number: u for u in self._queue})
        self._queue.clear()
        self.heard, self.heard_s = "", 0.0

    def ended(self, event: PlaybackEnded) -> Utterance | None:
        """Playback ended ``event.utterance``: the utterance, or None when it belonged to a dropped turn."""
        dropped = self._dropped.pop(event.utterance, None)
        if dropped is None:
            return self.remove(event.utterance)
        text = heard_text(dropped.text, event.heard_s, event.heard_s if event.complete else None)
        self.heard = f"{self.heard} {text}".strip()
        self.heard_s += event.heard_s
        return None

    def remove(self, number: int) -> Utterance | None:
        """Take one utterance out (it could not be rendered); None when it was not queued."""
        self._dropped.pop(number, None)
        for i, utterance in enumerate(self._queue):
            if utterance.number == number:
                return self._queue.pop(i)
        return None

    def is_echo(self, text: str) -> bool:
        """Whether ``text`` only repeats, word for word, a part of what is playing now."""
        said = words(self._queue[0].text) if self._queue else []
        wanted = words(text)
        return bool(wanted) and any(said[i : i + len(wanted)] == wanted for i in range(len(said)))

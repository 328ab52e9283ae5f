"""The bot's turn: what it has said and the caller has not yet heard, and what becomes of it when it is cut off.

All that the bot says for one request is one turn, however many messages it is made of. Dropping it drops the messages
that have not arrived yet, too; what was heard is known only when playback has ended every utterance of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicebot.events import InputHint, PlaybackEnded
from voicebot.turns.commands import Canned
from voicebot.turns.words import contains, words

MAX_QUEUED = 50
"""Utterances waiting to be heard; a bot that says more in one go is cut there."""

CHARACTERS_PER_SECOND = 15.0
"""Ordinary speaking rate: how long a whole prompt lasts is not known when it is cut off."""

_MARKUP = re.compile(r"<[^<>]*>")


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
        self.words_only = False
        """Only words interrupt what is playing, no mere voice: noise has held it up for long enough."""
        self.taken_back = False
        """The bot itself has dropped its turn; nobody has to be told what was heard of it."""
        self.heard = ""
        """The words of the dropped turn that were heard."""
        self.heard_s = 0.0
        self._count = 0
        self._queue: list[Utterance] = []
        self._dropped: dict[int, Utterance] = {}
        self._suppressed_through = 0

    # --- what is known -----------------------------------------------------------------------------------------------

    @property
    def queued(self) -> bool:
        """Whether anything is left to be heard."""
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

    @property
    def canned_queued(self) -> bool:
        """Whether a prompt of our own (apology, "one moment") is on its way already."""
        return any(utterance.canned for utterance in self._queue)

    def wanted(self, request: int) -> bool:
        """False for messages of a turn that was dropped, and when too much is queued."""
        return (request == 0 or request > self._suppressed_through) and len(self._queue) < MAX_QUEUED

    def is_echo(self, text: str) -> bool:
        """Whether ``text`` only repeats, word for word, a part of what is playing now."""
        return bool(self._queue) and bool(wanted := words(text)) and contains(self._queue[0].text, wanted)

    # --- what happens ------------------------------------------------------------------------------------------------

    def add(self, request: int, text: str, hint: InputHint, canned: Canned | None = None, audio: str = "") -> Utterance:
        """Queue an utterance; its number is unique in the call."""
        self._count += 1
        utterance = Utterance(self._count, request, text, hint, canned, audio)
        self._queue.append(utterance)
        return utterance

    def suppress(self, through_request: int) -> None:
        """Want nothing that will still come for requests up to ``through_request``."""
        self._suppressed_through = max(self._suppressed_through, through_request)

    def interrupt(self, through_request: int) -> None:
        """Drop all that is queued, and all that will still come for requests up to ``through_request``."""
        self.suppress(through_request)
        self._drop()
        self.taken_back = False

    def take_back(self) -> None:
        """Drop all that is queued, by the bot's own wish: what it says from now on is wanted, be it for the same
        request."""
        self._drop()
        self.taken_back = True

    def ended(self, event: PlaybackEnded) -> Utterance | None:
        """Playback ended ``event.utterance``: the utterance, or None when it belonged to a dropped turn."""
        dropped = self._dropped.pop(event.utterance, None)
        if dropped is None:
            return self.remove(event.utterance)
        text = heard_text(dropped.text, event.heard_s, event.complete)
        self.heard = f"{self.heard} {text}".strip()
        self.heard_s += event.heard_s
        return None

    def remove(self, number: int) -> Utterance | None:
        """Take one utterance out (it could not be rendered); None when it was not queued."""
        self._dropped.pop(number, None)
        for at, utterance in enumerate(self._queue):
            if utterance.number == number:
                del self._queue[at]
                self.words_only = self.words_only and bool(self._queue)
                return utterance
        return None

    def _drop(self) -> None:
        self._dropped.update({utterance.number: utterance for utterance in self._queue})
        self._queue.clear()
        self.words_only = False
        self.heard, self.heard_s = "", 0.0


def heard_text(text: str, heard_s: float, complete: bool) -> str:
    """The words of ``text``, which may be SSML, that ``heard_s`` seconds hold; all of them when it was ``complete``."""
    plain = " ".join(_MARKUP.sub(" ", text).split())
    count = int(heard_s * CHARACTERS_PER_SECOND)
    if count >= len(plain) or (complete and heard_s > 0):
        return plain
    return plain[:count].rpartition(" ")[0]

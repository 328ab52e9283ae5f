"""The bot's turn: what it has said that the caller has not heard yet, and what was heard of a dropped turn.

Everything that the bot says for one request is one turn, even if it is several messages. Dropping the turn also drops
messages that have not arrived yet. How much was heard is known only after playback has ended all its utterances.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicebot.events import InputHint, PlaybackEnded, PlaybackFailed
from voicebot.turns.commands import Canned
from voicebot.turns.words import contains, words

MAX_QUEUED = 50
"""The most utterances that wait to be played; what the bot says beyond that is dropped."""

CHARACTERS_PER_SECOND = 15.0
"""An average speaking rate, used to estimate the words heard: a prompt's full length is not known if it is cut off."""

_MARKUP = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One prompt. ``request``: the one that it answers, 0 for prompts of our own and on the bot's own initiative."""

    number: int
    request: int
    text: str
    hint: InputHint
    canned: Canned | None = None
    audio: str = ""


class BotSpeech:
    """The queue of utterances in the order of playing; the first is playing or being synthesised."""

    def __init__(self) -> None:
        self.words_only = False
        """Whether only words interrupt the prompt, because noise without words has paused it for too long."""
        self.taken_back = False
        """Whether the bot itself has dropped its turn, so that it need not be told what was heard."""
        self.heard = ""
        """The words of the dropped turn that the caller has heard."""
        self.heard_s = 0.0
        self.last_heard = 1.0
        """How much of the bot's last message had been played when the caller began to speak over it, from 0 to 1."""
        self._last = 0
        self._overlap_s = 0.0
        self._count = 0
        self._queue: list[Utterance] = []
        self._dropped: dict[int, Utterance] = {}
        self._suppressed_through = 0

    # --- state -------------------------------------------------------------------------------------------------------

    @property
    def queued(self) -> bool:
        """Whether any utterance is playing or waiting."""
        return bool(self._queue)

    @property
    def dropping(self) -> bool:
        """Whether playback has still to report how much of a dropped turn was heard."""
        return bool(self._dropped)

    @property
    def speech_interrupts(self) -> bool:
        """Whether speech may interrupt what is playing now."""
        return not self._queue or self._queue[0].hint.speech_interrupts

    @property
    def keys_interrupt(self) -> bool:
        """Whether a key may interrupt what is playing now."""
        return not self._queue or self._queue[0].hint.keys_interrupt

    @property
    def apology_queued(self) -> bool:
        """Whether an apology is already queued. "One moment, please" is none: it promises that something comes."""
        return any(utterance.canned not in (None, Canned.WAIT) for utterance in self._queue)

    def wanted(self, request: int) -> bool:
        """Whether to play a message for ``request``: not if its turn was dropped, or too much is queued."""
        return (request == 0 or request > self._suppressed_through) and len(self._queue) < MAX_QUEUED

    def is_echo(self, text: str) -> bool:
        """Whether ``text`` only repeats, word for word, a part of what is playing now."""
        return bool(self._queue) and bool(wanted := words(text)) and contains(self._queue[0].text, wanted)

    # --- changes -----------------------------------------------------------------------------------------------------

    def add(self, request: int, text: str, hint: InputHint, canned: Canned | None = None, audio: str = "") -> Utterance:
        """Queue an utterance. Its number is unique in the call."""
        self._count += 1
        utterance = Utterance(self._count, request, text, hint, canned, audio)
        self._queue.append(utterance)
        if canned is None:
            self._last, self.last_heard = self._count, 1.0  # until it is dropped
        return utterance

    def suppress(self, through_request: int) -> None:
        """Drop all messages that will still come for requests up to ``through_request``."""
        self._suppressed_through = max(self._suppressed_through, through_request)

    def interrupt(self, through_request: int, overlap_s: float = 0.0) -> None:
        """Drop everything that is queued, and all that will still come for requests up to ``through_request``.

        ``overlap_s``: how long the bot went on while the caller was speaking already.
        """
        self.suppress(through_request)
        self._overlap_s = overlap_s
        self._drop()
        self.taken_back = False

    def take_back(self) -> None:
        """Drop everything that is queued, because the bot asks for it. What it says afterwards is played, even for the
        same request."""
        self._overlap_s = 0.0
        self._drop()
        self.taken_back = True

    def ended(self, event: PlaybackEnded) -> Utterance | None:
        """Playback has ended an utterance. Returns it, or None if it belonged to a dropped turn."""
        dropped = self._dropped.pop(event.utterance, None)
        if dropped is None:
            return self.remove(event.utterance)
        if dropped.number == self._last:
            self.last_heard = heard_share(dropped.text, event.heard_s - self._overlap_s, event.whole_s)
        text = heard_text(dropped.text, event.heard_s, event.complete)
        self.heard = f"{self.heard} {text}".strip()
        self.heard_s += event.heard_s
        return None

    def failed(self, event: PlaybackFailed) -> Utterance | None:
        """The utterance could not be rendered. Returns it, or None if it was not queued."""
        if event.utterance == self._last:
            self.last_heard = heard_share("", event.heard_s, None)
        return self.remove(event.utterance)

    def remove(self, number: int) -> Utterance | None:
        """Remove an utterance, because it has ended or could not be synthesised. None if it was not queued."""
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


def heard_share(text: str, heard_s: float, whole_s: float | None) -> float:
    """Which share of ``text``, which may be SSML, was heard in ``heard_s`` seconds; estimated if all of it is not known
    to last ``whole_s``."""
    if heard_s <= 0:
        return 0.0
    if whole_s is None:
        plain = " ".join(_MARKUP.sub(" ", text).split())
        whole_s = len(plain) / CHARACTERS_PER_SECOND
    return min(1.0, heard_s / whole_s) if whole_s > 0 else 1.0


def heard_text(text: str, heard_s: float, complete: bool) -> str:
    """The words of ``text``, which may be SSML, that fit into ``heard_s`` seconds; all of them if ``complete``."""
    plain = " ".join(_MARKUP.sub(" ", text).split())
    count = int(heard_s * CHARACTERS_PER_SECOND)
    if count >= len(plain) or (complete and heard_s > 0):
        return plain
    return plain[:count].rpartition(" ")[0]

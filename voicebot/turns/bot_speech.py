"""The bot's turn: what it has said that the caller has not heard yet, and what was heard of a dropped turn.

Everything that the bot says for one request is one turn, even if it is several messages. Dropping the turn also drops
messages that have not arrived yet. How much was heard is known only after playback has ended all its utterances.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.events import InputHint, PlaybackEnded, PlaybackFailed, PlaybackStarted
from voicebot.turns.commands import Canned
from voicebot.turns.interruption import SpokenOver
from voicebot.turns.spoken import CHARACTERS_PER_SECOND, RecentSpeech, plain

MAX_QUEUED = 50
"""The most utterances that wait to be played; what the bot says beyond that is dropped."""

SHARE_TO_KNOW = 0.5
"""Who has heard so much of a prompt may know what it asks."""
MOST_NOISES = 3
"""A prompt that noise has paused so often is interrupted only by words."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One prompt. ``request``: the one that it answers, 0 for prompts of our own and on the bot's own initiative.
    ``text``: what is told of it; ``spoken``: what the caller hears, if that is known. Either may be SSML.
    """

    number: int
    request: int
    text: str
    hint: InputHint
    canned: Canned | None = None
    audio: str = ""
    spoken: str = ""


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
        self.recent = RecentSpeech()
        self.played_until = float("-inf")
        """When the last prompt ended that was played to its end."""
        self._noises = 0
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

    def spoken_over(self, began: float | None, *, asked: bool, doubtful: bool) -> SpokenOver:
        """What plays for a caller who began to speak at ``began``. ``asked``: the last utterance asks for an answer;
        ``doubtful``: it may have been somebody else."""
        if not self._queue or began is None or self.recent.since is None or began < self.recent.since:
            return SpokenOver(turn=asked, later=True)
        playing = self._queue[0]
        asks = playing.hint is InputHint.EXPECTING or (asked and len(self._queue) == 1)
        heard = heard_share(playing.spoken, self.recent.played_s(began), None)
        return SpokenOver(
            question=asks and heard >= SHARE_TO_KNOW,
            turn=asked or any(utterance.hint is InputHint.EXPECTING for utterance in self._queue),
            doubtful=doubtful,
        )

    # --- changes -----------------------------------------------------------------------------------------------------

    def add(
        self,
        request: int,
        text: str,
        hint: InputHint,
        canned: Canned | None = None,
        *,
        audio: str = "",
        spoken: str = "",
    ) -> Utterance:
        """Queue an utterance. Its number is unique in the call."""
        self._count += 1
        utterance = Utterance(self._count, request, text, hint, canned, audio, spoken)
        self._queue.append(utterance)
        if canned is None:
            self._last, self.last_heard = self._count, 1.0  # until it is dropped
        return utterance

    def started(self, event: PlaybackStarted) -> None:
        """The caller begins to hear an utterance."""
        for utterance in self._queue:
            if utterance.number == event.utterance:
                self.recent.started(utterance.number, utterance.spoken, event.at)

    def paused_by_noise(self) -> None:
        """What has paused the prompt was none of the caller's words."""
        self._noises += 1
        self.words_only = self.words_only or self._noises >= MOST_NOISES

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
        self.recent.ended(event.utterance, event.at, more=len(self._queue) > 1)
        if dropped is None:
            self.played_until = event.at
            return self.remove(event.utterance)
        if dropped.number == self._last:
            self.last_heard = heard_share(dropped.text, event.heard_s - self._overlap_s, event.whole_s)
        text = heard_text(dropped.text, event.heard_s, event.complete)
        self.heard = f"{self.heard} {text}".strip()
        self.heard_s += event.heard_s
        return None

    def failed(self, event: PlaybackFailed) -> Utterance | None:
        """The utterance could not be rendered. Returns it, or None if it was not queued."""
        self.recent.ended(event.utterance, event.at, more=len(self._queue) > 1)
        if event.utterance == self._last:
            self.last_heard = heard_share("", event.heard_s, None)
        return self.remove(event.utterance)

    def remove(self, number: int) -> Utterance | None:
        """Remove an utterance, because it has ended or could not be synthesised. None if it was not queued."""
        self._dropped.pop(number, None)
        for at, utterance in enumerate(self._queue):
            if utterance.number == number:
                del self._queue[at]
                if not self._queue:
                    self._be_open()
                return utterance
        return None

    def _drop(self) -> None:
        self._dropped.update({utterance.number: utterance for utterance in self._queue})
        self._queue.clear()
        self._be_open()
        self.heard, self.heard_s = "", 0.0

    def _be_open(self) -> None:
        """Let noise pause the next prompt: that has done nothing wrong."""
        self.words_only, self._noises = False, 0


def heard_share(text: str, heard_s: float, whole_s: float | None) -> float:
    """Which share of ``text``, which may be SSML, was heard in ``heard_s`` seconds; estimated if all of it is not known
    to last ``whole_s``."""
    if heard_s <= 0:
        return 0.0
    if whole_s is None:
        whole_s = len(plain(text)) / CHARACTERS_PER_SECOND
    return min(1.0, heard_s / whole_s) if whole_s > 0 else 1.0


def heard_text(text: str, heard_s: float, complete: bool) -> str:
    """The words of ``text``, which may be SSML, that fit into ``heard_s`` seconds; all of them if ``complete``."""
    shown = plain(text)
    count = int(heard_s * CHARACTERS_PER_SECOND)
    if count >= len(shown) or (complete and heard_s > 0):
        return shown
    return shown[:count].rpartition(" ")[0]

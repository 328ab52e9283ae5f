"""The prompts of an operation of a platform, and what the caller has heard of them. Pure.

A platform tells when it begins to say prompts, but not when each of them ends: that is estimated by how long it should
last, unless something else tells it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from voicebot.events import PlaybackEnded, PlaybackFailed, PlaybackStarted
from voicebot.legs.operations import Prompt, Recognition
from voicebot.speech import Speech
from voicebot.speech.ssml import document
from voicebot.speech_markup import is_ssml
from voicebot.turns import Play

OVERDUE_S = 60.0
"""An operation of which nothing is told so long after it should have ended is over."""
SHARE_HEARD = 0.8
"""Who begins to speak so late in a prompt has heard it: its end is only estimated."""

PlaybackEvents = list[PlaybackStarted | PlaybackEnded | PlaybackFailed]


@dataclass(eq=False)
class Utterance:
    """A prompt of the bot that waits to be said, or is being said. ``lasts_s``: estimated, if it is not ``exact``.
    ``prompt``: None while its audio is fetched. ``heard_s``: of it, when it was last stopped."""

    command: Play
    lasts_s: float = 0.0
    prompt: Prompt | None = None
    exact: bool = False
    heard_s: float = 0.0
    started: bool = False
    over: bool = False

    @property
    def number(self) -> int:
        return self.command.utterance

    def start(self, at: float) -> PlaybackEvents:
        """It begins to be heard; that is told once, also if it has to be said again."""
        told: PlaybackEvents = [] if self.started else [PlaybackStarted(at, self.number)]
        self.started = True
        return told

    def finish(self, at: float) -> PlaybackEvents:
        """It was heard to its end."""
        self.over = True
        return [*self.start(at), PlaybackEnded(at, self.number, self.lasts_s, True, self.lasts_s)]

    def drop(self, at: float) -> PlaybackEvents:
        """It is not said any more."""
        self.over = True
        return [PlaybackEnded(at, self.number, self.heard_s, False, self.lasts_s)]

    def fail(self, at: float, reason: str) -> PlaybackEvents:
        """It cannot be said."""
        self.over = True
        return [PlaybackFailed(at, self.number, 0.0, reason)]


@dataclass
class Saying:
    """The prompts of an operation, in order. What its methods return is to be told."""

    utterances: list[Utterance]
    began: float | None = None
    lasts_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.lasts_s = sum(each.lasts_s for each in self.utterances)

    @property
    def left(self) -> list[Utterance]:
        """Those that have not ended."""
        return [each for each in self.utterances if not each.over]

    def begin(self, at: float) -> PlaybackEvents:
        """The first one begins to be heard; if that is told again, ``at`` is the better time."""
        self.began = at
        return self.utterances[0].start(at) if self.utterances else []

    def ends(self, utterance: Utterance) -> float | None:
        """When ``utterance`` should have ended; None: nothing has begun."""
        if self.began is None:
            return None
        return self.began + sum(each.lasts_s for each in self.utterances[: self.utterances.index(utterance) + 1])

    def next_end(self) -> float | None:
        """When one prompt should end and the next one begin; None: there is only one left."""
        left = self.left
        return self.ends(left[0]) if len(left) > 1 else None

    def go_on(self, now: float) -> PlaybackEvents:
        """Time has passed."""
        told: PlaybackEvents = []
        while (end := self.next_end()) is not None and end <= now:
            told += self.left[0].finish(end)
            told += self.left[0].start(end)
        return told

    def answered(self, at: float) -> PlaybackEvents:
        """The caller begins to answer at ``at``, and the platform stops what it was saying."""
        if self.began is None:
            return []
        if at - self.began >= SHARE_HEARD * self.lasts_s:
            return self.whole(max(at, self.began))
        return self.stopped(at)

    def stopped(self, at: float) -> PlaybackEvents:
        """It was stopped."""
        told: PlaybackEvents = []
        for each in self.left:
            end = self.ends(each)
            if end is None or end > at:
                each.heard_s = 0.0 if end is None else max(0.0, each.lasts_s - (end - at))
                break
            told += each.finish(end)
        return told

    def lasted(self, seconds: float) -> None:
        """It is known now how long all of it has lasted."""
        exact_s = sum(each.lasts_s for each in self.utterances if each.exact)
        estimated_s = self.lasts_s - exact_s
        for each in self.utterances:
            if not each.exact and estimated_s > 0:
                each.lasts_s *= max(0.0, seconds - exact_s) / estimated_s

    def whole(self, at: float) -> PlaybackEvents:
        """All of it was heard, until ``at``."""
        return [event for each in self.left for event in each.finish(at)]

    def failed(self, index: int, at: float, reason: str) -> PlaybackEvents:
        """The prompt ``index`` could not be said; those before it were."""
        told: PlaybackEvents = []
        for each in self.utterances[:index]:
            told += [] if each.over else each.finish(at)
        for each in self.utterances[index : index + 1]:
            told += [] if each.over else each.fail(at, reason)
        return told

    def texts(self) -> list[str] | None:
        """What was said, if all of it was text."""
        prompts = [each.prompt for each in self.utterances if each.prompt is not None and not each.exact]
        return [prompt.text for prompt in prompts] if len(prompts) == len(self.utterances) else None


@dataclass(eq=False)
class Running:
    """An operation that the platform carries out. ``since``: when that was asked for."""

    number: int
    saying: Saying
    question: Recognition | None
    since: float

    @property
    def overdue(self) -> float:
        silence_s = self.question.silence_s if self.question is not None else 0.0
        return self.since + 2 * self.saying.lasts_s + silence_s + OVERDUE_S


def as_prompt(speech: Speech) -> Prompt:
    """The prompt that says ``speech``."""
    text = speech.text
    if is_ssml(text):
        text = document(text, voice=speech.voice, language=speech.language)
    return Prompt(text, speech.voice, speech.language)

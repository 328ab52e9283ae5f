"""What :class:`~voicebot.calls.hearing.Hearing` and :class:`~voicebot.calls.playback.Playback` are for a call with
audio, for one whose platform speaks and listens itself (:mod:`voicebot.legs.operations`).

The turn machine decides as always; this file makes operations of what it wants, and events of what comes of them:

* What the bot says before it has finished its answer is only played. Its last prompts, when it has, are one operation
  with what the caller may answer, so that the caller can interrupt them.
* Where the machine waits for the caller and there is nothing to say, an operation runs that only listens.
* A platform does not tell when prompts end that are followed by listening, nor when the caller begins to speak. Both
  are estimated, the former by a rate that is learnt in the call. A silence is dated back by how long it has lasted.
* A prompt that the platform has stopped cannot go on where it was. If it is to go on, because the caller has only said
  "mhm", it is said again from its beginning.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile

from voicebot.audio import LINEAR_16K
from voicebot.calls.platform_prompts import Running, Saying, Utterance, as_prompt
from voicebot.calls.platform_questions import ONLY_KEYS_S, may_interrupt, recognition
from voicebot.calls.playback import PromptAudio
from voicebot.calls.speaking_rate import SpeakingRate
from voicebot.events import (
    Event,
    Final,
    KeyPressed,
    NoMatch,
    PlaybackFailed,
    RecognitionLost,
    RecognitionRestored,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.legs.operations import (
    Begun,
    Heard,
    NotCarriedOut,
    NotUnderstood,
    Operation,
    Operations,
    Outcome,
    Played,
    Pressed,
    Prompt,
    PromptFailed,
    Recognition,
    Silent,
)
from voicebot.rtp.playout import MAX_CLIPS
from voicebot.speech import PromptVoice, Speech, SpeechUnavailable
from voicebot.tasks import BackgroundTasks
from voicebot.turns import FloorState, Play, TurnMachine

logger = logging.getLogger(__name__)

REST_S = 0.15
"""How long a prompt waits for the rest of the bot's answer."""
RETRY_S = 2.0
"""The pause after the platform could not listen."""
WORDLESS_S = 1.0
"""How long a sound without words is taken to have lasted."""
MOST_LATE_S = 2.0
"""A prompt behind which another one waits is taken to be over so long after it should have ended."""

_LISTENING = (FloorState.WAITING, FloorState.CALLER)
_OVER = (FloorState.LEAVING, FloorState.ENDED)


class PlatformTalk:
    """Of one call. ``tell`` gets the events; ``on_audio(play)`` is called when a prompt can be said.

    ``listening``: False: the bot has switched recognition off. ``voice``: of the prompts that are queued from now on.
    """

    def __init__(
        self,
        operations: Operations,
        machine: TurnMachine,
        audio: PromptAudio,
        voice: PromptVoice,
        *,
        tell: Callable[[Event], None],
        on_audio: Callable[[Play], None],
    ) -> None:
        self.listening = True
        self.voice = voice
        self._operations = operations
        self._machine = machine
        self._audio = audio
        self._tell = tell
        self._on_audio = on_audio
        self._loop = asyncio.get_running_loop()
        self._rate = SpeakingRate()
        self._queue: list[Utterance] = []
        self._running: Running | None = None
        self._before: Running | None = None
        """What was interrupted last: an answer to it may still come."""
        self._count = 0
        self._rest_until = self._retry_at = 0.0
        """Until when the first prompt waits for more of them, and listening after a failure."""
        self._phrases: tuple[str, ...] = ()
        """By which the open question is known."""
        self._any_words = False
        """The answer to the open question was none of those that are expected."""
        self._lost = self._telling = self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._fetching = BackgroundTasks(logger)
        operations.on_outcome = self._came

    # --- what a playback does

    def play(self, command: Play) -> None:
        """Queue a prompt."""
        if len(self._queue) >= MAX_CLIPS:
            self._tell(PlaybackFailed(self._now, command.utterance, 0.0, "too many utterances wait to be played"))
            return
        if not self._queue:
            self._rest_until = self._now + REST_S
        utterance = Utterance(command)
        self._queue.append(utterance)
        if command.canned is not None:
            self._ready(utterance, Prompt("", samples=self._audio.canned(command.canned.value, LINEAR_16K)))
        elif command.audio:
            self._fetching.spawn(self._fetch(utterance), "fetching an audio file")
        else:
            self._ready(utterance, as_prompt(self.speech(command)))

    def speech(self, command: Play) -> Speech:
        """The text of a prompt, in the voice in which it is spoken now."""
        return self.voice.speech(command.speak, command.locale, LINEAR_16K)

    def pause(self) -> None:
        """Stop what is being said."""
        running = self._running
        if running is not None and running.saying.utterances:
            self._tell_all(running.saying.stopped(self._now))
            self._cancel()

    def resume(self) -> None:
        """What was being said is said again, as the machine is told when it settles (:meth:`gate`)."""

    def drop(self) -> None:
        """Stop, and drop all prompts that are queued."""
        self.pause()
        self._fetching.cancel()
        dropped, self._queue = self._queue, []
        for each in dropped:
            self._tell_all(each.drop(self._now))

    async def close(self) -> None:
        """Tell and do nothing more."""
        self._closed = True
        self._operations.on_outcome = None
        self._wake_at(None)
        await self._fetching.close()

    # --- what hearing does

    async def start(self) -> None:
        """Nothing has to be connected."""

    async def stop(self) -> None:
        """Nothing has to be released."""

    def frame(self, payload: bytes, at: float, *, muted: bool) -> None:
        """No audio comes to us."""

    def sent(self, payload: bytes) -> None:
        """No audio goes from us."""

    def expect(self, phrases: tuple[str, ...]) -> None:
        """There is another question, unless it is the last one again."""
        if phrases != self._phrases:
            self._phrases, self._any_words = phrases, False

    def commit(self) -> None:
        """The platform finishes by itself."""

    def score(self, offset: float) -> None:
        """How the voice sounds is not known here."""

    async def listen_in(self, language: str) -> None:
        """What begins from now on is in the language of :attr:`voice`."""

    def gate(self, bot_speaks: bool, *, paused: bool = False) -> None:
        """The turn machine has settled."""
        self._go_on()

    # --- what is to be done now

    def _go_on(self) -> None:
        if self._telling or self._closed:
            return
        state, running, now = self._machine.state, self._running, self._now
        if state in _OVER:
            if running is not None:
                self._cancel()
        elif state is FloorState.SPEAKING:
            if self._queue and (running is None or not running.saying.left):
                self._speak(now)
        elif state in _LISTENING and running is None and now >= self._retry_at:
            self._begin([], self._question(interrupts=True))
        self._wake(now)

    def _speak(self, now: float) -> None:
        """Say what is queued, or as much of it as can be one operation."""
        floor = self._machine.floor
        ready = list(takewhile(lambda each: each.prompt is not None, self._queue))
        if not ready or now < self._rest_until:
            return
        speech, keys = may_interrupt(floor.policy, ready[0].command)
        alike = list(takewhile(lambda each: may_interrupt(floor.policy, each.command) == (speech, keys), ready))
        if floor.requests.owed or floor.deferred.leaving is not None or self._lost:
            self._begin(ready, None)
        elif len(alike) < len(self._queue):
            self._begin(alike, None)
        else:
            question = self._question(interrupts=speech)
            if keys and not speech:
                question = replace(question, speech=False, phrases=(), interrupts=True, silence_s=ONLY_KEYS_S)
            self._begin(alike, question)

    def _question(self, *, interrupts: bool) -> Recognition:
        return recognition(
            self._machine.floor.policy,
            self.voice.language,
            speech=self.listening,
            interrupts=interrupts,
            any_words=self._any_words,
        )

    def _begin(self, utterances: list[Utterance], question: Recognition | None) -> None:
        self._count += 1
        for each in utterances:
            if each.prompt is not None and not each.exact:
                each.lasts_s = self._rate.lasts_s(each.prompt.text)
        self._before = self._running
        self._running = Running(self._count, Saying(utterances), question, self._now)
        prompts = tuple(each.prompt for each in utterances if each.prompt is not None)
        self._operations.begin(Operation(self._count, prompts, question))

    def _cancel(self) -> None:
        self._before, self._running = self._running, None
        self._operations.cancel()

    # --- what has come of it

    def _came(self, outcome: Outcome) -> None:
        running, before = self._running, self._before
        if running is not None and outcome.number == running.number:
            if not isinstance(outcome, Begun):
                self._running = None
            self._told(running, outcome)
        elif before is not None and outcome.number == before.number and isinstance(outcome, Heard | Pressed):
            self._before = None
            self._told(replace(before, saying=Saying([])), outcome)

    def _told(self, running: Running, outcome: Outcome) -> None:
        """Tell the turn machine what has come, and then do what it wants."""
        self._telling = True
        try:
            self._tell_outcome(running, outcome)
        finally:
            self._telling = False
        self._go_on()

    def _tell_outcome(self, running: Running, outcome: Outcome) -> None:
        now, saying, question = self._now, running.saying, running.question
        if self._lost and question is not None and not isinstance(outcome, Begun | NotCarriedOut | PromptFailed):
            self._lost = False
            self._tell(RecognitionRestored(now))
        match outcome:
            case Begun():
                self._tell_all(saying.begin(now))
            case Played():
                self._whole(saying, now)
            case Silent():
                silence_s = question.silence_s if question is not None else 0.0
                self._whole(saying, now - silence_s)
            case Pressed(keys=keys):
                self._tell_all(saying.answered(now))
                for key in keys:
                    self._tell(KeyPressed(now, key))
            case Heard() | NotUnderstood():
                self._said(running, outcome)
            case PromptFailed(index=index, reason=reason):
                self._tell_all(saying.failed(index, now, reason))
            case NotCarriedOut(reason=reason) if question is None:
                self._tell_all(saying.failed(0, now, reason))
            case NotCarriedOut(reason=reason):
                if saying.began is not None:
                    self._whole(saying, now)
                self._lose(reason)

    def _said(self, running: Running, outcome: Heard | NotUnderstood) -> None:
        """The caller has said something, and has been quiet since then for as long as the question says."""
        now, saying, question = self._now, running.saying, running.question
        began = running.since if saying.began is None else saying.began
        offset = max(began, now - (question.end_silence_s if question is not None else 0.0))
        lasted_s = self._rate.lasts_s(outcome.text) if isinstance(outcome, Heard) else WORDLESS_S
        onset = max(began, offset - lasted_s)
        self._tell_all(saying.answered(onset))
        self._tell(SpeechStarted(now, onset))
        self._tell(SpeechStopped(now, offset))
        if isinstance(outcome, Heard):
            self._tell(Final(now, outcome.text, onset, offset, outcome.confidence))
        else:
            self._any_words = True
            self._tell(NoMatch(now, onset, offset))

    def _whole(self, saying: Saying, at: float) -> None:
        """All of the prompts was heard until ``at``, as the platform tells."""
        texts = saying.texts()
        if saying.began is not None and at > saying.began:
            saying.lasted(at - saying.began)
            if texts:
                self._rate.learn(texts, at - saying.began)
        self._tell_all(saying.whole(at))

    def _lose(self, reason: str) -> None:
        """The platform cannot listen; it can perhaps speak all the same."""
        self._retry_at = self._now + RETRY_S
        if not self._lost:
            self._lost = True
            logger.error("the platform cannot listen: %s", reason)
            self._tell(RecognitionLost(self._now, reason))

    def _tell_all(self, events: Sequence[Event]) -> None:
        self._queue = [each for each in self._queue if not each.over]
        for event in events:
            self._tell(event)

    # --- time

    @property
    def _now(self) -> float:
        return self._loop.time()

    def _wake(self, now: float) -> None:
        """See to it that what is due after ``now`` is done."""
        running = self._running
        times: list[float | None] = [self._rest_until, self._retry_at]
        if running is not None:
            times += [running.overdue, running.saying.next_end(), self._late(running)]
        self._wake_at(min((at for at in times if at is not None and at > now), default=None))

    def _late(self, running: Running) -> float | None:
        """When a prompt is over for sure behind which another one waits, while the platform listens."""
        left = running.saying.left
        if running.question is None or not left or self._queue == left:
            return None
        end = running.saying.ends(left[-1])
        return None if end is None else end + MOST_LATE_S

    def _wake_at(self, at: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self._woken)

    def _woken(self) -> None:
        running, now = self._running, self._now
        if running is not None:
            late = self._late(running)
            if now >= running.overdue:
                self._running = None
                self._told(running, NotCarriedOut(running.number, "nothing was told of it"))
                return
            self._telling = True
            self._tell_all(running.saying.go_on(now))
            if late is not None and now >= late:
                self._tell_all(running.saying.whole(now))
            self._telling = False
        self._go_on()

    # --- prompts

    def _ready(self, utterance: Utterance, prompt: Prompt) -> None:
        utterance.prompt = prompt
        if prompt.samples:
            utterance.lasts_s, utterance.exact = len(prompt.samples) / LINEAR_16K.byte_rate, True
        self._on_audio(utterance.command)

    async def _fetch(self, utterance: Utterance) -> None:
        command = utterance.command
        try:
            self._ready(utterance, Prompt("", samples=await self._audio.file(command.audio, LINEAR_16K)))
        except SpeechUnavailable as error:
            logger.warning("an audio file cannot be played: %s", error)
            if command.speak:
                self._ready(utterance, as_prompt(self.speech(command)))
            else:
                self._tell_all(utterance.fail(self._now, str(error)))
        self._go_on()

"""One voice of a call: its frames go to voice activity detection, and to a recogniser while somebody speaks.

A line may be silent for most of a call: an agent listens, a caller is on hold. So the recogniser is connected at the
first voice, which it gets from its beginning, and released when there has been none for :data:`IDLE_S`.

Where no frames come any more, because the client has stopped the stream, silence stands for them until the phrase that
was being said is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from tenacity import retry_if_exception_type, stop_never, wait_random_exponential

from voicebot.assist.services import MakeRecognizer, PartyRecognizer
from voicebot.audio import FRAME_S, AudioFormat
from voicebot.events import (
    Event,
    Hypothesis,
    NoMatch,
    RecognitionLost,
    RecognitionRestored,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.events import (
    Final as FinalResult,
)
from voicebot.retrying import Attempts
from voicebot.speech import DetectedFrames, SharedDetector, SpeechUnavailable, VoiceActivity
from voicebot.speech.replay import Replay
from voicebot.tasks import BackgroundTasks

IDLE_S: Final = 60.0
"""Without a voice for so long, no recogniser is kept."""
BEFORE_S: Final = 1.0
"""Of what was heard before the voice was found to be one, the recogniser gets so much."""
GAP_S: Final = 0.5
"""Without a frame for so long, the stream has stopped."""
LAST_WORDS_S: Final = 3.0
"""How long the recogniser may take for its final result when the stream has ended."""
_HANGOVER_MS: Final = 96.0
"""Quiet that ends speech: nobody waits to answer."""
_SILENCE_S: Final = 1.0
"""More than the recogniser waits for before it ends a phrase."""
_BACK_OFF_MAX_S: Final = 5.0
_WATCH_S: Final = 0.5
_SLACK_S: Final = 0.5
"""How much earlier than voice activity detection the recogniser may find the end of a phrase."""


def _nobody(_event: Event) -> None:
    """Who is told of a voice after its end."""


class PartyHearing:
    """Of one stream. ``tell`` gets what the recogniser reports."""

    def __init__(
        self,
        audio: AudioFormat,
        language: str,
        recognizer: MakeRecognizer,
        tell: Callable[[Event], None],
        log: logging.LoggerAdapter[logging.Logger],
        detector: SharedDetector,
    ) -> None:
        self.audio = audio
        self.language = language
        self._make = recognizer
        self._tell = tell
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._voice_activity = VoiceActivity(audio, hangover_ms=_HANGOVER_MS)
        self._detected = DetectedFrames(self._voice_activity, detector)
        self._before = Replay(audio, BEFORE_S)
        self._recognizer: PartyRecognizer | None = None
        self._onset = 0.0
        self._last_voice = float("-inf")
        self._last_frame = float("-inf")
        self._ended = True  # silence has been written after the last frame
        self._lost = False  # it was told that recognition is lost
        self._hypothesis = False  # there is one that is not followed by a final result yet
        self._results_until = float("-inf")
        self._result = asyncio.Event()
        self._tasks = BackgroundTasks(log)
        self._stopped = False

    @property
    def recognising(self) -> bool:
        """Whether there is a recogniser now."""
        return self._recognizer is not None

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the voice."""
        if self._stopped:
            return
        self._detected.settle()
        self._last_frame = at
        self._detected.hear(payload, at, partial(self._pass_on, payload, at))

    def _pass_on(self, payload: bytes, at: float, events: Iterable[Event]) -> None:
        """To the recogniser, if there is or is to be one."""
        for event in events:
            if isinstance(event, SpeechStarted):
                self._onset = event.onset
                self._begin()
            elif isinstance(event, SpeechStopped) and self._recognizer is not None:
                self._recognizer.result_due(self._onset, event.offset)
        if self._voice_activity.speaking:
            self._last_voice = at
        if self._recognizer is not None:
            self._ended = False
            self._recognizer.write(payload, at, urgent=self._voice_activity.may_speak)
        else:
            self._before.append(payload, at)

    def interrupt(self) -> None:
        """No more frames come for now: what was being said ends here."""
        self._detected.settle()
        if self._recognizer is None or self._ended:
            return
        self._ended = True
        at = self._last_frame
        for _ in range(round(_SILENCE_S / FRAME_S)):
            at += FRAME_S
            self._recognizer.write(self.audio.frame_of_silence, at)
            activity = self._voice_activity
            events = activity.hear(self.audio.frame_of_silence, at)
            for event in activity.scored(activity.stream.score()) if events is None else events:
                if isinstance(event, SpeechStopped):
                    self._recognizer.result_due(self._onset, event.offset)
        self._recognizer.commit()

    def speak(self, language: str) -> None:
        """From now on the voice speaks ``language``. The present recogniser goes on until the next one is connected."""
        if language == self.language:
            return
        self.language = language
        if self._recognizer is not None:
            self._tasks.spawn(self._change(self._recognizer), "changing a party's language")

    async def finish(self) -> None:
        """Nothing more will come: wait for the recogniser's last words, for a limited time, and release it."""
        self.interrupt()
        if self._recognizer is not None and self._in_phrase:
            self._result.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    while self._in_phrase:
                        await self._result.wait()
                        self._result.clear()
        await self.stop()

    async def stop(self) -> None:
        """Release the recogniser; ``tell`` gets nothing after that."""
        self._stopped = True
        self._detected.end()
        recognizer, self._recognizer = self._recognizer, None
        if recognizer is not None:
            await recognizer.stop()
        await self._tasks.close()
        self._tell = _nobody

    @property
    def _in_phrase(self) -> bool:
        """Whether a result is still to come."""
        return self._hypothesis or self._last_voice > self._results_until + _SLACK_S

    def _report(self, event: Event) -> None:
        match event:
            case Hypothesis():
                self._hypothesis = True
            case FinalResult(end=end) | NoMatch(end=end):
                self._hypothesis = False
                self._results_until = max(self._results_until, end)
                self._result.set()
            case RecognitionLost():
                self._lost = True
            case RecognitionRestored():
                self._lost = False
        self._tell(event)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """A voice has begun: there is to be a recogniser."""
        if self._recognizer is not None:
            return
        recognizer = self._recognizer = self._make(self.audio, self._report, self.language)
        for payload, at in self._before.since(float("-inf")):
            recognizer.write(payload, at)
        self._before = Replay(self.audio, BEFORE_S)
        self._tasks.spawn(self._connect(recognizer), "connecting a party's recogniser")
        self._tasks.spawn(self._watch(recognizer), "watching a party's recogniser")

    async def _connect(self, recognizer: PartyRecognizer) -> None:
        """Connect, however long it takes. What was said last is heard then; meanwhile recognition is lost."""
        async for attempt in Attempts(
            wait=wait_random_exponential(multiplier=0.3, max=_BACK_OFF_MAX_S),
            retry=retry_if_exception_type(SpeechUnavailable),
            stop=stop_never,
        ):
            with attempt:
                if self._recognizer is not recognizer:  # it was released meanwhile
                    return
                try:
                    await recognizer.start()
                except SpeechUnavailable as error:
                    if not self._lost:
                        self._log.error("no recognition: %s", error)
                        self._report(RecognitionLost(self._loop.time(), str(error)))
                    raise
        if self._lost:
            self._report(RecognitionRestored(self._loop.time()))

    async def _watch(self, recognizer: PartyRecognizer) -> None:
        while self._recognizer is recognizer:
            await asyncio.sleep(_WATCH_S)
            now = self._loop.time()
            if now - self._last_frame > GAP_S:
                self.interrupt()
            if now - self._last_voice > IDLE_S and self._recognizer is recognizer:
                self._recognizer = None
                self._log.info("no voice for %.0f s: no recogniser is kept", IDLE_S)
                self._tasks.spawn(recognizer.stop(), "releasing a party's recogniser")

    async def _change(self, old: PartyRecognizer) -> None:
        language = self.language
        other = self._make(self.audio, self._report, language)
        try:
            await other.start()
            if self._recognizer is old and self.language == language:
                self._recognizer, other = other, old
                self._tasks.spawn(self._watch(self._recognizer), "watching a party's recogniser")
        except SpeechUnavailable as error:
            self._log.error("cannot listen in %s: %s", language, error)
        finally:
            await other.stop()

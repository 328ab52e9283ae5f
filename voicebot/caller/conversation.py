"""One scripted conversation on one answered leg: speaks, presses keys, listens, and notes the times on the wire.

The script runs as one coroutine that waits for conditions such as "the bot has answered and finished speaking". They
are checked whenever a frame arrives or leaves, so a wait is as exact as the packets. An answer is defined as in the
measurements: sound after ours began, or, when we spoke during a prompt, after the prompt has stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from voicebot.audio import FRAME_S
from voicebot.caller.ear import Ear
from voicebot.caller.measure import GOES_ON_S, HOLE_S, CallFigures, answer_after, deviations_ms, greeting_ms
from voicebot.caller.mouth import Mouth, Spoken
from voicebot.caller.report import CallAudio, TranscriptLine, TurnReport, Who
from voicebot.caller.script import Action, CallScript, ScriptStep, said
from voicebot.caller.scripted_turn import SILENT, ScriptedTurn, measure_turns, rounded
from voicebot.events import CallNotAnswered, Event, RecognitionLost
from voicebot.events import Final as Phrase
from voicebot.legs import Leg

logger = logging.getLogger(__name__)

KEY_PERIOD_S: Final = 0.16
"""The length of a key and the pause after it, as legs send them (RFC 4733): 100 ms and 60 ms."""
WORDS_DEADLINE_S: Final = 20.0
"""How long the expected words may take once the bot is silent: it may go on, and the recogniser may be slow."""
LEAVE_DEADLINE_S: Final = 10.0
"""How much longer than its length the sending of an utterance may take."""
KEY_TAKES_S: Final = 0.3
"""If a key stops a prompt, the prompt is silent after this time. What is heard later is the answer."""
MAX_LINES: Final = 2_000


class StepFailed(Exception):
    """The script cannot continue. The message says why, without the line."""


class ScriptedCall:
    """A :class:`~voicebot.legs.LegSink` that follows ``script``. Make it before dialling, then :meth:`run` it.

    ``audio``: the utterances by the line of the step. ``hearing``, if set, gets every frame from the bot; its results
    must go to :meth:`recognised`.
    """

    def __init__(
        self,
        script: CallScript,
        audio: dict[int, bytes],
        ear: Ear,
        *,
        tracks: CallAudio | None = None,
        on_line: Callable[[TranscriptLine], None] | None = None,
    ) -> None:
        self.hearing: Callable[[bytes, float], None] | None = None
        self.lines: list[TranscriptLine] = []
        self.keys_heard = ""
        self.transfer_target: str | None = None
        self.ended_at: float | None = None
        self.ended_reason = ""
        self.not_answered: CallNotAnswered | None = None
        self._script = script
        self._audio = audio
        self._ear = ear
        self._mouth: Mouth | None = None
        self._leg: Leg | None = None
        self._tracks = tracks
        self._on_line = on_line
        self._loop = asyncio.get_running_loop()
        self._answered = 0.0
        self._turns: list[ScriptedTurn] = []
        self._waiter: tuple[Callable[[], bool], bool, asyncio.Future[bool]] | None = None
        self._recognition_lost = False

    # --- LegSink ----------------------------------------------------------------------------------------------------

    def frame(self, payload: bytes, at: float) -> None:
        self._ear.frame(payload, at)
        if self.hearing is not None:
            self.hearing(payload, at)
        if self._tracks is not None:
            self._tracks.add_bot(payload, at)
        self._look()

    def sent(self, payload: bytes, at: float) -> None:
        if self._mouth is not None:
            self._mouth.sent(payload, at)
        if self._tracks is not None:
            self._tracks.add_caller(payload, at)
        self._ear.tick(at)
        self._look()

    def key(self, key: str, at: float) -> None:
        if len(self.keys_heard) < 1000:
            self.keys_heard += key

    def fact(self, event: Event) -> None:
        if isinstance(event, CallNotAnswered):
            self.not_answered = event

    def ended(self, reason: str, at: float) -> None:
        self.ended_at, self.ended_reason = at, reason
        self._look()

    # --- from the recogniser and the signalling -----------------------------------------------------------------------

    def recognised(self, event: Event) -> None:
        """Take an event of the caller's own recogniser, on the loop."""
        if isinstance(event, RecognitionLost):
            self._recognition_lost = True
        if not isinstance(event, Phrase) or not event.text.strip() or not self._answered:
            return
        middle = (event.start + event.end) / 2
        turn = next((t for t in reversed(self._turns) if t.since <= middle), None)
        latency: float | None = None
        if turn is not None:
            if not turn.phrases and turn.step.action not in SILENT:
                answer = answer_after(self._ear.track, turn.until if turn.over_prompt else turn.since)
                latency = None if answer.first_packet is None else (answer.first_packet - turn.until) * 1000
            if len(turn.phrases) < 200:
                turn.phrases.append(event.text.strip())
        self._line(event.start, "bot", event.text.strip(), latency)
        self._look()

    def transfer_asked(self, target: str) -> None:
        """The bot has asked us to call ``target`` (REFER)."""
        self.transfer_target = target
        self._look()

    # --- the script ---------------------------------------------------------------------------------------------------

    async def run(self, leg: Leg, answered: float) -> None:
        """Follow the script to its end. Raises :class:`StepFailed`. Does not hang up."""
        self._leg = leg
        self._mouth = Mouth(leg.playout)
        self._answered = answered
        for index, step in enumerate(self._script.steps):
            following = self._script.steps[index + 1 :]
            may_end = not following or following[0].action is Action.EXPECT_END
            try:
                await self._step(step, may_end=may_end)
            except StepFailed as failure:
                if self._turns and self._turns[-1].step is step:
                    self._turns[-1].report.problem = str(failure)
                raise StepFailed(f"{self._script.source}:{step.line}: {failure}") from failure

    async def _step(self, step: ScriptStep, *, may_end: bool) -> None:
        match step.action:
            case Action.PAUSE:
                await self._pause(step.seconds)
                return
            case Action.EXPECT_END:
                await self._end(step)
                return
            case Action.LISTEN:
                turn = self._begin(step, self._turns[-1].until if self._turns else self._answered)
            case Action.SILENCE:
                turn = self._begin(step, self._loop.time())
            case Action.SAY:
                turn = await self._say(step)
            case Action.KEYS:
                turn = await self._press(step)
            case Action.BARGE_IN:
                await self._until_it_speaks(step)
                turn = await self._say(step)
        if step.waits:
            await self._answer(turn, may_end=may_end)
            if step.expect is not None:
                await self._words(turn)

    def _begin(self, step: ScriptStep, since: float) -> ScriptedTurn:
        report = TurnReport(len(self._turns) + 1, step.line, step.action.value, step.label)
        turn = ScriptedTurn(report, step, since, since, over_prompt=self._sounding(since))
        self._turns.append(turn)
        return turn

    async def _say(self, step: ScriptStep) -> ScriptedTurn:
        mouth = self._mouth
        assert mouth is not None
        audio = self._audio[step.line]
        spoken: Spoken = mouth.say(step.label, audio)
        await self._wait(
            lambda: spoken.onset is not None,
            LEAVE_DEADLINE_S + spoken.frames * FRAME_S,
            "cannot be said",
        )
        assert spoken.onset is not None
        turn = self._begin(step, spoken.onset)
        self._line(spoken.onset, "caller", step.label)
        await self._wait(lambda: spoken.finished, LEAVE_DEADLINE_S + spoken.frames * FRAME_S, "cannot be said")
        turn.until = spoken.offset if spoken.offset is not None else spoken.onset
        return turn

    async def _press(self, step: ScriptStep) -> ScriptedTurn:
        assert self._leg is not None
        pressed = self._loop.time()
        self._leg.send_keys(step.keys)
        turn = self._begin(step, pressed)
        turn.until = pressed + KEY_PERIOD_S * (len(step.keys) - 1)
        self._line(pressed, "caller", step.label)
        await self._pause(KEY_PERIOD_S * len(step.keys))
        return turn

    async def _until_it_speaks(self, step: ScriptStep) -> None:
        """Wait until the answer to the step before has begun, and then for ``after_s`` seconds of it."""
        before = self._turns[-1]
        mark = await self._mark(before)
        ear = self._ear
        await self._wait(
            lambda: ear.speaking and ear.audible_until > mark, step.deadline_s, "the bot says nothing to interrupt"
        )
        run = ear.current
        begun = max(run.audible, mark) if run is not None else mark
        await self._pause(max(0.0, begun + step.after_s - self._loop.time()))
        if not ear.speaking:
            raise StepFailed(f"the bot has finished before {step.after_s:g} s; interrupt it earlier (after_s)")

    async def _mark(self, turn: ScriptedTurn) -> float:
        """The time from which what is heard is the answer to ``turn``."""
        if not turn.over_prompt:
            return turn.since
        if turn.step.action is Action.KEYS:
            return turn.until + KEY_TAKES_S
        ear = self._ear
        await self._wait(
            lambda: self._loop.time() - ear.audible_until >= HOLE_S, turn.step.deadline_s, "the bot goes on speaking"
        )
        return self._loop.time()

    async def _answer(self, turn: ScriptedTurn, *, may_end: bool) -> None:
        if not turn.step.interrupts:
            ear, known = self._ear, turn.until + GOES_ON_S
            await self._wait(
                lambda: not ear.speaking and self._loop.time() > known, turn.step.deadline_s, "the bot goes on speaking"
            )
            return
        mark = await self._mark(turn)
        ear = self._ear

        def answered() -> bool:
            return ear.audible_until > mark and not ear.speaking

        def over() -> bool:
            return may_end and self.ended_at is not None and ear.audible_until > mark

        await self._wait(lambda: answered() or over(), turn.step.deadline_s, "the bot does not answer", ends=over)

    async def _words(self, turn: ScriptedTurn) -> None:
        expected = turn.step.expect
        assert expected is not None
        with contextlib.suppress(StepFailed):
            # the last prompt may be transcribed after the call has ended
            await self._wait(lambda: said(" ".join(turn.phrases), expected), WORDS_DEADLINE_S, "", beyond_end=True)
        heard = " ".join(turn.phrases)
        if not said(heard, expected):
            lost = " (the caller's recogniser lost its connection)" if self._recognition_lost else ""
            raise StepFailed(f"expected {expected.pattern!r}, heard {heard!r}{lost}")

    async def _end(self, step: ScriptStep) -> None:
        if step.end == "transfer":
            await self._wait(
                lambda: self.transfer_target is not None, step.deadline_s, "the bot does not transfer the call"
            )
            if step.target is not None and not step.target.search(self.transfer_target or ""):
                raise StepFailed(f"transferred to {self.transfer_target}, expected {step.target.pattern!r}")
        await self._wait(
            lambda: self.ended_at is not None,
            step.deadline_s,
            "the bot does not hang up",
            ends=lambda: self.ended_at is not None,
        )

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def _wait(
        self,
        condition: Callable[[], bool],
        deadline_s: float,
        problem: str,
        *,
        ends: Callable[[], bool] | None = None,
        beyond_end: bool = False,
    ) -> None:
        """Wait until ``condition`` holds. Raises :class:`StepFailed` after ``deadline_s``, and if the call ends first,
        unless ``ends`` returns True then, or ``beyond_end``: the end does not matter."""
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = (condition, beyond_end, waiter)
        try:
            self._look()
            async with asyncio.timeout(deadline_s):
                held = await waiter  # its value then; by now the bot may be speaking again
        except TimeoutError as error:
            raise StepFailed(f"{problem} within {deadline_s:g} s") from error
        finally:
            self._waiter = None
        if not held and not (ends is not None and ends()):
            raise StepFailed(f"the call ended ({self.ended_reason})")

    def _look(self) -> None:
        if self._waiter is None:
            return
        condition, beyond_end, waiter = self._waiter
        if not waiter.done() and ((held := condition()) or (self.ended_at is not None and not beyond_end)):
            waiter.set_result(held)

    async def _pause(self, seconds: float) -> None:
        """Wait for ``seconds``, at most until the call ends, which the next wait reports."""
        with contextlib.suppress(StepFailed):
            await self._wait(lambda: False, seconds, "")

    # --- the measurements ---------------------------------------------------------------------------------------------

    def measure(self, figures: CallFigures) -> list[TurnReport]:
        """Fill in ``figures`` and the reports of the turns, which are returned."""
        track = self._ear.track
        figures.packets = len(track)
        figures.deviations_ms = deviations_ms(track.times)
        if self._script.steps[0].action in (Action.LISTEN, Action.BARGE_IN, Action.PAUSE):
            figures.greeting_ms = greeting_ms(track, self._answered)
        measure_turns(self._turns, track, self._answered, figures)
        return [turn.report for turn in self._turns]

    def _sounding(self, at: float) -> bool:
        """Whether the bot was speaking at ``at``, which may be past: what it speaks now may have begun since."""
        run = self._ear.current
        return run is not None and run.start <= at and at - run.last_audible < HOLE_S

    def _line(self, at: float, who: Who, text: str, latency_ms: float | None = None) -> None:
        line = TranscriptLine(round(at - self._answered, 3), who, text, rounded(latency_ms))
        if len(self.lines) < MAX_LINES:
            self.lines.append(line)
        if self._on_line is not None:
            self._on_line(line)
